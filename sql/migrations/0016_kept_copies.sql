-- A stage relies on one content of the copy to keep: the journal says which, so that whoever takes the act up again
-- (a recovery, an undo, a purge) relies on no other.

alter table archive_operations
    add column keeper_size        bigint,
    add column keeper_modified_ns bigint;
comment on column archive_operations.keeper_modified_ns is
    'a stage: the copy to keep as it was when the act was written down; null of acts that are older than this column';

-- Whether an act was taken back.
create index archive_operations_undone on archive_operations (undoes) where undoes is not null;
-- A person's last act, to undo it. The index for everybody's served no query.
create index archive_operations_of_person on archive_operations (requested_by, finished_at desc nulls last, id desc)
    where state = 'done' and undoes is null;
drop index archive_operations_newest;

-- By a look into the index each, however little the planner knows of the journal: two acts of ten thousand files may
-- follow one another within a minute.
create function act_stands(act archive_operations) returns boolean language sql stable cost 1000 as $$
    select (select u.id from archive_operations u where u.undoes = act.id and u.state = 'done' limit 1) is null
       and case act.kind
               when 'purge' then true
               when 'rename' then f.state = 'present' and located(f.source, f.path_raw) = act.destination_raw
               else (act.kind = 'stage' or f.state = 'present')
                    and (act.kind = 'stage') = exists (select from pending_deletions p
                                                       where p.file_id = act.file_id and p.state in ('staged', 'approved'))
                    and not exists (
                        select from archive_operations l
                        where l.file_id = act.file_id and l.id > act.id and l.state = 'done' and l.kind <> 'purge'
                          and coalesce(l.undoes, 0) < act.id
                          and (select u.id from archive_operations u
                               where u.undoes = l.id and u.state = 'done' limit 1) is null)
           end
    from media_files f
    where f.id = act.file_id
$$;
comment on function act_stands(archive_operations) is
    'whether a finished act still has its effect: it was not taken back, and no other that was not has followed it on its file';

create function two_works(one bigint, other bigint) returns boolean language sql stable as $$
    select exists (
        select from file_matches a
        join file_matches b on b.file_id = other and b.state in ('sure', 'chosen')
        where a.file_id = one and a.state in ('sure', 'chosen')
          and ((a.kind, a.tmdb_id) <> (b.kind, b.tmdb_id)
               or a.kind = 'tv' and a.season is not null and b.season is not null
                  and a.episodes <> '{}' and b.episodes <> '{}'
                  and (a.season <> b.season or not (a.episodes @> b.episodes and b.episodes @> a.episodes))))
$$;
comment on function two_works(bigint, bigint) is 'whether TMDb or a person calls two files two films, or two episodes';

create function two_digits(number integer) returns text language sql immutable
return lpad(number::text, greatest(2, length(number::text)), '0');

create function matched_name(of_file bigint) returns text language sql stable as $$
    select t.title || coalesce(' (' || nullif(t.year, 0) || ')', '')
           || case when m.season is not null and m.episodes <> '{}'
                   then ' S' || two_digits(m.season)
                        || (select string_agg('E' || two_digits(e.number), '' order by e.place)
                            from unnest(m.episodes) with ordinality as e (number, place))
                   else '' end
    from file_matches m
    join titles t on (t.kind, t.tmdb_id) = (m.kind, m.tmdb_id)
    where m.file_id = of_file and m.state in ('sure', 'chosen')
$$;
comment on function matched_name(bigint) is 'what TMDb or a person calls a file, for a sentence: Heat (1995), Firefly (2002) S01E03';

create or replace function why_not_purged(of_file bigint, kept bigint, held_raw bytea) returns text language plpgsql stable as $$
declare
    file   media_files;
    keeper media_files;
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
    if (file.content_hash = keeper.content_hash) is true or not two_works(of_file, kept) then
        return null;
    end if;
    return format('%s stays: it is “%s” now, and the copy to keep (%s) is “%s”; restore it.', file.path,
                  matched_name(of_file), keeper.path, matched_name(kept));
end $$;

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
    new.keeper_size := keeper.size_bytes;
    new.keeper_modified_ns := keeper.modified_ns;
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
    -- One content is one film, whatever it is called.
    if (file.content_hash = keeper.content_hash) is not true and two_works(new.file_id, new.keeper_id) then
        perform refuse(format('%s stays: it is “%s”, and the copy to keep (%s) is “%s”.', file.path,
                              matched_name(new.file_id), keeper.path, matched_name(new.keeper_id)));
    end if;
    -- Staging again, by undo, needs no group: the pair was proved when it was staged first, if both are still the same.
    if new.undoes is not null and exists (
        select from pending_deletions p
        where p.id = (select max(n.id) from pending_deletions n where n.file_id = new.file_id)
          and p.keeper_id = new.keeper_id
          and (p.keeper_size, p.keeper_modified_ns) <> (keeper.size_bytes, keeper.modified_ns)) then
        perform refuse(format('%s stays: %s, the copy to keep, has changed since; stage it from Duplicates.', file.path,
                              keeper.path));
    end if;
    if not exists (select from duplicate_groups g
                   join duplicate_members a on a.group_id = g.id and a.file_id = new.file_id
                   join duplicate_members b on b.group_id = g.id and b.file_id = new.keeper_id
                   where g.id = new.group_id and g.proof <> 'coverage' and g.state in ('open', 'resolved'))
       and not exists (select from pending_deletions p
                       where p.file_id = new.file_id and p.keeper_id = new.keeper_id and p.state = 'restored'
                         and (p.size_bytes, p.modified_ns) = (file.size_bytes, file.modified_ns)
                         and (p.keeper_size, p.keeper_modified_ns) = (keeper.size_bytes, keeper.modified_ns)) then
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
    if (old.batch, old.kind, old.file_id, old.keeper_id, old.keeper_size, old.keeper_modified_ns, old.source_raw,
        old.destination_raw, old.size_bytes, old.modified_ns, old.requested_by)
       is distinct from
       (new.batch, new.kind, new.file_id, new.keeper_id, new.keeper_size, new.keeper_modified_ns, new.source_raw,
        new.destination_raw, new.size_bytes, new.modified_ns, new.requested_by) then
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
