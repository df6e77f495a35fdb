-- What the inventory is narrowed by once titles are known; every cut's running time; choices that can be undone.

-- One array a title, so that one index serves five facets in any mixture. Media_files gets no column and no
-- index for them: a first scan pays nothing, and nothing has to be kept in step.
create function title_tags(
    genres integer[], year smallint, rating numeric, votes integer, original_language text, collection text
) returns text[]
language sql immutable parallel safe
return array(select 'genre:' || g.id::text from unnest(genres) as g (id))
    || case when year > 0 then array['decade:' || (year / 10 * 10)::text] else '{}'::text[] end
    || case when votes >= 20 then array['rating:' || least(floor(rating), 9)::integer::text] else '{}'::text[] end
    || case when original_language <> '' then array['original:' || original_language] else '{}'::text[] end
    || case when collection <> '' then array['collection:' || collection] else '{}'::text[] end;

alter table titles
    add column tags text[] not null generated always as
        (title_tags(genres, year, rating, votes, original_language, collection)) stored,
    add column runtimes integer[] not null default '{}';
comment on column titles.tags is 'what the inventory is narrowed by: genre, decade, rating (of 20 votes and more), original language, collection';
comment on column titles.runtimes is 'seconds of every cut that translations give beside runtime_s';
-- Titles of a genre, a decade …: gathered by `inventory_hits`, counted by `inventory_some`.
create index titles_tags on titles using gin (tags);

-- The files that one question was asked for: `matches_of_question`, which a choice settles.
create index file_matches_asked on file_matches (asked_as);

-- A choice is never overwritten: a later one counts before it, and an undone one not at all.
drop index title_choices_place;
alter table title_choices
    add column undone_at timestamptz,
    add column before jsonb not null default '[]';
comment on column title_choices.before is 'the matches of the files that it settled, as they were before';
-- The choices that count, the latest of each place first: `choices_all`.
create index title_choices_place on title_choices (asked_as, folder_raw, id desc) where undone_at is null;
