-- Renames on shares: the journal has located paths (`nas:1/volume1/x`), the inventory a source and the path there.

create function located(source text, path bytea) returns bytea language sql immutable parallel safe
return case source when 'local' then path else convert_to(source, 'UTF8') || path end;
comment on function located(text, bytea) is 'a file''s path with its source before it; see domain.paths.locate';

create or replace function guard_new_rename() returns trigger language plpgsql as $$
declare
    file media_files;
begin
    if new.state <> 'intended' then
        perform refuse('An act is written down before it is done.');
    end if;
    select * into file from media_files where id = new.file_id for update;
    if exists (select from archive_operations o
               where o.file_id = new.file_id and o.state in ('intended', 'moved')) then
        perform refuse(format('An act on %s is not finished yet.', file.path));
    end if;
    if file.state <> 'present' or located(file.source, file.path_raw) <> new.source_raw then
        perform refuse(format('%s is not at its place; only a file that is present can be renamed.', file.path));
    end if;
    if file.protected then
        perform refuse(format('%s is in a protected folder.', file.path));
    end if;
    if exists (select from archive_operations o
               where o.keeper_id = new.file_id and o.state in ('intended', 'moved')) then
        perform refuse(format('%s stays: another act relies on it just now.', file.path));
    end if;
    -- A rename stays at its source, so the other file's path is found by the index on (source, path_raw).
    if exists (select from media_files f
               where f.source = file.source and f.id <> file.id and f.state in ('present', 'staged')
                 and f.path_raw = case file.source
                                  when 'local' then new.destination_raw
                                  else substr(new.destination_raw, length(convert_to(file.source, 'UTF8')) + 1)
                                  end) then
        perform refuse(format('%s stays: %s is in use.', file.path, new.destination));
    end if;
    return new;
end $$;
