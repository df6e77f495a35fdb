-- The database's own refusal to lose a file: whatever program writes, these rules hold.
-- Every refusal has the SQLSTATE MV001 and one sentence for a person.

alter table archive_operations
    add column holding_raw bytea not null default '',
    add column copies      jsonb not null default '{}';
comment on column archive_operations.holding_raw is 'the holding folder that the act moves into, out of, or deletes from';
comment on column archive_operations.sidecars is '[{source, destination, device, inode, size, modified_ns}], paths as hexadecimal of their raw bytes';
comment on column archive_operations.copies is 'between volumes: number of the file in the act -> {device, inode, hash} of its verified copy';

alter table pending_deletions
    add column holding_raw        bytea  not null,
    add column device             bigint not null,
    add column inode              bigint not null,
    add column modified_ns        bigint not null,
    add column content_hash       bytea  check (octet_length(content_hash) = 16),
    add column keeper_size        bigint not null,
    add column keeper_modified_ns bigint not null,
    add column approval           uuid,
    add check ((state = 'approved') <= (approved_at is not null and approval is not null));
comment on column pending_deletions.approval is 'the act that approved it, so that one undo takes back one act';
comment on column pending_deletions.keeper_modified_ns is 'the kept copy as it was then: a purge refuses if that has changed since';

-- One act at a time on a file.
create unique index archive_operations_one_open on archive_operations (file_id) where state in ('intended', 'moved');
-- Two acts never aim at one name.
create unique index archive_operations_one_aim on archive_operations (destination_raw) where state in ('intended', 'moved');
-- The keepers that acts under way rely on.
create index archive_operations_keeper on archive_operations (keeper_id) where state in ('intended', 'moved');
-- The last approval, to undo it.
create index pending_deletions_approved on pending_deletions (approved_at desc) where state = 'approved';
-- The staged file that an act made.
create index pending_deletions_file on pending_deletions (file_id, id desc);

create function refuse(sentence text) returns void language plpgsql as $$
begin
    raise exception using errcode = 'MV001', message = sentence;
end $$;

-- An act may begin ------------------------------------------------------------------------------
create function guard_new_operation() returns trigger language plpgsql as $$
declare
    file   media_files;
    keeper media_files;
begin
    if new.state <> 'intended' then
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
    if new.kind <> 'stage' then
        if not exists (select from pending_deletions p
                       where p.file_id = new.file_id and p.staged_raw = new.source_raw
                         and (new.kind = 'restore' and p.state in ('staged', 'approved')
                              or new.kind = 'purge' and p.state = 'approved' and p.keeper_id = new.keeper_id)) then
            perform refuse(case new.kind when 'purge' then format('%s is not approved for purging.', file.path)
                                         else format('%s is not staged.', file.path) end);
        end if;
        if new.kind = 'restore' then
            return new;
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
create trigger operation_may_begin before insert on archive_operations
    for each row execute function guard_new_operation();

-- An act goes on --------------------------------------------------------------------------------
create function guard_operation() returns trigger language plpgsql as $$
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
    return new;
end $$;
create trigger operation_goes_on before update on archive_operations
    for each row execute function guard_operation();

-- A staged file's life ----------------------------------------------------------------------------
create function guard_staged() returns trigger language plpgsql as $$
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
    if new.state = any ('{restored,purged}') and not exists (
        select from archive_operations o
        where o.file_id = new.file_id and o.source_raw = new.staged_raw and o.state = 'moved'
          and o.kind = case new.state when 'purged' then 'purge' else 'restore' end) then
        perform refuse(format('%s is %s by an act that was written down, not otherwise.', old.original, new.state));
    end if;
    return new;
end $$;
create trigger staged_file_lives before insert or update on pending_deletions
    for each row execute function guard_staged();

-- The inventory follows -----------------------------------------------------------------------------
create function guard_file_state() returns trigger language plpgsql as $$
declare
    live boolean := exists (select from pending_deletions p
                            where p.file_id = old.id and p.state in ('staged', 'approved'));
begin
    if old.state = 'purged' then
        perform refuse(format('%s was purged; that is final.', old.path));
    end if;
    if new.state = 'staged' and not live then
        perform refuse(format('%s is staged by an act, not otherwise.', old.path));
    end if;
    if old.state = 'staged' and live then
        perform refuse(format('%s is in the holding folder: restore it first.', old.path));
    end if;
    if new.state = 'purged' and not exists (select from pending_deletions p
                                            where p.file_id = old.id and p.state = 'purged') then
        perform refuse(format('%s is purged by an act, not otherwise.', old.path));
    end if;
    return new;
end $$;
create trigger file_state_follows before update of state on media_files
    for each row when (old.state is distinct from new.state and (old.state in ('staged', 'purged') or new.state in ('staged', 'purged')))
    execute function guard_file_state();

-- History is kept -------------------------------------------------------------------------------------
create function guard_history() returns trigger language plpgsql as $$
begin
    perform refuse('The journal of moved files is never deleted.');
    return old;
end $$;
create trigger operations_are_kept before delete on archive_operations
    for each row execute function guard_history();
create trigger staged_files_are_kept before delete on pending_deletions
    for each row execute function guard_history();
