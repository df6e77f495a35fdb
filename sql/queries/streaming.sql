-- name: served_file
-- Where a file's bytes are and what it was at the last look; a staged one lies in its holding folder.
-- $1 the file.
select f.id,
       f.source,
       f.path_raw,
       coalesce(p.holding_raw, f.root_raw) as folder,
       f.state,
       f.device,
       f.inode,
       f.size_bytes,
       f.modified_ns,
       f.container
from media_files f
left join pending_deletions p
       on p.file_id = f.id and p.state in ('staged', 'approved') and f.state = 'staged'
where f.id = $1;

-- name: scan_moment
-- How far a scan is. $1 the scan.
select id, phase, counts from scan_history where id = $1;

-- name: recent_roots
-- The folders of the last scans, newest first, each once. $1 how many scans are looked at.
select s.root
from (select h.id, unnest(h.roots_raw) as root
      from (select id, roots_raw from scan_history order by started_at desc, id desc limit $1) h) s
group by s.root
order by max(s.id) desc;

-- name: answers
-- Whether the database answers.
select 1 as one;
