"""What `p` shows: links to one copy or two, and the commands that open them. Values and pure text."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mediavault_tui.domain.accounts import LinkId
from mediavault_tui.domain.model import FileId


class Answering(StrEnum):
    """Whether the sidecar answers where its links lead."""

    YES = "yes"
    NO = "no"
    """Nobody listens there."""
    STRANGER = "stranger"
    """Somebody does, who does not know these links: another library's sidecar, or another program."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One copy that may be watched: what the library calls it, its length, what plays it."""

    file: FileId
    name: str
    seconds: float
    summary: str
    forecast: tuple[tuple[str, str], ...]
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """Links as they are shown once to who asked for them; they hold tokens, so no repr of them does."""

    copies: tuple[Watched, ...]
    page: str = field(repr=False)
    """The watch page; of two copies the page that compares them."""
    streams: tuple[str, ...] = field(repr=False)
    """What players open, one a copy."""
    links: tuple[LinkId, ...]
    expires_at: datetime
    answering: Answering
    local: bool
    """Whether the address works on this machine only."""
    may_start: bool
    """Whether the app may start a sidecar for itself."""
    port: int = 0


def mpv(streams: Sequence[str], *, start: float) -> str:
    """Return the command that plays one copy, or two of them side by side at the same second."""
    at = [f"--start={start:.0f}"] if start > 0 else []
    if len(streams) == 1:
        return shlex.join(["mpv", *at, streams[0]])
    beside = "[vid1]scale=-2:720[a];[vid2]scale=-2:720[b];[a][b]hstack[vo]"
    return shlex.join(["mpv", *at, f"--lavfi-complex={beside}", f"--external-file={streams[1]}", streams[0]])


def vlc(streams: Sequence[str], *, start: float) -> str:
    """Return the command that plays one copy, or two of them in a window each."""
    at = [f"--start-time={start:.0f}"] if start > 0 else []
    return " & ".join(shlex.join(["vlc", *at, stream]) for stream in streams)


def same_minute(seconds: Sequence[float]) -> float:
    """Return where to begin: a third into the shorter copy, at a whole minute where there is one."""
    third = min(seconds, default=0.0) / 3
    return float(int(third // 60) * 60) if third >= 60 else float(int(third))
