"""The pure rules of staging: names, sidecars, legal moves, what a crash needs."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediavault_tui.domain.fenced import Fenced
from mediavault_tui.domain.holding import (
    below,
    date_folder,
    free_names,
    holding_folder,
    in_date_folder,
    sidecars_of,
)
from mediavault_tui.domain.manifest import ManifestEntry, ManifestFile, revised
from mediavault_tui.domain.media import skipped
from mediavault_tui.domain.model import Kind
from mediavault_tui.domain.staging import (
    ActKind,
    Found,
    Remedy,
    remedy,
)

FOLDER = [
    b"Film.mkv",
    b"Film.srt",
    b"Film.en.srt",
    b"Film.pt-BR.forced.srt",
    b"Film.English.SRT",
    b"Film-poster.jpg",
    b"Film-thumb.jpg",
    b"Film-fanart2.png",
    b"Film.nfo",
    b"Film.mkv.nfo",
    b"Film.idx",
    b"Film.sub",
]
STRANGERS = [
    b"Film 2.mkv",
    b"Film 2.srt",
    b"Film-2.srt",
    b"Film 2-poster.jpg",
    b"Film's end.srt",
    b"Filmed.srt",
    b"film.txt",
    b"poster.jpg",
    b"Film.mp3",
    b"Film-trailer.mkv",
    b"Film - Extended.srt",
    b"Film.directors-cut-notes.nfo",
]


def test_sidecars_of_that_very_stem_go_along_and_no_others() -> None:
    assert sidecars_of(b"Film.mkv", FOLDER + STRANGERS) == tuple(sorted(FOLDER[1:]))


def test_what_two_containers_share_stays_with_the_survivor() -> None:
    assert sidecars_of(b"Film.mkv", [*FOLDER, b"Film.mp4"]) == (b"Film.mkv.nfo",)
    assert sidecars_of(b"Film.mp4", [*FOLDER, b"Film.mp4"]) == ()
    assert b"Film.srt" in sidecars_of(b"Film.mp4", [b"Film.mp4", b"Film.srt"])


def test_a_shared_stem_in_another_case_counts_as_shared() -> None:
    assert sidecars_of(b"Film.mkv", [b"Film.mkv", b"FILM.mp4", b"Film.srt"]) == ()


def test_the_longest_stem_owns_a_sidecar() -> None:
    names = [b"Film.mkv", b"Film.en.mkv", b"Film.en.srt", b"Film.srt"]
    assert sidecars_of(b"Film.mkv", names) == (b"Film.srt",)
    assert sidecars_of(b"Film.en.mkv", names) == (b"Film.en.srt",)


def test_a_numbered_name_carries_its_sidecars_along() -> None:
    taken = {b"Film.en.srt", b"Film (2).mkv"}
    assert free_names(b"Film.mkv", [b"Film.en.srt"], taken.__contains__) == (
        b"Film (3).mkv",
        b"Film (3).en.srt",
    )


def test_a_long_name_is_cut_between_letters_to_make_room_for_its_number() -> None:
    video = "ß".encode() * 125 + b".mkv"
    (name,) = free_names(video, [], {video}.__contains__)
    assert len(name) <= 255
    assert name.decode().endswith("ß (2).mkv")


@given(
    stem=st.binary(min_size=1, max_size=240).filter(lambda b: not set(b) & set(b"/\0.")), n=st.integers(0, 5)
)
def test_names_are_free_short_enough_and_of_one_stem(stem: bytes, n: int) -> None:
    video, sidecar = stem + b".mkv", stem + b".en.srt"
    taken: set[bytes] = set()
    for _ in range(n + 1):
        names = free_names(video, [sidecar], taken.__contains__)
        assert not taken & set(names)
        assert all(len(name) <= 255 for name in names)
        assert names[0][: -len(b".mkv")] == names[1][: -len(b".en.srt")]
        taken |= set(names)


def test_kind_and_day_choose_the_folder() -> None:
    day = date(2026, 11, 22)
    holding = holding_folder(None, b"/library/")
    assert holding == b"/library/duplicates_before_purge"
    assert date_folder(holding, Kind.EPISODE, day) == holding + b"/tv/2026-11-22"
    assert date_folder(b"/held/", Kind.OTHER, day) == b"/held/movies/2026-11-22"
    assert date_folder(b"/held", Kind.DOCUMENTARY, day) == b"/held/documentaries/2026-11-22"


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        (b"/held/movies/2026-11-22/Film.mkv", True),
        (b"/held/movies/2026-11-22", False),
        (b"/held/movies/2026-11-22/../Film.mkv", False),
        (b"/held/movies/2026-11-22/more/Film.mkv", False),
        (b"/held/music/2026-11-22/Film.mkv", False),
        (b"/held/movies/yesterday/Film.mkv", False),
        (b"/heldmovies/2026-11-22/Film.mkv", False),
        (b"/library/Film.mkv", False),
    ],
)
def test_only_a_file_where_staging_puts_one_may_be_purged(path: bytes, inside: bool) -> None:
    assert in_date_folder(path, b"/held") == inside


def test_a_path_with_steps_upwards_is_not_below() -> None:
    assert below(b"/a/b/c", b"/a")
    assert not below(b"/a/../b", b"/a")
    assert not below(b"/a", b"/a")
    assert not below(b"/ab/c", b"/a")


@pytest.mark.parametrize(
    ("kind", "video", "reachable", "keeper_safe", "answer"),
    [
        (ActKind.STAGE, Found.SOURCE, True, True, Remedy.UNDO),
        (ActKind.STAGE, Found.DESTINATION, True, True, Remedy.FINISH),
        (ActKind.STAGE, Found.DESTINATION, True, False, Remedy.UNDO),
        (ActKind.STAGE, Found.BOTH, True, True, Remedy.FINISH),
        (ActKind.STAGE, Found.NOWHERE, False, True, Remedy.WAIT),
        (ActKind.STAGE, Found.NOWHERE, True, True, Remedy.GIVE_UP),
        (ActKind.RESTORE, Found.SOURCE, True, True, Remedy.UNDO),
        (ActKind.RESTORE, Found.DESTINATION, True, False, Remedy.FINISH),
        (ActKind.RESTORE, Found.NOWHERE, False, True, Remedy.WAIT),
        (ActKind.PURGE, Found.SOURCE, True, True, Remedy.UNDO),
        (ActKind.PURGE, Found.NOWHERE, True, True, Remedy.FINISH),
        (ActKind.PURGE, Found.NOWHERE, False, True, Remedy.WAIT),
    ],
)
def test_where_the_video_is_decides_what_a_crash_needs(
    kind: ActKind, video: Found, reachable: bool, keeper_safe: bool, answer: Remedy
) -> None:
    assert remedy(kind, video, reachable=reachable, keeper_safe=keeper_safe) is answer


def an_entry(name: bytes) -> ManifestEntry:
    file = ManifestFile(name, b"/library/\xff" + name, 1, 2)
    return ManifestEntry(
        file, (), None, "why", b"/library/kept.mkv", "ripley", datetime(2026, 11, 22, tzinfo=UTC)
    )


def test_a_manifest_holds_the_exact_bytes_and_replaces_an_entry_of_the_same_name() -> None:
    one = revised(None, add=[an_entry(b"a.mkv")])
    two = revised(one, add=[an_entry(b"a.mkv"), an_entry(b"b.mkv")])
    assert two is not None
    assert [bytes.fromhex(file["original_hex"]) for file in two["files"]] == [
        b"/library/\xffa.mkv",
        b"/library/\xffb.mkv",
    ]
    assert two["files"][0]["original"] == "/library/\\xffa.mkv"


def test_a_manifest_without_entries_goes_and_unknown_keys_stay() -> None:
    document = revised({"files": [], "theirs": 1}, add=[an_entry(b"a.mkv")])
    assert document is not None
    assert document["theirs"] == 1
    assert revised(document, remove=[b"a.mkv"]) is None


@pytest.mark.parametrize("document", [{"files": None}, {}, {"files": ["x"]}])
def test_what_is_no_manifest_is_not_overwritten(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a manifest"):
        revised(document, add=[an_entry(b"a.mkv")])


def test_a_fence_stands_whatever_the_spelling() -> None:
    fence = Fenced([b"nas:1/video/films/KEEP/", "/films/gehütet".encode()])
    for path in (
        "nas:1/video/Films/keep/x.mkv",
        "nas:1/VIDEO/films/Keep",
        "/films/Gehu\u0308tet/deep/x.mkv",
    ):
        assert path.encode() in fence
    for path in (
        "nas:2/video/films/keep/x.mkv",
        "nas:1/video/films/keeper/x.mkv",
        "/films",
        "/films/gehutet/x",
    ):
        assert path.encode() not in fence
    assert b"/anything" in Fenced([b"/"])
    names = Fenced([b"Incomplete", b"/films/x"])
    assert b"/films/INCOMPLETE" in names
    assert b"/films/x/a" in names
    for path in (b"/Incomplete/films", b"/films/incomplete too", b"/films/y"):
        assert path not in names
    assert b"/anything" not in Fenced([])


def test_folders_of_machines_are_skipped_in_every_case() -> None:
    assert all(
        map(skipped, (b"$Recycle.Bin", b"@EADIR", b"Duplicates_Before_Purge", b"System Volume Information"))
    )
    assert not any(map(skipped, (b"Recycle", b"eaDir 2")))
