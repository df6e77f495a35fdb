-- name: matches_waiting
-- Titles that a person must choose for, most files first.
-- $1 rows; $2, $3 the last row of the page before (files, asked as), or nulls.
select w.asked_as, w.files, f.path as example, w.file_id, coalesce(m.evidence[1], '') as why, m.candidates
from (
    select m.asked_as,
           count(*)::integer as files,
           (array_agg(m.file_id order by m.confidence desc, m.file_id))[1] as file_id
    from file_matches m
    join media_files f on f.id = m.file_id
    where m.state = 'ask' and f.state = 'present'
    group by m.asked_as
    having $2::integer is null or count(*) < $2 or (count(*) = $2 and m.asked_as > $3::text)
    order by count(*) desc, m.asked_as
    limit $1
) w
join file_matches m on m.file_id = w.file_id
join media_files f on f.id = w.file_id
order by w.files desc, w.asked_as;

-- name: matches_waiting_files
-- The files behind such titles, surest first. $1 what they were asked as.
select m.asked_as, m.file_id, f.path_raw
from file_matches m
join media_files f on f.id = m.file_id
where m.state = 'ask' and f.state = 'present' and m.asked_as = any ($1::text[])
order by m.asked_as, m.confidence desc, m.file_id;

-- name: matches_asking
-- How many titles wait for a person. It takes nothing.
select count(distinct m.asked_as)::integer
from file_matches m
join media_files f on f.id = m.file_id
where m.state = 'ask' and f.state = 'present';

-- name: matches_of_question
-- The present files that one title was asked for, as in `match_files`, and one that belongs to them in any case.
-- $1 asked as, $2 the file.
select f.id, f.path_raw, f.kind, coalesce(f.named_title, f.title) as title,
       coalesce(f.named_year, f.year) as year, f.country, f.season, f.episodes, f.air_date, f.edition,
       f.part, f.extra, f.tmdb_id, f.imdb_id, f.tvdb_id, coalesce(f.duration_s, 0) as duration_s, m.asked_as,
       coalesce(m.state, '') as match_state
from media_files f
left join file_matches m on m.file_id = f.id
where f.id = any (array(select x.file_id from file_matches x where x.asked_as = $1) || $2::bigint)
  and f.state = 'present' and f.extra is null
order by f.id;

-- name: choices_all
-- The choices that count: the latest of each title and folder that was not undone. It takes nothing.
select distinct on (c.asked_as, c.folder_raw) c.asked_as, c.folder_raw, c.kind, c.tmdb_id
from title_choices c
where c.undone_at is null
order by c.asked_as, c.folder_raw, c.id desc;

-- name: choice_put
-- Remember a person's choice, and the matches that it is about to settle as they are now.
-- $1 asked as, $2 folder, $3 kind, $4 tmdb id (nulls: none of them), $5 who, $6 the files.
insert into title_choices (asked_as, folder_raw, kind, tmdb_id, chosen_by, before)
select $1, $2, $3, $4, $5,
       coalesce((select jsonb_agg(to_jsonb(m) - 'matched_at') from file_matches m where m.file_id = any ($6::bigint[])),
                '[]');

-- name: choice_last
-- The last choice of a person that was not undone. $1 who.
select c.id, c.asked_as, c.folder_raw, coalesce(t.title, '') as title, coalesce(t.year, 0)::integer as year
from title_choices c
left join titles t on (t.kind, t.tmdb_id) = (c.kind, c.tmdb_id)
where c.chosen_by = $1 and c.undone_at is null
order by c.chosen_at desc, c.id desc
limit 1;

-- name: choice_last_at
-- When the choice of `choice_last` was made. $1 who.
select max(c.chosen_at) from title_choices c where c.chosen_by = $1 and c.undone_at is null;

-- name: choice_undo
-- Let a choice count no longer; its number, or nothing if it did not. $1 the choice.
update title_choices set undone_at = now() where id = $1 and undone_at is null returning id;

-- name: choice_restore
-- Give the files that a choice settled the matches back that they had. $1 the choice.
insert into file_matches as m (file_id, asked_as, state, kind, tmdb_id, season, episodes, confidence, margin, evidence,
                               candidates)
select r.file_id, r.asked_as, r.state, r.kind, r.tmdb_id, r.season, r.episodes, r.confidence, r.margin, r.evidence,
       r.candidates
from title_choices c
cross join jsonb_to_recordset(c.before)
     as r (file_id bigint, asked_as text, state text, kind text, tmdb_id integer, season smallint, episodes integer[],
           confidence smallint, margin smallint, evidence text[], candidates jsonb)
join media_files f on f.id = r.file_id
where c.id = $1
on conflict (file_id) do update
set asked_as = excluded.asked_as, state = excluded.state, kind = excluded.kind, tmdb_id = excluded.tmdb_id,
    season = excluded.season, episodes = excluded.episodes, confidence = excluded.confidence,
    margin = excluded.margin, evidence = excluded.evidence, candidates = excluded.candidates, matched_at = now()
returning m.file_id;

-- name: choice_forget
-- Let files that a choice settled and that had no match before it be matched anew; those of a deeper folder have
-- a choice of their own. $1 the choice, $2 the words that mark a person's choice, $3, $4 the paths below its folder.
delete from file_matches m
using title_choices c, media_files f
where c.id = $1 and m.asked_as = c.asked_as and m.evidence[1] = any ($2::text[]) and f.id = m.file_id
  and (c.folder_raw = '' or (f.path_raw >= $3 and f.path_raw < $4))
  and not exists (select from title_choices o
                  where o.asked_as = c.asked_as and o.undone_at is null
                    and octet_length(o.folder_raw) > octet_length(c.folder_raw)
                    and f.path_raw >= o.folder_raw || '/'::bytea and f.path_raw < o.folder_raw || '0'::bytea)
  and not exists (select from jsonb_array_elements(c.before) b where (b.value ->> 'file_id')::bigint = m.file_id)
returning m.file_id;
