-- Indexes that are not there now: what a first scan builds after its rows, and what only a large
-- library is asked through.

create table deferred_indexes (
    name       text    primary key,
    definition text    not null,
    from_files integer not null default 0 check (from_files >= 0)
);
comment on table deferred_indexes is 'indexes of media_files, and what serves as one, that wait to be made';
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

-- Every word that the inventory can be searched by. Searching for "kin doc" by prefixes makes PostgreSQL
-- gather the 100,000 rows of "king" before it looks at the other word; with the words known it asks for
-- "king" itself, and passes over what the rarer word rules out. Kept only in large libraries.
create table search_words (
    word text collate "C" primary key
);
comment on table search_words is 'whole if no row of deferred_indexes is called search_words';

create function note_search_words() returns trigger language plpgsql as $$
begin
    insert into search_words (word)
    select distinct w.word from new_rows n, unnest(tsvector_to_array(n.search)) as w (word)
    on conflict do nothing;
    return null;
end $$;
create trigger media_files_note_words after insert on media_files
    referencing new table as new_rows for each statement execute function note_search_words();
alter table media_files disable trigger media_files_note_words;

create function fill_search_words() returns void language plpgsql as $$
begin
    lock table media_files in share row exclusive mode;
    alter table media_files enable trigger media_files_note_words;
    insert into search_words (word)
    select word from ts_stat('select search from media_files')
    on conflict do nothing;
end $$;
insert into deferred_indexes (name, definition, from_files)
values ('search_words', 'select fill_search_words()', 150000);
