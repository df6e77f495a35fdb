"""The demo library is what its table says, made once, and never over somebody's files."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from mediavault_tui.cli.main import main
from mediavault_tui.domain.media import is_mpeg_ts
from mediavault_tui.domain.verdict import Proof, Verdict
from mediavault_tui.errors import SourceError, UsageError
from mediavault_tui.services.demo import make as demo
from mediavault_tui.services.demo.library import AGAIN, BESIDE, EXPECTED, FILMS, How, What
from mediavault_tui.services.demo.make import MARKER, DemoLibrary


@pytest.fixture
def library(demo_library: DemoLibrary, tmp_path: Path) -> Path:
    """Return a library of one's own: other names of the same files, made in no time."""
    folder = tmp_path / "mine"
    shutil.copytree(demo_library.folder, folder, copy_function=os.link, symlinks=True)
    (folder / MARKER).unlink()
    shutil.copy(demo_library.folder / MARKER, folder / MARKER)
    return folder


def files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()
    }


def test_it_holds_what_the_table_says_and_nothing_else(demo_library: DemoLibrary) -> None:
    table = {entry.path for entry in (*FILMS, *AGAIN, *BESIDE)}
    assert files(demo_library.folder) == table | {MARKER}
    assert set(demo_library.files) == table
    assert len(table) == len(FILMS) + len(AGAIN) + len(BESIDE)
    assert len(FILMS) + len(AGAIN) >= 55


def test_the_table_covers_what_the_program_must_cope_with() -> None:
    pictures = {film.picture for film in FILMS}
    assert {p.codec for p in pictures} == {"h264", "hevc", "av1", "mpeg4", "vp9"}
    assert {p.height for p in pictures} == {2160, 1080, 720, 480}
    assert {s.language for film in FILMS for s in film.sounds} == {"en", "fr", "de", "ja", None}
    assert {s.channels for film in FILMS for s in film.sounds} == {2, 6}
    assert {Path(film.path).suffix for film in FILMS} == {".mkv", ".mp4", ".m4v", ".avi", ".webm", ".ts"}
    assert {again.how for again in AGAIN} == set(How)
    assert {beside.what for beside in BESIDE} == set(What)
    assert {expected.verdict for expected in EXPECTED} >= set(Verdict)
    assert {expected.proof for expected in EXPECTED} == {
        Proof.EXACT,
        Proof.SAME_TITLE,
        Proof.COVERAGE,
        None,
    }


def test_every_expectation_speaks_of_files_that_are_there() -> None:
    table = {entry.path for entry in (*FILMS, *AGAIN)}
    for expected in EXPECTED:
        assert set(expected.paths) <= table
        assert len(expected.paths) >= 2
        assert expected.keeper is None or expected.keeper in expected.paths
        assert expected.why


@pytest.mark.parametrize("again", AGAIN, ids=lambda again: again.how.value)
def test_second_names_are_made_as_such(again: demo.Again, demo_library: DemoLibrary) -> None:
    original, other = demo_library.folder / again.of, demo_library.folder / again.path
    assert original.read_bytes() == other.read_bytes()
    assert other.is_symlink() == (again.how is How.SYMLINK)
    assert original.samefile(other) == (again.how is not How.COPY)


def test_the_transport_stream_and_the_typescript_are_told_apart(demo_library: DemoLibrary) -> None:
    found = {path.name: is_mpeg_ts(path.read_bytes()[:1024]) for path in demo_library.folder.rglob("*.ts")}
    assert found == {"The Night Desk 2023-04-05 720p.ts": True, "app.ts": False, "channels.d.ts": False}


def test_pictures_beside_the_films_are_pictures(demo_library: DemoLibrary) -> None:
    for path in demo_library.folder.rglob("*.jpg"):
        assert path.read_bytes()[:3] == b"\xff\xd8\xff"


def test_only_the_exact_copies_are_equal(demo_library: DemoLibrary) -> None:
    contents: dict[bytes, list[str]] = {}
    for film in FILMS:
        contents.setdefault((demo_library.folder / film.path).read_bytes(), []).append(film.path)
    assert [names for names in contents.values() if len(names) > 1] == []


async def test_making_it_again_makes_nothing(library: Path, ffmpeg: str) -> None:
    stamps = {path: os.lstat(library / path).st_mtime_ns for path in files(library)}
    again = await demo.make(library, ffmpeg=ffmpeg)
    assert again.made == 0
    assert {path: os.lstat(library / path).st_mtime_ns for path in files(library)} == stamps


async def test_what_is_missing_or_changed_is_made_again_and_other_files_stay(
    library: Path, demo_library: DemoLibrary, ffmpeg: str
) -> None:
    gone, short = FILMS[-1].path, FILMS[-2].path
    (library / gone).unlink()
    (library / short).unlink()
    (library / short).write_bytes(b"half")
    mine = library / "Movies" / "my own film.mkv"
    mine.write_bytes(b"precious")
    seen: list[tuple[int, int]] = []
    again = await demo.make(
        library, ffmpeg=ffmpeg, on_progress=lambda done, total: seen.append((done, total))
    )
    assert again.made == 2
    assert seen == [(1, 2), (2, 2)]
    assert mine.read_bytes() == b"precious"
    for path in (gone, short):
        assert (library / path).read_bytes() == (demo_library.folder / path).read_bytes(), "same bytes"


async def test_a_folder_with_other_files_is_refused_untouched(tmp_path: Path, ffmpeg: str) -> None:
    (tmp_path / "Holiday 2019.mkv").write_bytes(b"precious")
    with pytest.raises(UsageError, match="holds other files; the demo library needs a new or empty folder"):
        await demo.make(tmp_path, ffmpeg=ffmpeg)
    assert os.listdir(tmp_path) == ["Holiday 2019.mkv"]


async def test_a_library_of_another_version_is_refused(library: Path, ffmpeg: str) -> None:
    marker = json.loads((library / MARKER).read_text())
    (library / MARKER).write_text(json.dumps({**marker, "table": "another"}))
    with pytest.raises(UsageError, match="another version"):
        await demo.make(library, ffmpeg=ffmpeg)


async def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path, ffmpeg: str) -> None:
    place = tmp_path / "demo"
    place.write_text("not a folder")
    with pytest.raises(UsageError, match="no folder that can be listed"):
        await demo.make(place, ffmpeg=ffmpeg)


async def test_an_interrupted_making_can_go_on(library: Path, ffmpeg: str) -> None:
    for film in FILMS[-6:]:
        (library / film.path).unlink()
    enough = asyncio.Event()
    task = asyncio.create_task(demo.make(library, ffmpeg=ffmpeg, on_progress=lambda *_: enough.set()))
    await enough.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [name for name in os.listdir(library) if name.startswith(".making-")]
    rest = await demo.make(library, ffmpeg=ffmpeg)
    assert 0 < rest.made < 6
    assert (await demo.make(library, ffmpeg=ffmpeg)).made == 0


async def test_an_ffmpeg_that_cannot_encode_is_named_with_its_reason(tmp_path: Path) -> None:
    poor = tmp_path / "ffmpeg"
    poor.write_text("#!/bin/sh\necho \"Unknown encoder 'libx265'\" >&2\nexit 8\n")
    poor.chmod(0o755)
    with pytest.raises(SourceError, match="cannot be made: Unknown encoder 'libx265'"):
        await demo.make(tmp_path / "demo", ffmpeg=str(poor))


def test_the_command_makes_and_reports(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = len(FILMS) + len(AGAIN) + len(BESIDE)
    assert main(["demo", "--make-only", str(library)]) == 0
    assert capsys.readouterr().out == (
        f"the demo library in {library} was complete already ({count} files)\n"
    )
    assert main(["demo", "--make-only", str(library), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["folder"] == str(library)
    assert len(said["expected"]) == len(EXPECTED)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["demo", "here", "--make-only", "there"], "give one folder"),
        (["demo", "--json"], "--json goes with --make-only"),
    ],
)
def test_the_command_says_what_it_cannot_do(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err
