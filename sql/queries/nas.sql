-- name: nas_list
-- Every share that was set up, in the order in which it was.
select id, name, host, port, share, username, password_encrypted, scan_paths, staging_path, encrypt, enabled
from nas_config order by id

-- name: nas_put
-- Set up a share, or change the one of that host and share; enabled from now on. Its id.
-- $1 name, $2 host, $3 port, $4 share, $5 user, $6 encrypted password (null: keep it), $7 folders to scan,
-- $8 holding folder, $9 whether to encrypt.
insert into nas_config (name, host, port, share, username, password_encrypted, scan_paths, staging_path, encrypt,
                        enabled)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, true)
on conflict (lower(host), lower(share)) do update
set name = excluded.name, port = excluded.port, username = excluded.username,
    password_encrypted = coalesce(excluded.password_encrypted, nas_config.password_encrypted),
    scan_paths = excluded.scan_paths, staging_path = excluded.staging_path, encrypt = excluded.encrypt,
    enabled = true, updated_at = now()
returning id

-- name: nas_disable
-- Forget a share's password and leave it alone from now on; its files stay in the inventory. $1 id.
update nas_config set enabled = false, password_encrypted = null, updated_at = now() where id = $1 returning id
