-- Links that let a player on another computer read one file for a while.

create table preview_links (
    id         uuid primary key default gen_random_uuid(),
    file_id    bigint      not null references media_files (id) on delete cascade,
    user_id    bigint      references users (id) on delete cascade,
    made_by    text        not null check (made_by <> ''),
    made_at    timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    check (expires_at > made_at)
);
comment on column preview_links.user_id is 'the account it was made for; null where there are no accounts';
-- The list of links that still work, the newest first, for all and for one maker.
create index preview_links_newest on preview_links (made_at desc, id) where revoked_at is null;
-- Clearing out what has expired.
create index preview_links_expiry on preview_links (expires_at);
-- A file or an account that goes takes its links along.
create index preview_links_file on preview_links (file_id);
create index preview_links_user on preview_links (user_id) where user_id is not null;

-- How far scans are, for whoever watches from elsewhere. A channel of its own: the terminal app,
-- which reads its lists anew at each notice on the other, follows its own scans more closely.
create function tell_of_scan() returns trigger language plpgsql as $$
begin
    perform pg_notify('mediavault_scans', new.id::text);
    return null;
end $$;
create trigger scan_history_told after insert or update on scan_history
    for each row execute function tell_of_scan();
