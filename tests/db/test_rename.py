"""Renames on a real disk: previewed, journalled, undone like staging, and killed at every step."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import staging_child

from mediavault_tui.domain.library import ActResult
from mediavault_tui.domain.model import MediaFile
from mediavault_tui.domain.rename_plan import Reach
from mediavault_tui.domain.renaming import PRESETS, custom
from mediavault_tui.domain.world import Title, TitleKind
from mediavault_tui.errors import Refused, SourceTaken
from mediavault_tui.services.renaming.rename import Renaming
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store import metadata
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.metadata import FoundMatch
from tests.db.overheard import Overheard
from tests.db.shelf import ME, Shelf
from tests.factories import an_identity
from tests.warm import warm_up

HEAT = Title(TitleKind.MOVIE, 949, "Heat", year=1995)
NEW = "films/Heat (1995)/Heat (1995) [1080p]"
_processes = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module")
def warm_children() -> None:
    """Start the server that children are forked from with everything imported."""
    warm_up()


@pytest.fixture
def shelf(conn: Connection, tmp_path: Path) -> Shelf:
    return Shelf(conn, tmp_path / "library")


async def sure(conn: Connection, file: MediaFile, title: Title = HEAT) -> MediaFile:
    await metadata.put_titles(conn, [title])
    await metadata.put_matches(conn, [FoundMatch(file.id, "x", "sure", title.key, confidence=100)])
    return file


async def heat(
    conn: Connection, shelf: Shelf, name: str = "films/heat.mkv", content: bytes = b"heat"
) -> MediaFile:
    return await sure(conn, await shelf.add(name, content))


async def rename_all(renaming: Renaming) -> ActResult:
    return await renaming.rename(await renaming.preview(PRESETS["plex"]), who=ME)


def renaming(database: Database, **more: object) -> Renaming:
    return Renaming(database, LocalSource(), **more)  # type: ignore[arg-type]  # a test's own words


async def test_a_file_takes_its_name_and_its_sidecars_along_and_undo_brings_all_back(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    file = await heat(conn, shelf)
    shelf.write("films/heat.en.srt", b"subtitles")
    shelf.write("films/heat 2.srt", b"of another film")
    before = shelf.names()
    (planned,) = await renaming(database).preview(PRESETS["plex"])
    assert len(planned.moves) == 2
    assert shelf.names() == before, "a preview changes nothing"
    result = await renaming(database).rename([planned], who=ME)
    assert (result.refused, len(result.done)) == ((), 1)
    assert shelf.names() == {f"{NEW}.mkv", f"{NEW}.en.srt", "films/heat 2.srt"}
    path = await conn.fetchval("select path from media_files where id = $1", file.id)
    assert path == str(shelf.root / f"{NEW}.mkv")
    assert await renaming(database).preview(PRESETS["plex"]) == []
    undone = await shelf.stage(database).undo(who=ME)
    assert (undone.refused, len(undone.done)) == ((), 1)
    assert shelf.names() == before
    with pytest.raises(Refused, match="nothing to undo"):
        await shelf.stage(database).undo(who=ME)


async def test_a_batch_is_undone_as_one(conn: Connection, database: Database, shelf: Shelf) -> None:
    await heat(conn, shelf)
    other = await shelf.add("films/matrix.mkv", b"matrix", identity=an_identity("The Matrix", year=1999))
    await sure(conn, other, Title(TitleKind.MOVIE, 603, "The Matrix", year=1999))
    before = shelf.names()
    assert len((await rename_all(renaming(database))).done) == 2
    assert len((await shelf.stage(database).undo(who=ME)).done) == 2
    assert shelf.names() == before


async def test_two_copies_that_want_one_name_are_not_both_renamed(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    await heat(conn, shelf)
    await heat(conn, shelf, "films/heat copy.mkv", b"another")
    result = await rename_all(renaming(database))
    assert len(result.done) == 1
    assert "same name" in result.refused[0]


async def test_a_taken_name_is_never_overwritten(conn: Connection, database: Database, shelf: Shelf) -> None:
    await heat(conn, shelf)
    (planned,) = await renaming(database).preview(PRESETS["plex"])
    shelf.write(f"{NEW}.mkv", b"somebody else's")
    before = shelf.contents()
    (again,) = await renaming(database).preview(PRESETS["plex"])
    assert "in use" in again.refused
    result = await renaming(database).rename([planned], who=ME)
    assert "in use" in result.refused[0]
    assert shelf.contents() == before


async def test_what_is_unsure_protected_or_changed_stays(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    unsure = await shelf.add("films/unsure.mkv", b"unsure")
    (planned,) = await renaming(database).preview(PRESETS["plex"], [unsure.id])
    assert "not surely known" in planned.refused
    await sure(conn, await shelf.add("kept/heat.mkv", b"kept", protected=True))
    changed = await heat(conn, shelf)
    shelf.write("films/heat.mkv", b"longer than it was")
    assert changed.size == 4
    before = shelf.names()
    result = await rename_all(renaming(database))
    assert len(result.refused) == 2
    assert shelf.names() == before
    with pytest.raises(Refused, match="READ_ONLY"):
        await renaming(database, read_only=True).rename([], who=ME)


async def test_a_staged_file_is_not_renamed(conn: Connection, database: Database, shelf: Shelf) -> None:
    keeper, loser = await shelf.add("kept/Film.mkv", b"kept"), await heat(conn, shelf)
    group = await shelf.group(keeper, loser)
    (planned,) = await renaming(database).preview(PRESETS["plex"])
    await shelf.stage(database).stage_group(group, keeper.id, who=ME)
    result = await renaming(database).rename([planned], who=ME)
    assert not result.done
    assert result.refused


async def the_dead_are_gone(conn: Connection) -> None:
    """Wait until the server has noticed that a killed program let go of its act."""
    held = (
        "select count(*) from pg_locks where locktype = 'advisory' and granted"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    async with asyncio.timeout(20):
        while await conn.fetchval(held):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.slow
@pytest.mark.usefixtures("warm_children")
async def test_killed_between_any_two_steps_everything_is_whole_and_at_one_place(
    conn: Connection, database: Database, shelf: Shelf, tmp_path: Path
) -> None:
    file = await heat(conn, shelf)
    shelf.write("films/heat.en.srt", b"subtitles")
    old, new = shelf.names(), {f"{NEW}.mkv", f"{NEW}.en.srt"}
    everything = shelf.contents()
    answer = tmp_path / "answer"
    last, ends = 0, set()
    while True:
        last += 1
        words = (database.url, None, ["rename"], last, str(answer))
        process = _processes.Process(target=staging_child.child, args=words)
        process.start()
        process.join(120)
        assert shelf.contents() == everything, f"killed at step {last}"
        if process.exitcode == 0:
            break
        assert process.exitcode == staging_child.KILLED
        await the_dead_are_gone(conn)
        await renaming(database).recover()
        assert shelf.names() in (old, new), f"killed at step {last}"
        ends.add(frozenset(shelf.names()))
        path = await conn.fetchval("select path_raw from media_files where id = $1", file.id)
        assert LocalSource().stat(path).stamp.size == file.size
        waiting = "select count(*) from archive_operations where state in ('intended', 'moved')"
        assert await conn.fetchval(waiting) == 0
        assert await renaming(database).recover() == []
        if shelf.names() == new:
            assert not (await shelf.stage(database).undo(who=staging_child.WHO)).refused
    assert shelf.names() == new
    assert last >= 8
    assert ends == {frozenset(old), frozenset(new)}


@pytest.fixture
def small_volume(tmp_path: Path) -> Iterator[Path]:
    """A volume of 64 KiB where the film's own folder is: the disk ends in the middle of a library."""
    folder = tmp_path / "library/films/Heat (1995)"
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small volume can be mounted by root only")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def make_read_only(volume: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(volume)], check=True)


async def states(conn: Connection) -> list[str]:
    return [row["state"] for row in await conn.fetch("select state from archive_operations order by id")]


async def test_between_volumes_a_name_is_reached_by_a_verified_copy_and_undone_the_same_way(
    conn: Connection, database: Database, shelf: Shelf, small_volume: Path
) -> None:
    file = await heat(conn, shelf, content=b"heat" * 5000)
    shelf.write("films/heat.en.srt", b"subtitles")
    path = shelf.root / "films/heat.mkv"
    path.chmod(0o640)
    before, names = (path.stat().st_mtime_ns, path.stat().st_mode), shelf.names()
    result = await rename_all(renaming(database))
    assert (result.refused, len(result.done)) == ((), 1)
    there = shelf.root / f"{NEW}.mkv"
    assert there.stat().st_dev != shelf.root.stat().st_dev
    assert (there.stat().st_mtime_ns, there.stat().st_mode) == before
    assert shelf.names() == {f"{NEW}.mkv", f"{NEW}.en.srt"}
    row = await conn.fetchrow("select inode, device from media_files where id = $1", file.id)
    assert row is not None
    assert (row["inode"], row["device"]) == (there.stat().st_ino, there.stat().st_dev)
    assert (await shelf.stage(database).undo(who=ME)).refused == ()
    assert shelf.names() == names
    assert (path.stat().st_mtime_ns, path.stat().st_mode) == before


async def test_a_volume_that_is_full_refuses_and_leaves_everything_where_it_was(
    conn: Connection, database: Database, shelf: Shelf, small_volume: Path
) -> None:
    await heat(conn, shelf, content=b"heat" * 50_000)
    shelf.write("films/heat.en.srt", b"subtitles")
    before, everything = shelf.names(), shelf.contents()
    result = await rename_all(renaming(database))
    assert "the volume is full" in result.refused[0]
    assert (shelf.names(), shelf.contents()) == (before, everything)
    assert list(shelf.root.rglob(".mediavault-*")) == []
    assert await states(conn) == ["undone"]


async def test_a_sidecar_for_which_there_is_no_room_takes_its_film_back(
    conn: Connection, database: Database, shelf: Shelf, small_volume: Path
) -> None:
    """The film fits, its artwork does not: half a rename is none."""
    await heat(conn, shelf, content=b"heat" * 10_000)
    shelf.write("films/heat-poster.jpg", b"poster" * 10_000)
    before, everything = shelf.names(), shelf.contents()
    result = await rename_all(renaming(database))
    assert "the volume is full" in result.refused[0]
    assert (shelf.names(), shelf.contents()) == (before, everything)
    assert await states(conn) == ["undone"]


async def test_a_volume_that_is_read_only_refuses_in_a_sentence(
    conn: Connection, database: Database, shelf: Shelf, small_volume: Path
) -> None:
    await heat(conn, shelf)
    make_read_only(small_volume)
    before = shelf.names()
    result = await rename_all(renaming(database))
    assert "read-only" in result.refused[0]
    assert shelf.names() == before


class Crash(BaseException):
    """Ends an act where it stands."""


async def test_stopped_between_any_two_steps_of_a_copy_everything_is_whole_and_at_one_place(
    conn: Connection, database: Database, shelf: Shelf, small_volume: Path
) -> None:
    await heat(conn, shelf, content=b"heat" * 5000)
    shelf.write("films/heat.en.srt", b"subtitles")
    old, everything, ends, last, seen = shelf.names(), shelf.contents(), set(), 0, list[str]()
    while True:
        last += 1
        seen = []

        def step(name: str, last: int = last, seen: list[str] = seen) -> None:
            seen.append(name)
            if len(seen) == last:
                raise Crash

        try:
            await rename_all(renaming(database, step=step))
        except Crash:
            pass
        else:
            break
        left = shelf.contents()
        assert set(left) >= set(everything), f"stopped at step {last} ({seen[-1]})"
        await renaming(database).recover()
        assert await renaming(database).recover() == []
        assert shelf.contents() == everything, f"stopped at step {last} ({seen[-1]})"
        assert list(shelf.root.rglob(".mediavault-*")) == []
        ends.add(frozenset(shelf.names()))
        if shelf.names() != old:
            assert not (await shelf.stage(database).undo(who=ME)).refused
            assert shelf.names() == old
    assert {"copy on the disk", "copy journalled", "copy named", "source removed"} <= set(seen)
    assert ends == {frozenset(old), frozenset({f"{NEW}.mkv", f"{NEW}.en.srt"})}


async def test_a_whole_season_or_show_is_renamed_and_nothing_else_of_it(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    firefly = Title(TitleKind.TV, 1437, "Firefly", year=2002)
    for season, number in ((1, 1), (1, 2), (2, 1)):
        identity = an_identity("Firefly", season=season, episodes=(number,))
        name = f"tv/ff {season}x{number}.mkv"
        file = await shelf.add(name, name.encode(), identity=identity)
        await metadata.put_titles(conn, [firefly])
        found = FoundMatch(
            file.id, "x", "sure", firefly.key, season=season, episodes=(number,), confidence=100
        )
        await metadata.put_matches(conn, [found])
    await heat(conn, shelf)
    service = renaming(database)
    first = (await metadata.files_below(conn, os.fsencode(shelf.root / "tv")))[:1]
    plex = PRESETS["plex"]
    for reach, files in ((Reach.FILES, 1), (Reach.SEASON, 2), (Reach.SHOW, 3)):
        preview = await service.show(plex, first, reach)
        assert (preview.files, len(preview.planned), preview.about) == (files, files, "Firefly (2002)")
    result = await service.rename(preview.planned, who=ME)
    assert len(result.done) == 3
    season = "tv/Firefly (2002)/Season"
    assert shelf.names() == {
        f"{season} 01/Firefly (2002) - S01E01.mkv",
        f"{season} 01/Firefly (2002) - S01E02.mkv",
        f"{season} 02/Firefly (2002) - S02E01.mkv",
        "films/heat.mkv",
    }
    again = await service.show(plex, first, Reach.SHOW)
    assert (again.right, again.planned) == (3, ())


async def test_a_show_is_read_once_however_many_of_its_episodes_are_named(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    firefly = Title(TitleKind.TV, 1437, "Firefly", year=2002)
    await metadata.put_titles(conn, [firefly])
    for number in range(1, 5):
        identity = an_identity("Firefly", season=1, episodes=(number,))
        file = await shelf.add(f"tv/{number}.mkv", b"%d" % number, identity=identity)
        found = FoundMatch(file.id, "x", "sure", firefly.key, season=1, episodes=(number,), confidence=100)
        await metadata.put_matches(conn, [found])
    overheard = Overheard(database)
    assert len(await renaming(overheard).preview(PRESETS["plex"])) == 4
    assert sum("title_episodes e" in query for query in overheard.asked) == 1


async def test_the_papers_of_a_show_go_with_it_once_nothing_of_it_stays_and_come_back(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    firefly = Title(TitleKind.TV, 1437, "Firefly", year=2002)
    await metadata.put_titles(conn, [firefly])
    ids = []
    for season, number in ((1, 1), (1, 2), (2, 1)):
        name = f"Firefly/S{season}/{number}.mkv"
        identity = an_identity("Firefly", season=season, episodes=(number,))
        ids.append((await shelf.add(name, name.encode(), identity=identity)).id)
        kept = FoundMatch(ids[-1], "x", "sure", firefly.key, season=season, episodes=(number,))
        await metadata.put_matches(conn, [kept])
    papers = {"tvshow.nfo", "poster.jpg", "season01-poster.jpg", "S1/folder.jpg"}
    for paper in (*papers, "notes.txt"):
        shelf.write(f"Firefly/{paper}", paper.encode())
    before, service = shelf.names(), renaming(database)
    part = await service.preview(PRESETS["plex"], ids[:2])
    going = {Path(os.fsdecode(origin)).name for each in part for origin, _ in each.moves}
    assert going == {"1.mkv", "2.mkv"}, "season 2 stays, and with it the show's papers"
    result = await service.rename(await service.preview(PRESETS["plex"], ids), who=ME)
    assert (len(result.done), result.refused) == (3, ())
    show = "Firefly (2002)"
    assert shelf.names() == {
        "Firefly/notes.txt",
        f"{show}/tvshow.nfo",
        f"{show}/poster.jpg",
        f"{show}/season01-poster.jpg",
        f"{show}/Season 01/folder.jpg",
        f"{show}/Season 01/{show} - S01E01.mkv",
        f"{show}/Season 01/{show} - S01E02.mkv",
        f"{show}/Season 02/{show} - S02E01.mkv",
    }
    await shelf.stage(database).undo(who=ME)
    assert shelf.names() == before


async def test_what_was_shown_is_what_is_done_or_nothing(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    file = await heat(conn, shelf)
    (planned,) = await renaming(database).preview(PRESETS["plex"])
    (shelf.root / "films/heat.mkv").rename(shelf.root / "films/other.mkv")
    await conn.execute(
        "update media_files set path = $2, path_raw = $3 where id = $1",
        file.id,
        str(shelf.root / "films/other.mkv"),
        os.fsencode(shelf.root / "films/other.mkv"),
    )
    result = await renaming(database).rename([planned], who=ME)
    assert "has been moved since the preview" in result.refused[0]
    assert shelf.names() == {"films/other.mkv"}


async def test_two_names_of_one_file_that_differ_in_case_are_two(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    """Here case means something: a hard link called `Heat (1995).mkv` is in the way, not the file itself."""
    await heat(conn, shelf, "films/heat (1995).mkv")
    os.link(shelf.root / "films/heat (1995).mkv", shelf.root / "films/Heat (1995).mkv")
    flat = custom("{title} ({year})", base=PRESETS["plex"])
    (planned,) = await renaming(database).preview(flat)
    assert "in use" in planned.refused


async def test_a_name_that_differs_in_case_only_is_changed(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    await heat(conn, shelf, "films/HEAT (1995).mkv")
    flat = custom("{title} ({year})", base=PRESETS["plex"])
    result = await renaming(database).rename(await renaming(database).preview(flat), who=ME)
    assert result.refused == ()
    assert shelf.names() == {"films/Heat (1995).mkv"}
    assert not (await shelf.stage(database).undo(who=ME)).refused
    assert shelf.names() == {"films/HEAT (1995).mkv"}


@pytest.fixture
def caseless_volume(tmp_path: Path) -> Iterator[Path]:
    """A real exFAT volume, to which case means nothing."""
    folder, image = tmp_path / "stick", tmp_path / "stick.img"
    folder.mkdir()
    with open(image, "wb") as file:
        file.truncate(8 << 20)
    subprocess.run(["mkfs.exfat", str(image)], check=True, capture_output=True)
    loop = subprocess.run(["losetup", "--find", "--show", str(image)], capture_output=True, check=False)
    if loop.returncode:
        pytest.skip("not tested here: a volume of our own needs root, and a loop device")
    device = loop.stdout.decode().strip()
    try:
        # It serves in the background until it is unmounted.
        made = subprocess.run(["mount.exfat-fuse", device, str(folder)], capture_output=True, check=False)
        if made.returncode:
            pytest.skip(f"not tested here: {made.stderr.decode().strip()}")
        yield folder
        subprocess.run(["umount", "-l", str(folder)], check=True)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


@pytest.mark.needs("mkfs.exfat", "mount.exfat-fuse")
async def test_stopped_between_any_two_steps_of_a_change_of_case_where_case_means_nothing(
    conn: Connection, database: Database, caseless_volume: Path
) -> None:
    """Both names open the one file: an act that took it for two would remove it."""
    shelf = Shelf(conn, caseless_volume / "library")
    await heat(conn, shelf, "films/HEAT (1995).mkv")
    shelf.write("films/HEAT (1995).en.srt", b"subtitles")
    assert (shelf.root / "films/heat (1995).mkv").exists(), "case means nothing here"
    flat = custom("{title} ({year})", base=PRESETS["plex"])
    old, everything, ends, last = shelf.names(), shelf.contents(), set(), 0
    while True:
        last += 1
        steps = iter(range(1, last + 1))

        def step(_: str, last: int = last, steps: Iterator[int] = steps) -> None:
            if next(steps) == last:
                raise Crash

        service = renaming(database, step=step)
        planned = await renaming(database).preview(flat)
        assert len(planned[0].moves) == 2
        try:
            assert (await service.rename(planned, who=ME)).refused == ()
        except Crash:
            pass
        else:
            break
        assert shelf.contents() == everything, f"stopped at step {last}"
        await renaming(database).recover()
        assert await renaming(database).recover() == []
        assert shelf.contents() == everything, f"stopped at step {last}"
        ends.add(frozenset(shelf.names()))
        if shelf.names() != old:
            assert not (await shelf.stage(database).undo(who=ME)).refused
            assert shelf.names() == old
    new = {"films/Heat (1995).mkv", "films/Heat (1995).en.srt"}
    assert shelf.names() == new
    assert shelf.contents() == everything
    assert ends == {frozenset(old), frozenset(new)}
    path = await conn.fetchval("select path from media_files where title_key is not null")
    assert path == str(shelf.root / "films/Heat (1995).mkv")
    # A film in the place is never overwritten, in whatever case its name is written.
    film = shelf.root / "films/HEAT (1995) 2.mkv"
    film.write_bytes(b"another film")
    with pytest.raises(SourceTaken):
        LocalSource().move(os.fsencode(film), os.fsencode(shelf.root / "films/heat (1995).MKV"))
    assert film.read_bytes() == b"another film"


async def test_extras_and_what_the_folder_says_of_its_film_go_along_and_come_back(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    await heat(conn, shelf, "films/Heat.1995.x264-GRP/heat.mkv")
    for name in ("folder.jpg", "movie.nfo", "notes.txt"):
        shelf.write(f"films/Heat.1995.x264-GRP/{name}", name.encode())
    making = replace(an_identity("Making of"), extra="featurette")
    await shelf.add("films/Heat.1995.x264-GRP/Featurettes/making.mkv", b"making", identity=making)
    before = shelf.names()
    preview = await renaming(database).preview(PRESETS["plex"])
    assert [len(each.moves) for each in preview] == [3, 1]
    result = await renaming(database).rename(preview, who=ME)
    assert (result.refused, len(result.done)) == ((), 2)
    folder = "films/Heat (1995)"
    assert shelf.names() == {
        f"{NEW}.mkv",
        f"{folder}/folder.jpg",
        f"{folder}/movie.nfo",
        f"{folder}/Featurettes/making.mkv",
        "films/Heat.1995.x264-GRP/notes.txt",
    }
    shelf.write(f"{folder}/poster.jpg", b"made since")
    assert not (await shelf.stage(database).undo(who=ME)).refused
    assert shelf.names() == before | {f"{folder}/poster.jpg"}


async def test_extras_stay_where_another_film_of_their_folder_stays(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    await heat(conn, shelf, "films/Heat/heat.mkv")
    await shelf.add("films/Heat/unsure.mkv", b"unsure")
    shelf.write("films/Heat/folder.jpg", b"of both")
    trailer = replace(an_identity("Trailer"), extra="trailer")
    await shelf.add("films/Heat/trailers/one.mkv", b"trailer", identity=trailer)
    assert not (await rename_all(renaming(database))).refused
    assert shelf.names() == {
        f"{NEW}.mkv",
        "films/Heat/unsure.mkv",
        "films/Heat/folder.jpg",
        "films/Heat/trailers/one.mkv",
    }


async def test_of_two_copies_with_artwork_in_their_folders_both_are_renamed(
    conn: Connection, database: Database, shelf: Shelf
) -> None:
    """What both folders have stays with the second: no film waits for a picture."""
    for folder, edition in (("Heat.1995.A", None), ("Heat.1995.B", "Director's Cut")):
        name = f"films/{folder}/heat.mkv"
        made = await shelf.add(name, folder.encode(), identity=replace(an_identity(), edition=edition))
        await sure(conn, made)
        shelf.write(f"films/{folder}/folder.jpg", folder.encode())
    result = await rename_all(renaming(database))
    assert (len(result.done), result.refused) == (2, ())
    assert len([name for name in shelf.names() if name.endswith("folder.jpg")]) == 2
