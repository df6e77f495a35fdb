-- name: asked_views
-- The columns of the views of the schema `ask`, with the comments on them and on their views. It takes nothing.
select c.relname                                              as view,
       coalesce(obj_description(c.oid, 'pg_class'), '')       as view_comment,
       a.attname                                              as name,
       format_type(a.atttypid, null)                          as type,
       coalesce(col_description(c.oid, a.attnum), '')         as comment
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'ask'::regnamespace and c.relkind = 'v'
order by c.oid, a.attnum;

-- name: asked_samples
-- The commonest values, among the newest five thousand files, of columns that hold few. It takes nothing.
with newest as materialized (
    select s.kind, s.tier, s.video_codec, s.container, s.hdr, s.audio_languages, s.subtitle_languages
    from media_files s
    order by s.id desc
    limit 5000
)
select f.name,
       f.value
from (select 'kind' as name, n.kind as value, count(*) as files from newest n group by 2
      union all
      select 'tier', n.tier, count(*) from newest n group by 2
      union all
      select 'video_codec', n.video_codec, count(*) from newest n where n.video_codec is not null group by 2
      union all
      select 'container', n.container, count(*) from newest n where n.container is not null group by 2
      union all
      select 'hdr', h.value, count(*) from newest n cross join unnest(n.hdr) as h (value) group by 2
      union all
      select 'audio_languages', l.value, count(*)
      from newest n cross join unnest(n.audio_languages) as l (value) group by 2
      union all
      select 'subtitle_languages', l.value, count(*)
      from newest n cross join unnest(n.subtitle_languages) as l (value) group by 2) f
order by f.name, f.files desc, f.value;

-- name: wall_state
-- Whether the role of the chat exists and may do nothing but read the views. It takes nothing.
select r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolbypassrls or r.rolreplication
           or exists (select from pg_auth_members m where m.member = r.oid)            as powerful,
       has_table_privilege(r.oid, 'ask.v_files', 'select')                             as reads_views,
       has_table_privilege(r.oid, 'media_files', 'select, insert, update, delete, truncate, trigger')
           or has_table_privilege(r.oid, 'users', 'select')
           or has_table_privilege(r.oid, 'chat_messages', 'select')
           or has_table_privilege(r.oid, 'pg_roles', 'select')                         as reads_tables,
       has_function_privilege(r.oid, 'pg_sleep(double precision)', 'execute')
           or has_function_privilege(r.oid, 'set_config(text, text, boolean)', 'execute')
           or has_function_privilege(r.oid, 'pg_notify(text, text)', 'execute')
           or has_function_privilege(r.oid, 'lo_from_bytea(oid, bytea)', 'execute')
           or has_function_privilege(r.oid, 'pg_advisory_lock(bigint)', 'execute')     as acts,
       has_database_privilege(r.oid, current_database(), 'temporary')
           or has_database_privilege(r.oid, current_database(), 'create')              as makes_tables
from pg_roles r
where r.rolname = 'mediavault_reader';

-- name: asked_groups_of
-- Open groups that a file is in, strongest proof first. $1 the file.
select g.id
from duplicate_groups g
join duplicate_members m on m.group_id = g.id
where m.file_id = $1 and g.state = 'open'
order by array_position(array['exact', 'same_title', 'looks_alike', 'coverage'], g.proof), g.id;

-- name: asked_memberships
-- What the rules say of files in their open groups, strongest proof first; of the copy to keep no verdict. $1 the files.
select m.file_id, g.id as group_id, g.proof, g.keeper_id, m.verdict, coalesce(m.reasons, '{}') as reasons, m.losses, g.sentence
from duplicate_members m
join duplicate_groups g on g.id = m.group_id
where m.file_id = any ($1::bigint[]) and g.state = 'open'
order by m.file_id, array_position(array['exact', 'same_title', 'looks_alike', 'coverage'], g.proof), g.id;

-- name: asked_history_of
-- What was done with a file, newest first. $1 the file.
select o.kind,
       o.state,
       o.source_path,
       o.destination,
       o.reason,
       o.intended_at
from archive_operations o
where o.file_id = $1
order by o.id desc
limit 20;
