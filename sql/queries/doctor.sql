-- name: doctor_version
-- The server's version.
select current_setting('server_version') as version;

-- name: doctor_clock
-- The server's time in seconds since 1970, as sessions and links go by it.
select extract(epoch from clock_timestamp())::float8 as seconds;

-- name: doctor_tables
-- The tables of the schema.
select c.relname as name
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname = current_schema();

-- name: doctor_nas
-- The name in the row that comes with the tables.
select name from nas_config where id = 1;

-- name: doctor_counts
-- Rows of the tables that people ask after.
select (select count(*) from media_files)       as media_files,
       (select count(*) from duplicate_groups)  as duplicate_groups,
       (select count(*) from pending_deletions) as pending_deletions,
       (select count(*) from chat_sessions)     as chat_sessions;

-- name: doctor_accounts
-- How many accounts there are.
select count(*) as accounts from users;
