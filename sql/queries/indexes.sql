-- name: inventory_has_rows
-- Whether the inventory holds anything.
select exists (select from media_files)

-- name: indexes_set_aside
-- The indexes of the inventory that a new file's row goes into and that guard no uniqueness, noted as
-- to be made again. Returns their names. Those in which no new file is (probed, tagged or not present) stay.
with noted as (
    insert into deferred_indexes (name, definition)
    select c.relname, pg_get_indexdef(i.indexrelid)
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    where i.indrelid = 'media_files'::regclass and not i.indisunique
      and coalesce(pg_get_expr(i.indpred, i.indrelid), '') !~ 'tier <> |video_codec|tags IS NOT NULL|state <> '
    on conflict (name) do update set definition = excluded.definition, from_files = 0
    returning name
)
select array_agg(name order by name) as names from noted

-- name: indexes_due
-- What waits to be made, the longest work first.
select name, definition, from_files from deferred_indexes
order by definition like '% USING gin %' desc, name

-- name: indexes_made
-- They are there now. $1 names.
delete from deferred_indexes where name = any($1::text[])

-- name: indexes_unmade
-- Whether an index waits that a crash left unmade.
select exists (select from deferred_indexes where from_files = 0)

-- name: inventory_files
-- How many rows the inventory has: as the planner reckons it, from the table's present size; counted, up to $1, while
-- there are no statistics.
select case when c.reltuples > 0 and c.relpages > 0
            then (c.reltuples / c.relpages
                  * (pg_relation_size(c.oid) / current_setting('block_size')::bigint))::bigint
            else (select count(*) from (select from media_files limit $1) f) end as files
from pg_class c where c.oid = 'media_files'::regclass

-- name: index_lock
-- Until the end of the transaction, only we make an index. $1 Lock.INDEXES; $2 its name.
select pg_advisory_xact_lock($1, hashtext($2));
