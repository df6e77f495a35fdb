"""What TMDb knows changes decisions: ids, original language, running time, genre."""

from __future__ import annotations

from dataclasses import replace

from mediavault_tui.domain.decision import decide
from mediavault_tui.domain.holding import date_folder
from mediavault_tui.domain.judging import foreign_film
from mediavault_tui.domain.likeness import identified, same_title
from mediavault_tui.domain.matching import same_title_groups
from mediavault_tui.domain.model import MediaFile, Work
from mediavault_tui.domain.verdict import Proof, Verdict
from tests.factories import HOUR, a_file, an_identity, an_info

HEAT = Work("movie", 949, "en", 170 * 60)


def film(
    id: int, *, work: Work | None = HEAT, title: str = "Heat", year: int | None = 1995, **info: object
) -> MediaFile:
    made = a_file(
        f"/library/{id}/film.mkv",
        id=id,
        identity=an_identity(title, year=year),
        info=an_info(**{"duration": 170 * 60.0, **info}),  # type: ignore[arg-type]  # a test's own words
    )
    return replace(made, work=work)


def alike(a: MediaFile, b: MediaFile) -> int | None:
    one, other = identified(a), identified(b)
    assert one is not None
    assert other is not None
    found = same_title(one, other)
    return found.strength if found else None


def test_one_tmdb_title_is_one_work_whatever_the_names() -> None:
    french = film(2, title="Die fabelhafte Welt", year=None)
    assert alike(film(1), french) == 98
    assert len(same_title_groups([f for f in map(identified, (film(1), french)) if f])) == 1


def test_two_tmdb_titles_are_two_works_however_alike_the_names() -> None:
    assert alike(film(1), film(2, work=replace(HEAT, tmdb_id=31865))) is None
    assert alike(film(1, work=None), film(2, work=None)) == 100


def test_a_film_and_a_show_of_one_number_are_two_works() -> None:
    assert alike(film(1), film(2, work=replace(HEAT, kind="tv"))) is None


def test_a_dub_of_an_english_film_is_no_foreign_film() -> None:
    dubbed = an_info(audio_tracks=("fr 5.1",), subtitles=("en",))
    assert foreign_film(dubbed, ("en",))
    assert not foreign_film(dubbed, ("en",), HEAT)
    decision = decide(
        [
            film(1, audio_tracks=("fr 5.1",), subtitles=("en",)),
            film(2, audio_tracks=("fr 5.1",), subtitles=("en",), mbit=2),
        ],
        Proof.SAME_TITLE,
    )
    assert (decision.rule, decision.verdict) == ("foreign", Verdict.REVIEW)
    assert "the original is in English" in decision.sentence


def test_a_japanese_film_with_a_second_dub_is_still_a_foreign_film() -> None:
    info = an_info(audio_tracks=("ja 5.1", "de 5.1"), subtitles=("en",))
    assert not foreign_film(info, ("en",))
    assert foreign_film(info, ("en",), replace(HEAT, original_language="ja"))


def test_half_a_film_loses_to_the_whole_one() -> None:
    half = film(1, width=3840, height=2160, codec="hevc", mbit=40, duration=1.2 * HOUR)
    whole = film(2, width=1280, height=720, mbit=3)
    decision = decide([half, whole], Proof.SAME_TITLE)
    assert decision.keeper == 2
    unknown = decide([replace(half, work=None), replace(whole, work=None)], Proof.SAME_TITLE)
    assert unknown.keeper == 1


def test_a_short_copy_beside_one_of_full_length_is_asked_about_never_recommended() -> None:
    short, whole = film(1, mbit=1, height=480, width=720, duration=2 * HOUR), film(2, mbit=12)
    decision = decide([short, whole], Proof.SAME_TITLE)
    assert decision.keeper == 2
    assert decision.verdict is Verdict.REVIEW
    assert "Perhaps cut short" in decision.sentence
    unknown = decide([replace(short, work=None), replace(whole, work=None)], Proof.SAME_TITLE)
    assert unknown.rule == "identity"


def test_an_edition_of_the_same_length_is_the_same_cut_and_a_longer_one_is_asked_about() -> None:
    named = film(1, mbit=1, height=480, width=720)
    assert named.identity is not None
    named = replace(named, identity=replace(named.identity, edition="Remastered"))
    plain = film(2, mbit=12)
    assert decide([named, plain], Proof.SAME_TITLE).verdict is Verdict.RECOMMENDED
    assert named.info is not None
    longer = replace(named, info=replace(named.info, duration=190 * 60.0))
    answer = decide([longer, plain], Proof.SAME_TITLE)
    assert (answer.rule, answer.verdict) == ("identity", Verdict.REVIEW)
    assert "TMDb gives the film" in answer.sentence


def test_a_documentary_by_genre_goes_to_documentaries() -> None:
    from datetime import date

    from mediavault_tui.domain.model import Kind

    assert date_folder(b"/h", Kind.DOCUMENTARY, date(2025, 1, 2)) == b"/h/documentaries/2025-01-02"


def episode(id: int, path: str, *, work: Work | None, **info: object) -> MediaFile:
    made = a_file(
        path,
        id=id,
        identity=an_identity("Firefly", year=None, season=1, episodes=(3,)),
        info=an_info(**info),  # type: ignore[arg-type]  # a test's own words
    )
    return replace(made, work=work)


def test_tmdb_settles_the_show_but_not_which_of_two_episodes_has_the_number() -> None:
    show = Work("tv", 1437, "en")
    poor = {"mbit": 1.0, "codec": "mpeg4", "width": 720, "height": 480}
    dvd = episode(1, "/library/Firefly.S01E03.Our.Mrs.Reynolds.1080p.mkv", work=show, mbit=10.0)
    aired = episode(2, "/library/Firefly - S01E03 - Bushwhacked.mkv", work=show, **poor)
    decision = decide([dvd, aired], Proof.SAME_TITLE)
    assert (decision.rule, decision.verdict) == ("identity", Verdict.REVIEW)
    assert "two titles: “Our Mrs Reynolds” and “Bushwhacked”" in decision.sentence
    same = episode(3, "/library/Firefly.1x03.Our.Mrs.Reynolds.avi", work=show, **poor)
    assert decide([dvd, same], Proof.SAME_TITLE).verdict is Verdict.CLEAR
    unknown = [replace(file, work=None) for file in (dvd, same)]
    assert decide(unknown, Proof.SAME_TITLE).verdict is Verdict.RECOMMENDED, "House of Cards, UK or US?"
