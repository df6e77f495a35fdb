"""Subtitles beside a film: what their names say and what their bytes mean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mediavault_tui.domain.losses import losses_beside
from mediavault_tui.domain.model import SubtitleTrack
from mediavault_tui.domain.subtitles import beside, decoded, every_kind
from tests.factories import an_info


@pytest.mark.parametrize(
    ("name", "language", "forced", "hearing"),
    [
        ("Film.srt", None, False, False),
        ("Film.en.srt", "en", False, False),
        ("Film.ger.forced.srt", "de", True, False),
        ("Film.pt-BR.vtt", "pt", False, False),
        ("Film.english.sdh.ass", "en", False, True),
        ("Film.en.hi.srt", "en", False, True),
        ("Film.hi.srt", "hi", False, False),
        ("Film.en [CC].srt", "en", False, True),
        ("Film.signs.srt", None, True, False),
        ("Film.mkv.fr.ssa", "fr", False, False),
    ],
)
def test_a_name_says_language_and_kind(name: str, language: str | None, forced: bool, hearing: bool) -> None:
    [found] = beside(b"Film.mkv", [b"Film.mkv", b"Other.mkv", name.encode()])
    assert (found.language, found.forced, found.hearing_impaired) == (language, forced, hearing)
    assert found.label.endswith("file)")


def test_pictures_and_other_films_subtitles_are_not_offered() -> None:
    names = [b"Film.mkv", b"Film.idx", b"Film.sub", b"Film.sup", b"Film 2.srt", b"Film.nfo", b"Film.en.srt"]
    assert [one.name for one in beside(b"Film.mkv", names)] == [b"Film.en.srt"]


@pytest.mark.parametrize(
    ("inside", "kept", "going", "lost"),
    [
        ("", "", "Film.de.srt", "subtitle language: de"),
        ("", "", "Film.de.sup", "subtitle language: de"),
        ("de", "", "Film.de.srt", ""),
        ("en", "", "Film.de.srt Film.fr.srt Film.en.srt", "subtitle language: de, subtitle language: fr"),
        ("", "Film.ger.ass", "Film.de.srt", ""),
        ("-de", "", "Film.de.srt", "subtitle language: de"),
        ("", "Film.de.forced.srt", "Film.de.srt", "subtitle language: de"),
        ("", "", "Film.srt", "subtitle language: unlabelled"),
        ("", "", "Film.idx Film.sub", "subtitle language: unlabelled"),
        ("en", "", "Film.srt", ""),
        ("-en", "", "Film.srt", "subtitle language: unlabelled"),
        ("?", "", "Film.srt", ""),
        ("", "", "Film.de.forced.srt", "forced subtitles: de"),
        ("de", "", "Film.de.forced.srt", ""),
        ("-de", "", "Film.de.forced.srt", ""),
        ("", "", "Film.forced.srt", "forced subtitles: unlabelled"),
        ("en", "", "Film.forced.srt", ""),
        ("", "", "Film.de.srt Film.de.forced.srt", "subtitle language: de"),
        ("", "", "Film.nfo Film-poster.jpg", ""),
    ],
)
def test_what_only_the_subtitles_have_that_go_is_lost(inside: str, kept: str, going: str, lost: str) -> None:
    """`inside`: languages of the tracks, "-" before a forced one, "?" for one that says nothing."""
    tracks = [
        SubtitleTrack("subrip", None if word == "?" else word.lstrip("-"), forced=word.startswith("-"))
        for word in inside.split()
    ]
    info = replace(an_info(), subtitles=tuple(tracks))
    stays, goes = (every_kind(b"Film.mkv", names.encode().split()) for names in (kept, going))
    assert ", ".join(map(str, losses_beside(info, stays, goes))) == lost


def test_of_a_copy_that_was_never_read_nothing_is_taken_to_be_inside() -> None:
    going = every_kind(b"Film.mkv", [b"Film.en.srt"])
    assert [loss.value for loss in losses_beside(None, (), going)] == ["en"]


@pytest.mark.parametrize(
    ("text", "encoding", "language"),
    [
        ("Größe – 5 €", "cp1252", "de"),
        ("Größe", "cp1252", None),
        ("Größe 三体", "utf-8", "de"),
        ("Größe 三体", "utf-8-sig", None),
        ("1\nGröße", "utf-16", None),
        ("1\n00:00:01 Größe", "utf-16-le", None),
        ("1\n00:00:01 Größe", "utf-16-be", None),
        ("Привет, мир", "cp1251", "ru"),
        ("Zażółć gęślą jaźń", "cp1250", "pl"),
        ("三体问题", "gb18030", "zh"),
        ("こんにちは", "cp932", "ja"),
        ("안녕하세요", "cp949", "ko"),
    ],
)
def test_text_is_read_in_what_it_was_written_in(text: str, encoding: str, language: str | None) -> None:
    assert decoded(text.encode(encoding), language) == text


def test_nothing_is_too_broken_to_read() -> None:
    for raw in (b"", b"\xff", b"\xff\xfe", b"\x00", b"\x81\x8d\x8f", bytes(range(256))):
        assert isinstance(decoded(raw, None), str)
