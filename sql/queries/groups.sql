-- name: groups_lock
-- One rebuilding at a time, until the transaction ends. It gives nothing and takes nothing.
select pg_advisory_xact_lock(7120004502);

-- name: groups_changed
-- Tell every program that looks at this library that its groups are others now. It takes nothing.
select pg_notify('mediavault', 'groups:changed');

-- name: exact_bundles
-- Files of equal size and equal full hash, one array for each content. It takes nothing.
select array_agg(f.id order by f.id) as ids
from media_files f
where f.state = 'present' and f.content_hash is not null
group by f.content_hash, f.size_bytes
having count(*) > 1;

-- name: title_entries
-- Every title of the present files, once for each year, films and episodes apart. It takes nothing.
select coalesce(f.named_key, f.title_key)                       as title_key,
       coalesce(f.named_year, f.year)::integer                  as year,
       (f.season is not null or f.episodes <> '{}')             as episodic
from media_files f
where f.state = 'present' and f.extra is null and f.kind <> 'other' and f.title_key <> ''
group by 1, 2, 3;

-- name: title_bundles
-- Files that may be one title, or one that holds others' episodes or parts; an array for each chance.
-- $1 title keys, $2 years, $3 episodic, $4 the number of the set of alike titles that each is in.
with alike as (
    select a.title_key, a.year, a.episodic, a.number
    from unnest($1::text[], $2::integer[], $3::boolean[], $4::integer[]) as a (title_key, year, episodic, number)
), named as materialized (
    select f.id, f.season, f.episodes, f.air_date, f.part, f.three_d,
           coalesce('#' || a.number, e.key || '|' || e.year || '|' || e.episodic) as work
    from media_files f
    cross join lateral (select f.season is not null or f.episodes <> '{}' as episodic,
                               coalesce(f.named_key, f.title_key) as key, coalesce(f.named_year, f.year) as year) e
    left join alike a on a.title_key = e.key and a.year = e.year and a.episodic = e.episodic
    where f.state = 'present' and f.extra is null and f.kind <> 'other' and f.title_key <> ''
)
select array_agg(n.id) as ids
from named n
group by n.work, n.season, n.episodes, n.air_date, n.part, n.three_d
having count(*) > 1
union all
select array_agg(f.id)
from media_files f
cross join lateral (values ('tmdb', f.tmdb_id::text), ('imdb', f.imdb_id), ('tvdb', f.tvdb_id::text)) as x (name, id)
where f.state = 'present' and f.extra is null and x.id is not null
group by x.name, x.id, f.season, f.episodes, f.air_date, f.part, f.three_d
having count(*) > 1
union all
select array_agg(f.id)
from file_matches m
join media_files f on f.id = m.file_id
where m.state in ('sure', 'chosen') and f.state = 'present' and f.extra is null
group by m.kind, m.tmdb_id, m.season, m.episodes, f.part, f.three_d
having count(*) > 1
union all
select array[w.id] || array_agg(n.id)
from named w
join named n on n.work = w.work and n.season is not distinct from w.season and n.three_d = w.three_d
            and n.part is not distinct from w.part and n.episodes <@ w.episodes
            and n.episodes <> w.episodes and n.episodes <> '{}'
where cardinality(w.episodes) > 1
group by w.id
union all
select array[w.id] || array_agg(n.id)
from named n
join named w on w.work = n.work and w.season is not distinct from n.season and w.three_d = n.three_d
            and w.part is null and w.episodes = n.episodes
where n.part is not null
group by w.id;

-- name: groups_among
-- Groups that some of these files are in, open, resolved or dismissed. $1 the file ids.
select g.id,
       g.proof,
       g.key,
       g.state,
       array(select m.file_id from duplicate_members m where m.group_id = g.id order by m.file_id) as members
from duplicate_groups g
where g.state <> 'gone'
  and g.id in (select m.group_id from duplicate_members m where m.file_id = any ($1::bigint[]))
order by g.id;

-- name: group_keys
-- The ids of the groups with these keys, in any state. $1 proofs, $2 keys.
select g.id, g.proof, g.key
from duplicate_groups g
join unnest($1::text[], $2::text[]) as k (proof, key) on g.proof = k.proof and g.key = k.key;

-- name: groups_rekey
-- A group whose members changed stays the group that it was. $1 ids, $2 keys.
update duplicate_groups g
set key = k.key
from unnest($1::bigint[], $2::text[]) as k (id, key)
where g.id = k.id;

-- name: groups_put
-- Write groups; gives those that are new or other than they were. $1 proofs, $2 keys, $3 titles,
-- $4 verdicts, $5 rules, $6 sentences, $7 tie-breaks, $8 keepers, $9 reclaimable bytes, $10 edges as JSON.
insert into duplicate_groups as g
    (proof, key, title, verdict, rule, sentence, tie_break, keeper_id, reclaimable_bytes, edges)
select n.proof, n.key, n.title, n.verdict, n.rule, n.sentence, n.tie_break, n.keeper_id, n.reclaimable, n.edges::jsonb
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
            $9::bigint[], $10::text[])
     as n (proof, key, title, verdict, rule, sentence, tie_break, keeper_id, reclaimable, edges)
on conflict (proof, key) do update
set title = excluded.title, verdict = excluded.verdict, rule = excluded.rule, sentence = excluded.sentence,
    tie_break = excluded.tie_break, keeper_id = excluded.keeper_id,
    reclaimable_bytes = excluded.reclaimable_bytes, edges = excluded.edges,
    state = 'open', resolved_at = null, updated_at = now()
where (g.title, g.verdict, g.rule, g.sentence, g.tie_break, g.keeper_id, g.reclaimable_bytes, g.edges, g.state)
      is distinct from
      (excluded.title, excluded.verdict, excluded.rule, excluded.sentence, excluded.tie_break,
       excluded.keeper_id, excluded.reclaimable_bytes, excluded.edges, 'open')
returning g.id;

-- name: members_put
-- Write the members of groups; gives the groups of those that are new or other than they were.
-- $1 groups, $2 files, $3 positions, $4 verdicts, $5 reasons and $6 losses as JSON, $7 gaps, $8 scores.
insert into duplicate_members as m (group_id, file_id, position, verdict, reasons, losses, gap, score)
select n.group_id, n.file_id, n.position, n.verdict, array(select jsonb_array_elements_text(n.reasons::jsonb)),
       n.losses::jsonb, n.gap, n.score
from unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::smallint[],
            $8::smallint[])
     as n (group_id, file_id, position, verdict, reasons, losses, gap, score)
on conflict (group_id, file_id) do update
set position = excluded.position, verdict = excluded.verdict, reasons = excluded.reasons,
    losses = excluded.losses, gap = excluded.gap, score = excluded.score
where (m.position, m.verdict, m.reasons, m.losses, m.gap, m.score) is distinct from
      (excluded.position, excluded.verdict, excluded.reasons, excluded.losses, excluded.gap, excluded.score)
returning m.group_id;

-- name: members_drop
-- Take out of these groups the files that are in them no longer. $1 the groups' ids; $2, $3 the
-- pairs of group and file that stay.
delete from duplicate_members m
where m.group_id = any ($1::bigint[])
  and not exists (select from unnest($2::bigint[], $3::bigint[]) as n (group_id, file_id)
                  where n.group_id = m.group_id and n.file_id = m.file_id)
returning m.group_id;

-- name: groups_gone
-- Open groups that no longer hold. $1 the ids that do; $2 null for all groups, else those looked at.
update duplicate_groups g
set state = 'gone', updated_at = now()
where g.state = 'open' and not (g.id = any ($1::bigint[]))
  and ($2::bigint[] is null or g.id = any ($2))
returning g.id;

-- name: open_groups
-- Open groups, most reclaimable bytes first. $1 rows to return; $2, $3 the last row of the page
-- before (bytes, id), or null; $4 words, in small letters, each of which the title, or a file's own or its path,
-- must hold; $5 proofs, $6 verdicts (empty: any); $7 whether the words are turned around.
select g.id,
       g.proof,
       g.title,
       (select count(*) from duplicate_members m join media_files f on f.id = m.file_id and f.state = 'present'
        where m.group_id = g.id) as files,
       g.reclaimable_bytes       as reclaimable,
       g.verdict,
       g.sentence,
       g.note
from duplicate_groups g
where g.state = 'open'
  and ($2::bigint is null or (g.reclaimable_bytes, g.id) < ($2, $3::bigint))
  and (cardinality($4::text[]) = 0 or $7::boolean <> not exists (
      select from unnest($4) as w (word)
      where position(w.word in lower(g.title)) = 0
        and not exists (select from duplicate_members m join media_files f on f.id = m.file_id
                        where m.group_id = g.id
                          and position(w.word in lower(concat_ws(' ', f.named_title, f.path))) > 0)))
  and ($5::text[] = '{}' or g.proof = any ($5))
  and ($6::text[] = '{}' or g.verdict = any ($6))
order by g.reclaimable_bytes desc, g.id desc
limit $1;

-- name: open_groups_totals
-- How many open groups there are of each kind and verdict, and the bytes that they would free.
-- $1 words, in small letters, as `open_groups` takes them; $2 whether they are turned around.
select g.proof,
       g.verdict,
       count(*)                         as groups,
       sum(g.reclaimable_bytes)::bigint as reclaimable
from duplicate_groups g
where g.state = 'open'
  and (cardinality($1::text[]) = 0 or $2::boolean <> not exists (
      select from unnest($1) as w (word)
      where position(w.word in lower(g.title)) = 0
        and not exists (select from duplicate_members m join media_files f on f.id = m.file_id
                        where m.group_id = g.id
                          and position(w.word in lower(concat_ws(' ', f.named_title, f.path))) > 0)))
group by g.proof, g.verdict;

-- name: group_by_id
-- One group, whatever its state, with what was decided. $1 the id.
select g.id,
       g.proof,
       g.title,
       (select count(*) from duplicate_members m join media_files f on f.id = m.file_id and f.state = 'present'
        where m.group_id = g.id) as files,
       g.reclaimable_bytes       as reclaimable,
       g.verdict,
       g.sentence,
       g.note,
       g.state,
       g.rule,
       g.tie_break,
       g.keeper_id,
       g.edges
from duplicate_groups g
where g.id = $1;

-- name: group_members
-- The members of a group that are present, keeper first. $1 the group's id.
select m.file_id, m.verdict, m.reasons, m.losses, m.gap
from duplicate_members m
join media_files f on f.id = m.file_id and f.state = 'present'
where m.group_id = $1
order by m.position, m.file_id;

-- name: group_dismiss
-- Nothing is to be decided in this group any more. $1 the id.
update duplicate_groups
set state = 'dismissed', resolved_at = now(), updated_at = now()
where id = $1
returning id;

-- name: group_note
-- Write a person's note to a group. $1 the id, $2 the text.
update duplicate_groups
set note = $2, updated_at = now()
where id = $1
returning id;

-- name: decisions_live
-- Pairs of contents that a person called no duplicates, or wants both of. It takes nothing.
select d.content_a, d.content_b
from user_decisions d
where d.kind in ('not_duplicate', 'keep_both') and d.undone_at is null;

-- name: decisions_put
-- Remember decisions about pairs of contents; known ones stay. $1 kind, $2 smaller contents, $3 greater, $4 who.
insert into user_decisions (kind, content_a, content_b, decided_by)
select $1, p.a, p.b, $4
from unnest($2::bytea[], $3::bytea[]) as p (a, b)
on conflict (kind, content_a, content_b) where undone_at is null do nothing
returning id;

-- name: decision_last
-- A person's last decision that stands: its kind and moment. $1 who.
select d.kind, d.decided_at
from user_decisions d
where d.decided_by = $1 and d.undone_at is null and d.kind in ('not_duplicate', 'keep_both')
group by d.kind, d.decided_at
order by d.decided_at desc
limit 1;

-- name: decision_last_at
-- When the decision of `decision_last` was made. $1 who.
select max(d.decided_at) from user_decisions d
where d.decided_by = $1 and d.undone_at is null and d.kind in ('not_duplicate', 'keep_both');

-- name: decision_undo
-- Take back the pairs of one decision. $1 who, $2 its kind, $3 its moment.
update user_decisions
set undone_at = now()
where decided_by = $1 and kind = $2 and decided_at = $3 and undone_at is null
returning id;

-- name: groups_below
-- Open groups that have a member at or below a path. $1 the paths' sources, $2 raw, without a slash at their end.
select distinct m.group_id
from duplicate_members m
join duplicate_groups g on g.id = m.group_id and g.state = 'open'
join media_files f on f.id = m.file_id
join unnest($1::text[], $2::bytea[]) as p (source, path)
  on f.source = p.source
 and (f.path_raw = p.path or (f.path_raw >= p.path || '/'::bytea and f.path_raw < p.path || '0'::bytea));
