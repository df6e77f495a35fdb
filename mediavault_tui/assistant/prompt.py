"""The system prompt: a text in a file of its own, with its version in the first line."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files


@cache
def _parts() -> tuple[int, str]:
    text = files("mediavault_tui.assistant").joinpath("prompt.md").read_text("utf-8")
    first, _, body = text.partition("\n")
    return int(first.removeprefix("version:")), body.strip() + "\n"


def version() -> int:
    """Return the version of the prompt."""
    return _parts()[0]


def system_prompt(schema: str, today: date) -> str:
    """Return the prompt for the schema that the database describes, on a day."""
    return _parts()[1].replace("{today}", today.isoformat()).replace("{schema}", schema)
