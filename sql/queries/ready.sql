-- Questions that need no language model; also what the chat's ready tools ask. They run as mediavault_reader.

-- name: ready_stats
-- Totals of the library, a line each; a million files are read once, not once a line. It takes nothing.
with counted as materialized (
    select f.state, f.kind, f.health, count(*) as files, sum(f.size_bytes) as bytes
    from ask.v_files f
    where f.state in ('present', 'missing')
    group by f.state, f.kind, f.health
)
select t.what,
       t.files,
       t.bytes
from (select 1 as place, 'present' as what, coalesce(sum(c.files), 0)::bigint as files,
             coalesce(sum(c.bytes), 0) as bytes
      from counted c where c.state = 'present'
      union all
      select 2, c.kind, sum(c.files)::bigint, sum(c.bytes) from counted c where c.state = 'present' group by c.kind
      union all
      select 3, concat('health: ', c.health), sum(c.files)::bigint, sum(c.bytes)
      from counted c where c.state = 'present' and c.health <> 'healthy' group by c.health
      union all
      select 4, 'missing', coalesce(sum(c.files), 0)::bigint, coalesce(sum(c.bytes), 0)
      from counted c where c.state = 'missing'
      union all
      select 5, 'in the holding folder', count(*), coalesce(sum(p.size_bytes), 0)
      from ask.v_pending p where p.state in ('staged', 'approved')
      union all
      select 6, concat('to be won, ', g.verdict), coalesce(sum(g.files - 1), 0), coalesce(sum(g.reclaimable_bytes), 0)
      from ask.v_groups g where g.state = 'open' and g.proof <> 'coverage' group by g.verdict) t
order by t.place, t.bytes desc, t.what;

-- name: ready_review
-- Open groups that a person must look at, most bytes first. It takes nothing.
select g.group_id,
       g.title,
       g.proof,
       g.files,
       g.reclaimable_bytes,
       g.sentence
from ask.v_groups g
where g.state = 'open' and g.verdict = 'review'
order by g.reclaimable_bytes desc, g.group_id
limit 100;

-- name: ready_sure
-- Open groups whose verdict is certain or clear, most bytes first. It takes nothing.
select g.group_id,
       g.title,
       g.verdict,
       g.files,
       g.reclaimable_bytes,
       g.sentence
from ask.v_groups g
where g.state = 'open' and g.verdict in ('certain', 'clear')
order by g.reclaimable_bytes desc, g.group_id
limit 100;

-- name: ready_largest
-- The largest files. It takes nothing.
select f.file_id,
       f.title,
       f.year,
       f.tier,
       f.video_codec,
       f.size_bytes,
       f.score
from ask.v_files f
where f.state = 'present'
order by f.size_bytes desc, f.file_id
limit 50;

-- name: ready_worst
-- Films of the lowest quality. It takes nothing.
select f.file_id,
       f.title,
       f.year,
       f.tier,
       f.video_codec,
       f.score
from ask.v_files f
where f.state = 'present' and f.kind = 'movie' and f.extra is null and f.score is not null
order by f.score, f.file_id
limit 50;

-- name: ready_broken
-- Files that are broken or hang the decoder. It takes nothing.
select f.file_id,
       f.title,
       f.health,
       f.health_reason,
       f.path
from ask.v_files f
where f.state = 'present' and f.health in ('broken', 'quarantined')
order by f.path
limit 200;

-- name: ready_foreign
-- Present works with neither sound nor subtitles in a language that is wanted. $1 the languages, put in as text.
select f.file_id,
       f.title,
       f.year,
       f.audio_languages,
       f.subtitle_languages
from ask.v_files f
where f.state = 'present' and f.extra is null and cardinality(f.audio_languages) > 0
  and not (f.audio_languages && $1::text[]) and not (f.subtitle_languages && $1::text[])
order by f.title, f.file_id
limit 200;

-- name: ready_newest
-- What was seen first most lately. It takes nothing.
select f.file_id,
       f.title,
       f.year,
       f.tier,
       f.size_bytes,
       f.first_seen_at
from ask.v_files f
where f.state = 'present'
order by f.first_seen_at desc, f.file_id desc
limit 50;

-- name: ready_holding
-- What waits in the holding folder, longest first. It takes nothing.
select p.file_id,
       p.title,
       p.state,
       p.days_held,
       p.freed_bytes,
       p.reason
from ask.v_pending p
where p.state in ('staged', 'approved')
order by p.staged_at, p.staged_id
limit 200;

-- name: ready_storage_kind
-- Files and bytes of each kind, most first. It takes nothing.
select f.kind as kind,
       count(*) as files,
       sum(f.size_bytes) as bytes
from ask.v_files f
where f.state = 'present'
group by 1
order by bytes desc, 1
limit 24;

-- name: ready_storage_tier
-- Files and bytes of each picture size, most first. It takes nothing.
select f.tier as tier,
       count(*) as files,
       sum(f.size_bytes) as bytes
from ask.v_files f
where f.state = 'present'
group by 1
order by bytes desc, 1
limit 24;

-- name: ready_storage_video_codec
-- Files and bytes of each video codec, most first. It takes nothing.
select coalesce(f.video_codec, '?') as video_codec,
       count(*) as files,
       sum(f.size_bytes) as bytes
from ask.v_files f
where f.state = 'present'
group by 1
order by bytes desc, 1
limit 24;

-- name: ready_storage_folder
-- Files and bytes of each folder, most first. It takes nothing.
select f.folder as folder,
       count(*) as files,
       sum(f.size_bytes) as bytes
from ask.v_files f
where f.state = 'present'
group by 1
order by bytes desc, 1
limit 24;

-- name: ready_storage_decade
-- Files and bytes of each decade, most first. It takes nothing.
select f.year / 10 * 10 as decade,
       count(*) as files,
       sum(f.size_bytes) as bytes
from ask.v_files f
where f.state = 'present'
group by 1
order by bytes desc, 1
limit 24;

-- name: ready_storage_audio_language
-- Files and bytes with sound in each language, most first. It takes nothing.
select l.language as audio_language,
       count(*) as files,
       sum(f.size_bytes) as bytes
from ask.v_files f cross join unnest(f.audio_languages) as l (language)
where f.state = 'present'
group by 1
order by bytes desc, 1
limit 24;

-- name: ready_storage_container
-- Files and bytes of each container, most first. It takes nothing.
select coalesce(f.container, '?') as container,
       count(*) as files,
       sum(f.size_bytes) as bytes
from ask.v_files f
where f.state = 'present'
group by 1
order by bytes desc, 1
limit 24;

-- name: ready_storage_hdr
-- Files and bytes of each kind of dynamic range, most first. It takes nothing.
select coalesce(nullif(array_to_string(f.hdr, '+'), ''), 'SDR') as hdr,
       count(*) as files,
       sum(f.size_bytes) as bytes
from ask.v_files f
where f.state = 'present'
group by 1
order by bytes desc, 1
limit 24;

-- name: ready_storage_title
-- Files and bytes of each title, most first. It takes nothing.
select f.title as title,
       count(*) as files,
       sum(f.size_bytes) as bytes
from ask.v_files f
where f.state = 'present'
group by 1
order by bytes desc, 1
limit 24;

-- name: ready_storage_state
-- Files and bytes in each state, most first. It takes nothing.
select f.state,
       count(*) as files,
       sum(f.size_bytes) as bytes
from ask.v_files f
group by 1
order by bytes desc, 1;
