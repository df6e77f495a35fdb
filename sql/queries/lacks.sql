-- name: episodes_missing
-- Regular episodes, aired by now, of which no present file is there, of shows that files have, by show and number.
-- $1 tmdb id or null, $2 rows; $3 to $6 the last row before (title, tmdb id, season, episode), or nulls.
-- Show by show, so that a page costs what it shows and not the library.
select s.title, s.tmdb_id, e.season, e.episode, e.name, e.air_date
from titles s
cross join lateral (
    with held as materialized (
        select distinct m.season, n.episode
        from file_matches m
        join media_files f on f.id = m.file_id and f.state = 'present'
        cross join unnest(m.episodes) as n (episode)
        where m.tmdb_id = s.tmdb_id and m.kind = 'tv' and m.state in ('sure', 'chosen')
    )
    select e.season, e.episode, e.name, e.air_date
    from title_episodes e
    where e.tmdb_id = s.tmdb_id and e.season > 0 and e.air_date <= current_date
      and exists (select from held)
      and not exists (select from held h where h.season = e.season and h.episode = e.episode)
      and ($3::text is null
           or (s.title, s.tmdb_id, e.season, e.episode) > ($3, $4::integer, $5::smallint, $6::integer))
) e
where s.kind = 'tv' and ($1::integer is null or s.tmdb_id = $1)
  and ($3::text is null or (s.title, s.tmdb_id) >= ($3, $4::integer))
order by s.title, s.tmdb_id, e.season, e.episode
limit $2;

-- name: copies_better
-- Files of one title of which a better copy, the keeper of their group, lies in another folder or source; the groups
-- with most bytes first. $1 points that count as better, $2 rows; $3 to $5 the last row before (bytes, group, file), or nulls.
select g.id as "group", g.title, g.reclaimable_bytes as reclaimable, f.id as file, f.path, f.tier, f.score,
       k.id as better, k.path as better_path, k.tier as better_tier, k.score as better_score,
       m.gap, m.verdict, coalesce(m.reasons[1], g.sentence) as sentence
from duplicate_groups g
join duplicate_members m on m.group_id = g.id and m.file_id <> g.keeper_id and m.gap >= $1
join media_files f on f.id = m.file_id and f.state = 'present'
join media_files k on k.id = g.keeper_id and k.state = 'present' and k.health = 'healthy'
where g.state = 'open' and g.proof = 'same_title'
  and (f.source <> k.source or regexp_replace(f.path, '[^/]*$', '') <> regexp_replace(k.path, '[^/]*$', ''))
  and ($3::bigint is null or (g.reclaimable_bytes, g.id, f.id) < ($3, $4::bigint, $5::bigint))
order by g.reclaimable_bytes desc, g.id desc, f.id desc
limit $2;
