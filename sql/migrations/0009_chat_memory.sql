-- The chat remembers what was asked without a language model too; what was spent outlives what was said; and
-- sums by folder are answered within the time-out at a million files.

-- `command`: a line that a person asked without the model; `found`: what the library said to it. Neither is ever sent.
alter table chat_messages
    drop constraint chat_messages_role_check,
    add constraint chat_messages_role_check
        check (role in ('system', 'user', 'assistant', 'tool', 'command', 'found'));

-- What each model has used on each day (UTC): the budget. Forgetting a session takes nothing out of it.
create table chat_spending (
    day        date           not null,
    model      text           not null check (model <> ''),
    tokens_in  bigint         not null check (tokens_in >= 0),
    tokens_out bigint         not null check (tokens_out >= 0),
    cost_usd   numeric(14, 6) not null check (cost_usd >= 0),
    primary key (day, model)
);
insert into chat_spending (day, model, tokens_in, tokens_out, cost_usd)
select (m.created_at at time zone 'UTC')::date, m.model, sum(m.tokens_in), sum(m.tokens_out), sum(m.cost_usd)
from chat_messages m
where m.model <> '' and m.tokens_in + m.tokens_out > 0
group by 1, 2;
-- The messages were summed for it until now.
drop index chat_messages_day;

-- The folder of a million paths, at half the price of a regular expression; all else is as it was.
create or replace view ask.v_files as
select f.id                                             as file_id,
       f.title,
       nullif(f.year, 0)::integer                       as year,
       f.kind,
       f.season::integer                                as season,
       f.episodes,
       f.air_date,
       f.edition,
       f.part::integer                                  as part,
       f.country,
       f.three_d                                        as is_3d,
       f.extra,
       f.path,
       left(f.path, -position('/' in reverse(f.path)))  as folder,
       f.size_bytes,
       f.state,
       f.health,
       f.health_reason,
       f.protected,
       f.tier,
       f.width,
       nullif(f.height, 0)                              as height,
       f.video_codec,
       f.hdr,
       f.audio_languages,
       f.subtitle_languages,
       f.container,
       f.duration_s,
       f.bit_rate,
       nullif(f.score, -1)::integer                     as score,
       f.release_source,
       f.link_count,
       f.identity_confidence::integer                   as identity_confidence,
       f.tmdb_id,
       f.imdb_id,
       f.tvdb_id,
       encode(f.content_hash, 'hex')                    as content_hash,
       to_timestamp(f.modified_ns / 1e9)                as modified_at,
       f.first_seen_at,
       f.missing_since
from media_files f;

-- Two million tracks joined with their files cost more than reading them: what is asked of the file most stands beside.
create or replace view ask.v_audio as
select f.id                                as file_id,
       t.place::integer                    as position,
       t.track ->> 'codec'                 as codec,
       (t.track ->> 'channels')::integer   as channels,
       t.track ->> 'layout'                as layout,
       t.track ->> 'language'              as language,
       t.track ->> 'profile'               as profile,
       (t.track ->> 'bit_rate')::bigint    as bit_rate,
       (t.track ->> 'commentary')::boolean as commentary,
       t.track ->> 'title'                 as title,
       f.state                             as file_state,
       f.title                             as file_title
from media_files f
cross join lateral jsonb_array_elements(f.tracks -> 'audio') with ordinality as t (track, place)
where f.tracks is not null;
comment on view ask.v_audio is 'Every sound track of every probed file. Most questions want file_state = ''present''; for more of the file join v_files on file_id.';
comment on column ask.v_audio.file_state is 'state of the file, as in v_files: no join is needed for it';
comment on column ask.v_audio.file_title is 'title of the work, as in v_files: no join is needed for it';
