-- name: acts_begin
-- Write down what is about to be done to some files; the triggers refuse what the rules forbid, all of it then.
-- A trigger sees the rows before its own: of two files each may not be kept for the other.
-- $1 batch, $2 kind, $3 files, $4 keepers, $5 groups, $6 $7 sources (raw, text), $8 $9 destinations (raw, text),
-- $10 devices, $11 inodes, $12 bytes, $13 mtimes ns, $14 hashes, $15 sidecars (JSON as text), $16 reasons, $17 who,
-- $18 the acts that these undo, $19 holding folders.
insert into archive_operations (batch, kind, file_id, keeper_id, group_id, source_raw, source_path, destination_raw,
                                destination, device, inode, size_bytes, modified_ns, content_hash, sidecars, reason,
                                requested_by, undoes, holding_raw)
select $1::uuid, $2, a.file, a.keeper, a.group_of, a.source, a.source_text, a.destination, a.destination_text, a.device,
       a.inode, a.size, a.modified, a.hash, a.sidecars::jsonb, a.reason, $17, a.undoes, a.holding
from unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::text[], $8::bytea[], $9::text[], $10::bigint[],
            $11::bigint[], $12::bigint[], $13::bigint[], $14::bytea[], $15::text[], $16::text[], $18::bigint[],
            $19::bytea[]) with ordinality
    as a (file, keeper, group_of, source, source_text, destination, destination_text, device, inode, size, modified, hash,
          sidecars, reason, undoes, holding, place)
order by a.place
returning id, file_id;

-- name: purges_begin
-- From now on these purges may delete their files; the ids of those that nobody had called off. The triggers refuse
-- one whose file must not go any more, all of it then. $1 the acts.
update archive_operations
set begun_at = clock_timestamp()
where id in (select o.id from archive_operations o
             where o.id = any ($1::bigint[]) and o.state = 'intended' and o.begun_at is null
             order by o.id for update)
returning id;

-- name: purges_call_off
-- End the purges that have not begun of staged files whose approval is taken back. $1 the staged files.
update archive_operations
set state = 'undone', error = 'the approval was taken back', finished_at = clock_timestamp()
where id in (select o.id from archive_operations o
             join pending_deletions p on p.file_id = o.file_id and p.staged_raw = o.source_raw
             where p.id = any ($1::bigint[]) and o.kind = 'purge' and o.state = 'intended' and o.begun_at is null
             order by o.id for update of o);

-- name: acts_advance
-- Move acts to their next state; the ids of those that nobody else already had moved on.
-- $1 acts, $2 new state, $3 a sentence about what went wrong, $4 the state that they are in.
update archive_operations
set state       = $2,
    error       = case when $3 = '' then error else $3 end,
    finished_at = case when $2 in ('done', 'undone', 'failed') then clock_timestamp() end
where id = any ($1::bigint[])
  and state = $4
returning id;

-- name: act_copied
-- Remember a verified copy of one of an act's files. $1 act, $2 {"<number>": {device, inode, hash}}.
update archive_operations set copies = copies || $2 where id = $1;

-- name: acts_open
-- The acts that are not finished: a crash's, or running ones. Oldest first. $1 of which files, or null for all.
select id from archive_operations
where state in ('intended', 'moved') and ($1::bigint[] is null or file_id = any ($1))
order by id;

-- name: act_by_id
-- One act with everything that finishing or undoing it needs. $1 its id.
select id, batch::text as batch, kind, state, file_id, keeper_id, group_id, source_raw, destination_raw, device,
       inode, size_bytes, modified_ns, content_hash, sidecars, reason, requested_by, undoes, holding_raw, copies,
       begun_at is not null as begun, keeper_size, keeper_modified_ns
from archive_operations
where id = $1;

-- name: act_lock
-- Take the session's lock on a running act; false while another program is at it. $1 the act.
select pg_try_advisory_lock((x'4d56'::bigint << 40) + $1::bigint);

-- name: acts_lock
-- Take the session's locks on acts that were just written down. $1 the acts.
select pg_try_advisory_lock((x'4d56'::bigint << 40) + a.id) from unnest($1::bigint[]) as a (id);

-- name: acts_unlock
-- Give the locks of `act_lock` back; false for each that the connection was not holding. $1 the acts.
select pg_advisory_unlock((x'4d56'::bigint << 40) + a.id) from unnest($1::bigint[]) as a (id);

-- name: acts_locked
-- How many of these acts this very session still holds the lock of. $1 the acts.
select count(*) from pg_locks
where locktype = 'advisory' and pid = pg_backend_pid() and granted
  and ((classid::bigint << 32) | objid::bigint) - (x'4d56'::bigint << 40) = any ($1::bigint[]);

-- name: files_lock
-- Lock the rows of files until the transaction ends, in the one order that all use. $1 the files.
select id from media_files where id = any ($1::bigint[]) order by id for update;

-- name: folder_lock
-- Until the end of the transaction, only we choose names in a folder. $1 its raw path as text.
select pg_advisory_xact_lock(hashtextextended($1, 5527));

-- name: manifest_lock
-- Until the unlock, only this session rewrites the manifest of a folder. $1 its located path as text.
select pg_advisory_lock(hashtextextended($1, 5528));

-- name: manifest_unlock
-- Give the lock of `manifest_lock` back. $1 the folder's located path as text.
select pg_advisory_unlock(hashtextextended($1, 5528));

-- name: folder_claims
-- Paths in a folder that running acts aim at, or that the inventory says are there.
-- The journal has located paths, the inventory a source and plain ones. $1 the folder's located path with
-- its final slash, $2 the first located path after all of them; $3 its source, $4, $5 the same range there.
select o.destination_raw as path_raw, false as listed
from archive_operations o
where o.state in ('intended', 'moved') and o.destination_raw >= $1 and o.destination_raw < $2
union
select decode(s.leg ->> 'destination', 'hex'), false
from archive_operations o
cross join lateral jsonb_array_elements(o.sidecars) as s (leg)
where o.state in ('intended', 'moved') and o.destination_raw >= $1 and o.destination_raw < $2
union
select f.path_raw, true
from media_files f
where f.source = $3 and f.path_raw >= $4 and f.path_raw < $5;

-- name: staged_insert
-- Files are staged: what their acts moved, and the kept copies as they were when the acts were written down (of acts
-- older than that column: as they are now). The ids.
-- $1 acts, $2 sidecars (JSON as text), $3 devices, $4 inodes, $5 mtimes ns, $6 link counts, $7 hashes.
insert into pending_deletions (operation_id, file_id, keeper_id, group_id, original_raw, original, staged_raw, staged,
                               sidecars, size_bytes, link_count, reason, staged_by, holding_raw, device, inode,
                               modified_ns, content_hash, keeper_size, keeper_modified_ns)
select o.id, o.file_id, o.keeper_id, o.group_id, o.source_raw, o.source_path, o.destination_raw, o.destination,
       a.sidecars::jsonb, o.size_bytes, a.links, o.reason, o.requested_by, o.holding_raw, a.device, a.inode,
       a.modified, a.hash, coalesce(o.keeper_size, k.size_bytes), coalesce(o.keeper_modified_ns, k.modified_ns)
from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[])
    with ordinality as a (act, sidecars, device, inode, modified, links, hash, place)
join archive_operations o on o.id = a.act
join media_files k on k.id = o.keeper_id
order by a.place
returning id, operation_id;

-- name: staged_by_id
-- Staged files with everything that restoring or purging them needs. Other names that a file had when it was staged
-- are no sign that somebody has moved it. $1 their ids.
select p.id, p.operation_id, p.file_id, p.keeper_id, p.group_id, p.state, p.original_raw, p.staged_raw, p.sidecars,
       p.size_bytes, p.link_count, p.reason, p.staged_by, p.staged_at, p.holding_raw, p.device, p.inode, p.modified_ns,
       p.content_hash, p.keeper_size, p.keeper_modified_ns, f.root_raw, o.device as original_device,
       f.source, case when p.link_count = 1 then f.aliases else '{}' end as seen_at
from unnest($1::bigint[]) with ordinality as wanted (id, place)
join pending_deletions p on p.id = wanted.id
join media_files f on f.id = p.file_id
join archive_operations o on o.id = p.operation_id
order by wanted.place;

-- name: holdings_in_use
-- Which of these holding folders hold files now. $1 their located paths.
select t.holding_raw from unnest($1::bytea[]) as t (holding_raw)
where exists (select from pending_deletions p where p.holding_raw = t.holding_raw and p.state in ('staged', 'approved'));

-- name: holdings_now
-- The located holding folders that files lie in now, or that a running act moves one into or out of.
select p.holding_raw from pending_deletions p where p.state in ('staged', 'approved')
union
select o.holding_raw from archive_operations o where o.state in ('intended', 'moved') and o.holding_raw <> '';

-- name: staged_of_files
-- The newest staged row of each file, whatever became of it. $1 the files.
select max(id) as id from pending_deletions where file_id = any ($1::bigint[]) group by file_id;

-- name: staged_due
-- Staged files, the oldest first: from when they may be purged, and whether that is now, by this clock.
-- $1 days that a staged file is held, $2 of which files, or null for all, $3 in which states.
select p.id, p.original, p.staged_at + make_interval(hours => 24 * $1::integer) as due_at,
       $1 = 0 or p.staged_at + make_interval(hours => 24 * $1) <= clock_timestamp() as due
from pending_deletions p
where p.state = any ($3::text[]) and ($2::bigint[] is null or p.id = any ($2))
order by p.staged_at, p.id;

-- name: staged_page
-- What is staged now, newest first, as the Pending pane shows it.
-- $1 rows, $2 $3 staged_at and id of the row before (or null), $4 words that title or path must hold,
-- $5 whether they are turned around.
select p.id, p.file_id, f.title, p.original, p.staged, p.keeper_id, k.path as keeper_path, p.reason, p.staged_by,
       p.staged_at, p.state, p.size_bytes, p.link_count, p.sidecars
from pending_deletions p
join media_files f on f.id = p.file_id
join media_files k on k.id = p.keeper_id
where p.state in ('staged', 'approved')
  and ($2::timestamptz is null or (p.staged_at, p.id) < ($2, $3::bigint))
  and (cardinality($4::text[]) = 0 or $5::boolean <> not exists (
      select from unnest($4) w
      where strpos(lower(concat_ws(' ', f.title, f.named_title, p.original)), lower(w)) = 0))
order by p.staged_at desc, p.id desc
limit $1;

-- name: staged_approve
-- Approve staged files for purging; the ids that were. $1 ids, $2 who, $3 the act.
update pending_deletions
set state = 'approved', approved_by = $2, approved_at = clock_timestamp(), approval = $3::uuid
where id = any ($1::bigint[]) and state = 'staged'
returning id;

-- name: staged_lock
-- Lock the approved ones of staged files until the transaction ends, in the one order that all use. $1 ids.
select id from pending_deletions where id = any ($1::bigint[]) and state = 'approved' order by id for update;

-- name: staged_unapprove
-- Take approvals back, but of what is being purged; the ids that were approved. $1 ids.
update pending_deletions p
set state = 'staged', approved_by = null, approved_at = null, approval = null
where p.id = any ($1::bigint[]) and p.state = 'approved'
  and not exists (select from archive_operations o
                  where o.file_id = p.file_id and o.kind = 'purge' and o.state in ('intended', 'moved'))
returning id;

-- name: staged_end
-- Staged files were restored or purged, for ever. $1 their ids, $2 'restored' or 'purged'.
update pending_deletions
set state       = $2,
    restored_at = case when $2 = 'restored' then clock_timestamp() end,
    purged_at   = case when $2 = 'purged' then clock_timestamp() end
where id = any ($1::bigint[]) and state in ('staged', 'approved')
returning id;

-- name: files_staged
-- The inventory's rows go with their files into the holding folder, so that the old names are free.
-- $1 files, $2 $3 paths (raw, text), $4 devices, $5 inodes, $6 hashes if they became known, $7 the sources where they lie.
update media_files f
set state = 'staged', path_raw = a.raw, path = a.path, device = a.device, inode = a.inode,
    content_hash = coalesce(f.content_hash, a.hash), source = a.source
from unnest($1::bigint[], $2::bytea[], $3::text[], $4::bigint[], $5::bigint[], $6::bytea[], $7::text[])
    as a (file, raw, path, device, inode, hash, source)
where f.id = a.file;

-- name: files_displace
-- Free paths in the inventory for the files that are put there: what their rows spoke of is not there any more.
-- $1 the raw paths, $2 the files that come, $3 the sources.
update media_files f
set path_raw      = '\x00'::bytea || convert_to(f.id::text, 'UTF8') || '\x00'::bytea || f.path_raw,
    state         = 'missing',
    missing_since = coalesce(f.missing_since, now())
from unnest($1::bytea[], $2::bigint[], $3::text[]) as a (raw, file, source)
where f.source = a.source and f.path_raw = a.raw and f.id <> a.file;

-- name: files_placed
-- Files are where their acts put them. $1 files, $2 $3 paths (raw, text), $4 devices, $5 inodes, $6 their sources.
update media_files f
set state = 'present', path_raw = a.raw, path = a.path, device = a.device, inode = a.inode, source = a.source
from unnest($1::bigint[], $2::bytea[], $3::text[], $4::bigint[], $5::bigint[], $6::text[])
    as a (file, raw, path, device, inode, source)
where f.id = a.file;

-- name: files_purged
-- Files are gone for good; their rows keep the names they had, and free the paths. $1 files, $2 those names.
update media_files f
set state = 'purged', path = a.path,
    path_raw = '\x00'::bytea || convert_to(f.id::text, 'UTF8') || '\x00'::bytea || f.path_raw
from unnest($1::bigint[], $2::text[]) as a (file, path)
where f.id = a.file;

-- name: groups_settle
-- Groups of files that have nothing left to decide are resolved, and those that have again are open: but for one of a
-- file whose kept copy has changed since, which holds no longer until it is found again. $1 the files.
update duplicate_groups g
set state       = case
                      when s.present < 2 then 'resolved'
                      when exists (select from pending_deletions p
                                   join media_files k on k.id = p.keeper_id
                                   where p.file_id = any ($1::bigint[]) and p.group_id = g.id
                                     and not exists (select from pending_deletions n
                                                     where n.file_id = p.file_id and n.id > p.id)
                                     and (p.keeper_size, p.keeper_modified_ns) <> (k.size_bytes, k.modified_ns))
                          then 'gone'
                      else 'open'
                  end,
    resolved_at = case when s.present > 1 then null else now() end,
    updated_at  = now()
from (select l.id from duplicate_groups l
      where l.id in (select group_id from duplicate_members where file_id = any ($1::bigint[]))
      order by l.id for update) locked  -- in order, so that two acts that end together cannot deadlock
join (select m.group_id, count(*) filter (where f.state = 'present') as present
      from duplicate_members m
      join media_files f on f.id = m.file_id
      where m.group_id in (select group_id from duplicate_members where file_id = any ($1::bigint[]))
      group by m.group_id) s on s.group_id = locked.id
where g.id = s.group_id
  and g.state = case when s.present > 1 then 'resolved' else 'open' end;

-- name: notice
-- Tell every program that looks at this library. $1 of 'staged:<id>', 'restored:<id>', 'purged:<id>', 'approved:<id>',
-- 'renamed:<file>', 'files:changed'.
select pg_notify('mediavault', n.what) from unnest($1::text[]) as n (what);

-- name: group_of_files
-- For each file the group in which it may be staged: open, no mere coverage; exact before alike.
-- $1 the files, $2 for each the keeper that must be in it too, or null for the group's own recommendation. `verdict`
-- is the rules' on the file beside that keeper, null where another than theirs is kept.
select distinct on (m.file_id) m.file_id, g.id as group_id, coalesce(w.keeper, g.keeper_id) as keeper_id, g.proof,
       g.sentence, coalesce(m.reasons, '{}') as reasons,
       case when coalesce(w.keeper, g.keeper_id) = g.keeper_id then m.verdict end as verdict
from unnest($1::bigint[], $2::bigint[]) as w (file, keeper)
join duplicate_members m on m.file_id = w.file
join duplicate_groups g on g.id = m.group_id
where g.state = 'open' and g.proof <> 'coverage'
  and m.file_id <> coalesce(w.keeper, g.keeper_id)
  and (w.keeper is null or exists (select from duplicate_members k where k.group_id = g.id and k.file_id = w.keeper))
order by m.file_id, case g.proof when 'exact' then 0 when 'same_title' then 1 else 2 end, g.id;

-- name: groups_for_staging
-- Groups' states, recommendations and members, best first, in the order in which they were asked for: with each its
-- verdict (null: the keeper's); `present` says of each member whether it lies where the inventory has it. $1 the groups.
select g.id, g.state, g.proof, g.verdict, g.keeper_id, g.sentence, g.title,
       array(select m.file_id from duplicate_members m where m.group_id = g.id order by m.position, m.file_id) as members,
       array(select m.verdict from duplicate_members m where m.group_id = g.id order by m.position, m.file_id) as verdicts,
       array(select m.file_id from duplicate_members m join media_files f on f.id = m.file_id
             where m.group_id = g.id and f.state = 'present') as present
from unnest($1::bigint[]) with ordinality as w (id, place)
join duplicate_groups g on g.id = w.id
order by w.place;

-- name: staging_standings
-- What the rules say now of files in their groups, of the groups that are open. $1 the groups, $2 of each a member.
select m.group_id, m.file_id, g.keeper_id, m.verdict
from unnest($1::bigint[], $2::bigint[]) as w (group_of, file)
join duplicate_groups g on g.id = w.group_of and g.state = 'open'
join duplicate_members m on m.group_id = g.id and m.file_id = w.file;

-- name: groups_of_verdicts
-- Open groups that a batch may take, most bytes first. $1 the verdicts (certain, clear).
select g.id
from duplicate_groups g
where g.state = 'open' and g.proof <> 'coverage' and g.verdict = any ($1::text[])
  and g.verdict in ('certain', 'clear')
order by g.reclaimable_bytes desc, g.id desc;

-- name: last_act
-- The newest act of one person that still has an effect, file by file; see services.undoing.
-- An act of undoing is no act to be undone: pressing undo twice goes back two acts. An act on a file that was followed
-- by another, and be it the same by somebody else, has no effect any more, unless that one was taken back. $1 who.
with newest as (
    (select o.batch, o.kind, o.finished_at as at, o.id
     from archive_operations o
     where o.state = 'done' and o.undoes is null and o.requested_by = $1 and act_stands(o)
     order by o.finished_at desc nulls last, o.id desc limit 1)
    union all
    (select p.approval, 'approve', p.approved_at, p.id
     from pending_deletions p
     where p.state = 'approved' and p.approved_by = $1
     order by p.approved_at desc, p.id desc limit 1)
    order by at desc nulls last, id desc limit 1)
select o.kind, o.id, o.file_id, o.finished_at as at
from newest n
join archive_operations o on o.batch = n.batch and o.kind = n.kind
where o.state = 'done' and o.undoes is null and o.requested_by = $1 and act_stands(o)
union all
select n.kind, p.id, p.file_id, p.approved_at
from newest n
join pending_deletions p on n.kind = 'approve' and p.approval = n.batch
where p.state = 'approved' and p.approved_by = $1
order by id;
