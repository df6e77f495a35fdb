-- name: request_lock
-- One admission at a time for a service, until the transaction ends. $1 service.
select pg_advisory_xact_lock(hashtextextended($1, 4503));

-- name: request_take
-- Admit a request if fewer than so many count and nobody asked for a pause; its number, or nothing.
-- $1 service, $2 what is asked, $3 requests allowed, $4 window in seconds, $5 seconds after which it is dead.
insert into metadata_requests (service, what, lapses_at)
select $1, $2, clock_timestamp() + make_interval(secs => $5)
where (select count(*) from metadata_requests r
       where r.service = $1 and coalesce(r.ended_at, r.lapses_at) >= clock_timestamp() - make_interval(secs => $4)) < $3
  and not exists (select from metadata_pauses p where p.service = $1 and p.until_time > clock_timestamp())
returning id;

-- name: request_wait
-- Seconds until a request may be admitted at the earliest. $1 service, $2 window in seconds.
select greatest(
    (select extract(epoch from p.until_time - clock_timestamp()) from metadata_pauses p where p.service = $1),
    (select extract(epoch from min(coalesce(r.ended_at, r.lapses_at)) - clock_timestamp()) + $2
     from metadata_requests r
     where r.service = $1
       and coalesce(r.ended_at, r.lapses_at) >= clock_timestamp() - make_interval(secs => $2)),
    0)::double precision as seconds;

-- name: request_end
-- A request is over; its window runs out from now. $1 its number, $2 HTTP status, 0 if none came.
update metadata_requests set ended_at = clock_timestamp(), status = $2 where id = $1 and ended_at is null;

-- name: request_pause
-- Nobody asks for so long. $1 service, $2 seconds.
insert into metadata_pauses (service, until_time)
values ($1, clock_timestamp() + make_interval(secs => $2))
on conflict (service) do update set until_time = greatest(metadata_pauses.until_time, excluded.until_time);

-- name: requests_within
-- How many requests of a service still count. $1 service, $2 window in seconds.
select count(*)
from metadata_requests r
where r.service = $1 and coalesce(r.ended_at, r.lapses_at) >= clock_timestamp() - make_interval(secs => $2);

-- name: requests_prune
-- Forget requests that no window counts any more. It takes nothing.
delete from metadata_requests where coalesce(ended_at, lapses_at) < clock_timestamp() - interval '8 days';

-- name: answer_get
-- An answer as it came, with its age in seconds; status 0 while nobody has one. $1 the question.
select a.status,
       a.etag,
       a.body,
       coalesce(extract(epoch from clock_timestamp() - a.asked_at), 0)::double precision as age
from metadata_answers a
where a.question = $1;

-- name: answer_claim
-- Be the only one to ask; the question, or nothing while somebody else is at it.
-- $1 the question, $2 seconds after which the claim is void.
insert into metadata_answers as a (question, claimed_until)
values ($1, clock_timestamp() + make_interval(secs => $2))
on conflict (question) do update set claimed_until = excluded.claimed_until
where a.claimed_until is null or a.claimed_until < clock_timestamp()
returning a.question;

-- name: answer_hold
-- Whoever asks is still at it. $1 the question, $2 seconds after which the claim is void.
update metadata_answers
set claimed_until = clock_timestamp() + make_interval(secs => $2)
where question = $1 and claimed_until is not null;

-- name: answer_put
-- Keep an answer. $1 the question, $2 status, $3 etag, $4 body (null: there is no such thing).
update metadata_answers
set status = $2, etag = $3, body = $4, asked_at = clock_timestamp(), claimed_until = null
where question = $1;

-- name: answer_renew
-- What was kept is still so (304). $1 the question.
update metadata_answers set asked_at = clock_timestamp(), claimed_until = null where question = $1;

-- name: answer_release
-- Nobody answered: let another ask. $1 the question.
update metadata_answers set claimed_until = null where question = $1;

-- name: answers_prune
-- Forget answers older than the oldest that anybody would use. $1 days.
delete from metadata_answers where asked_at < clock_timestamp() - make_interval(days => $1);

-- name: title_put
-- Keep a title; what came from a search never overwrites details. The tmdb id if it was written.
-- $1 kind, $2 tmdb id, $3 title, $4 original title, $5 original language, $6 year (0: unknown), $7 countries,
-- $8 seconds, $9 genres, $10 overview, $11 rating, $12 votes, $13 popularity, $14 poster, $15 imdb id, $16 tvdb id,
-- $17 collection, $18 credits, $19 whether these are details, $20 seconds of every other cut, $21 its key, $22 its words.
insert into titles as t (kind, tmdb_id, title, original_title, original_language, year, countries, runtime_s, genres,
                         overview, rating, votes, popularity, poster, imdb_id, tvdb_id, collection, credits, detailed_at,
                         runtimes, title_key, words)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
        case when $19::boolean then now() end, $20, $21, $22)
on conflict (kind, tmdb_id) do update
set title = excluded.title, original_title = excluded.original_title, original_language = excluded.original_language,
    year = excluded.year, countries = excluded.countries, runtime_s = excluded.runtime_s, genres = excluded.genres,
    overview = excluded.overview, rating = excluded.rating, votes = excluded.votes, popularity = excluded.popularity,
    poster = excluded.poster, imdb_id = excluded.imdb_id, tvdb_id = excluded.tvdb_id, collection = excluded.collection,
    credits = excluded.credits, detailed_at = excluded.detailed_at, runtimes = excluded.runtimes,
    title_key = excluded.title_key, words = excluded.words, updated_at = now()
where t.detailed_at is null or excluded.detailed_at is not null
returning t.tmdb_id;

-- name: titles_in_turn
-- Writers of titles and matches go one after the other until their transactions end: each locks the files that show
-- them. It takes nothing.
select pg_advisory_xact_lock(4505);

-- name: titles_give_way
-- Whoever writes titles does not wait for a scan that holds their files, for the scan might wait for it. It takes nothing.
set local lock_timeout = '400ms';

-- name: titles_unkeyed
-- Titles that an older program kept, without the key and the words that the inventory shows them by. $1 rows.
select t.kind, t.tmdb_id, t.title, t.original_title from titles t where t.title_key is null order by t.tmdb_id limit $1;

-- name: titles_key
-- Give titles their keys and words. $1 kinds, $2 tmdb ids, $3 keys, $4 words, each title's in one text.
update titles t
set title_key = u.title_key, words = string_to_array(u.words, ' ')
from unnest($1::text[], $2::integer[], $3::text[], $4::text[]) as u (kind, tmdb_id, title_key, words)
where t.kind = u.kind and t.tmdb_id = u.tmdb_id;

-- name: title_names_drop
-- Forget a title's other names. $1 kind, $2 tmdb id.
delete from title_names where kind = $1 and tmdb_id = $2;

-- name: title_names_put
-- Keep a title's other names. $1 kind, $2 tmdb id, $3 names, $4 their languages.
insert into title_names (kind, tmdb_id, name, language)
select $1, $2, n.name, n.language
from unnest($3::text[], $4::text[]) as n (name, language)
on conflict do nothing;

-- name: title_episodes_drop
-- Forget a show's episodes. $1 tmdb id.
delete from title_episodes where tmdb_id = $1;

-- name: title_episodes_put
-- Keep a show's episodes. $1 tmdb id, $2 seasons, $3 numbers, $4 names, $5 air dates, $6 seconds.
insert into title_episodes (tmdb_id, season, episode, name, air_date, runtime_s)
select $1, e.season, e.number, e.name, e.air_date, e.runtime_s
from unnest($2::integer[], $3::integer[], $4::text[], $5::date[], $6::integer[])
     as e (season, number, name, air_date, runtime_s)
on conflict do nothing;

-- name: titles_by_key
-- Titles with their names and episodes, in the order asked for. $1 kinds, $2 tmdb ids.
select t.kind, t.tmdb_id, t.title, t.original_title, t.original_language, t.year, t.countries, t.runtime_s,
       t.runtimes, t.genres, t.overview, t.rating, t.votes, t.popularity, t.poster, t.imdb_id, t.tvdb_id, t.collection, t.credits,
       t.detailed_at is not null as detailed,
       array(select array[n.name, n.language] from title_names n
             where (n.kind, n.tmdb_id) = (t.kind, t.tmdb_id) order by n.name) as names,
       (select jsonb_agg(jsonb_build_array(e.season, e.episode, e.name, e.air_date, e.runtime_s)
                         order by e.season, e.episode)
        from title_episodes e where t.kind = 'tv' and e.tmdb_id = t.tmdb_id) as episodes
from unnest($1::text[], $2::integer[]) with ordinality as wanted (kind, tmdb_id, place)
join titles t on (t.kind, t.tmdb_id) = (wanted.kind, wanted.tmdb_id)
order by wanted.place;

-- name: match_files
-- Present files with what is asked of the world for them, and what was found before. Keyset by id.
-- $1 the last id before, $2 rows.
select f.id, f.path_raw, f.kind, coalesce(f.named_title, f.title) as title,
       coalesce(f.named_year, f.year) as year, f.country, f.season, f.episodes, f.air_date, f.edition,
       f.part, f.extra, f.tmdb_id, f.imdb_id, f.tvdb_id, coalesce(f.duration_s, 0) as duration_s, m.asked_as,
       coalesce(m.state, '') as match_state
from media_files f
left join file_matches m on m.file_id = f.id
where f.state = 'present' and f.extra is null and f.id > $1
order by f.id
limit $2;

-- name: matches_put
-- Keep what files were found to be; a person's choice gives way to nothing but another choice.
-- $1 an array of objects with the columns' names.
insert into file_matches as m (file_id, asked_as, state, kind, tmdb_id, season, episodes, confidence, margin, evidence,
                               candidates)
select r.file_id, r.asked_as, r.state, r.kind, r.tmdb_id, r.season, r.episodes, r.confidence, r.margin, r.evidence,
       r.candidates
from jsonb_to_recordset($1::jsonb)
     as r (file_id bigint, asked_as text, state text, kind text, tmdb_id integer, season smallint, episodes integer[],
           confidence smallint, margin smallint, evidence text[], candidates jsonb)
on conflict (file_id) do update
set asked_as = excluded.asked_as, state = excluded.state, kind = excluded.kind, tmdb_id = excluded.tmdb_id,
    season = excluded.season, episodes = excluded.episodes, confidence = excluded.confidence,
    margin = excluded.margin, evidence = excluded.evidence, candidates = excluded.candidates, matched_at = now();

-- name: matches_changed
-- Tell every program that files have other titles now. It takes nothing.
select pg_notify('mediavault', 'titles:changed');

-- name: match_of_file
-- What one file was found to be, with the candidates that there were. $1 the file.
select m.file_id, m.asked_as, m.state, m.kind, m.tmdb_id, m.season, m.episodes, m.confidence, m.margin, m.evidence,
       m.candidates
from file_matches m
where m.file_id = $1;

-- name: matches_tally
-- How many present files are in each state of matching. It takes nothing.
select coalesce(m.state, 'new') as state, count(*)::integer as files
from media_files f
left join file_matches m on m.file_id = f.id
where f.state = 'present' and f.extra is null
group by 1;

-- name: titles_tally
-- Titles in the cache, those with details, and those with OMDb's ratings. It takes nothing.
select count(*)::integer                                            as titles,
       count(t.detailed_at)::integer                                as detailed,
       count(o.imdb_id)::integer                                    as rated
from titles t
left join omdb_ratings o on o.imdb_id = t.imdb_id;

-- name: titles_worth_details
-- Films of which copies differ in length or edition, so that the running time tells them apart. It takes nothing.
select m.kind, m.tmdb_id
from file_matches m
join media_files f on f.id = m.file_id and f.state = 'present'
join titles t on (t.kind, t.tmdb_id) = (m.kind, m.tmdb_id) and t.detailed_at is null
where m.state in ('sure', 'chosen') and m.kind = 'movie'
group by m.kind, m.tmdb_id
having count(*) > 1
   and (max(f.duration_s) > 1.02 * min(f.duration_s) or count(distinct coalesce(f.edition, '')) > 1)
order by m.tmdb_id;

-- name: titles_of_files
-- The titles that present files have and that have no details yet, most files first. $1 rows.
select m.kind, m.tmdb_id
from file_matches m
join media_files f on f.id = m.file_id and f.state = 'present'
join titles t on (t.kind, t.tmdb_id) = (m.kind, m.tmdb_id) and t.detailed_at is null
where m.state in ('sure', 'chosen')
group by m.kind, m.tmdb_id
order by count(*) desc, m.kind, m.tmdb_id
limit $1;

-- name: omdb_wanted
-- Titles that files have and OMDb was not asked for lately, most files first. $1 rows, $2 days.
select t.imdb_id
from titles t
join file_matches m on (m.kind, m.tmdb_id) = (t.kind, t.tmdb_id) and m.state in ('sure', 'chosen')
left join omdb_ratings o on o.imdb_id = t.imdb_id
where t.imdb_id is not null and (o.imdb_id is null or o.asked_at < now() - make_interval(days => $2))
group by t.imdb_id, o.asked_at
order by o.asked_at nulls first, count(*) desc, t.imdb_id
limit $1;

-- name: omdb_left
-- How many titles `omdb_wanted` would give without a limit. $1 days.
select count(distinct t.imdb_id)
from titles t
join file_matches m on (m.kind, m.tmdb_id) = (t.kind, t.tmdb_id) and m.state in ('sure', 'chosen')
left join omdb_ratings o on o.imdb_id = t.imdb_id
where t.imdb_id is not null and (o.imdb_id is null or o.asked_at < now() - make_interval(days => $1));

-- name: omdb_batch_lock
-- Whether this session is the one that works off OMDb now; until it ends, or unlocks. It takes nothing.
select pg_try_advisory_lock(4504);

-- name: omdb_batch_unlock
-- Give the lock of `omdb_batch_lock` back. It takes nothing.
select pg_advisory_unlock(4504);

-- name: omdb_put
-- Keep OMDb's answer. $1 imdb id, $2 title, $3 year (0: unknown), $4 seconds, $5 rating, $6 votes, $7 metascore,
-- $8 awards, $9 whether OMDb knows it.
insert into omdb_ratings (imdb_id, title, year, runtime_s, rating, votes, metascore, awards, known)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (imdb_id) do update
set title = excluded.title, year = excluded.year, runtime_s = excluded.runtime_s, rating = excluded.rating,
    votes = excluded.votes, metascore = excluded.metascore, awards = excluded.awards, known = excluded.known,
    asked_at = now();

-- name: omdb_get
-- OMDb's answer about one title. $1 imdb id.
select o.imdb_id, o.title, o.year, o.runtime_s, o.rating, o.votes, o.metascore, o.awards, o.known
from omdb_ratings o
where o.imdb_id = $1;

-- name: title_poster
-- TMDb's name of a title's poster. $1 kind, $2 tmdb id.
select t.poster from titles t where t.kind = $1 and t.tmdb_id = $2;

-- name: files_sure
-- Present files of which the title is sure, by path. It takes nothing.
select f.id
from file_matches m
join media_files f on f.id = m.file_id
where m.state in ('sure', 'chosen') and f.state = 'present' and f.extra is null
order by f.path_raw;

-- name: files_below
-- Present files at or below a path. $1 the raw path, $2 it with a slash, $3 the first path after all below it,
-- $4 the source.
select f.id
from media_files f
where f.source = $4 and f.state = 'present'
  and (f.path_raw = $1 or (f.path_raw >= $2 and f.path_raw < $3))
order by f.path_raw;

-- name: files_related
-- Present files of the titles that some files surely are, those files included. $1 file ids, $2 whether of their
-- seasons only. By file_matches_title.
select f.id
from (select distinct m.kind, m.tmdb_id, case when $2 then m.season end as season
      from file_matches m
      where m.file_id = any ($1::bigint[]) and m.state in ('sure', 'chosen')) w
join file_matches m on m.kind = w.kind and m.tmdb_id = w.tmdb_id and m.state in ('sure', 'chosen')
  and (not $2 or m.season is not distinct from w.season)
join media_files f on f.id = m.file_id and f.state = 'present' and f.extra is null
union
select f.id from media_files f where f.id = any ($1::bigint[])
order by 1;

-- name: title_shared
-- The titles that some files surely are, two at most: more than one is several. $1 file ids.
select distinct t.title, t.year
from file_matches m
join titles t on t.kind = m.kind and t.tmdb_id = m.tmdb_id
where m.file_id = any ($1::bigint[]) and m.state in ('sure', 'chosen')
order by t.title, t.year
limit 2;
