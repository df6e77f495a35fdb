-- name: media_files_by_id
-- Everything that is known of some files, in the order in which they were asked for.
-- $1 the ids; an unknown id gives no row.
select f.id,
       f.source,
       f.path,
       f.path_raw,
       f.root_raw,
       f.aliases,
       f.device,
       f.inode,
       f.size_bytes,
       f.modified_ns,
       f.link_count,
       f.state,
       f.protected,
       f.content_hash,
       f.kind,
       coalesce(f.named_title, f.title)               as title,
       coalesce(f.named_year, f.year)                 as year,
       f.country,
       f.season,
       f.episodes,
       f.air_date,
       f.edition,
       f.part,
       f.three_d,
       f.extra,
       f.tmdb_id,
       f.imdb_id,
       f.tvdb_id,
       f.release_source,
       f.identity_confidence,
       f.identity_evidence,
       f.container,
       f.duration_s,
       f.bit_rate,
       f.tracks,
       f.health,
       f.health_reason,
       f.first_seen_at,
       t.kind                                         as work_kind,
       t.tmdb_id                                      as work_id,
       m.season                                       as work_season,
       m.episodes                                     as work_episodes,
       t.original_language                            as work_language,
       case when t.kind = 'movie' then t.runtime_s else 0 end as work_runtime_s,
       case when t.kind = 'movie' then t.runtimes || coalesce(o.runtime_s, 0) else '{}' end as work_cuts,
       coalesce(99 = any (t.genres), false)           as work_documentary,
       t.title                                        as work_title,
       t.year::integer                                as work_year
from unnest($1::bigint[]) with ordinality as wanted (id, place)
join media_files f on f.id = wanted.id
left join file_matches m on m.file_id = f.id and m.state in ('sure', 'chosen')
left join titles t on (t.kind, t.tmdb_id) = (m.kind, m.tmdb_id)
left join omdb_ratings o on o.imdb_id = t.imdb_id
order by wanted.place;

-- name: scored_by
-- The weights that the scores were given by, held until the transaction ends.
select weights from scored_by for update;

-- name: scored_by_now
-- Say by which weights the scores are given. $1 the weights.
update scored_by set weights = $1;

-- name: probed_files
-- Probed files in order of their ids, with what a score is made of. $1 the last id before, $2 how many.
select f.id, f.container, f.duration_s, f.bit_rate, f.tracks
from media_files f
where f.id > $1 and f.tracks is not null
order by f.id
limit $2;

-- name: scores_given
-- Write scores that are others now; returns how many. $1 ids, $2 scores.
with given as (
    update media_files f set score = n.score
    from unnest($1::bigint[], $2::smallint[]) as n (id, score)
    where f.id = n.id and f.score <> n.score
    returning f.id
)
select count(*) from given;

-- name: file_by_path
-- The inventory's file of a path, by its bytes. $1 source, $2 raw.
select id from media_files where source = $1 and path_raw = $2;

-- name: files_by_text
-- The inventory's files whose path reads so; a walk through the source's files, for no index has the text.
-- $1 source, $2 text.
select id from media_files where source = $1 and path = $2 order by id;

-- name: media_files_bytes
-- How many bytes files have together. $1 their ids.
select coalesce(sum(f.size_bytes), 0)::bigint as bytes from media_files f where f.id = any ($1::bigint[]);
