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

-- name: media_files_bytes
-- How many bytes files have together. $1 their ids.
select coalesce(sum(f.size_bytes), 0)::bigint as bytes from media_files f where f.id = any ($1::bigint[]);
