-- What the world knows (TMDb, OMDb): answers once given, titles, matches, choices, the request log; and renames.

-- Every request that was sent, so that the limit holds across processes. A request counts from the moment
-- it is admitted until a whole window after its end; one without an end (its process died) ends at its lapse.
create table metadata_requests (
    id          bigint generated always as identity primary key,
    service     text        not null check (service in ('tmdb', 'omdb')),
    what        text        not null,
    admitted_at timestamptz not null default clock_timestamp(),
    lapses_at   timestamptz not null,
    ended_at    timestamptz,
    status      smallint    not null default 0
);
comment on column metadata_requests.what is 'path and parameters without any key';
comment on column metadata_requests.status is 'HTTP status; 0: none came';
-- The requests that still count: `request_window` and `requests_within`.
create index metadata_requests_counted on metadata_requests (service, (coalesce(ended_at, lapses_at)));

-- "Retry-After" binds every process. One row a service.
create table metadata_pauses (
    service    text primary key check (service in ('tmdb', 'omdb')),
    until_time timestamptz not null
);

-- Answers as they came, negative ones too. `claimed_until`: somebody is just asking; a lease, for it may die.
create table metadata_answers (
    question      text primary key,
    status        smallint    not null default 0,
    etag          text        not null default '',
    body          jsonb,
    asked_at      timestamptz,
    claimed_until timestamptz,
    check ((status = 0) = (asked_at is null))
);
comment on column metadata_answers.body is 'null for "there is no such thing"';
-- Clearing out what is too old: `answers_prune`.
create index metadata_answers_asked on metadata_answers (asked_at);

create table titles (
    kind              text        not null check (kind in ('movie', 'tv')),
    tmdb_id           integer     not null,
    title             text        not null,
    original_title    text        not null default '',
    original_language text        not null default '',
    year              smallint    not null default 0,
    countries         text[]      not null default '{}',
    runtime_s         integer     not null default 0 check (runtime_s >= 0),
    genres            integer[]   not null default '{}',
    overview          text        not null default '',
    rating            numeric(4, 2) not null default 0 check (rating between 0 and 10),
    votes             integer     not null default 0,
    popularity        double precision not null default 0,
    poster            text        not null default '',
    imdb_id           text,
    tvdb_id           integer,
    collection        text        not null default '',
    credits           text[]      not null default '{}',
    detailed_at       timestamptz,
    updated_at        timestamptz not null default now(),
    primary key (kind, tmdb_id)
);
comment on column titles.detailed_at is 'null: known from a search only; no running time, cast or episodes yet';
-- OMDb's batch: the titles by their IMDb id.
create index titles_imdb on titles (imdb_id) where imdb_id is not null;

create table title_names (
    kind     text    not null,
    tmdb_id  integer not null,
    name     text    not null,
    language text    not null default '',
    primary key (kind, tmdb_id, name),
    foreign key (kind, tmdb_id) references titles (kind, tmdb_id) on delete cascade
);

create table title_episodes (
    kind      text     not null default 'tv' check (kind = 'tv'),
    tmdb_id   integer  not null,
    season    smallint not null check (season >= 0),
    episode   integer  not null check (episode >= 0),
    name      text     not null default '',
    air_date  date,
    runtime_s integer  not null default 0,
    primary key (tmdb_id, season, episode),
    foreign key (kind, tmdb_id) references titles (kind, tmdb_id) on delete cascade
);

-- What each file was found to be. `ask`: a person chooses; `none`: the world does not know it.
create table file_matches (
    file_id    bigint primary key references media_files (id) on delete cascade,
    asked_as   text        not null,
    state      text        not null check (state in ('sure', 'ask', 'none', 'chosen')),
    kind       text        check (kind in ('movie', 'tv')),
    tmdb_id    integer,
    season     smallint,
    episodes   integer[]   not null default '{}',
    confidence smallint    not null default 0 check (confidence between 0 and 100),
    margin     smallint    not null default 0,
    evidence   text[]      not null default '{}',
    candidates jsonb       not null default '[]',
    matched_at timestamptz not null default now(),
    check (state not in ('sure', 'chosen') or (kind is not null and tmdb_id is not null)),
    foreign key (kind, tmdb_id) references titles (kind, tmdb_id)
);
comment on column file_matches.asked_as is 'the title that was asked for, with kind and year: another one makes the match stale';
-- Files of one title: groups by id (`title_bundles`), details where copies differ.
create index file_matches_title on file_matches (tmdb_id, kind) where state in ('sure', 'chosen');
-- What waits for a person.
create index file_matches_ask on file_matches (asked_as) where state = 'ask';

-- A person's choice: for everything asked by one title below one folder ('' is everywhere).
create table title_choices (
    id         bigint generated always as identity primary key,
    asked_as   text        not null,
    folder_raw bytea       not null default '',
    kind       text        check (kind in ('movie', 'tv')),
    tmdb_id    integer,
    chosen_by  text        not null,
    chosen_at  timestamptz not null default now(),
    check ((kind is null) = (tmdb_id is null)),
    foreign key (kind, tmdb_id) references titles (kind, tmdb_id)
);
comment on column title_choices.tmdb_id is 'null: none of them, do not ask again';
-- One choice a title and folder: `choice_put`.
create unique index title_choices_place on title_choices (asked_as, folder_raw);

create table omdb_ratings (
    imdb_id    text primary key check (imdb_id ~ '^tt\d{7,}$'),
    title      text        not null default '',
    year       smallint    not null default 0,
    runtime_s  integer     not null default 0,
    rating     numeric(3, 1) check (rating between 0 and 10),
    votes      integer     not null default 0,
    metascore  smallint    check (metascore between 0 and 100),
    awards     text        not null default '',
    known      boolean     not null,
    asked_at   timestamptz not null default now()
);
comment on column omdb_ratings.known is 'false: OMDb has no such id';

-- Renames are acts like any other: journalled before they begin, undone by a rename back ---------
alter table archive_operations
    drop constraint archive_operations_kind_check,
    add constraint archive_operations_kind_check check (kind in ('stage', 'restore', 'purge', 'rename'));
comment on column ask.v_operations.kind is 'one of stage, restore, purge, rename';

create function guard_new_rename() returns trigger language plpgsql as $$
declare
    file media_files;
begin
    if new.state <> 'intended' then
        perform refuse('An act is written down before it is done.');
    end if;
    select * into file from media_files where id = new.file_id for update;
    if exists (select from archive_operations o
               where o.file_id = new.file_id and o.state in ('intended', 'moved')) then
        perform refuse(format('An act on %s is not finished yet.', file.path));
    end if;
    if file.state <> 'present' or file.path_raw <> new.source_raw then
        perform refuse(format('%s is not at its place; only a file that is present can be renamed.', file.path));
    end if;
    if file.protected then
        perform refuse(format('%s is in a protected folder.', file.path));
    end if;
    if exists (select from archive_operations o
               where o.keeper_id = new.file_id and o.state in ('intended', 'moved')) then
        perform refuse(format('%s stays: another act relies on it just now.', file.path));
    end if;
    if exists (select from media_files f
               where f.source = file.source and f.path_raw = new.destination_raw and f.id <> file.id
                 and f.state in ('present', 'staged')) then
        perform refuse(format('%s stays: %s is in use.', file.path, new.destination));
    end if;
    return new;
end $$;
drop trigger operation_may_begin on archive_operations;
create trigger operation_may_begin before insert on archive_operations
    for each row when (new.kind <> 'rename') execute function guard_new_operation();
create trigger rename_may_begin before insert on archive_operations
    for each row when (new.kind = 'rename') execute function guard_new_rename();
