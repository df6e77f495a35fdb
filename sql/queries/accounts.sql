-- name: user_add
-- A new account; no row if the name is taken. The first one may be made a superuser.
-- $1 name, $2 the password's hash, $3 whether it is a superuser.
insert into users (username, password_hash, is_superuser)
values ($1, $2, $3)
on conflict ((lower(username))) do nothing
returning id, username as name, is_superuser as superuser, created_at as made_at, last_login_at as seen_at;

-- name: users_exist
-- Whether there is any account.
select exists (select from users) as found;

-- name: users_lock
-- Let one registration at a time look whether it is the first. $1 the key of the lock.
select pg_advisory_xact_lock($1);

-- name: users_all
-- Every account, by name.
select id, username as name, is_superuser as superuser, created_at as made_at, last_login_at as seen_at
from users
order by lower(username);

-- name: user_by_name
-- The account of a name, whatever its case, with its password's hash. $1 the name.
select id, username as name, is_superuser as superuser, created_at as made_at, last_login_at as seen_at, password_hash
from users
where lower(username) = lower($1);

-- name: user_password
-- Give an account another password. $1 the account, $2 the new hash.
update users set password_hash = $2 where id = $1;

-- name: user_remove
-- Remove an account with its sessions and links. $1 the account.
delete from users where id = $1;

-- name: user_seen
-- Remember a login. $1 the account.
update users set last_login_at = now() where id = $1;

-- name: session_add
-- A login. $1 the account, $2 the client's name for itself, $3 seconds that it lasts.
insert into sessions (user_id, client, expires_at)
values ($1, $2, now() + make_interval(secs => $3))
returning jti as id, user_id as user, client, issued_at as made_at, expires_at;

-- name: session_user
-- The account of a session that still holds. $1 the session.
select u.id, u.username as name, u.is_superuser as superuser, u.created_at as made_at, u.last_login_at as seen_at
from sessions s
join users u on u.id = s.user_id
where s.jti = $1 and s.revoked_at is null and s.expires_at > now();

-- name: sessions_of
-- The sessions of an account that still hold, newest first. $1 the account.
select jti as id, user_id as user, client, issued_at as made_at, expires_at
from sessions
where user_id = $1 and revoked_at is null and expires_at > now()
order by issued_at desc;

-- name: session_revoke
-- End a session of an account; gives its id if it held. $1 the account, $2 the session.
update sessions set revoked_at = now()
where jti = $2 and user_id = $1 and revoked_at is null and expires_at > now()
returning jti;

-- name: sessions_revoke
-- End every session of an account but one. $1 the account, $2 the one that stays, or null.
update sessions set revoked_at = now()
where user_id = $1 and revoked_at is null and jti is distinct from $2::uuid;

-- name: sessions_clear
-- Forget the sessions that ended a month ago.
delete from sessions where expires_at < now() - interval '30 days';

-- name: link_add
-- A link to one file; no row if there is no such file. $1 the file, $2 the account or null, $3 who made it,
-- $4 seconds that it works.
insert into preview_links (file_id, user_id, made_by, expires_at)
select f.id, $2, $3, date_trunc('second', now() + make_interval(secs => $4))
from media_files f
where f.id = $1
returning id, expires_at;

-- name: link_made_by
-- Who made a link that still works. $1 the link, $2 the file that it must be for.
select made_by
from preview_links
where id = $1 and file_id = $2 and revoked_at is null and expires_at > now();

-- name: links_live
-- The links that still work, newest first. $1 how many, $2 only those of this maker, or null.
select l.id, l.file_id as file, f.path, l.made_by, l.made_at, l.expires_at
from preview_links l
join media_files f on f.id = l.file_id
where l.revoked_at is null and l.expires_at > now() and ($2::text is null or l.made_by = $2)
order by l.made_at desc, l.id
limit $1;

-- name: link_revoke
-- Make a link useless; gives its id if it still worked. $1 the link, $2 only if it is of this maker, or null.
update preview_links set revoked_at = now()
where id = $1 and revoked_at is null and expires_at > now() and ($2::text is null or made_by = $2)
returning id;

-- name: links_clear
-- Forget the links that ended a month ago.
delete from preview_links where expires_at < now() - interval '30 days';

-- name: accounts_notice
-- Tell every program that asks who may look. $1 'users:<id>', 'session:<jti>', 'link:<id>'.
select pg_notify('mediavault', $1);
