-- The NAS: what a share's row lacked.
-- `encrypt`: every message, not only signed; for shares whose server does not ask for it by itself.
alter table nas_config add column encrypt boolean not null default false;
-- A share's own folder for what it holds; empty: duplicates_before_purge at the top of each scanned folder.
alter table nas_config add constraint nas_config_staging check (staging_path = '' or staging_path like '/%');
comment on column nas_config.password_encrypted is 'Fernet; the key is never in the database';
