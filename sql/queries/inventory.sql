-- name: inventory_keys
-- The next keys in an order that an index holds. $1, $2 the row before: its sort value and id; $3 rows.
-- The store puts in the other sort columns, the other direction and further conditions (/* more */).
select f.id, f.title_key as value
from media_files f
where f.state <> 'purged' and (f.title_key, f.id) > ($1, $2) /* more */
order by f.title_key asc, f.id asc
limit $3

-- name: inventory_walk
-- The same for conditions that no sorted index holds: look at $4 rows in order, keep those that
-- fit, and the last one looked at, from which to go on. $1, $2 the row before; $3 rows to keep.
select w.id, w.value, w.fits, w.place
from (
    select v.id, v.value, v.fits, row_number() over (order by v.value asc, v.id asc) as place
    from (
        select f.id, f.title_key as value, f.state <> 'purged' /* fits */ as fits
        from media_files f
        where (f.title_key, f.id) > ($1, $2) /* more */
        order by f.title_key asc, f.id asc
        limit $4
    ) v
) w
where w.fits or w.place = $4
order by w.place
limit $3 + 1

-- name: inventory_hits
-- The same by way of everything that fits, for conditions that few rows meet.
-- $1, $2 the row before; $3 rows.
with hits as materialized (
    select f.id, f.title_key as value from media_files f
    where f.state <> 'purged' /* more */ /* fits */
)
select h.id, h.value from hits h
where (h.value, h.id) > ($1, $2)
order by h.value asc, h.id asc
limit $3

-- name: inventory_some
-- How many rows fit, counted up to $1, and their bytes.
select count(*)::bigint as files, coalesce(sum(s.size_bytes), 0)::bigint as bytes
from (
    select f.size_bytes from media_files f where f.state <> 'purged' /* more */ /* fits */ limit $1
) s

-- name: inventory_all
-- The planner's idea of how many rows fit (run under explain).
select f.id from media_files f where f.state <> 'purged' /* more */ /* fits */

-- name: inventory_rows
-- The lines of the inventory for these ids, in their order. $1 ids.
select f.id, f.path, f.title, f.title_key, f.year, f.season, f.episodes, f.kind, f.edition, f.tier, f.video_codec,
       f.hdr, f.audio_languages, f.subtitle_languages, f.size_bytes, f.duration_s, f.score, f.state, f.health,
       f.modified_ns, f.height
from unnest($1::bigint[]) with ordinality as wanted (id, place)
join media_files f on f.id = wanted.id
order by wanted.place

-- name: inventory_milestones
-- The key of every so many rows. $1 every how many.
select n.value, n.id
from (
    select f.title_key as value, f.id, row_number() over (order by f.title_key asc, f.id asc) as place
    from media_files f where f.state <> 'purged' /* more */ /* fits */
) n
where n.place % $1 = 0
order by n.place

-- name: facet_kind
-- How many present files there are of each kind.
select f.kind as value, count(*)::bigint as files
from media_files f where f.state = 'present' /* more */ /* fits */ group by f.kind order by files desc, value

-- name: facet_tier
-- How many present files there are of each tier.
select f.tier as value, count(*)::bigint as files
from media_files f where f.state = 'present' /* more */ /* fits */ group by f.tier order by files desc, value

-- name: facet_codec
-- How many present files there are of each video codec.
select f.video_codec as value, count(*)::bigint as files
from media_files f where f.state = 'present' and f.video_codec is not null /* more */ /* fits */
group by f.video_codec order by files desc, value

-- name: facet_language
-- How many present files have sound in each language.
select l.language as value, count(*)::bigint as files
from media_files f, unnest(f.audio_languages) as l (language)
where f.state = 'present' /* more */ /* fits */ group by l.language order by files desc, value

-- name: facet_folder
-- How many present files each folder directly below a scanned root holds, at any depth.
select f.root || substring(f.rest from '^/[^/]*(?=/)') as value, count(*)::bigint as files
from (
    select rtrim(encode(f.root_raw, 'escape'), '/') as root,
           substring(f.path from length(rtrim(encode(f.root_raw, 'escape'), '/')) + 1) as rest
    from media_files f where f.state = 'present' /* more */ /* fits */
) f
where f.rest ~ '^/[^/]*/'
group by 1 order by files desc, value limit 500

-- name: facet_state
-- How many files are in each state.
select f.state as value, count(*)::bigint as files
from media_files f where true /* more */ /* fits */ group by f.state order by files desc, value
