-- name: temporary_scan_seen
-- What the walk met, for the length of one scan.
create temporary table if not exists scan_seen (
    path_raw bytea not null, root_raw bytea not null, device bigint not null, inode bigint not null,
    size_bytes bigint not null, modified_ns bigint not null, link_count integer not null, protected boolean not null,
    aliases bytea[] not null default '{}'
)

-- name: temporary_scan_diff
-- Where the folders and the inventory disagree, for the length of one scan.
create temporary table if not exists scan_diff (
    what text not null, id bigint, path_raw bytea not null, root_raw bytea, device bigint not null,
    inode bigint not null, size_bytes bigint not null, modified_ns bigint not null,
    link_count integer not null, protected boolean not null, aliases bytea[] not null
)

-- name: scan_fold_links
-- One physical file is one row: of several names keep the one that the inventory knows, else
-- the first, and make the others its aliases. Numbers alone prove nothing: a share may give two files one. $1 source.
with twice as materialized (
    select device, inode from scan_seen where inode <> 0 group by device, inode having count(*) > 1
), names as materialized (
    select array_agg(s.path_raw order by m.id is null, s.path_raw) as all_names
    from twice t
    join scan_seen s using (device, inode)
    left join media_files m
      on m.source = $1 and m.path_raw = s.path_raw and m.inode = s.inode and m.state in ('present', 'missing')
    group by s.device, s.inode, s.size_bytes, s.modified_ns
    having count(*) > 1
), folded as (
    delete from scan_seen s using names n, unnest(n.all_names[2:]) as other (name)
    where s.path_raw = other.name
)
update scan_seen s set aliases = n.all_names[2:]
from names n where s.path_raw = n.all_names[1]

-- name: scan_far_aliases
-- Names of a seen file outside the scanned folders stay its aliases. $1 source; $2, $3 ranges of paths.
update scan_seen s
set aliases = array(select distinct a from unnest(s.aliases || far.names) a order by a)
from media_files m,
     lateral (select array_agg(a) as names from unnest(m.aliases) a
              where not exists (select from unnest($2::bytea[], $3::bytea[]) as r (low, high)
                                where a >= r.low and a < r.high)) far
where m.source = $1 and m.aliases <> '{}' and m.path_raw = s.path_raw and m.inode = s.inode
  and m.link_count = s.link_count and far.names is not null

-- name: scan_compare
-- Fill scan_diff in one pass over both: 'new', 'changed', 'back' (was missing), 'touched' (same
-- content; other links, device number or protection), 'gone' (not seen). Unchanged files leave no trace.
-- $1 source; $2, $3 the ranges of paths below the roots.
-- A volume that was mounted again has another device number and the same inodes; another inode
-- is another file.
insert into scan_diff (what, id, path_raw, root_raw, device, inode, size_bytes, modified_ns, link_count, protected,
                       aliases)
select case
         when s.path_raw is null then 'gone'
         when m.id is null then 'new'
         when m.size_bytes <> s.size_bytes or m.modified_ns <> s.modified_ns or m.inode <> s.inode
           then 'changed'
         when m.state = 'missing' then 'back'
         else 'touched'
       end,
       m.id, coalesce(s.path_raw, m.path_raw), s.root_raw,
       coalesce(s.device, m.device), coalesce(s.inode, m.inode),
       coalesce(s.size_bytes, m.size_bytes), coalesce(s.modified_ns, m.modified_ns),
       coalesce(s.link_count, m.link_count), coalesce(s.protected, m.protected), coalesce(s.aliases, m.aliases)
from scan_seen s
full join (
    select f.id, f.path_raw, f.device, f.inode, f.size_bytes, f.modified_ns, f.link_count, f.protected, f.aliases,
           f.state
    from media_files f
    join unnest($2::bytea[], $3::bytea[]) as r (low, high) on f.path_raw >= r.low and f.path_raw < r.high
    where f.source = $1 and f.state in ('present', 'missing')
) m on m.path_raw = s.path_raw
where (s.path_raw is null and m.state = 'present')
   or m.id is null
   or (s.path_raw is not null and (m.state = 'missing' or m.device <> s.device or m.inode <> s.inode
       or m.size_bytes <> s.size_bytes or m.modified_ns <> s.modified_ns
       or m.link_count <> s.link_count or m.protected <> s.protected or m.aliases <> s.aliases))

-- name: scan_known_rejects
-- Names like a video whose bytes are none, unchanged since they were read: not new.
-- $1 source.
delete from scan_diff d using rejected_files r
where d.what = 'new' and r.source = $1 and r.path_raw = d.path_raw
  and r.size_bytes = d.size_bytes and r.modified_ns = d.modified_ns

-- name: scan_doubtful
-- New and changed files whose ending alone does not make them videos (.ts).
select path_raw, device, inode, size_bytes, modified_ns from scan_diff
where what in ('new', 'changed') and lower(encode(substring(path_raw from greatest(length(path_raw) - 2, 1)), 'escape')) = '.ts'

-- name: scan_reject
-- Remember names whose bytes are no video, so that they are not read again until they change.
-- $1 source, $2 paths, $3 sizes, $4 modification times.
insert into rejected_files (source, path_raw, size_bytes, modified_ns)
select $1, u.path_raw, u.size_bytes, u.modified_ns
from unnest($2::bytea[], $3::bigint[], $4::bigint[]) as u (path_raw, size_bytes, modified_ns)
on conflict (source, path_raw) do update
set size_bytes = excluded.size_bytes, modified_ns = excluded.modified_ns

-- name: scan_drop_rejects
-- Take them out of the comparison; one that was a video before counts as gone. $1 paths.
with mine as (
    update scan_diff set what = 'gone' where path_raw = any($1::bytea[]) and what = 'changed'
)
delete from scan_diff where path_raw = any($1::bytea[]) and what = 'new'

-- name: scan_moved
-- New names of files that the inventory knows by device, inode, size and time, with the name it
-- knows them by; that name was not seen now. $1 source.
select distinct on (d.path_raw)
       d.path_raw, d.root_raw, d.link_count, m.id, m.path_raw as known_raw, m.state
from scan_diff d
join media_files m
  on m.device = d.device and m.inode = d.inode and m.size_bytes = d.size_bytes
 and m.modified_ns = d.modified_ns and m.source = $1 and m.state in ('present', 'missing', 'staged')
where d.what = 'new' and not exists (select from scan_seen s where s.path_raw = m.path_raw)
order by d.path_raw, m.state = 'present' desc, m.id desc

-- name: scan_rename
-- Give known files their new names; hash, probe and decisions stay, the identity is read anew. $1 ids, $2 new paths, $3 their
-- text, $4 roots.
with moved as (
    update media_files m
    set path_raw = u.path_raw, path = u.path, root_raw = u.root_raw, state = 'present', missing_since = null,
        link_count = d.link_count, protected = d.protected, aliases = d.aliases, title = '', title_key = '', identity_confidence = 0,
        named_title = null, named_key = null, named_year = null, world_words = null
    from unnest($1::bigint[], $2::bytea[], $3::text[], $4::bytea[]) as u (id, path_raw, path, root_raw)
    join scan_diff d on d.path_raw = u.path_raw and d.what = 'new'
    where m.id = u.id
)
delete from scan_diff
where (what = 'new' and path_raw = any($2::bytea[])) or (what = 'gone' and id = any($1::bigint[]))

-- name: scan_alias
-- New names of files whose known name still stands elsewhere: aliases. $1 ids, $2 new paths.
with named as (
    update media_files m set aliases = array(select distinct a from unnest(m.aliases || u.names) a order by a)
    from (select i.id, array_agg(i.path_raw) as names
          from unnest($1::bigint[], $2::bytea[]) as i (id, path_raw) group by i.id) u
    where m.id = u.id and not m.aliases @> u.names
)
delete from scan_diff where what = 'new' and path_raw = any($2::bytea[])

-- name: scan_same_content
-- Files that came back as they were, and files with other links, device number or protection.
update media_files m
set device = d.device, inode = d.inode, link_count = d.link_count, protected = d.protected,
    aliases = d.aliases, state = 'present', missing_since = null
from scan_diff d
where d.what in ('back', 'touched') and m.id = d.id and m.state in ('present', 'missing')

-- name: scan_other_content
-- Files whose bytes may be others now: whatever was known of their content is forgotten. $1 scan.
update media_files m
set device = d.device, inode = d.inode, size_bytes = d.size_bytes, modified_ns = d.modified_ns,
    link_count = d.link_count, protected = d.protected, aliases = d.aliases, state = 'present', missing_since = null,
    sample_hash = null, content_hash = null, probed_at = null, health = 'unchecked', health_reason = '',
    container = null, duration_s = null, bit_rate = null, width = null, height = 0, tier = '?',
    video_codec = null, hdr = '{}', audio_languages = '{}', subtitle_languages = '{}', tracks = null,
    score = -1, last_scan_id = $1
from scan_diff d
where d.what = 'changed' and m.id = d.id and m.state in ('present', 'missing')

-- name: scan_doubt_groups
-- What was said of files is not said of others at their paths: their groups hold no longer until they are found again,
-- which is at the end of a scan that is not cancelled. It takes nothing.
update duplicate_groups set state = 'gone', updated_at = now()
where id in (select g.id from duplicate_groups g
             where g.state = 'open'
               and g.id in (select m.group_id from duplicate_members m
                            join scan_diff d on d.id = m.file_id and d.what = 'changed')
             order by g.id for update)

-- name: scan_gone
-- Not seen under a root that was read cleanly: missing, not gone. Nothing below a folder that
-- failed. $1, $2 ranges below the roots that may lose files, $3, $4 those below failing folders. Returns how many.
with lost as (
    update media_files m set state = 'missing', missing_since = now()
    from scan_diff d
    where d.what = 'gone' and m.id = d.id and m.state = 'present'
      and exists (select from unnest($1::bytea[], $2::bytea[]) as r (low, high)
                  where m.path_raw >= r.low and m.path_raw < r.high)
      and not exists (select from unnest($3::bytea[], $4::bytea[]) as f (low, high)
                      where m.path_raw >= f.low and m.path_raw < f.high)
    returning m.id
)
select count(*)::integer as files from lost

-- name: scan_tally
-- How many of each difference there are.
select what, count(*)::integer as files from scan_diff group by what

-- name: scan_arrivals
-- The new files, by path.
select path_raw, root_raw, device, inode, size_bytes, modified_ns, link_count, aliases
from scan_diff where what = 'new' order by path_raw

-- name: scan_emptied
-- Of the given folders, those that hold no video now but did in the inventory.
-- $1 source, $2 roots, $3, $4 the ranges of paths below them.
select r.root
from unnest($2::bytea[], $3::bytea[], $4::bytea[]) as r (root, low, high)
where not exists (select from scan_seen s where s.path_raw >= r.low and s.path_raw < r.high)
  and exists (select from media_files m where m.source = $1 and m.state = 'present'
                and m.path_raw >= r.low and m.path_raw < r.high)

-- name: scan_unmounted
-- Devices of which nothing was seen below a root although the inventory had files of them there,
-- and whose folders hold nothing now: volumes that are not mounted. $1 one path range: low, $2 high.
-- Returns the device and one of its paths.
select d.device, (array_agg(d.path_raw order by d.path_raw))[1] as path_raw, count(*)::integer as files
from scan_diff d
where d.what = 'gone' and d.path_raw >= $1 and d.path_raw < $2
  and not exists (select from scan_seen s where s.device = d.device and s.path_raw >= $1 and s.path_raw < $2)
group by d.device

-- name: scan_forget_content
-- Look at everything again: forget what was read of the files below the roots.
-- $1 source; $2, $3 ranges of paths.
update media_files m
set sample_hash = null, content_hash = null, probed_at = null, title_key = '', title = '', identity_confidence = 0,
    named_title = null, named_key = null, named_year = null, world_words = null,
    health = 'unchecked', health_reason = ''
from unnest($2::bytea[], $3::bytea[]) as r (low, high)
where m.source = $1 and m.state = 'present' and m.path_raw >= r.low and m.path_raw < r.high

-- name: scan_hash_candidates
-- Files of equal size of which at least one was never sampled; empty files are no duplicates. $1 source.
-- Small files come with their samples: where all have, nothing is counted.
select m.path_raw, m.device, m.inode, m.size_bytes, m.modified_ns, m.link_count, m.sample_hash, m.content_hash
from media_files m
where exists (select from media_files n
              where n.source = $1 and n.size_bytes > 0 and n.state = 'present' and n.sample_hash is null)
and m.source = $1 and m.state in ('present', 'missing', 'staged', 'purged') and m.size_bytes in (
    select f.size_bytes from media_files f
    where f.source = $1 and f.size_bytes > 0
      and (f.state = 'present' or f.content_hash is not null)
    group by f.size_bytes
    having count(*) > 1 and bool_or(f.state = 'present' and f.sample_hash is null)
)
and (m.state = 'present' or m.content_hash is not null)
order by m.size_bytes, m.path_raw

-- name: scan_known_by_share
-- Files of this machine below mounts of a share that has just been scanned: it has them by its own names.
-- $1, $2 ranges of paths.
update media_files m set state = 'missing', missing_since = now()
where m.source = 'local' and m.state = 'present'
  and exists (select from unnest($1::bytea[], $2::bytea[]) as r (low, high)
              where m.path_raw >= r.low and m.path_raw < r.high)

-- name: scan_sources_with_files
-- Of these sources, those that hold present files. $1 sources.
select u.source from unnest($1::text[]) as u (source)
where exists (select from media_files m where m.source = u.source and m.state = 'present')
order by u.source

-- name: scan_across_unsampled
-- Files never sampled of a size that a source shares with others, the largest first. $1 source, $2 the others.
with shared as materialized (
    select size_bytes from media_files where source = $1 and state = 'present' and size_bytes > 0
    intersect
    select size_bytes from media_files where source = any ($2::text[]) and state = 'present'
)
select m.source, m.path_raw, m.device, m.inode, m.size_bytes, m.modified_ns
from shared s join media_files m on m.size_bytes = s.size_bytes
where m.state = 'present' and m.sample_hash is null and (m.source = $1 or m.source = any ($2::text[]))
order by m.size_bytes desc, m.source = $1, m.source, m.path_raw

-- name: scan_across_unread
-- Files never read to their end whose size and sample a source shares with others, the largest first.
-- $1 source, $2 the others.
with shared as materialized (
    select size_bytes, sample_hash from media_files
    where source = $1 and state = 'present' and size_bytes > 0 and sample_hash is not null
    intersect
    select size_bytes, sample_hash from media_files
    where source = any ($2::text[]) and state = 'present' and sample_hash is not null
)
select m.source, m.path_raw, m.device, m.inode, m.size_bytes, m.modified_ns
from shared s join media_files m on m.size_bytes = s.size_bytes and m.sample_hash = s.sample_hash
where m.state = 'present' and m.content_hash is null and (m.source = $1 or m.source = any ($2::text[]))
order by m.size_bytes desc, m.source = $1, m.source, m.path_raw

-- name: scan_unhashed
-- Present files below the roots that were never read to their end, by id: for a deep scan.
-- $1 source; $2, $3 ranges of paths; $4 the last id, $5 rows.
select m.id, m.path_raw, m.device, m.inode, m.size_bytes, m.modified_ns
from media_files m
where m.source = $1 and m.content_hash is null and m.state = 'present' and m.size_bytes > 0 and m.id > $4
  and exists (select from unnest($2::bytea[], $3::bytea[]) as r (low, high)
              where m.path_raw >= r.low and m.path_raw < r.high)
order by m.id limit $5

-- name: scan_unhashed_total
-- How many files a deep scan still has to read to their end, and their bytes. $1 source; $2, $3 ranges of paths.
select count(*)::integer as files, coalesce(sum(m.size_bytes), 0)::bigint as bytes
from media_files m
where m.source = $1 and m.content_hash is null and m.state = 'present' and m.size_bytes > 0
  and exists (select from unnest($2::bytea[], $3::bytea[]) as r (low, high)
              where m.path_raw >= r.low and m.path_raw < r.high)

-- name: scan_hashed
-- What was read of files, if they are still those. $1 source, $2 paths, $3 sizes, $4 modification
-- times, $5 sample hashes, $6 content hashes.
update media_files m
set sample_hash = coalesce(u.sample_hash, m.sample_hash), content_hash = coalesce(u.content_hash, m.content_hash)
from unnest($2::bytea[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[])
     as u (path_raw, size_bytes, modified_ns, sample_hash, content_hash)
where m.source = $1 and m.path_raw = u.path_raw and m.state = 'present'
  and m.size_bytes = u.size_bytes and m.modified_ns = u.modified_ns

-- name: scan_written_twice
-- Whether one physical file was written down under several names (a folder mounted twice). $1 source.
select exists (
    select from media_files where source = $1 and state = 'present' and inode <> 0
    group by device, inode having count(*) > 1
)

-- name: scan_fold_arrived
-- Rows of one physical file, written down under several names while an empty inventory was filled:
-- the first name stays, the others become its aliases. $1 source. Returns how many went.
with marked as materialized (
    select id, path_raw, device, inode, size_bytes, modified_ns,
           count(*) over same as names, row_number() over same_in_order as place
    from media_files
    where source = $1 and state = 'present' and inode <> 0
    window same as (partition by device, inode, size_bytes, modified_ns),
           same_in_order as (partition by device, inode, size_bytes, modified_ns order by path_raw)
), several as materialized (
    select id, path_raw, device, inode, size_bytes, modified_ns, place from marked where names > 1
), kept as (
    update media_files m
    set aliases = array(select o.path_raw from several o
                        where (o.device, o.inode, o.size_bytes, o.modified_ns)
                              = (k.device, k.inode, k.size_bytes, k.modified_ns) and o.place > 1
                        order by o.place)
    from several k
    where k.place = 1 and m.id = k.id
), folded as (
    delete from media_files m using several s where s.place > 1 and m.id = s.id
    returning m.id
)
select count(*)::integer as folded from folded

-- name: inventory_statistics
-- What the planner must know of a freshly filled inventory; autovacuum learns the rest in time.
analyze media_files (source, path_raw, device, inode, size_bytes, modified_ns, state, content_hash, kind, title_key,
                     year, tier, folder, score, probed_at, identity_confidence)

-- name: scan_came_home
-- Files of this scan with the content of one that is missing: the same file, moved. $1 source, $2 scan.
select distinct on (m.id) n.id as arrival, m.id as known
from media_files n
join media_files m on m.content_hash = n.content_hash and m.size_bytes = n.size_bytes
where n.source = $1 and n.last_scan_id = $2 and n.state = 'present' and n.content_hash is not null
  and m.source = $1 and m.state = 'missing'
  and not exists (select from duplicate_members d where d.file_id = n.id)
order by m.id, n.id

-- name: scan_adopt
-- The known row takes the arrival's place: its id, probe and decisions stay. $1 known ids, $2 arrivals.
with arrived as (
    delete from media_files n using unnest($1::bigint[], $2::bigint[]) as u (known, arrival)
    where n.id = u.arrival
    returning u.known, n.path_raw, n.path, n.root_raw, n.device, n.inode, n.modified_ns, n.link_count, n.aliases,
              n.protected
)
update media_files m
set path_raw = a.path_raw, path = a.path, root_raw = a.root_raw, device = a.device, inode = a.inode,
    modified_ns = a.modified_ns, link_count = a.link_count, aliases = a.aliases, protected = a.protected,
    state = 'present', missing_since = null, title = '', title_key = '', identity_confidence = 0,
    named_title = null, named_key = null, named_year = null, world_words = null
from arrived a where m.id = a.known

-- name: scan_returned
-- Files of this scan with the content of one that was staged or purged: it is back. $1 source, $2 scan.
select n.path, m.path as was, m.state
from media_files n
join media_files m on m.content_hash = n.content_hash and m.size_bytes = n.size_bytes
where n.source = $1 and n.last_scan_id = $2 and n.state = 'present' and n.content_hash is not null
  and m.state in ('staged', 'purged') and m.id <> n.id
order by n.path limit 100

-- name: scan_unidentified
-- Present files without an identity, by id. $1 source, $2 the last id, $3 rows.
select id, path_raw, root_raw from media_files
where source = $1 and title_key = '' and title = '' and identity_confidence = 0 and state = 'present' and id > $2
order by id limit $3

-- name: scan_unprobed
-- Present files below the roots that were never probed, by id. $1 source; $2, $3 ranges; $4 the last id, $5 rows.
select m.id, m.path_raw, m.device, m.inode, m.size_bytes, m.modified_ns
from media_files m
where m.source = $1 and m.probed_at is null and m.state = 'present' and m.health <> 'quarantined' and m.id > $4
  and exists (select from unnest($2::bytea[], $3::bytea[]) as r (low, high)
              where m.path_raw >= r.low and m.path_raw < r.high)
order by m.id limit $5

-- name: scan_unprobed_total
-- How many files are still to be probed, and their bytes. $1 source; $2, $3 ranges of paths.
select count(*)::integer as files, coalesce(sum(m.size_bytes), 0)::bigint as bytes
from media_files m
where m.source = $1 and m.probed_at is null and m.state = 'present' and m.health <> 'quarantined'
  and exists (select from unnest($2::bytea[], $3::bytea[]) as r (low, high)
              where m.path_raw >= r.low and m.path_raw < r.high)

-- name: temporary_identity
-- Identities on their way into rows that are there.
create temporary table if not exists scan_identity as
select id, kind, title, title_key, year, country, season, episodes, air_date, edition, part, three_d, extra,
       tmdb_id, imdb_id, tvdb_id, release_source, identity_confidence, identity_evidence, search
from media_files where false

-- name: scan_set_identities
-- Give rows their identities, and note the words that they bring.
with words as (
    insert into search_words (word)
    select distinct w.word from scan_identity i, unnest(tsvector_to_array(i.search)) as w (word)
    on conflict do nothing
)
update media_files m
set kind = i.kind, title = i.title, title_key = i.title_key, year = i.year, country = i.country,
    season = i.season, episodes = i.episodes, air_date = i.air_date, edition = i.edition, part = i.part,
    three_d = i.three_d, extra = i.extra, tmdb_id = i.tmdb_id, imdb_id = i.imdb_id, tvdb_id = i.tvdb_id,
    release_source = i.release_source, identity_confidence = i.identity_confidence,
    identity_evidence = i.identity_evidence, search = i.search,
    named_title = null, named_key = null, named_year = null, world_words = null
from scan_identity i where m.id = i.id

-- name: scan_show_titles
-- Of files that were identified anew, show what their matches say. It takes nothing.
select show_titles(array(select i.id from scan_identity i join file_matches m on m.file_id = i.id))

-- name: names_known
-- Identities of names parsed before. $1 parser, $2 names.
select name, identity from name_guesses where parser = $1 and name = any($2::bytea[])

-- name: names_remember
-- Keep identities of names. $1 parser, $2 names, $3 identities.
insert into name_guesses (parser, name, identity)
select $1, u.name, u.identity from unnest($2::bytea[], $3::jsonb[]) as u (name, identity)
on conflict do nothing

-- name: scan_probed
-- What probing a file came to, if it is still that file. $1 id, $2 size, $3 modification time, then the
-- columns in order; $18 whether it counts as probed (a quarantined file does not).
update media_files
set container = $4, duration_s = $5, bit_rate = $6, width = $7, height = $8, tier = $9, video_codec = $10,
    hdr = $11, audio_languages = $12, subtitle_languages = $13, tracks = $14, health = $15, health_reason = $16,
    score = $17, probed_at = case when $18::boolean then now() end
where id = $1 and size_bytes = $2 and modified_ns = $3
