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
-- fit, and the last one looked at, from which to go on; ends early once enough are found.
-- $1, $2 the row before; $3 rows to keep.
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
order by w.value asc, w.id asc
limit $3

-- name: inventory_hits
-- The same by way of everything that fits, for conditions that few rows meet; the place of each
-- row says how many come in all. $1, $2 the row before; $3 rows; $4 rows to gather at most.
with hits as materialized (
    select f.id, f.title_key as value from media_files f
    where f.state <> 'purged' /* more */ /* fits */
    limit $4
)
select h.id, h.value, t.gathered
from (select count(*)::integer as gathered from hits) t
left join lateral (
    select h.id, h.value from hits h
    where (h.value, h.id) > ($1, $2)
    order by h.value asc, h.id asc
    limit $3
) h on true
order by h.value asc, h.id asc

-- name: inventory_far
-- The key some rows on in an order, or the last one; nothing after the last row. $1, $2 the row before; $3 how many on.
-- Reads no rows but those of pages that changed since the last vacuum.
select v.value, v.id
from (
    select f.id, f.title_key as value from media_files f
    where (f.title_key, f.id) > ($1, $2) /* more */
    order by f.title_key asc, f.id asc
    limit $3
) v
order by v.value desc, v.id desc
limit 1

-- name: inventory_sampled
-- The first rows that fit among those on some of the table's pages. $1, $2 the row before; $3 rows; $4 percent of the pages.
select f.id, f.title_key as value
from media_files f tablesample system ($4::real) repeatable (7)
where f.state <> 'purged' and (f.title_key, f.id) > ($1, $2) /* more */ /* fits */
order by f.title_key asc, f.id asc
limit $3

-- name: inventory_stretch
-- What fits in a stretch of an order, found by laying the stretch of its index over the index of the conditions: only
-- rows that both name are fetched. $1 rows; $2, $3 lowest value and id; $4 highest value; $5 highest id with the lowest
-- value, $6 with the highest (-1 if they are one). In three parts, for pairs in one comparison read a value to its end.
select f.id, f.title_key as value
from media_files f
where f.state <> 'purged' /* more */ /* fits */
  and (f.title_key = $2 and f.id between $3 and $5
       or f.title_key > $2 and f.title_key < $4
       or f.title_key = $4 and f.id <= $6)
order by f.title_key asc, f.id asc
limit $1

-- name: inventory_settled
-- How many files the planner knows of, and whether the order's indexes can be read without the rows.
select greatest(c.reltuples, 0)::bigint as files, c.relallvisible >= 0.8 * c.relpages as settled
from pg_class c where c.oid = 'media_files'::regclass

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
select f.id, f.source, f.path, f.title, f.title_key, f.year, f.season, f.episodes, f.kind, f.edition, f.tier, f.video_codec,
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
-- How many present files each folder directly below a scanned root holds, at any depth; told apart by their marks.
select top_folder(n.path_raw, g.root_raw) as folder_raw, g.files
from (
    select f.folder, f.root_raw, count(*)::bigint as files, min(f.id) as one
    from media_files f where f.state = 'present' /* more */ /* fits */ group by f.folder, f.root_raw
) g
join media_files n on n.id = g.one
where top_folder(n.path_raw, g.root_raw) <> g.root_raw
order by g.files desc, folder_raw limit 500

-- name: facets_about
-- The same counts, of every facet at once, among the files on some of the table's pages. $1 percent of them.
with sampled as materialized (
    select f.id, f.kind, f.tier, f.video_codec, f.audio_languages, f.folder, f.root_raw, f.state, f.tags
    from media_files f tablesample system ($1::real) repeatable (7) where true /* more */ /* fits */
), here as (
    select s.id, s.kind, s.tier, s.video_codec, s.audio_languages, s.folder, s.root_raw, s.tags
    from sampled s where s.state = 'present'
)
select 'kind' as facet, h.kind as value, null::bytea as folder_raw, count(*)::bigint as files from here h group by h.kind
union all select 'tier', h.tier, null, count(*) from here h group by h.tier
union all select 'codec', h.video_codec, null, count(*) from here h where h.video_codec is not null group by h.video_codec
union all select 'language', l.language, null, count(*)
          from here h, unnest(h.audio_languages) as l (language) group by l.language
union all select 'state', s.state, null, count(*) from sampled s group by s.state
union all select '', w.tag, null, count(*) from here h, unnest(h.tags) as w (tag) group by w.tag
union all select 'folder', null, top_folder(n.path_raw, g.root_raw), g.files
          from (select h.folder, h.root_raw, count(*) as files, min(h.id) as one from here h group by 1, 2) g
          join media_files n on n.id = g.one where top_folder(n.path_raw, g.root_raw) <> g.root_raw
order by files desc, value, folder_raw

-- name: inventory_folder
-- Of folders that may be meant by one text, the first that holds files: its raw bytes, and its mark
-- if it lies directly below a scanned root. $1 the folders. Source by source, and in the order of an index: else
-- PostgreSQL thinks that something of all is found soon, and looks from the first file on.
select c.folder_raw,
       (select f.folder from media_files f where f.folder = folder_mark(c.folder_raw)
        order by f.title_key, f.id limit 1) as mark
from unnest($1::bytea[]) with ordinality as c (folder_raw, place)
where exists (select from (select 'local' union all select 'nas:0'
                            union all select 'nas:' || n.id from nas_config n) s (source)
              cross join lateral (select from media_files f where f.source = s.source
                                  and f.path_raw >= c.folder_raw || '/'::bytea
                                  and f.path_raw < c.folder_raw || '0'::bytea
                                  order by f.path_raw limit 1) file)
order by c.place limit 1

-- name: search_words_like
-- The words of the inventory that begin so, for each beginning that has $2 at the most; none while the
-- words are not gathered (a small library). $1 beginnings.
select p.prefix, w.words
from unnest($1::text[]) as p (prefix),
     lateral (select array_agg(l.word) as words
              from (select s.word from search_words s
                    where s.word >= p.prefix collate "C" and s.word < (p.prefix || U&'\+10FFFF') collate "C"
                    limit $2 + 1) l) w
where cardinality(w.words) <= $2 and not exists (select from deferred_indexes d where d.name = 'search_words')

-- name: facet_state
-- How many files are in each state.
select f.state as value, count(*)::bigint as files
from media_files f where true /* more */ /* fits */ group by f.state order by files desc, value

-- name: facet_world
-- How many present files have a title with each tag (genre, decade, rating, original language, collection).
-- Counted by equal sets of tags first: there are many more files than such sets.
select w.tag as value, sum(h.files)::bigint as files
from (
    select f.tags, count(*) as files
    from media_files f
    where f.state = 'present' and f.tags is not null /* more */ /* fits */
    group by f.tags
) h
cross join unnest(h.tags) as w (tag)
group by w.tag

-- name: inventory_titles
-- Every title once, for the nearest to a slip of the hand; read in the order of an index. $1 titles at most.
select min(f.title) as title
from media_files f
where f.state <> 'purged' and f.title_key <> ''
group by f.title_key
order by f.title_key
limit $1
