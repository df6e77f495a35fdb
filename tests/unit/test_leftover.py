"""What is left over of a name behind its year or number, once the release's words are gone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediavault_tui.domain.identity import identify
from mediavault_tui.domain.leftover import leftover
from mediavault_tui.domain.regular_names import regular
from mediavault_tui.domain.second_titles import second_titles
from mediavault_tui.probe.filename import identify_path


@pytest.mark.parametrize(
    ("path", "words", "numbers"),
    [
        ("Firefly.S01E03.Our.Mrs.Reynolds.1080p.mkv", "our mrs reynolds", ""),
        ("Firefly/Season 1/03 - Bushwhacked.avi", "bushwhacked", ""),
        ("Firefly - S01E03 - 1080p - Bushwhacked.mkv", "bushwhacked", ""),
        ("Firefly S01E03 [1080p] Our Mrs Reynolds.mkv", "our mrs reynolds", ""),
        ("Firefly.S01E03.1080p.x264.Our.Mrs.Reynolds.mkv", "our mrs reynolds", ""),
        ("Firefly.S01E03.1080p.BluRay.x264-GRP.mkv", "", ""),
        ("Firefly.S01E03.iNTERNAL.FRENCH.1080p.WEB.h264-GRP.mkv", "", ""),
        ("Firefly.S01E03.REPACK.Ariel.AMZN.WEB-DL.DDP5.1.H.264-NTb.mkv", "ariel", ""),
        ("Firefly - S01E03 - Ariel WEBDL-1080p Proper.mkv", "ariel", ""),
        ("Firefly - S01E03 - The French.mkv", "french", ""),
        ("Firefly - S01E03 - Red.mkv", "red", ""),
        ("Firefly.S01E03.RED.WEB-DL.1080p.mkv", "", ""),
        ("Firefly.S01E03.Restored.mkv", "restored", ""),
        ("Firefly.S01E03.Extended.Cut.1080p.mkv", "", ""),
        ("Firefly - S01E03 - Serenity, Part II.mkv", "serenity", "2"),
        ("Firefly - S01E03 - Serenity (2).mkv", "serenity", "2"),
        ("Firefly - S01E03 - 003 - Ariel.mkv", "ariel", ""),
        ("Firefly.S01E03-LOL.mkv", "", ""),
        ("[Kumo] Sora - 03 [1080p][A1B2C3D4].mkv", "", ""),
        ("Bleach - 112 - A Title [720p].mkv", "title", ""),
        ("The Daily Show 2020-01-01 Ann Lee.mkv", "ann lee", ""),
        ("Planet.Earth.5of9.Jungles.720p.mkv", "jungles", ""),
        ("Series/Kaamelott/Kaamelott - Livre V - Ep 23 - Le Forfait.avi", "le forfait", ""),
        ("Heat (1995).mkv", "", ""),
        ("Heat.1995.MULTi.TRUEFRENCH.Remastered.1080p.BluRay.x264-GRP.mkv", "", ""),
        ("Heat (1995) (1080p BluRay x265 HEVC 10bit AAC 5.1 Silence Tigole).mkv", "", ""),
        ("Heat (1995) 5.1 25fps 1.4GB.mkv", "", ""),
        ("Heat.1995.1080p.BluRay.x265.Silence.Tigole.mkv", "", ""),
        ("Heat (1995) {tmdb-949} {edition-Director's Cut} [Ganool] [www.site.com].mkv", "", ""),
        ("Heat (1995)/heat.mkv", "", ""),
        ("Che (2008) Part I.mkv", "", "1"),
        ("Che.2008.1080p.x264-GRP.Part.II.mkv", "", "2"),
        ("Nymphomaniac (2013) Vol. 2.mkv", "", "2"),
        ("Film (2001) Side B.mkv", "", "b"),
        ("Film (2001) 1-2.mkv", "", "1 2"),
        ("Film (2001) 2-1.mkv", "", "2 1"),
        ("Film (2001) V2.mkv", "v", "2"),
        ("Film (2001) Red.mkv", "red", ""),
        ("Show S01E01 20021107.mkv", "", "20021107"),
        ("Formula1.2023.Round01.Bahrain.Race.1080p.mkv", "bahrain race", "1"),
        ("Pinocchio (2022) Guillermo del Toro.mkv", "guillermo del toro", ""),
        ("Pinocchio (2022, Disney).mkv", "disney", ""),
        ("[REC] (2007) 東京.mkv", "東京", ""),
        ("Heat.1995.1080i.HDTV.MPEG-2.mkv", "", ""),
        ("Heat.1995.2160p.HEVC.HDR.10.TrueHD.7.1.4.mkv", "", ""),
        ("Show (2001) S01E03 ² ፩ ٣ xy.mkv", "፩ xy", "2 ٣"),
        ("", "", ""),
        ("\x00/)(", "", ""),
    ],
)
def test_what_is_left_over(path: str, words: str, numbers: str) -> None:
    found = leftover(path, identify_path(path))
    assert (" ".join(found.words), " ".join(found.numbers)) == (words, numbers)


@pytest.mark.parametrize(
    ("path", "extra", "disc"),
    [
        ("Heat.1995.1080p.Making.Of.mkv", "making of", ""),
        ("Heat (1995) Deleted Scenes.mkv", "deleted scenes", ""),
        ("Show.S01E01.NCED1.1080p.mkv", "nced 1", ""),
        ("Heat.1995.1080p.BluRay.x264-GRP.mkv", "", ""),
        ("Heat (1995)/CD2/Heat.1995.avi", "", "2"),
        ("Show.S01.Disc1/Show.E01.mkv", "", "1"),
        ("Heat (1995)/Part B/heat.avi", "", "b"),
        ("Heat.1995.DVD9/heat.avi", "", ""),
        ("Film Part 1 (2010)/Film Part 1 (2010).mkv", "", ""),
    ],
)
def test_extras_and_folders_of_discs(path: str, extra: str, disc: str) -> None:
    found = leftover(path, identify_path(path))
    assert (found.extra, found.disc) == (extra, disc)


def test_a_second_title_is_shown_as_it_is_written_and_not_at_length() -> None:
    path = "Firefly (2002) - S01E03 - Our Mrs. Reynolds [1080p].mkv"
    assert leftover(path, identify_path(path)).text == "Our Mrs. Reynolds"
    long = f"Firefly - S01E03 - {'Reynolds ' * 40}.mkv"
    assert len(leftover(long, identify_path(long)).text) == 60


PIECE = st.sampled_from(
    [
        "(1995)",
        "S01E03",
        " ",
        ".",
        "-",
        " - ",
        "[",
        "]",
        "(",
        ")",
        "1080p",
        "Part",
        "II",
        "a",
        "GRP",
        "é",
        "東",
        "1",
    ]
)


@given(st.lists(PIECE | st.text(max_size=4), max_size=12).map("".join))
def test_any_text_has_an_answer_and_never_differs_from_itself(text: str) -> None:
    path = f"x/{text.replace('/', '')}.mkv"
    guess = regular(path)
    if guess is None:
        return
    identity = identify(path, guess)
    found = leftover(path, identity)
    doubt = second_titles(found, found, identity, one_id=False)
    assert doubt is None or identity.season == 0
