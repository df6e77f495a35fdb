-- The chat's wall, for an administrator: run it once in MediaVault's database, after its first start.
--
--     psql "postgresql://postgres@HOST/mediavault" -f roles.sql
--     psql "postgresql://postgres@HOST/mediavault" -c '\password mediavault_reader'
--
-- and give MediaVault that password as MEDIAVAULT_READER_PASSWORD. Where the user of DATABASE_URL is a
-- superuser (as on the embedded server) the migration has done it all already.
--
-- The role may read the views of the schema `ask` and nothing else. What PostgreSQL lets everybody do by
-- default (temporary tables, advisory locks, NOTIFY, settings, catalogues) is taken from everybody in this
-- one database and left to the owner of its tables. It may be run again at any time.
do $administrator$
begin
-- wall begins
declare
    owner_name name := (select pg_get_userbyid(c.relowner) from pg_class c where c.oid = 'media_files'::regclass);
    target     record;
begin
    if not exists (select from pg_roles where rolname = 'mediavault_reader') then
        begin
            create role mediavault_reader login nosuperuser nocreatedb nocreaterole noinherit noreplication
                nobypassrls connection limit 40;
            alter role mediavault_reader set statement_timeout = '5s';
            alter role mediavault_reader set lock_timeout = '1s';
            alter role mediavault_reader set idle_in_transaction_session_timeout = '10s';
            alter role mediavault_reader set default_transaction_read_only = on;
            alter role mediavault_reader set work_mem = '16MB';
            alter role mediavault_reader set hash_mem_multiplier = 1;
            alter role mediavault_reader set max_parallel_workers_per_gather = 0;
            alter role mediavault_reader set search_path = ask;
            if (select rolsuper from pg_roles where rolname = current_user) then
                alter role mediavault_reader set temp_file_limit = '256MB';
            end if;
        exception
            when duplicate_object or unique_violation then null; -- another database's migration was quicker
        end;
    end if;

    -- It may connect and read the views: nothing else is given to it.
    execute format('grant connect on database %I to mediavault_reader', current_database());
    grant usage on schema ask to mediavault_reader;
    grant select on all tables in schema ask to mediavault_reader;

    -- What everybody may do by default is taken from everybody and left to the owner.
    execute format('revoke temporary, create on database %I from public', current_database());
    execute format('grant temporary, create on database %I to %I', current_database(), owner_name);
    revoke all on schema public from public;
    execute format('grant usage, create on schema public to %I', owner_name);

    -- Functions that act, wait, lock, read files or settings, or that make much of little.
    for target in
        select p.oid::regprocedure as named
        from pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace
          and (p.proacl is null or exists (select from aclexplode(p.proacl) a where a.grantee = 0))
          and p.proname not in ('clock_timestamp', 'random', 'gen_random_uuid', 'pg_typeof', 'pg_size_pretty')
          and (p.provolatile = 'v'
               or (p.provolatile = 's' and p.proname ~ '^(pg_|has_|inet_|lo_|txid_|current_setting|current_query|row_security)|_description$|to_xml|xmlschema')
               or p.proname in ('repeat', 'lpad', 'rpad', 'array_fill', 'format', 'xpath', 'xpath_exists'))
    loop
        execute format('revoke execute on function %s from public', target.named);
        execute format('grant execute on function %s to %I', target.named, owner_name);
    end loop;

    -- The catalogues: names of roles, settings, other people's statements.
    for target in
        select c.oid::regclass as named
        from pg_class c
        where c.relnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
          and c.relkind in ('r', 'v')
          and exists (select from aclexplode(c.relacl) a where a.grantee = 0 and a.privilege_type = 'SELECT')
    loop
        execute format('revoke select on %s from public', target.named);
        execute format('grant select on %s to %I', target.named, owner_name);
    end loop;
end;
-- wall ends
end
$administrator$;
