"""Whatever a file calls a language, it is compared under one code."""

from __future__ import annotations

import babelfish
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediavault_tui.domain.languages import name, normalise

TWO_LETTERS = sorted(
    (row.alpha2, row.alpha3b, row.alpha3t) for row in babelfish.language.LANGUAGE_MATRIX if row.alpha2
)


def test_every_two_letter_language_is_known() -> None:
    assert len(TWO_LETTERS) == 184
    assert [code for code, _, _ in TWO_LETTERS if normalise(code) != code] == []


def test_bibliographic_and_terminological_codes_mean_the_same() -> None:
    wrong = [
        (three, two) for two, b, t in TWO_LETTERS for three in (b, t) if three and normalise(three) != two
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("ger", "de"),
        ("deu", "de"),
        ("GER", "de"),
        ("German", "de"),
        ("Deutsch", "de"),
        ("FRANÇAIS", "fr"),
        ("franc\u0327ais", "fr"),
        ("日本語", "ja"),
        ("русский", "ru"),
        ("pt-BR", "pt"),
        ("pt_BR", "pt"),
        ("zh-Hant-TW", "zh"),
        ("sr-Latn", "sr"),
        ("zh-yue", "yue"),
        ("yue", "yue"),
        ("cmn", "cmn"),
        ("Cantonese", "yue"),
        ("fil", "fil"),
        ("tlh", "tlh"),
        ("aqz", "aqz"),
        ("iw", "he"),
        ("scr", "hr"),
        ("jp", "ja"),
        (" eng ", "en"),
        ("English (SDH)", "en"),
        ("Español [forzados]", "es"),
    ],
)
def test_a_tag_becomes_its_code(tag: str, code: str) -> None:
    assert normalise(tag) == code


@pytest.mark.parametrize(
    "tag",
    [
        None,
        "",
        " ",
        "und",
        "UND",
        "mis",
        "zxx",
        "mul",
        "unk",
        "qaa",
        "qtz",
        "xx",
        "x-klingon",
        "und-Latn",
        "Surround 5.1",
        "1",
        "é",
    ],
)
def test_what_names_no_language_is_none(tag: str | None) -> None:
    assert normalise(tag) is None


def test_names_are_for_people() -> None:
    assert [name(code) for code in ("de", "el", "nb", "yue", "tlh", "aqz")] == [
        "German",
        "Greek",
        "Norwegian Bokmål",
        "Cantonese",
        "Klingon",
        "aqz",
    ]


@given(st.text())
def test_a_code_stays_what_it_is(text: str) -> None:
    code = normalise(text)
    assert code is None or normalise(code) == code
