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
