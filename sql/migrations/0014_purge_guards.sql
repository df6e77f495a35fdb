-- A purge deletes its files a few at a time, and its owner may think again meanwhile: an act says when it begins
-- to delete, and may only while everything that allowed it is still so.

alter table archive_operations add column begun_at timestamptz;
comment on column archive_operations.begun_at is 'a purge: its file may be gone from now on, and its approval cannot be taken back any more';
-- What an earlier program left open may have begun.
update archive_operations set begun_at = intended_at where kind = 'purge' and state in ('intended', 'moved');

create function why_not_purged(of_file bigint, kept bigint, held_raw bytea) returns text language plpgsql stable as $$
declare
    file   media_files;
    keeper media_files;
    says   text;
begin
    select * into file from media_files where id = of_file;
    select * into keeper from media_files where id = kept;
    if not exists (select from pending_deletions p
                   where p.file_id = of_file and p.staged_raw = held_raw and p.state = 'approved' and p.keeper_id = kept) then
        return format('%s is not approved for purging.', file.path);
    end if;
    if keeper.id is null or keeper.state <> 'present' or keeper.health <> 'healthy' then
        return format('%s stays: the copy to keep (%s) is %s, so this may be the last healthy one.', file.path,
                      coalesce(keeper.path, 'none'),
                      case when keeper.state <> 'present' then keeper.state else keeper.health end);
    end if;
    -- One content is one film, whatever it is called.
    if file.content_hash = keeper.content_hash then
        return null;
    end if;
    select format('%s stays: it is “%s” now, and the copy to keep (%s) is “%s”; restore it.', file.path,
                  mine.title || coalesce(' (' || nullif(mine.year, 0) || ')', ''), keeper.path,
                  other.title || coalesce(' (' || nullif(other.year, 0) || ')', ''))
    into says
    from file_matches a
    join file_matches b on b.file_id = kept and b.state in ('sure', 'chosen')
    join titles mine on (mine.kind, mine.tmdb_id) = (a.kind, a.tmdb_id)
    join titles other on (other.kind, other.tmdb_id) = (b.kind, b.tmdb_id)
    where a.file_id = of_file and a.state in ('sure', 'chosen') and (a.kind, a.tmdb_id) <> (b.kind, b.tmdb_id);
    return says;
end $$;
comment on function why_not_purged(bigint, bigint, bytea) is 'why a staged file must not be deleted now, as a sentence; null: it may be';

create or replace function guard_new_operation() returns trigger language plpgsql as $$
declare
    file   media_files;
    keeper media_files;
    says   text;
begin
    if new.state <> 'intended' or new.begun_at is not null then
        perform refuse('An act is written down before it is done.');
    end if;
    -- Both rows, always in the order of their ids: two people cannot deadlock, and the second
    -- one sees what the first one claimed.
    perform 1 from media_files where id in (new.file_id, new.keeper_id) order by id for update;
    select * into file from media_files where id = new.file_id;
    if exists (select from archive_operations o
               where o.file_id = new.file_id and o.state in ('intended', 'moved')) then
        perform refuse(format('An act on %s is not finished yet.', file.path));
    end if;
    if new.kind = 'restore' then
        if not exists (select from pending_deletions p
                       where p.file_id = new.file_id and p.staged_raw = new.source_raw
                         and p.state in ('staged', 'approved')) then
            perform refuse(format('%s is not staged.', file.path));
        end if;
        return new;
    end if;
    if new.kind = 'purge' then
        -- Whoever is just taking the approval back comes first, or finds this act.
        perform 1 from pending_deletions where file_id = new.file_id and state = 'approved' for update;
        says := why_not_purged(new.file_id, new.keeper_id, new.source_raw);
        if says is not null then
            perform refuse(says);
        end if;
    end if;
    select * into keeper from media_files where id = new.keeper_id;
    if keeper.id is null or keeper.state <> 'present' or keeper.health <> 'healthy' then
        perform refuse(format('%s stays: the copy to keep (%s) is %s, so this may be the last healthy one.', file.path,
                              coalesce(keeper.path, 'none'),
                              case when keeper.state <> 'present' then keeper.state else keeper.health end));
    end if;
    if exists (select from archive_operations o
               where o.file_id = new.keeper_id and o.state in ('intended', 'moved')) then
        perform refuse(format('%s stays: the copy to keep (%s) is just being moved.', file.path, keeper.path));
    end if;
    if new.kind = 'purge' then
        return new;
    end if;
    if file.state <> 'present' then
        perform refuse(format('%s is %s; only a file that is present can be staged.', file.path, file.state));
    end if;
    if file.protected then
        perform refuse(format('%s is in a protected folder.', file.path));
    end if;
    if (file.device, file.inode) = (keeper.device, keeper.inode) then
        perform refuse(format('%s and %s are one file with two names.', file.path, keeper.path));
    end if;
    if exists (select from archive_operations o
               where o.keeper_id = new.file_id and o.state in ('intended', 'moved'))
       or exists (select from pending_deletions p
                  where p.keeper_id = new.file_id and p.state in ('staged', 'approved')) then
        perform refuse(format('%s stays: it is the copy that was kept for a file already staged.', file.path));
    end if;
    -- Staging again, by undo, needs no group: the pair was proved when it was staged first.
    if not exists (select from duplicate_groups g
                   join duplicate_members a on a.group_id = g.id and a.file_id = new.file_id
                   join duplicate_members b on b.group_id = g.id and b.file_id = new.keeper_id
                   where g.id = new.group_id and g.proof <> 'coverage' and g.state in ('open', 'resolved'))
       and not exists (select from pending_deletions p
                       where p.file_id = new.file_id and p.keeper_id = new.keeper_id and p.state = 'restored'
                         and p.size_bytes = file.size_bytes and p.modified_ns = file.modified_ns) then
        perform refuse(format('%s stays: no open group shows that %s is a copy of it.', file.path, keeper.path));
    end if;
    return new;
end $$;

create or replace function guard_operation() returns trigger language plpgsql as $$
declare
    says text;
begin
    if (old.state, new.state) not in (('intended', 'moved'), ('intended', 'undone'), ('intended', 'failed'),
                                      ('moved', 'done'), ('moved', 'undone'), ('moved', 'failed'))
       and old.state <> new.state then
        perform refuse(format('An act that is %s cannot become %s.', old.state, new.state));
    end if;
    if old.state in ('done', 'undone', 'failed') and new is distinct from old then
        perform refuse('A finished act is history and stays as it is.');
    end if;
    if (old.batch, old.kind, old.file_id, old.source_raw, old.size_bytes, old.modified_ns, old.requested_by)
       is distinct from
       (new.batch, new.kind, new.file_id, new.source_raw, new.size_bytes, new.modified_ns, new.requested_by)
       or old.destination_raw is distinct from new.destination_raw or old.keeper_id is distinct from new.keeper_id then
        perform refuse('What an act set out to do is never rewritten.');
    end if;
    if new.begun_at is distinct from old.begun_at then
        if old.begun_at is not null or new.kind <> 'purge' or old.state <> 'intended' or new.state <> 'intended' then
            perform refuse('Only a purge that is intended begins, and it begins once.');
        end if;
        says := why_not_purged(new.file_id, new.keeper_id, new.source_raw);
        if says is not null then
            perform refuse(says);
        end if;
    end if;
    if new.kind = 'purge' and new.state = 'moved' and new.begun_at is null then
        perform refuse('A purge that has not begun has deleted nothing.');
    end if;
    return new;
end $$;

create or replace function guard_staged() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'staged' or not exists (
            select from archive_operations o
            where o.id = new.operation_id and o.kind = 'stage' and o.state = 'moved'
              and o.file_id = new.file_id and o.keeper_id = new.keeper_id and o.destination_raw = new.staged_raw) then
            perform refuse('A file is staged by an act that has moved it, not otherwise.');
        end if;
        return new;
    end if;
    if old.state = any ('{restored,purged}') and new is distinct from old then
        perform refuse(format('%s was %s; that is final.', old.original, old.state));
    end if;
    if old.state <> new.state
       and (old.state, new.state) not in (('staged', 'approved'), ('approved', 'staged'), ('staged', 'restored'),
                                          ('approved', 'restored'), ('approved', 'purged')) then
        perform refuse(format('A file that is %s cannot become %s.', old.state, new.state));
    end if;
    if (old.file_id, old.operation_id, old.original_raw, old.staged_raw, old.keeper_id)
       is distinct from (new.file_id, new.operation_id, new.original_raw, new.staged_raw, new.keeper_id) then
        perform refuse('Where a staged file came from is never rewritten.');
    end if;
    if old.state = 'approved' and new.state = 'staged' and exists (
        select from archive_operations o
        where o.file_id = new.file_id and o.kind = 'purge' and o.state in ('intended', 'moved')) then
        perform refuse(format('%s is being purged just now; its approval cannot be taken back.', old.original));
    end if;
    if new.state = any ('{restored,purged}') and not exists (
        select from archive_operations o
        where o.file_id = new.file_id and o.source_raw = new.staged_raw and o.state = 'moved'
          and o.kind = case new.state when 'purged' then 'purge' else 'restore' end) then
        perform refuse(format('%s is %s by an act that was written down, not otherwise.', old.original, new.state));
    end if;
    return new;
end $$;
