-- Indexes that are not there now: what a first scan builds after its rows, and what only a large
-- library is asked through.

create table deferred_indexes (
    name       text    primary key,
    definition text    not null,
    from_files integer not null default 0 check (from_files >= 0)
);
comment on table deferred_indexes is 'indexes of media_files that wait to be made';
comment on column deferred_indexes.definition is 'the statement that makes it';
comment on column deferred_indexes.from_files is 'files in the inventory from which it is worth its keep';

-- One facet and any order, for kinds and folders: below 150,000 files a window comes as quickly by the
-- order's own index or by sorting, and twelve indexes less are a third of a first scan's database work.
insert into deferred_indexes (name, definition, from_files)
select c.relname, pg_get_indexdef(i.indexrelid), 150000
from pg_index i
join pg_class c on c.oid = i.indexrelid
where i.indrelid = 'media_files'::regclass
  and (c.relname like 'media\_files\_kind\_%' or c.relname like 'media\_files\_folder\_%');

drop index
    media_files_kind_title, media_files_kind_year, media_files_kind_size,
    media_files_kind_score, media_files_kind_modified, media_files_kind_height,
    media_files_folder_title, media_files_folder_year, media_files_folder_size,
    media_files_folder_score, media_files_folder_modified, media_files_folder_height;
