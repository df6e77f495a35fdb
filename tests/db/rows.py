"""An inventory of any size, made by the database itself: uneven as libraries are."""

from __future__ import annotations

from mediavault_tui.store.database import Connection

_FILL = """
insert into media_files (
    path_raw, path, root_raw, device, inode, size_bytes, modified_ns, kind, title, title_key, year, season,
    episodes, search, container, duration_s, bit_rate, width, height, tier, video_codec, audio_languages,
    subtitle_languages, health, probed_at, score, last_scan_id, identity_confidence, state, missing_since)
select convert_to(p, 'UTF8'), p, '/lib', 1, i, (h01(i, 1) ^ 4 * 4e10)::bigint,
       1500000000000000000 + (h01(i, 2) * 2e17)::bigint, kind, title, lower(title), year,
       case when kind = 'episode' then 1 + i % 9 end,
       case when kind = 'episode' then array[i % 20] else '{}' end,
       array_to_tsvector(array(select distinct w
                               from unnest(string_to_array(lower(title || ' ' || kind), ' ')) w)),
       'matroska', 1000 + h01(i, 3) * 8000, 5000000, 1920, height,
       case when height >= 1800 then '4K' when height >= 1000 then '1080p' when height >= 680 then '720p'
            when height >= 460 then '480p' else 'low' end,
       case when height >= 1800 and h01(i, 4) < 0.2 then 'av1' when h01(i, 4) < 0.7 then 'h264'
            when h01(i, 4) < 0.9 then 'hevc' else 'mpeg4' end,
       case when h01(i, 5) < 0.8 then '{en}'::text[] when h01(i, 5) < 0.9 then '{en,fr}'
            when h01(i, 5) < 0.95 then '{de}' when h01(i, 5) < 0.99 then '{ja}' else '{fi}' end,
       '{en}', 'healthy', now(), least(200, height / 20 + (h01(i, 6) * 60)::int), 1, 80,
       case when i % 100 = 7 then 'purged' when i % 200 = 8 then 'missing' else 'present' end,
       case when i % 200 = 8 then now() end
from (
    select i, kind, height, title,
           case when kind = 'episode' then 0 else 1930 + (sqrt(h01(i, 9)) * 95)::int end as year,
           '/lib/' || kind || '/' || title || '/' || title || ' ' || i || '.mkv' as p
    from (
        select i,
               case when h01(i, 7) < 0.3 then 'movie' when h01(i, 7) < 0.96 then 'episode'
                    when h01(i, 7) < 0.98 then 'documentary' else 'other' end as kind,
               (array[2160, 1080, 1080, 1080, 800, 720, 720, 720, 480, 400])
               [1 + floor(h01(i, 8) * 9.99)::int] as height,
               initcap(case when h01(i, 12) < 0.5 then common || ' ' || rare else rare || ' ' || common end
                       || case when i % 2 = 0 then ' ' || (i % 5000) else '' end) as title
        from (
            select i,
                   (array['star', 'night', 'lost', 'king', 'queen', 'ocean', 'desert', 'winter', 'summer',
                          'glass'])
                   [1 + floor(h01(i, 10) * h01(i, 11) * 9.99)::int] as common,
                   translate(substr(md5((i * 7919 % 3000)::text), 1, 7), '0123456789', 'ghijklmnop') as rare
            from generate_series(1, {files}::bigint) i
        ) worded
    ) named
) placed
"""
_RANDOM = """
create or replace function pg_temp.h01(i bigint, salt integer) returns double precision
language sql immutable as
$$ select (hashint8extended(i, salt) & 1073741823)::double precision / 1073741823.0 $$
"""


_SET_ASIDE = """
insert into deferred_indexes (name, definition)
select c.relname, pg_get_indexdef(i.indexrelid)
from pg_index i
join pg_class c on c.oid = i.indexrelid
where i.indrelid = 'media_files'::regclass and not i.indisunique
on conflict do nothing
"""
_LARGE = 50_000
"""Rows from which indexes are set aside while they are filled."""


async def fill(conn: Connection, files: int) -> None:
    """Add so many files, always the same, and let the planner know them."""
    await conn.execute(_RANDOM)
    if files >= _LARGE:
        await drop_indexes(conn)
    await conn.execute(_FILL.replace("h01(", "pg_temp.h01(").replace("{files}", str(files)))
    await make_indexes(conn, files)
    await conn.execute("analyze media_files")


async def drop_indexes(conn: Connection) -> None:
    """Drop what guards no uniqueness: rows go in many times as fast."""
    await conn.execute(_SET_ASIDE)
    for row in await conn.fetch("select name from deferred_indexes where from_files = 0"):
        await conn.execute(f'drop index if exists "{row["name"]}"')


async def make_indexes(conn: Connection, files: int) -> None:
    """Make the indexes that so many files have; small tests have all of them."""
    await conn.execute("set maintenance_work_mem = '512MB'")
    least = files if files >= _LARGE else 2**31 - 1
    for row in await conn.fetch(
        "select name, definition from deferred_indexes where from_files <= $1", least
    ):
        await conn.execute(row["definition"])
    await conn.execute("delete from deferred_indexes where from_files <= $1", least)
    await conn.execute("reset maintenance_work_mem")


# One title in five is called otherwise than its files, and its year is never that of their names.
_TITLES = """
insert into titles (kind, tmdb_id, title, title_key, words, original_language, year, genres, rating, votes,
                    collection, detailed_at)
select kind, tmdb_id, called, lower(called), string_to_array(lower(called), ' '),
       (array['en', 'en', 'en', 'en', 'fr', 'ja', 'fi'])[1 + floor(h01(hashtext(title), 20) * 6.99)::int],
       1930 + floor(h01(hashtext(title), 21) * 95)::int,
       array[(array[18, 18, 18, 35, 35, 28, 53, 27, 99])[1 + floor(h01(hashtext(title), 22) * 8.99)::int],
             (array[10751, 14, 12, 80, 37])
             [1 + floor(h01(hashtext(title), 23) * h01(hashtext(title), 24) * 4.99)::int]],
       round((3 + h01(hashtext(title), 25) * 6.9)::numeric, 2), 100,
       case when h01(hashtext(title), 26) < 0.02 then 'Collection ' || abs(hashtext(title) % 9)
            else '' end, now()
from named
"""
_NAMED = """
create temporary table named as
select case when episodic then 'tv' else 'movie' end as kind, title, episodic,
       (row_number() over (order by episodic, title))::integer as tmdb_id,
       case when h01(hashtext(title), 27) < 0.2 then 'Return of ' || title else title end as called
from (select distinct kind = 'episode' as episodic, title from media_files where kind <> 'other') each
"""
_MATCHES = """
insert into file_matches (file_id, asked_as, state, kind, tmdb_id, season, episodes, confidence, margin)
select f.id, t.kind || '|' || f.title_key || '||', case when f.id % 50 = 0 then 'ask' else 'sure' end, t.kind,
       t.tmdb_id, f.season, f.episodes, 90, 30
from media_files f
join named t on t.title = f.title and t.episodic = (f.kind = 'episode')
where f.kind <> 'other' and f.id % 10 <> 3
"""
_EPISODES = """
insert into title_episodes (tmdb_id, season, episode, name, air_date)
select t.tmdb_id, s, e, 'Episode ' || e,
       case when s = 9 then current_date + 30 else date '2010-01-01' + 7 * e end
from titles t, generate_series(0, 9) s, generate_series(0, 19) e
where t.kind = 'tv' and t.tmdb_id % 40 = 0
"""


async def fill_world(conn: Connection) -> None:
    """Let nine of ten files have a title, one of fifty ask for a choice, and shows have their episodes."""
    await conn.execute(_RANDOM)
    files = await conn.fetchval("select count(*) from media_files")
    if files >= _LARGE:
        await drop_indexes(conn)
        await conn.execute("set work_mem = '512MB'")
    for statement in (_NAMED, _TITLES, _MATCHES, _EPISODES, "drop table named"):
        await conn.execute(statement.replace("h01(", "pg_temp.h01("))
    if files >= _LARGE:
        await conn.execute("reset work_mem")
        await conn.execute("vacuum full media_files")
        await make_indexes(conn, files)
    for table in ("media_files", "titles", "file_matches", "title_episodes"):
        await conn.execute(f"vacuum analyze {table}" if files >= _LARGE else f"analyze {table}")
