"""Reads the corpora of names, and says how an answer differs from the expected one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mediavault_tui.domain.identity import title_key
from mediavault_tui.domain.model import Identity

DATA = Path(__file__).parent / "data"
FIELDS = (
    "kind", "title", "year", "country", "season", "episodes", "air_date",
    "edition", "part", "three_d", "extra", "tmdb_id", "imdb_id", "tvdb_id",
)  # fmt: skip
LEFT_OPEN_WITH_THE_TITLE = {"title", "year", "kind", "season"}


@dataclass(frozen=True, slots=True)
class Case:
    """One name and what a person says of it; `open` fields may be anything."""

    path: str
    expected: dict[str, Any]
    open: frozenset[str]
    why: str


def read(file: str) -> Iterator[Case]:
    """Yield the cases of one corpus; an unknown field is an error of the corpus."""
    for group in yaml.safe_load((DATA / file).read_text("utf-8")):
        for path, said in group["names"].items():
            unknown = set(said) - {*FIELDS, "free"}
            assert not unknown, f"{path}: {unknown}"
            episodic = said.get("season") is not None or said.get("episodes") or said.get("air_date")
            expected = {name: said.get(name) for name in FIELDS}
            expected["kind"] = said.get("kind", "episode" if episodic else "movie")
            expected["episodes"] = tuple(said.get("episodes", ()))
            expected["three_d"] = said.get("three_d", False)
            free = frozenset(LEFT_OPEN_WITH_THE_TITLE if said.get("free") else ())
            yield Case(path, expected, free, group["why"])


def differences(case: Case, identity: Identity, fields: tuple[str, ...] = FIELDS) -> list[str]:
    """Return one phrase for each field that is not as expected; titles are compared by key."""
    wrong = []
    for name in fields:
        if name in case.open:
            continue
        got, want = getattr(identity, name), case.expected[name]
        same = title_key(got) == title_key(str(want)) if name == "title" else got == want
        if not same:
            wrong.append(f"{name} is {got!r}, not {want!r}")
    return wrong
