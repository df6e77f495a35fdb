"""A rename as it is shown before it is made: moves, what of a name changes, and how far one reaches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from mediavault_tui.domain.holding import split
from mediavault_tui.domain.media import SIDECAR_SUFFIXES, may_be_video, suffix
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.pathtext import display

Part = tuple[str, bool]
"""A piece of a path, and whether it is another one on the other side."""

_PAPER = re.compile(
    rb"(?:folder|poster|cover|fanart|backdrop|banner|logo|clearlogo|clearart|disc|discart|landscape|thumb|keyart"
    rb"|movie|theme)\d{0,2}",
    re.IGNORECASE,
)
_SHOW_PAPER = re.compile(
    rb"tvshow|season(?:[ ._-]?\d{1,4}|-specials|-all)?(?:-(?:poster|banner|fanart|landscape|thumb))?",
    re.IGNORECASE,
)
_SEASON = re.compile(rb"(?:s|season|series|staffel|saison|temporada)?[ ._-]*\d{1,4}|specials", re.IGNORECASE)
_WORDS = re.compile(r"\w+|\s+|.", re.DOTALL)


class Reach(StrEnum):
    """Which files a rename concerns, beside those that were asked for."""

    FILES = "files"
    SEASON = "season"
    SHOW = "show"


@dataclass(frozen=True, slots=True)
class Planned:
    """One file's rename: every move, the video's first; or the sentence why there is none.

    Paths are located and raw; `path` is the old one as people read it.
    """

    file: FileId
    path: str
    moves: tuple[tuple[bytes, bytes], ...] = ()
    refused: str = ""

    @property
    def destination(self) -> bytes:
        """Where the video goes; empty where it stays."""
        return self.moves[0][1] if self.moves else b""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rename of so many files would do; `about`: the title, where they are all of one."""

    planned: tuple[Planned, ...]
    files: int
    about: str = ""

    @property
    def right(self) -> int:
        """How many files have their name already."""
        return self.files - len(self.planned)


def changes(old: str, new: str) -> tuple[list[Part], list[Part]]:
    """Return both paths in pieces, word by word, each with whether it changes."""
    mine, other = _WORDS.findall(old), _WORDS.findall(new)
    left: list[Part] = []
    right: list[Part] = []
    for tag, a, b, c, d in SequenceMatcher(None, mine, other, autojunk=False).get_opcodes():
        if a < b:
            left.append(("".join(mine[a:b]), tag != "equal"))
        if c < d:
            right.append(("".join(other[c:d]), tag != "equal"))
    return left, right


def common_folder(paths: Iterable[bytes]) -> bytes:
    """Return the deepest folder that all paths lie in, without a final slash; empty for none."""
    steps: list[bytes] | None = None
    for path in paths:
        folder = split(path)[0].split(b"/")
        steps = folder if steps is None else _alike(steps, folder)
    return b"/".join(steps or [])


def _alike(one: Sequence[bytes], other: Sequence[bytes]) -> list[bytes]:
    found = []
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        found.append(a)
    return found


def below_folder(path: bytes, folder: bytes) -> str:
    """Return a path as text, from `folder` on."""
    return display(path[len(folder) + 1 :] if folder and path.startswith(folder + b"/") else path)


def homes_of(planned: Planned) -> tuple[bytes, bytes] | None:
    """Return the folders of its own that a file leaves and gets; None where it had or gets none."""
    if not planned.moves:
        return None
    old, new = planned.moves[0]
    base = common_folder((old, new))
    first, second = old[len(base) + 1 :].split(b"/"), new[len(base) + 1 :].split(b"/")
    if len(first) < 2 or len(second) < 2:
        return None
    return base + b"/" + first[0], base + b"/" + second[0]


def is_paper(name: bytes) -> bool:
    """Return whether a file is artwork or a description of its whole folder (`folder.jpg`, `movie.nfo`)."""
    ending = suffix(name)
    return ending in SIDECAR_SUFFIXES and _PAPER.fullmatch(name[: len(name) - len(ending)]) is not None


def is_show_paper(name: bytes) -> bool:
    """Return whether a file is a paper of a show's or season's folder, like `season01-poster.jpg`."""
    ending = suffix(name)
    stem = name[: len(name) - len(ending)]
    return is_paper(name) or (ending in SIDECAR_SUFFIXES and _SHOW_PAPER.fullmatch(stem) is not None)


def is_season(folder: bytes) -> bool:
    """Return whether a folder is called as one season's: `Season 01`, `S2`, `Specials`."""
    return _SEASON.fullmatch(split(folder)[1]) is not None


def papers_of(video: bytes, names: Sequence[bytes]) -> list[bytes]:
    """Return, sorted, the papers of a folder that holds no other video: they are that video's."""
    if any(may_be_video(name) and name != video for name in names):
        return []
    return sorted(filter(is_paper, names))
