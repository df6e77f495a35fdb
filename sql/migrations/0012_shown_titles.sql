-- The inventory shows, sorts by and finds the title that TMDb gives a file; the name's own words stay beside it.
-- A first scan pays nothing: until a title is sure, all of these are null, and no index holds them.

alter table media_files
    add column named_title text,
    add column named_key   text collate "C",
    add column named_year  smallint,
    add column world_words text[],
    add column tags        text[],
    add check ((named_title is null) = (named_key is null) and (named_title is null) = (named_year is null)),
    alter column named_title set statistics 0, alter column world_words set statistics 0;
comment on column media_files.title is 'what is shown: the title''s where one is sure, else what the name says';
comment on column media_files.named_title is 'what the name says, where the title is called otherwise; with named_key and named_year';
comment on column media_files.world_words is 'the words in search that only its title has';
comment on column media_files.tags is 'its title''s tags, while one is sure';
-- Rare genres, collections …: gathered by `inventory_hits`. At once, for a list of what is pending is read by every window.
create index media_files_tags on media_files using gin (tags) with (fastupdate = off) where tags is not null;
drop index titles_tags;
-- Years under a facet of the titles: files without a title have mostly no year and would all come first. `inventory_walk`.
create index media_files_tagged_year on media_files (year, id) where tags is not null;

alter table titles
    add column title_key text collate "C",
    add column words     text[] not null default '{}';
comment on column titles.title_key is 'as media_files has it; null: kept by an older program, not worked out yet';
comment on column titles.words is 'the words that its files are found by beside those of their names';
-- What an older program kept: `titles_unkeyed`.
create index titles_unkeyed on titles (tmdb_id) where title_key is null;
-- Shows by name, for the list of what they lack: `episodes_missing`.
create index titles_shows on titles (title, tmdb_id) where kind = 'tv';

-- Make the shown columns of some files what their matches say now. A file whose name was not read yet is left: whoever
-- reads it calls this again. Files are locked in one order, so that two writers cannot block each other.
create function show_titles(files bigint[]) returns void language sql as $$
    select from media_files f where f.id = any (files) order by f.id for no key update;
    with due as (
        select f.id,
               own.title as own_title, own.key as own_key, own.year as own_year,
               coalesce(t.title, own.title) as title, coalesce(t.title_key, own.key) as key,
               coalesce(nullif(t.year, 0), own.year) as year,
               base.search as base, extra.words, t.tags
        from media_files f
        cross join lateral (select coalesce(f.named_title, f.title) as title, coalesce(f.named_key, f.title_key) as key,
                                   coalesce(f.named_year, f.year) as year) own
        left join file_matches m on m.file_id = f.id and m.state in ('sure', 'chosen')
        left join titles t on (t.kind, t.tmdb_id) = (m.kind, m.tmdb_id) and t.title_key is not null
        cross join lateral (select case when f.world_words is null then f.search
                                        else ts_delete(f.search, f.world_words) end as search) base
        cross join lateral (select nullif(array(select unnest(t.words) except select unnest(tsvector_to_array(base.search))
                                                order by 1), '{}') as words) extra
        where f.id = any (files) and (own.title <> '' or own.key <> '' or f.identity_confidence > 0)
    ), other as (
        select d.*, (d.title, d.key, d.year) is distinct from (d.own_title, d.own_key, d.own_year) as over from due d
    ), noted as (
        insert into search_words (word) select distinct unnest(o.words) from other o order by 1 on conflict do nothing
    )
    update media_files f
    set title = o.title, title_key = o.key, year = o.year,
        named_title = case when o.over then o.own_title end,
        named_key = case when o.over then o.own_key end,
        named_year = case when o.over then o.own_year end,
        search = case when o.words is null then o.base else o.base || array_to_tsvector(o.words) end,
        world_words = o.words, tags = o.tags
    from other o
    where f.id = o.id
      and (f.title, f.title_key, f.year, f.named_title, f.world_words, f.tags)
          is distinct from (o.title, o.key, o.year, case when o.over then o.own_title end, o.words, o.tags);
$$;

create function matches_shown() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        perform show_titles(array(select o.file_id from old_rows o));
    else
        perform show_titles(array(select n.file_id from new_rows n));
    end if;
    return null;
end $$;
create trigger file_matches_put after insert on file_matches
    referencing new table as new_rows for each statement execute function matches_shown();
create trigger file_matches_changed after update on file_matches
    referencing new table as new_rows for each statement execute function matches_shown();
create trigger file_matches_gone after delete on file_matches
    referencing old table as old_rows for each statement execute function matches_shown();

-- Details may name a title otherwise, or give it genres and a collection.
create function title_shown() returns trigger language plpgsql as $$
begin
    perform show_titles(array(select m.file_id from file_matches m
                              where m.tmdb_id = new.tmdb_id and m.kind = new.kind and m.state in ('sure', 'chosen')));
    return null;
end $$;
create trigger titles_shown after update on titles for each row
    when ((new.title, new.title_key, new.year, new.words, new.tags)
          is distinct from (old.title, old.title_key, old.year, old.words, old.tags))
    execute function title_shown();
