-- Chat: the views that questions are asked of, the role that asks, and what a conversation keeps.
-- The comments on views and columns are the schema that the language model is told: meaning, unit,
-- enumeration. Every column has one.

-- What is asked of ---------------------------------------------------------------------------------
create schema ask;
comment on schema ask is 'the documented views that questions are asked of; nothing else is readable for mediavault_reader';

create view ask.v_files as
select f.id                                             as file_id,
       f.title,
       nullif(f.year, 0)::integer                       as year,
       f.kind,
       f.season::integer                                as season,
       f.episodes,
       f.air_date,
       f.edition,
       f.part::integer                                  as part,
       f.country,
       f.three_d                                        as is_3d,
       f.extra,
       f.path,
       regexp_replace(f.path, '/[^/]*$', '')            as folder,
       f.size_bytes,
       f.state,
       f.health,
       f.health_reason,
       f.protected,
       f.tier,
       f.width,
       nullif(f.height, 0)                              as height,
       f.video_codec,
       f.hdr,
       f.audio_languages,
       f.subtitle_languages,
       f.container,
       f.duration_s,
       f.bit_rate,
       nullif(f.score, -1)::integer                     as score,
       f.release_source,
       f.link_count,
       f.identity_confidence::integer                   as identity_confidence,
       f.tmdb_id,
       f.imdb_id,
       f.tvdb_id,
       encode(f.content_hash, 'hex')                    as content_hash,
       to_timestamp(f.modified_ns / 1e9)                as modified_at,
       f.first_seen_at,
       f.missing_since
from media_files f;

comment on view ask.v_files is 'Every video file of the library, one row each; also those missing, staged or purged: most questions want state = ''present''.';
comment on column ask.v_files.file_id is 'number of the file; answers that list files should select it, so that they can be opened';
comment on column ask.v_files.title is 'title of the film, or of the show for episodes, as the name says; empty if unknown';
comment on column ask.v_files.year is 'year of release; null if unknown';
comment on column ask.v_files.kind is 'one of movie, episode, documentary, other';
comment on column ask.v_files.season is 'season of an episode (0: specials); null for films';
comment on column ask.v_files.episodes is 'array of episode numbers in this file; empty for films';
comment on column ask.v_files.air_date is 'date of broadcast, of daily shows only';
comment on column ask.v_files.edition is 'e.g. Director''s Cut, Extended, IMAX; null for the ordinary one';
comment on column ask.v_files.part is 'part number where a work is in several files (cd1, cd2)';
comment on column ask.v_files.country is 'ISO 3166 code where it tells two shows apart (US, GB)';
comment on column ask.v_files.is_3d is 'whether it is a 3D version';
comment on column ask.v_files.extra is 'kind of extra (trailer, sample, featurette …); null for the work itself';
comment on column ask.v_files.path is 'full path';
comment on column ask.v_files.folder is 'path of the folder that the file lies in';
comment on column ask.v_files.size_bytes is 'bytes (1 GB = 1e9)';
comment on column ask.v_files.state is 'one of present, missing (not seen by the last scan), staged (in the holding folder, waiting to be purged), purged (deleted)';
comment on column ask.v_files.health is 'one of healthy, broken, quarantined (hangs the decoder), unchecked';
comment on column ask.v_files.health_reason is 'what is wrong with a broken file, in words';
comment on column ask.v_files.protected is 'whether it lies in a folder that is never touched';
comment on column ask.v_files.tier is 'picture size, one of 4K, 1440p, 1080p, 720p, 576p, 480p, low, ? (not probed yet)';
comment on column ask.v_files.width is 'picture width in pixels';
comment on column ask.v_files.height is 'picture height in pixels; null until probed';
comment on column ask.v_files.video_codec is 'ffprobe''s name: h264, hevc, av1, vp9, mpeg4, mpeg2video, vc1 …; null until probed';
comment on column ask.v_files.hdr is 'array of HDR10, HDR10+, HLG, DV (Dolby Vision); empty for SDR';
comment on column ask.v_files.audio_languages is 'array of ISO 639-1 codes of the sound tracks, e.g. {en,fr}; test with ''fr'' = any(audio_languages)';
comment on column ask.v_files.subtitle_languages is 'array of ISO 639-1 codes of the subtitles inside the file';
comment on column ask.v_files.container is 'e.g. matroska, mp4, avi';
comment on column ask.v_files.duration_s is 'running time in seconds';
comment on column ask.v_files.bit_rate is 'bit/s of the whole file';
comment on column ask.v_files.score is 'quality 0-200, more is better; null until probed';
comment on column ask.v_files.release_source is 'one of remux, bluray, web, hdtv, dvd, cam; null if the name does not say';
comment on column ask.v_files.link_count is 'hard links to the same bytes; above 1, deleting one frees nothing';
comment on column ask.v_files.identity_confidence is 'how sure title and year are, 0-100';
comment on column ask.v_files.tmdb_id is 'number at TMDb, where known';
comment on column ask.v_files.imdb_id is 'number at IMDb (tt…), where known';
comment on column ask.v_files.tvdb_id is 'number at TVDb, where known';
comment on column ask.v_files.content_hash is 'hash of the whole content, hex; null if it was never needed; equal means identical bytes';
comment on column ask.v_files.modified_at is 'last change of the file itself';
comment on column ask.v_files.first_seen_at is 'when a scan first saw it';
comment on column ask.v_files.missing_since is 'since when it is missing; null otherwise';

create view ask.v_audio as
select f.id                                as file_id,
       t.place::integer                    as position,
       t.track ->> 'codec'                 as codec,
       (t.track ->> 'channels')::integer   as channels,
       t.track ->> 'layout'                as layout,
       t.track ->> 'language'              as language,
       t.track ->> 'profile'               as profile,
       (t.track ->> 'bit_rate')::bigint    as bit_rate,
       (t.track ->> 'commentary')::boolean as commentary,
       t.track ->> 'title'                 as title
from media_files f
cross join lateral jsonb_array_elements(f.tracks -> 'audio') with ordinality as t (track, place)
where f.tracks is not null;

comment on view ask.v_audio is 'Every sound track of every probed file. Join v_files on file_id.';
comment on column ask.v_audio.file_id is 'the file, as in v_files';
comment on column ask.v_audio.position is 'first track is 1';
comment on column ask.v_audio.codec is 'ffprobe''s name: aac, ac3, eac3, dts, truehd, flac, mp3, opus, pcm_s16le …';
comment on column ask.v_audio.channels is 'number of channels: 1 mono, 2 stereo, 6 is 5.1, 8 is 7.1';
comment on column ask.v_audio.layout is 'e.g. stereo, 5.1(side), 7.1';
comment on column ask.v_audio.language is 'ISO 639-1 code; null if the file does not say';
comment on column ask.v_audio.profile is 'e.g. DTS-HD MA, Dolby TrueHD + Dolby Atmos; null where there is none';
comment on column ask.v_audio.bit_rate is 'bit/s; null where unknown';
comment on column ask.v_audio.commentary is 'whether it is a commentary';
comment on column ask.v_audio.title is 'the track''s own title, if any';

create view ask.v_groups as
select g.id                                                                          as group_id,
       g.title,
       g.proof,
       g.state,
       g.verdict,
       g.rule,
       g.sentence,
       g.tie_break,
       g.keeper_id,
       (select count(*) from duplicate_members m where m.group_id = g.id)::integer as files,
       g.reclaimable_bytes,
       g.note,
       g.created_at,
       g.updated_at,
       g.resolved_at
from duplicate_groups g;

comment on view ask.v_groups is 'Groups of files that are copies of one work, with what the rules recommend. Waiting for a decision: state = ''open''.';
comment on column ask.v_groups.group_id is 'number of the group; answers that list groups should select it, so that they can be opened';
comment on column ask.v_groups.title is 'the work, e.g. Heat (1995)';
comment on column ask.v_groups.proof is 'one of exact (same bytes), same_title, looks_alike (same pictures), coverage (one file holds the episodes of others; shown only)';
comment on column ask.v_groups.state is 'one of open, resolved (decided), dismissed (not duplicates, or all kept), gone';
comment on column ask.v_groups.verdict is 'how sure the recommendation is: certain, clear, recommended, review (a person must look)';
comment on column ask.v_groups.rule is 'name of the rule that decided: exact, english, loss, gap …';
comment on column ask.v_groups.sentence is 'what is recommended and why, in words';
comment on column ask.v_groups.tie_break is 'the criterion that broke a tie of scores; null otherwise';
comment on column ask.v_groups.keeper_id is 'file_id of the copy to keep';
comment on column ask.v_groups.files is 'number of copies in the group';
comment on column ask.v_groups.reclaimable_bytes is 'bytes freed if the recommendation is followed';
comment on column ask.v_groups.note is 'a person''s note; empty if none';
comment on column ask.v_groups.created_at is 'when the group was found';
comment on column ask.v_groups.updated_at is 'when it was last judged';
comment on column ask.v_groups.resolved_at is 'when it was decided; null while open';

create view ask.v_members as
select m.group_id,
       m.file_id,
       m.file_id = g.keeper_id                                         as is_keeper,
       m.verdict,
       m.reasons,
       array(select concat(l ->> 0, ': ', l ->> 1)
             from jsonb_array_elements(m.losses) as l)                 as losses,
       m.gap::integer                                                  as gap,
       m.score::integer                                                as score
from duplicate_members m
join duplicate_groups g on g.id = m.group_id;

comment on view ask.v_members is 'The copies in each group. Join v_groups on group_id and v_files on file_id.';
comment on column ask.v_members.group_id is 'the group, as in v_groups';
comment on column ask.v_members.file_id is 'the file, as in v_files';
comment on column ask.v_members.is_keeper is 'whether this is the copy to keep';
comment on column ask.v_members.verdict is 'how sure it is that this copy may go: certain, clear, recommended, review; null for the keeper';
comment on column ask.v_members.reasons is 'array of sentences why';
comment on column ask.v_members.losses is 'array of what only this copy has and would be lost, e.g. "audio language: fr"';
comment on column ask.v_members.gap is 'the keeper''s score minus this one''s';
comment on column ask.v_members.score is 'quality 0-200 when the group was judged';

create view ask.v_pending as
select p.id                                                          as staged_id,
       p.file_id,
       p.keeper_id,
       p.group_id,
       f.title,
       p.state,
       p.original                                                    as original_path,
       p.staged                                                      as staged_path,
       p.size_bytes,
       case when p.link_count > 1 then 0 else p.size_bytes end       as freed_bytes,
       p.reason,
       floor(extract(epoch from now() - p.staged_at) / 86400)::integer as days_held,
       p.staged_at,
       p.approved_at,
       p.restored_at,
       p.purged_at
from pending_deletions p
join media_files f on f.id = p.file_id;

comment on view ask.v_pending is 'Files that were staged: moved into the holding folder before deletion. Still there: state in (''staged'', ''approved'').';
comment on column ask.v_pending.staged_id is 'number of the staged file';
comment on column ask.v_pending.file_id is 'the file, as in v_files';
comment on column ask.v_pending.keeper_id is 'file_id of the copy that was kept instead';
comment on column ask.v_pending.group_id is 'the group that it was in; null if none';
comment on column ask.v_pending.title is 'title of the work';
comment on column ask.v_pending.state is 'one of staged (waiting), approved (may be purged), restored (put back), purged (deleted for good)';
comment on column ask.v_pending.original_path is 'where the file came from';
comment on column ask.v_pending.staged_path is 'where it is held';
comment on column ask.v_pending.size_bytes is 'bytes';
comment on column ask.v_pending.freed_bytes is 'bytes that purging it really frees (0 while other hard links hold them)';
comment on column ask.v_pending.reason is 'why it was staged, in words';
comment on column ask.v_pending.days_held is 'whole days since it was staged';
comment on column ask.v_pending.staged_at is 'when it was staged';
comment on column ask.v_pending.approved_at is 'when a person approved its purge; null if not';
comment on column ask.v_pending.restored_at is 'when it was put back; null if not';
comment on column ask.v_pending.purged_at is 'when it was deleted for good; null if not';

create view ask.v_operations as
select o.id               as operation_id,
       o.batch::text      as batch,
       o.kind,
       o.state,
       o.file_id,
       o.keeper_id,
       o.group_id,
       o.source_path,
       o.destination      as destination_path,
       o.size_bytes,
       o.reason,
       o.intended_at,
       o.finished_at,
       o.error
from archive_operations o;

comment on view ask.v_operations is 'The journal: every act on a file, in order.';
comment on column ask.v_operations.operation_id is 'number of the act; later acts have larger ones';
comment on column ask.v_operations.batch is 'acts done together share it';
comment on column ask.v_operations.kind is 'one of stage, restore, purge';
comment on column ask.v_operations.state is 'one of intended, moved, done, undone, failed';
comment on column ask.v_operations.file_id is 'the file, as in v_files';
comment on column ask.v_operations.keeper_id is 'file_id of the copy that was kept';
comment on column ask.v_operations.group_id is 'the group that it was in; null if none';
comment on column ask.v_operations.source_path is 'from where';
comment on column ask.v_operations.destination_path is 'to where; null for a purge';
comment on column ask.v_operations.size_bytes is 'bytes';
comment on column ask.v_operations.reason is 'why, in words';
comment on column ask.v_operations.intended_at is 'when it began';
comment on column ask.v_operations.finished_at is 'when it was over; null while under way';
comment on column ask.v_operations.error is 'what went wrong; empty if nothing did';

create view ask.v_scans as
select s.id                                                     as scan_id,
       s.roots,
       s.phase,
       s.started_at,
       s.finished_at,
       extract(epoch from s.finished_at - s.started_at)::double precision as seconds,
       coalesce((s.counts ->> 'seen')::bigint, 0)               as files_seen,
       coalesce((s.counts ->> 'new')::bigint, 0)                as files_new,
       coalesce((s.counts ->> 'changed')::bigint, 0)            as files_changed,
       coalesce((s.counts ->> 'renamed')::bigint, 0)            as files_renamed,
       coalesce((s.counts ->> 'missing')::bigint, 0)            as files_missing,
       coalesce((s.counts ->> 'errors')::bigint, 0)             as errors,
       coalesce((s.counts ->> 'bytes_seen')::bigint, 0)         as bytes_seen
from scan_history s;

comment on view ask.v_scans is 'Every scan of the library''s folders.';
comment on column ask.v_scans.scan_id is 'number of the scan; later scans have larger ones';
comment on column ask.v_scans.roots is 'array of the folders scanned';
comment on column ask.v_scans.phase is 'one of walking, hashing, probing, matching, paused (under way), done, cancelled, failed';
comment on column ask.v_scans.started_at is 'when it began';
comment on column ask.v_scans.finished_at is 'when it ended; null while under way';
comment on column ask.v_scans.seconds is 'how long it took, in seconds';
comment on column ask.v_scans.files_seen is 'video files seen';
comment on column ask.v_scans.files_new is '…that were new';
comment on column ask.v_scans.files_changed is '…that had changed';
comment on column ask.v_scans.files_renamed is '…that had been renamed or moved';
comment on column ask.v_scans.files_missing is 'files known before and not seen any more';
comment on column ask.v_scans.errors is 'files or folders that could not be read';
comment on column ask.v_scans.bytes_seen is 'bytes of the files seen';

create view ask.v_scan_errors as
select s.id              as scan_id,
       e ->> 'path'      as path,
       e ->> 'message'   as message
from scan_history s
cross join lateral jsonb_array_elements(s.errors) as e;

comment on view ask.v_scan_errors is 'What could not be read in each scan.';
comment on column ask.v_scan_errors.scan_id is 'the scan, as in v_scans';
comment on column ask.v_scan_errors.path is 'where';
comment on column ask.v_scan_errors.message is 'what went wrong, in words';

create view ask.v_decisions as
select d.id          as decision_id,
       d.kind,
       d.note,
       d.decided_at,
       d.undone_at
from user_decisions d;

comment on view ask.v_decisions is 'What people decided about pairs of copies. Valid: undone_at is null.';
comment on column ask.v_decisions.decision_id is 'number of the decision';
comment on column ask.v_decisions.kind is 'one of not_duplicate, keep_both, note, keeper';
comment on column ask.v_decisions.note is 'the note, for kind note';
comment on column ask.v_decisions.decided_at is 'when';
comment on column ask.v_decisions.undone_at is 'when it was taken back; null while it holds';

-- What a conversation keeps -------------------------------------------------------------------------
alter table chat_sessions
    add column who text not null default '';
comment on column chat_sessions.who is 'the name of the person at the terminal, where nobody is logged in';
alter table chat_messages
    add column tool_call_id text,
    add column rows_count   integer check (rows_count >= 0);
comment on column chat_messages.tool_call_id is 'the call that a message of role tool answers';
comment on column chat_messages.rows_digest is 'SHA-256 of the rows that an answer rested on, hex';

-- Who has read what leaves the machine, and agreed.
create table chat_consents (
    who       text        not null check (who <> ''),
    recipient text        not null check (recipient <> ''),
    agreed_at timestamptz not null default now(),
    primary key (who, recipient)
);

-- Who asks: the wall ----------------------------------------------------------------------------------
-- `sql/roles.sql` has the same block for an administrator, where this user may not create roles; the
-- chat looks whether the wall stands before it asks anything, and stays closed where it does not.
do $migration$
begin
-- wall begins
declare
    owner_name name := (select pg_get_userbyid(c.relowner) from pg_class c where c.oid = 'media_files'::regclass);
    target     record;
begin
    if not exists (select from pg_roles where rolname = 'mediavault_reader') then
        begin
            create role mediavault_reader login nosuperuser nocreatedb nocreaterole noinherit noreplication
                nobypassrls connection limit 40;
            alter role mediavault_reader set statement_timeout = '5s';
            alter role mediavault_reader set lock_timeout = '1s';
            alter role mediavault_reader set idle_in_transaction_session_timeout = '10s';
            alter role mediavault_reader set default_transaction_read_only = on;
            alter role mediavault_reader set work_mem = '16MB';
            alter role mediavault_reader set hash_mem_multiplier = 1;
            alter role mediavault_reader set max_parallel_workers_per_gather = 0;
            alter role mediavault_reader set search_path = ask;
            if (select rolsuper from pg_roles where rolname = current_user) then
                alter role mediavault_reader set temp_file_limit = '256MB';
            end if;
        exception
            when duplicate_object or unique_violation then null; -- another database's migration was quicker
        end;
    end if;

    -- It may connect and read the views: nothing else is given to it.
    execute format('grant connect on database %I to mediavault_reader', current_database());
    grant usage on schema ask to mediavault_reader;
    grant select on all tables in schema ask to mediavault_reader;

    -- What everybody may do by default is taken from everybody and left to the owner.
    execute format('revoke temporary, create on database %I from public', current_database());
    execute format('grant temporary, create on database %I to %I', current_database(), owner_name);
    revoke all on schema public from public;
    execute format('grant usage, create on schema public to %I', owner_name);

    -- Functions that act, wait, lock, read files or settings, or that make much of little.
    for target in
        select p.oid::regprocedure as named
        from pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace
          and (p.proacl is null or exists (select from aclexplode(p.proacl) a where a.grantee = 0))
          and p.proname not in ('clock_timestamp', 'random', 'gen_random_uuid', 'pg_typeof', 'pg_size_pretty')
          and (p.provolatile = 'v'
               or (p.provolatile = 's' and p.proname ~ '^(pg_|has_|inet_|lo_|txid_|current_setting|current_query|row_security)|_description$|to_xml|xmlschema')
               or p.proname in ('repeat', 'lpad', 'rpad', 'array_fill', 'format', 'xpath', 'xpath_exists'))
    loop
        execute format('revoke execute on function %s from public', target.named);
        execute format('grant execute on function %s to %I', target.named, owner_name);
    end loop;

    -- The catalogues: names of roles, settings, other people's statements.
    for target in
        select c.oid::regclass as named
        from pg_class c
        where c.relnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
          and c.relkind in ('r', 'v')
          and exists (select from aclexplode(c.relacl) a where a.grantee = 0 and a.privilege_type = 'SELECT')
    loop
        execute format('revoke select on %s from public', target.named);
        execute format('grant select on %s to %I', target.named, owner_name);
    end loop;
end;
-- wall ends
exception
    when insufficient_privilege then
        raise notice 'this user may not build the wall: let an administrator run sql/roles.sql';
end
$migration$;
