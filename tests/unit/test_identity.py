"""The rules of identity beyond the corpora: evidence, doubt, agreement with guessit, any text at all."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date

import pytest
from guessit import guessit
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mediavault_tui.domain.folders import Folders, read_folders, split_path
from mediavault_tui.domain.identity import identify, regular, title_key
from mediavault_tui.domain.model import Identity, Kind, ReleaseSource
from mediavault_tui.domain.regular_names import episode_numbers, plain_title, regular_name
from mediavault_tui.probe import filename
from mediavault_tui.probe.filename import from_json, identify_many, identify_path, shorten, to_json
from mediavault_tui.services.scanning.lots import named_half
from mediavault_tui.store.arrival_rows import identity_half

WORDS = st.sampled_from(
    [
        "Lost",
        "City",
        "Space",
        "Night",
        "Ocean",
        "Blue",
        "Star",
        "Red",
        "Desert",
        "Winter",
        "Summer",
        "Iron",
        "Paper",
    ]
)
TITLES = st.lists(WORDS, min_size=1, max_size=4, unique=True).map(" ".join)
YEARS = st.integers(1930, 2025)
TAGS = st.sampled_from(
    [
        "1080p.BluRay.x264-GRP",
        "720p.WEB-DL.DD5.1.H264-GRP",
        "2160p.UHD.BluRay.x265-GRP",
        "DVDRip.XviD-GRP",
        "1080p.WEBRip",
    ]
)


@st.composite
def regular_films(draw: st.DrawFn) -> str:
    title, year, tags = draw(TITLES), draw(YEARS), draw(TAGS)
    dotted = f"{title.replace(' ', '.')}.{year}.{tags}.mkv"
    return draw(st.sampled_from([dotted, f"{title} ({year}).mkv", f"{title} ({year}) {tags}.mkv"]))


@st.composite
def regular_episodes(draw: st.DrawFn) -> str:
    title, tags = draw(TITLES), draw(TAGS)
    season, episode = draw(st.integers(1, 30)), draw(st.integers(1, 60))
    number = draw(
        st.sampled_from(
            [
                f"S{season:02}E{episode:02}",
                f"s{season:02}e{episode:02}",
                f"S{season:02}E{episode:02}E{episode + 1:02}",
            ]
        )
    )
    dotted = f"{title.replace(' ', '.')}.{number}.{tags}.mkv"
    return draw(st.sampled_from([dotted, f"{title} - {number}.mkv", f"{title} - {season}x{episode:02}.mkv"]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(regular_films(), regular_episodes()))
def test_the_fast_path_agrees_with_guessit_on_regular_names(name: str) -> None:
    guess = regular(name)
    assert guess is not None
    said = guessit(name)
    numbers = said.get("episode", [])
    assert title_key(guess.title) == title_key(said["title"])
    assert guess.year == said.get("year")
    assert guess.season == said.get("season")
    assert list(guess.episodes) == (numbers if isinstance(numbers, list) else [numbers])


ANY_PATH = st.one_of(
    st.text(max_size=80), st.text(alphabet="ab1290SEsexX.-_ [](){}/\\&+\n\x1b\u202e第話", max_size=60)
)


@settings(max_examples=400, deadline=None)
@given(ANY_PATH)
@example("\ud800.mkv")
@example("/" * 50)
@example("[](){}.mkv")
@example("S01E01.mkv")
@example("-" * 60)
@example("S99999E99999.mkv")
def test_no_text_is_refused_and_each_answer_survives_json(path: str) -> None:
    guess = regular(path)
    identity = identify_path(path) if guess is None else identify(path, guess)
    assert identity.title or not split_path(path)[1]
    assert from_json(json.loads(json.dumps(to_json(identity)))) == identity


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(WORDS, st.from_regex(r"[0-9]{1,7}|映画|é|[a-z]{1,6}|cd|part|x264", fullmatch=True)),
        max_size=5,
    )
)
def test_the_short_way_of_plain_names_is_the_long_way_shortened(words: list[str]) -> None:
    name = " ".join(words) + ".mkv"
    guess = regular_name(name, Folders())
    title = plain_title(name, Folders())
    assert title is None or guess == regular(name)
    if guess is not None:
        assert named_half(name) == identity_half(name, identify(name, guess))


@pytest.mark.parametrize("length", [1_000, 20_000])
@pytest.mark.parametrize("unit", ["a.", "[", "(1", "1x", "- ", "S01", "e1-", " the", "_-_1", "2000 "])
def test_a_long_name_is_answered_without_backtracking_for_ever(unit: str, length: int) -> None:
    path = unit * (length // len(unit)) + ".mkv"
    guess = regular(path)
    if guess is not None:
        assert identify(path, guess).title


def test_a_folder_that_agrees_makes_surer() -> None:
    alone = identify_path("Heat (1995).mkv")
    together = identify_path("Movies/Heat (1995)/Heat (1995).mkv")
    assert together.confidence > alone.confidence
    assert "the folder agrees" in together.evidence


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("Movies/Heat (1995)/Heat (1996).mkv", "the folder says 1996"),
        ("Movies/Heat (1995)/Ronin (1998).mkv", "the folder says Heat (1995)"),
        ("TV/Friends/Season 1/Friends S02E03.mkv", "the folder says season 1"),
        ("TV/Friends/Season 1/Seinfeld S01E03.mkv", "the folder says Friends"),
    ],
)
def test_a_folder_that_disagrees_is_quoted_and_lowers_the_confidence(path: str, words: str) -> None:
    identity = identify_path(path)
    assert any(words.replace("1996", "1995") in phrase for phrase in identity.evidence)
    assert identity.confidence <= 60


def test_an_explicit_id_makes_certain() -> None:
    identity = identify_path("x/whatever [tmdbid-603].mkv")
    assert (identity.tmdb_id, identity.confidence) == (603, 100)
    assert identity.evidence[0] == "explicit id tmdb-603"


def test_the_same_episode_number_without_a_show_is_not_one_work() -> None:
    first, second = identify_path("Downloads/1x05.mkv"), identify_path("Incoming/1x05.mkv")
    assert title_key(first.title) != title_key(second.title)
    assert max(first.confidence, second.confidence) <= 10


def test_a_generic_folder_is_no_show() -> None:
    assert identify_path("data/Blue 00012/Iron 00044/The Lost 000124.mkv") == Identity(
        Kind.MOVIE, "The Lost 000124", confidence=30, evidence=("the name as it stands",)
    )


@pytest.mark.parametrize(
    ("first", "more", "expected"),
    [
        ("01", "", (1,)),
        ("01", "E02", (1, 2)),
        ("01", "-E03", (1, 2, 3)),
        ("01", "-03", (1, 2, 3)),
        ("03", "E01", (1, 3)),
        ("01", "E01", (1,)),
        ("01", "E03E05", (1, 3, 5)),
        ("01", "-S01E03", (1, 2, 3)),
        ("44", "x45x46", (44, 45, 46)),
        ("01", "-1x03", (1, 2, 3)),
        ("01", "-E999", (1,)),
    ],
)
def test_episode_numbers_are_a_set(first: str, more: str, expected: tuple[int, ...]) -> None:
    assert episode_numbers(first, more) == expected


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("Heat.1995.2160p.UHD.BluRay.REMUX.mkv", ReleaseSource.REMUX),
        ("Heat.1995.1080p.BluRay.mkv", ReleaseSource.BLURAY),
        ("Heat.1995.BRRip.mkv", ReleaseSource.BLURAY),
        ("Heat.1995.1080p.WEB-DL.mkv", ReleaseSource.WEB),
        ("Heat.1995.1080p.AMZN.WEBRip.mkv", ReleaseSource.WEB),
        ("Heat.1995.HDTV.mkv", ReleaseSource.HDTV),
        ("Heat.1995.DVDRip.mkv", ReleaseSource.DVD),
        ("Heat.1995.HDCAM.mkv", ReleaseSource.CAM),
        ("Heat.1995.TS.mkv", ReleaseSource.CAM),
        ("Heat (1995) [1080p] [BluRay]/Heat.mkv", ReleaseSource.BLURAY),
        ("Heat (1995).mkv", None),
        ("The.Web.1995.mkv", None),
    ],
)
def test_the_source_of_a_release_is_read_behind_the_title(name: str, source: ReleaseSource | None) -> None:
    assert identify_path(name).release_source is source


def test_only_the_last_four_components_count() -> None:
    path = "Documentaries/Movies/a/b/Heat (1995)/Heat (1995).mkv"
    assert shorten(path) == "a/b/Heat (1995)/Heat (1995).mkv"[-len(shorten(path)) :]
    assert identify_path(path).kind is Kind.MOVIE


def test_many_are_answered_in_order_and_equal_names_alike() -> None:
    paths = ["b/Heat (1995).mkv", "Show.S01E01.mkv", "b/Heat (1995).mkv", "Show Ep 05.mkv"]
    assert identify_many(paths, workers=1) == [identify_path(path) for path in paths]
    assert identify_many([]) == []


def test_worker_processes_give_the_same_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filename, "PAYS_FOR_WORKERS", 4)
    paths = [f"Show {letter} - Episode {number}.mkv" for letter in "AB" for number in range(50, 62)]
    assert identify_many(paths, workers=2) == identify_many(paths, workers=1)


def test_an_identity_survives_its_json() -> None:
    identity = Identity(
        Kind.EPISODE,
        "Titel",
        year=2001,
        country="GB",
        season=0,
        episodes=(1, 2),
        air_date=date(2020, 2, 29),
        edition="IMAX",
        part=3,
        three_d=True,
        extra="sample",
        tmdb_id=603,
        imdb_id="tt0133093",
        tvdb_id=7,
        release_source=ReleaseSource.WEB,
        confidence=55,
        evidence=("because", "of \u202e"),
    )
    assert from_json(json.loads(json.dumps(to_json(identity)))) == identity


def test_the_folders_of_many_files_are_read_once() -> None:
    assert read_folders("Movies/Heat (1995)") is read_folders("Movies/Heat (1995)")


def test_no_name_is_read_for_ever() -> None:
    """Patterns that divide a run of separators in every way took minutes; the processor's limit ends that."""
    names = [("Movie 2010 " + unit * 400)[:390] + ".mkv" for unit in ("_", "._", " _-", "a_", "[_", "1_")]
    names += [("Show.S01E01." + unit * 400)[:390] + ".mkv" for unit in ("_", "x264_", "._")]
    read = (
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (15, 15))\n"
        "from mediavault_tui.domain.identity import identify, regular\n"
        "from mediavault_tui.domain.leftover import leftover\n"
        f"for path in {['Films/' + name for name in names]!r}:\n"
        "    if (guess := regular(path)) is not None:\n"
        "        leftover(path, identify(path, guess))\n"
    )
    subprocess.run([sys.executable, "-c", read], check=True)
