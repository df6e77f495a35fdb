"""Staging on a real share: a rename by its server, the same journal, the same safety as on a disk."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
from collections.abc import Sequence
from pathlib import Path

import nas_child
import pytest

from mediavault_tui.bootstrap import stage
from mediavault_tui.domain.model import FileId, GroupId, StagedId
from mediavault_tui.domain.paths import locate
from mediavault_tui.domain.purging import RecycleBin
from mediavault_tui.services.nas.shares import Nas
from mediavault_tui.services.staging.stage import Stage
from mediavault_tui.settings import Secret, from_env
from mediavault_tui.store.database import Connection, Database
from tests.db.shelf import contents
from tests.smb.nas_rig import PASSWORD, SHARE, Server, scan, the_server, the_tree
from tests.warm import warm_up

__all__ = ["the_server", "the_tree"]  # fixtures

pytestmark = pytest.mark.needs("smbd", "pdbedit")

KEPT = b"the kept film" * 20_000
LOSER = b"the other film" * 20_000
_processes = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module")
def warm_children() -> None:
    """Start the server that children are forked from with everything imported."""
    warm_up()


def environ(server: Server, data: Path, **more: str) -> dict[str, str]:
    return {
        "MEDIAVAULT_DATA_DIR": str(data),
        "NAS_HOST": "127.0.0.1",
        "NAS_SMB_PORT": str(server.port),
        "NAS_SMB_USERNAME": server.user,
        "NAS_SMB_PASSWORD": PASSWORD,
        "NAS_SMB_SHARE": SHARE,
        "PENDING_DELETION_RETENTION_DAYS": "0",
        **more,
    }


class Stand:
    """Two copies of a film on the share, in the inventory by a real scan, in one group."""

    def __init__(
        self, conn: Connection, database: Database, server: Server, settings: dict[str, str]
    ) -> None:
        self.conn = conn
        self.database = database
        self.server = server
        self.tree = server.tree
        self.environ = settings
        self.nas = Nas(database, from_env(settings))
        self.answer = Path(settings["MEDIAVAULT_DATA_DIR"]) / "answer"

    async def set_up(self) -> None:
        for name, content in {
            "videos/kept/Film.mkv": KEPT,
            "videos/old/film.mkv": LOSER,
            "videos/old/film.en.srt": b"subtitles",
            "videos/old/film-poster.jpg": b"poster",
        }.items():
            path = self.tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        await self.nas.load()
        await scan(self.database, self.nas, "nas:/volume1/videos")
        await self.conn.execute("update media_files set health = 'healthy', probed_at = now()")
        self.keeper = await self.file("Film.mkv")
        self.loser = await self.file("film.mkv")
        self.group = await self.grouped(self.keeper, self.loser)
        self.everything = contents(self.tree)

    async def file(self, name: str) -> FileId:
        query = "select id from media_files where path like '%/' || $1"
        return FileId(await self.conn.fetchval(query, name))

    async def grouped(self, keeper: FileId, loser: FileId) -> GroupId:
        group = await self.conn.fetchval(
            "insert into duplicate_groups (proof, key, title, verdict, rule, sentence, keeper_id,"
            " reclaimable_bytes) values ('same_title', $2, 'Film', 'clear', 'gap', 'better', $1, 1)"
            " returning id",
            keeper,
            f"{keeper},{loser}",
        )
        for position, member in enumerate((keeper, loser)):
            await self.conn.execute(
                "insert into duplicate_members (group_id, file_id, position) values ($1, $2, $3)",
                group,
                member,
                position,
            )
        return GroupId(group)

    def stage(self) -> Stage:
        return stage(self.database, from_env(self.environ), self.nas)

    def run(self, *words: object, last: int = 0) -> list[str] | None:
        """Run an act in a child; its answer, or None if it was killed."""
        self.answer.unlink(missing_ok=True)
        self.serving = self.server.processes()
        process = _processes.Process(
            target=nas_child.child,
            args=(self.database.url, self.environ, [str(word) for word in words], last, str(self.answer)),
        )
        process.start()
        process.join(120)
        assert process.exitcode in (0, nas_child.KILLED), (words, last, process.exitcode)
        return self.answer.read_text().splitlines() if process.exitcode == 0 else None

    async def the_dead_are_gone(self) -> None:
        """Wait until the servers have noticed that a program was killed: its act is free, and done or not.

        The share's server ends what the program had asked of it before it leaves.
        """
        query = (
            "select count(*) from pg_locks where locktype = 'advisory' and granted"
            " and database = (select oid from pg_database where datname = current_database())"
        )
        async with asyncio.timeout(20):
            while await self.conn.fetchval(query):  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(0.01)
            while self.server.processes() - self.serving:  # noqa: ASYNC110 - nor does this one
                await asyncio.sleep(0.01)

    async def staged(self) -> int | None:
        query = "select id from pending_deletions where state in ('staged', 'approved')"
        number: int | None = await self.conn.fetchval(query)
        return number

    async def all_staged(self) -> list[StagedId]:
        rows = await self.conn.fetch(
            "select id from pending_deletions where state in ('staged', 'approved') order by id"
        )
        return [StagedId(row["id"]) for row in rows]

    async def to(self, state: str) -> None:
        """Bring the library to a state by whole acts; what is purged stays so."""
        if state == "present" and (staged := await self.all_staged()):
            assert not (await self.stage().restore(staged, who="x")).refused
        query = "select count(*) from media_files where state = 'present' and id <> $1"
        if state in ("staged", "approved") and await self.conn.fetchval(query, self.keeper):
            assert not (await self.stage().stage_group(self.group, self.keeper, who="x")).refused
        if state == "approved":
            await self.stage().approve(await self.all_staged(), who="x")

    async def with_another(self) -> None:
        """Have a third copy, of the same name as the second."""
        path = self.tree / "videos/more/film.mkv"
        path.parent.mkdir()
        path.write_bytes(b"a third film" * 20_000)
        await scan(self.database, self.nas, "nas:/volume1/videos")
        await self.conn.execute("update media_files set health = 'healthy', probed_at = now()")
        await self.conn.execute(
            "insert into duplicate_members (group_id, file_id, position) values ($1, $2, 2)",
            self.group,
            await self.file("more/film.mkv"),
        )
        self.everything = contents(self.tree)

    async def truth_of_all(self, when: str) -> set[str]:
        """Compare share, journal, inventory and manifests of all copies; the states that they are in."""
        query = "select count(*) from archive_operations where state in ('intended', 'moved')"
        assert await self.conn.fetchval(query) == 0, when
        rows = await self.conn.fetch(
            "select f.state, f.path_raw, o.kind || ' ' || o.state as act, o.size_bytes from media_files f"
            " left join lateral (select * from archive_operations where file_id = f.id order by id desc"
            " limit 1) o on true where f.id <> $1",
            self.keeper,
        )
        ends = {"present": "stage done", "staged": "restore done", "purged": "stage done"}
        assert all(row["act"] != ends[row["state"]] for row in rows), when
        paths = {
            self.tree.parent / os.fsdecode(row["path_raw"]).lstrip("/"): row["state"]
            for row in rows
            if row["state"] != "purged"
        }
        assert set(self.tree.rglob("film*.mkv")) == set(paths), when
        if len(paths) == len(rows):
            assert contents(self.tree) == self.everything, when
        listed = {
            folder.parent / entry["staged"]
            for folder in self.tree.rglob("manifest.json")
            for entry in json.loads(folder.read_bytes())["files"]
        }
        assert listed == {path for path, state in paths.items() if state == "staged"}, when
        assert not list(self.tree.rglob(".mediavault-*")), when
        return {row["state"] for row in rows}

    async def tell_the_truth(self, when: str) -> str:
        """Compare share, journal, inventory and manifest; the state that they agree on."""
        query = "select count(*) from archive_operations where state in ('intended', 'moved')"
        assert await self.conn.fetchval(query) == 0, when
        row = await self.conn.fetchrow("select state, path_raw from media_files where id = $1", self.loser)
        assert row is not None
        assert not list(self.tree.rglob(".mediavault-*")), when
        manifests = list(self.tree.rglob("manifest.json"))
        if row["state"] == "purged":
            assert sum(contents(self.tree).values()) == 1, when
            assert manifests == [], when
            return "purged"
        assert contents(self.tree) == self.everything, when
        video = self.tree.parent / os.fsdecode(row["path_raw"]).lstrip("/")
        assert video.read_bytes() == LOSER, when
        beside = {path.name for path in video.parent.iterdir()} - {"manifest.json"}
        assert beside == {"film.mkv", "film.en.srt", "film-poster.jpg"}, when
        if await self.staged() is None:
            assert row["state"] == "present", when
            assert video == self.tree / "videos/old/film.mkv", when
            assert manifests == [], when
            return "present"
        assert row["state"] == "staged", when
        (entry,) = json.loads(manifests[0].read_bytes())["files"]
        assert manifests[0].parent == video.parent, when
        assert (entry["staged"], len(entry["sidecars"])) == ("film.mkv", 2), when
        return "staged"


@pytest.fixture
async def stand(conn: Connection, database: Database, server: Server, tree: Path, tmp_path: Path) -> Stand:
    made = Stand(conn, database, server, environ(server, tmp_path))
    await made.set_up()
    return made


async def test_a_file_is_staged_by_a_rename_that_reads_no_byte_of_it(stand: Stand) -> None:
    before = (stand.tree / "videos/old/film.mkv").stat()
    wire = stand.nas.places.source("nas:0").bytes_read  # type: ignore[attr-defined]
    result = await stand.stage().stage_group(stand.group, stand.keeper, who="x")
    assert result.refused == ()
    assert await stand.tell_the_truth("staged") == "staged"
    (held,) = (stand.tree / "videos/duplicates_before_purge").rglob("film.mkv")
    after = held.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_mode) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_mode,
    )
    read = stand.nas.places.source("nas:0").bytes_read - wire  # type: ignore[attr-defined]
    assert read < 2 * 64 * 1024 + 80_000, "more than the kept copy's head and tail, and what rules ask"


async def test_a_lot_of_files_costs_each_a_few_questions_and_comes_back(stand: Stand) -> None:
    groups = [stand.group]
    for number in range(12):
        for folder in ("kept", "old"):
            (stand.tree / f"videos/{folder}/{number}.mkv").write_bytes(b"%d" % number * (100 + number))
    (stand.tree / "videos/duplicates_before_purge/movies").mkdir(parents=True)  # not the very first
    (stand.tree / "videos/kept/Film.en.srt").write_bytes(b"subtitles of its own")
    await scan(stand.database, stand.nas, "nas:/volume1/videos")
    await stand.conn.execute("update media_files set health = 'healthy', probed_at = now()")
    for number in range(12):
        groups.append(
            await stand.grouped(await stand.file(f"kept/{number}.mkv"), await stand.file(f"old/{number}.mkv"))
        )
    everything = contents(stand.tree)
    source = stand.nas.places.source("nas:0")
    wire = source.bytes_read  # type: ignore[attr-defined]
    result = await stand.stage().stage_groups(groups, who="x")
    assert (len(result.done), result.refused) == (13, ())
    per_file = (source.bytes_read - wire - 2 * 64 * 1024) / 13  # type: ignore[attr-defined]
    assert per_file < 8_500, "767 KB once: a manifest and some forty questions each"
    (manifest,) = stand.tree.rglob("manifest.json")
    held = {path.name for path in manifest.parent.glob("*.mkv")}
    assert {entry["staged"] for entry in json.loads(manifest.read_bytes())["files"]} == held
    assert len(held) == 13
    assert contents(stand.tree) == everything
    assert (await stand.stage().undo(who="x")).refused == ()
    assert not list(stand.tree.rglob("manifest.json"))
    assert contents(stand.tree) == everything


async def test_media_servers_are_kept_out_of_a_holding_folder_on_a_share(stand: Stand) -> None:
    assert (await stand.stage().stage_group(stand.group, stand.keeper, who="x")).refused == ()
    top = stand.tree / "videos/duplicates_before_purge"
    assert (top / ".plexignore").read_bytes() == b"*\n"
    assert (top / ".ignore").read_bytes() == b""
    assert sorted(path.name for path in top.iterdir()) == [".ignore", ".plexignore", "movies"]


async def test_what_a_person_has_in_a_holding_folder_on_a_share_stays(stand: Stand) -> None:
    top = stand.tree / "videos/duplicates_before_purge"
    (top / ".ignore").mkdir(parents=True)
    (top / ".plexignore").write_bytes(b"*.srt\n")
    assert (await stand.stage().stage_group(stand.group, stand.keeper, who="x")).refused == ()
    assert (top / ".plexignore").read_bytes() == b"*.srt\n"
    assert (top / ".ignore").is_dir()


async def test_a_batch_leaves_a_file_whose_subtitles_the_kept_one_has_not(stand: Stand) -> None:
    everything = contents(stand.tree)
    result = await stand.stage().stage_groups([stand.group], who="x")
    assert result.done == ()
    assert "(subtitle language: en)" in result.refused[0]
    assert contents(stand.tree) == everything


async def test_what_is_staged_comes_back_and_can_be_undone_and_purged(stand: Stand) -> None:
    service = stand.stage()
    await service.stage_group(stand.group, stand.keeper, who="x")
    (staged,) = await service.pending()
    assert staged.original == "nas:0/volume1/videos/old/film.mkv"
    assert (await service.forecast()).files == 0
    assert (await service.undo(who="x")).refused == ()
    assert await stand.tell_the_truth("undone") == "present"
    assert not (await service.stage_group(stand.group, stand.keeper, who="x")).refused
    await stand.to("approved")
    assert (await service.forecast()).bytes == len(LOSER)
    result = await service.purge(word="purge", who="x")
    assert (result.refused, result.freed) == ((), len(LOSER))
    assert await stand.tell_the_truth("purged") == "purged"


async def test_a_share_that_shows_a_recycle_bin_is_known_to_keep_what_is_purged(stand: Stand) -> None:
    await stand.to("approved")
    assert (await stand.stage().forecast()).bins == (RecycleBin("nas:0", seen=False),)
    (stand.tree / "#recycle").mkdir()
    try:
        assert (await stand.stage().forecast()).bins == (RecycleBin("nas:0", seen=True),)
    finally:
        (stand.tree / "#recycle").rmdir()


async def test_a_scan_never_enters_the_holding_folder_and_keeps_what_is_staged(stand: Stand) -> None:
    await stand.to("staged")
    last = await scan(stand.database, stand.nas, "nas:/volume1/videos")
    assert (last.counts.seen, last.counts.new, last.counts.missing) == (1, 0, 0)
    assert await stand.tell_the_truth("scanned") == "staged"


async def test_the_holding_folder_that_is_set_is_used_and_made(
    conn: Connection, database: Database, server: Server, tree: Path, tmp_path: Path
) -> None:
    more = {"NAS_STAGING_PATH": "/volume1/video/duplicates_before_purge"}
    stand = Stand(conn, database, server, environ(server, tmp_path, **more))
    await stand.set_up()
    await stand.to("staged")
    assert await stand.tell_the_truth("staged") == "staged"
    (held,) = (tree / "video/duplicates_before_purge/movies").rglob("film.mkv")
    await stand.to("present")
    assert await stand.tell_the_truth("restored") == "present"
    assert not held.exists()


async def test_a_taken_name_gets_a_number_and_nothing_is_overwritten(stand: Stand) -> None:
    await stand.to("staged")
    (held,) = (stand.tree / "videos/duplicates_before_purge").rglob("film.mkv")
    await stand.to("present")
    held.write_bytes(b"somebody else's")
    assert not (await stand.stage().stage_group(stand.group, stand.keeper, who="x")).refused
    assert held.read_bytes() == b"somebody else's"
    assert (held.parent / "film (2).mkv").read_bytes() == LOSER


async def test_a_loser_or_a_keeper_that_changed_is_refused(stand: Stand) -> None:
    (stand.tree / "videos/kept/Film.mkv").write_bytes(b"another film")
    result = await stand.stage().stage_group(stand.group, stand.keeper, who="x")
    assert "the copy to keep is not safe" in result.refused[0]
    assert (stand.tree / "videos/old/film.mkv").read_bytes() == LOSER
    assert not list(stand.tree.rglob("manifest.json"))


async def test_a_server_that_is_away_is_a_refusal_and_everything_stays(stand: Stand, server: Server) -> None:
    server.kill()
    result = await stand.stage().stage_group(stand.group, stand.keeper, who="x")
    assert len(result.refused) == 1
    server.start()
    await stand.stage().recover()
    assert await stand.tell_the_truth("back") == "present"
    await stand.to("staged")
    assert await stand.tell_the_truth("staged") == "staged"


async def test_a_holding_folder_on_another_share_is_reached_by_a_verified_copy(
    conn: Connection, database: Database, server: Server, tree: Path, tmp_path: Path
) -> None:
    stand = Stand(conn, database, server, environ(server, tmp_path))
    await stand.set_up()
    await stand.nas.add(
        host="127.0.0.1", port=server.port, share="second", username=server.user, password=Secret(PASSWORD)
    )
    second = stand.nas.share("second").source
    service = Stage(
        database,
        stand.nas.places,
        staging_of=lambda name: locate(second, b"/second/held") if name == "nas:0" else None,
    )
    before = (tree / "videos/old/film.mkv").stat()
    assert (await service.stage_group(stand.group, stand.keeper, who="x")).refused == ()
    (held,) = (server.second / "held").rglob("film.mkv")
    assert held.read_bytes() == LOSER
    assert held.stat().st_mtime_ns // 1000 == before.st_mtime_ns // 1000
    assert {path.name for path in held.parent.iterdir()} == {
        "film.mkv",
        "film.en.srt",
        "film-poster.jpg",
        "manifest.json",
    }
    assert not (tree / "videos/old/film.mkv").exists()
    row = await conn.fetchrow("select source, path, state from media_files where id = $1", stand.loser)
    assert row is not None
    assert (row["source"], row["state"]) == (second, "staged")
    assert (await service.restore([StagedId(await stand.staged() or 0)], who="x")).refused == ()
    assert await stand.tell_the_truth("back") == "present"
    assert await conn.fetchval("select source from media_files where id = $1", stand.loser) == "nas:0"


async def test_a_holding_folder_of_this_machine_takes_files_of_a_share(
    stand: Stand, database: Database, tmp_path: Path
) -> None:
    here = tmp_path / "held"
    service = Stage(database, stand.nas.places, staging_of=lambda _: os.fsencode(here))
    assert (await service.stage_group(stand.group, stand.keeper, who="x")).refused == ()
    (held,) = here.rglob("film.mkv")
    assert held.read_bytes() == LOSER
    assert (await service.undo(who="x")).refused == ()
    assert await stand.tell_the_truth("back") == "present"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [("stage", "present", "staged"), ("restore", "staged", "present"), ("purge", "approved", "purged")],
)
async def test_a_lot_killed_between_any_two_steps_on_a_share(
    stand: Stand, warm_children: None, verb: str, before: str, after: str
) -> None:
    await stand.with_another()
    ends: set[str] = set()
    last = 1
    while True:
        await stand.to(before)
        answer = stand.run(*await words_of(stand, verb), last=last)
        if answer is not None:
            assert [line for line in answer if not line.startswith("step ")] == []
            assert answer.count("step intents committed") == 1
            assert await stand.truth_of_all("in one go") == {after}
            break
        await stand.the_dead_are_gone()
        await stand.stage().recover()
        states = await stand.truth_of_all(f"{verb} killed at step {last}")
        assert await stand.stage().recover() == [], "the second recovery had something to do"
        ends |= states
        if states == {"purged"}:
            break  # final
        last += 1
    assert last >= 5
    assert {before.replace("approved", "staged"), after} <= ends


async def words_of(stand: Stand, verb: str) -> Sequence[object]:
    if verb == "stage":
        return ("stage", stand.group, stand.keeper)
    return (verb,) if verb == "purge" else (verb, *await stand.all_staged())
