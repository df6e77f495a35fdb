"""Subtitles that lie beside a film: which they are, what their names say, and what their bytes mean."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

from mediavault_tui.domain.holding import sidecars_of
from mediavault_tui.domain.languages import name as language_name
from mediavault_tui.domain.languages import normalise
from mediavault_tui.domain.media import suffix

FORMATS = {b".srt": "srt", b".ass": "ass", b".ssa": "ass", b".vtt": "webvtt"}
"""Endings of subtitles that are text, with ffmpeg's name of their format."""

OTHERS = frozenset({b".sub", b".idx", b".sup", b".smi"})
"""Endings of subtitles that are drawn, or text that nothing here shows."""

LARGEST = 8 << 20
"""Bytes of a file of subtitles; what is larger is something else."""

_FORCED = frozenset({"forced", "foreign", "signs"})
_HEARING = frozenset({"sdh", "cc", "hi"})

_OLD: dict[str, str] = {
    **dict.fromkeys(("cs", "hr", "hu", "pl", "ro", "sk", "sl", "sq", "bs"), "cp1250"),
    **dict.fromkeys(("be", "bg", "mk", "ru", "sr", "uk"), "cp1251"),
    "el": "cp1253",
    "tr": "cp1254",
    "he": "cp1255",
    "ar": "cp1256",
    "fa": "cp1256",
    "vi": "cp1258",
    **dict.fromkeys(("et", "lt", "lv"), "cp1257"),
    "th": "cp874",
    "ja": "cp932",
    "zh": "gb18030",
    "ko": "cp949",
}
"""What each language was written in before Unicode; all others: Windows-1252."""


@dataclass(frozen=True, slots=True)
class Beside:
    """One file of subtitles beside a film, and what its name says."""

    name: bytes
    language: str | None = None
    forced: bool = False
    hearing_impaired: bool = False

    @property
    def format(self) -> str:
        """ffmpeg's name of its format."""
        return FORMATS[suffix(self.name)]

    @property
    def label(self) -> str:
        """What a list of subtitles calls it: "German forced (.srt file)"."""
        notes = ("forced" if self.forced else "", "SDH" if self.hearing_impaired else "")
        language = language_name(self.language) if self.language else "unknown language"
        ending = suffix(self.name).decode("ascii")
        return " ".join([language, *filter(None, notes), f"({ending} file)"])


def beside(video: bytes, names: Iterable[bytes]) -> tuple[Beside, ...]:
    """Return, sorted by name, which of a folder's `names` are subtitles of `video` that are text."""
    return tuple(one for one in every_kind(video, names) if suffix(one.name) in FORMATS)


def every_kind(video: bytes, names: Iterable[bytes]) -> tuple[Beside, ...]:
    """Return, sorted by name, which of a folder's `names` are subtitles of `video`, drawn ones too."""
    found = []
    for name in sidecars_of(video, names):
        if suffix(name) not in FORMATS and suffix(name) not in OTHERS:
            continue
        stem = video if name.startswith(video) else video[: len(video) - len(suffix(video))]
        rest = name[len(stem) : len(name) - len(suffix(name))].decode("utf-8", "replace")
        words = [word for word in re.split(r"[.\[\]]|(?<=\]) ", rest) if word]
        low = {word.strip("-_ ").lower() for word in words}
        # "hi" is Hindi where nothing else names a language, and else for those who do not hear.
        named = [word for word in words if word.lower() not in _FORCED | (_HEARING - {"hi"})]
        languages = [code for word in named if (code := normalise(word)) is not None]
        language = next((code for code in languages if code != "hi"), languages[0] if languages else None)
        hearing = bool(low & (_HEARING - {"hi"})) or ("hi" in low and language != "hi")
        found.append(Beside(name, language, bool(low & _FORCED), hearing))
    return tuple(found)


def decoded(raw: bytes, language: str | None) -> str:
    """Return the text of a file of subtitles, whatever it was written in.

    A byte-order mark says it; without one zeros betray UTF-16, and what is no UTF-8 is in the
    encoding that its language had before.
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, "replace")
    head = raw[:4096]
    if head.count(0) > len(head) // 4:
        return raw.decode("utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(_OLD.get(language or "", "cp1252"), "replace")
