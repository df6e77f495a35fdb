-- name: scans_door
-- One scan at a time looks who else scans, and begins. $1 Lock.SCANS.
select pg_advisory_xact_lock($1, 0);

-- name: scan_lock
-- Hold a scan for as long as this connection lives. $1 Lock.SCANS; $2 the scan.
select pg_advisory_lock($1, $2);

-- name: scan_try_lock
-- Whether nobody holds a scan: then we do. $1 Lock.SCANS; $2 the scan.
select pg_try_advisory_lock($1, $2);

-- name: scan_unlock
-- Give a scan back. $1 Lock.SCANS; $2 the scan.
select pg_advisory_unlock($1, $2);

-- name: scan_begin
-- A new line of the history; returns its id.
-- $1 the roots as text, $2 as raw bytes.
insert into scan_history (roots, roots_raw) values ($1, $2) returning id

-- name: scan_open
-- Scans without an end: running ones, and those that a crash left.
select id, roots, roots_raw from scan_history where finished_at is null order by id

-- name: scan_save
-- The checkpoint of a scan. $1 id, $2 phase, $3 counts, $4 errors.
update scan_history set phase = $2, counts = $3, errors = $4 where id = $1

-- name: scan_end
-- The last word on a scan. $1 id, $2 phase, $3 counts, $4 errors.
update scan_history set phase = $2, counts = $3, errors = $4, finished_at = now()
where id = $1 and finished_at is null

-- name: scan_abandoned
-- Close a scan whose process is gone. $1 id, $2 the error that says so.
update scan_history
set phase = 'failed', errors = errors || $2::jsonb, finished_at = now(),
    counts = counts || jsonb_build_object('errors', coalesce((counts ->> 'errors')::int, 0) + 1)
where id = $1 and finished_at is null

-- name: scan_history_newest
-- The history, newest first. $1 rows.
select id, roots, roots_raw, started_at, finished_at, phase, counts, errors
from scan_history order by started_at desc, id desc limit $1

-- name: scan_roots
-- Every folder that was ever scanned, located.
select distinct root from scan_history cross join unnest(roots_raw) as r (root) order by root

-- name: scan_has_files
-- Whether the inventory has a file of a folder. $1 source, $2 and $3 the range of paths below it.
select exists (select from media_files
               where source = $1 and path_raw >= $2 and path_raw < $3 and state <> 'purged')
