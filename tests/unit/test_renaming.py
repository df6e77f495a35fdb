"""Patterns and presets: what a file ought to be called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mediavault_tui.domain.model import Identity, Kind, MediaFile
from mediavault_tui.domain.renaming import PRESETS, beside, custom, new_path
from mediavault_tui.domain.world import Episode, Title, TitleKind
from mediavault_tui.errors import UsageError
from tests.factories import a_file, an_identity

HEAT = Title(TitleKind.MOVIE, 949, "Heat", year=1995, imdb_id="tt0113277")
EPISODES = (Episode(1, 1, "Serenity"), Episode(1, 2, "The Train Job"))
FIREFLY = Title(TitleKind.TV, 1437, "Firefly", year=2002, episodes=EPISODES)


def film(path: str = "/lib/Films/heat.1995.x264/heat.mkv", **identity: object) -> MediaFile:
    made = a_file(path, root="/lib")
    return replace(made, identity=replace(an_identity(), **identity))  # type: ignore[arg-type]  # a test's own words


def episode(*numbers: int) -> MediaFile:
    return a_file(
        "/lib/TV/Firefly/Season 1/ff.mkv",
        root="/lib",
        identity=an_identity("Firefly", season=1, episodes=numbers),
    )


@pytest.mark.parametrize(
    ("preset", "wanted"),
    [
        ("plex", b"/lib/Films/Heat (1995)/Heat (1995) [1080p].mkv"),
        (
            "jellyfin",
            b"/lib/Films/Heat (1995) [tmdbid-949]/Heat (1995) [tmdbid-949] - 1080p.mkv",
        ),
        ("kodi", b"/lib/Films/Heat (1995)/Heat (1995).mkv"),
    ],
)
def test_a_film_by_preset(preset: str, wanted: bytes) -> None:
    assert new_path(film(), HEAT, PRESETS[preset]) == wanted


def test_a_films_own_folder_is_replaced_not_nested() -> None:
    path = new_path(film("/lib/Films/Heat (1995) [old]/heat.mkv"), HEAT, PRESETS["kodi"])
    assert path == b"/lib/Films/Heat (1995)/Heat (1995).mkv"
    assert new_path(film("/lib/heat.mkv"), HEAT, PRESETS["kodi"]) == b"/lib/Heat (1995)/Heat (1995).mkv"


@pytest.mark.parametrize(
    "folder",
    [
        "/lib/Films/Heat.1995.1080p.BluRay.x264-GRP",
        "/lib/Films/Heat (1995)/Heat.1995.1080p-GRP",
        "/lib/Films/heat",
    ],
)
def test_a_release_folder_is_the_films_own(folder: str) -> None:
    path = new_path(film(f"{folder}/heat.mkv"), HEAT, PRESETS["kodi"])
    assert path == b"/lib/Films/Heat (1995)/Heat (1995).mkv"


def test_a_folder_of_several_films_and_the_scanned_one_are_not() -> None:
    assert new_path(film("/lib/Heat and more/heat.mkv"), HEAT, PRESETS["kodi"]).startswith(
        b"/lib/Heat and more/Heat (1995)/"
    )
    made = replace(film("/lib/Heat (1995)/heat.mkv"), root=b"/lib/Heat (1995)")
    assert new_path(made, HEAT, PRESETS["kodi"]) == b"/lib/Heat (1995)/Heat (1995)/Heat (1995).mkv"


@pytest.mark.parametrize("folder", ["Firefly/Firefly.S01E02.720p-GRP", "Firefly.S01.1080p.WEB-GRP"])
def test_a_release_folder_of_an_episode_or_season_is_the_shows_own(folder: str) -> None:
    made = replace(episode(2), raw_path=f"/lib/TV/{folder}/ff.mkv".encode())
    path = new_path(made, FIREFLY, PRESETS["kodi"])
    assert path == b"/lib/TV/Firefly (2002)/Season 01/Firefly S01E02 - The Train Job.mkv"


def test_edition_and_part_stand_in_the_name() -> None:
    path = new_path(film(edition="Director's Cut", part=2), HEAT, PRESETS["plex"])
    assert path.endswith(b"/Heat (1995) {edition-Director's Cut} [1080p] - pt2.mkv")


def test_episodes_alone_in_a_run_and_with_their_names() -> None:
    plex = PRESETS["plex"]
    assert new_path(episode(2), FIREFLY, plex) == (
        b"/lib/TV/Firefly (2002)/Season 01/Firefly (2002) - S01E02 - The Train Job.mkv"
    )
    double = new_path(episode(1, 2), FIREFLY, plex)
    assert double.endswith(b"Firefly (2002) - S01E01-E02 - Serenity + The Train Job.mkv")
    assert new_path(episode(9), FIREFLY, plex).endswith(b"/Firefly (2002) - S01E09.mkv")


@pytest.mark.parametrize(
    ("title", "step"),
    [
        ("Alien: Covenant", b"Alien - Covenant (1995)"),
        ("../../etc/passwd", b"-etc-passwd (1995)"),
        ('What? "Why" <so>', b"What Why so (1995)"),
        ("CON", b"CON (1995)"),
        ("Mission:Impossible", b"Mission-Impossible (1995)"),
    ],
)
def test_a_title_can_neither_leave_the_library_nor_break_a_share(title: str, step: bytes) -> None:
    path = new_path(film(), replace(HEAT, title=title), PRESETS["kodi"])
    assert path.startswith(b"/lib/Films/")
    assert b".." not in path.split(b"/")
    assert path.split(b"/")[3].lstrip(b"_.-") == step.lstrip(b"_.-")
    assert len(path.split(b"/")) == 5


def test_a_name_never_grows_too_long() -> None:
    path = new_path(film(), replace(HEAT, title="ü" * 400), PRESETS["plex"])
    assert all(len(step) <= 255 for step in path.split(b"/"))
    path.decode()


@pytest.mark.parametrize(
    "pattern", ["{titel}", "Films/{year}", "/{title}", "../{title}", "a//{title}", "{season}/{title}"]
)
def test_a_pattern_that_cannot_be_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError):
        custom(pattern, base=PRESETS["plex"])


def test_a_pattern_of_ones_own() -> None:
    own = custom("{title} ({year})/{title} {edition-} [{codec}] [{imdb}]", base=PRESETS["plex"])
    assert new_path(film(), HEAT, own).endswith(b"/Heat (1995)/Heat [h264] [tt0113277].mkv")


def test_a_sidecar_keeps_what_follows_the_stem() -> None:
    video, new = b"/a/heat.mkv", b"/b/Heat (1995).mkv"
    assert beside(b"/a/heat.en.srt", video, new) == b"/b/Heat (1995).en.srt"
    assert beside(b"/a/heat-poster.jpg", video, new) == b"/b/Heat (1995)-poster.jpg"
    assert beside(b"/a/heat.mkv.nfo", video, new) == b"/b/Heat (1995).mkv.nfo"


def test_an_episode_that_tmdb_cannot_place_is_refused() -> None:
    lost = a_file(identity=Identity(Kind.EPISODE, "Firefly", episodes=(7,)))
    with pytest.raises(UsageError, match="no season"):
        new_path(lost, FIREFLY, PRESETS["plex"])
