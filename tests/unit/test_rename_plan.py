"""What a rename shows before it is made, and which files belong to a folder."""

from __future__ import annotations

import pytest

from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.rename_plan import (
    Planned,
    Preview,
    below_folder,
    changes,
    common_folder,
    homes_of,
    papers_of,
)


def test_only_the_words_that_change_are_marked() -> None:
    old, new = changes("heat.1995/heat.mkv", "Heat (1995)/Heat (1995).mkv")
    assert "".join(text for text, _ in old) == "heat.1995/heat.mkv"
    assert "".join(text for text, _ in new) == "Heat (1995)/Heat (1995).mkv"
    assert [text for text, changed in old if not changed] == ["1995", "/", ".mkv"]
    assert changes("Heat.mkv", "Heat.mkv") == ([("Heat.mkv", False)], [("Heat.mkv", False)])


def test_paths_are_shown_from_the_folder_that_they_share() -> None:
    paths = [b"nas:1/films/Heat/heat.mkv", b"nas:1/films/Heat (1995)/Heat.mkv"]
    assert common_folder(paths) == b"nas:1/films"
    assert below_folder(paths[0], common_folder(paths)) == "Heat/heat.mkv"
    assert (common_folder([]), below_folder(b"/x.mkv", b"")) == (b"", "/x.mkv")


@pytest.mark.parametrize(
    ("old", "new", "homes"),
    [
        (b"/f/heat.x264/heat.mkv", b"/f/Heat/Heat.mkv", (b"/f/heat.x264", b"/f/Heat")),
        (b"/t/ff/Season 1/1.mkv", b"/t/Firefly/Season 01/1.mkv", (b"/t/ff", b"/t/Firefly")),
        (b"/f/heat.mkv", b"/f/Heat/Heat.mkv", None),
        (b"/f/Heat/heat.mkv", b"/f/Heat.mkv", None),
        (b"/f/Heat/heat.mkv", b"/f/Heat/Heat.mkv", None),
    ],
)
def test_a_folder_of_its_own_is_left_for_another(
    old: bytes, new: bytes, homes: tuple[bytes, bytes] | None
) -> None:
    assert homes_of(Planned(FileId(1), "x", ((old, new),))) == homes


def test_papers_are_of_the_one_video_of_a_folder() -> None:
    names = [
        b"heat.mkv",
        b"Folder.JPG",
        b"movie.nfo",
        b"fanart2.png",
        b"notes.txt",
        b"heat.srt",
        b"poster.mkv.txt",
    ]
    assert papers_of(b"heat.mkv", names) == [b"Folder.JPG", b"fanart2.png", b"movie.nfo"]
    assert papers_of(b"heat.mkv", [*names, b"ronin.mp4"]) == []


def test_a_preview_counts_what_is_right() -> None:
    assert Preview((Planned(FileId(1), "x", refused="no"),), 3).right == 2
