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


async def fill(conn: Connection, files: int) -> None:
    """Add so many files, always the same, and let the planner know them."""
    await conn.execute(_RANDOM)
    await conn.execute(_FILL.replace("h01(", "pg_temp.h01(").replace("{files}", str(files)))
    for row in await conn.fetch("select name, definition from deferred_indexes"):  # as in a large library
        await conn.execute(row["definition"])
    await conn.execute("truncate deferred_indexes")
    await conn.execute("analyze media_files")
