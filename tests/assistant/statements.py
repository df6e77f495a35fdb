"""The corpora of statements: separated by empty lines, under headings of `--- `."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent


def statements(name: str) -> list[str]:
    """Return the statements of a corpus, headings left out."""
    text = re.sub(r"^--- .*\n", "", (HERE / name).read_text("utf-8"), flags=re.MULTILINE)
    return [block.strip("\n") for block in re.split(r"\n\s*\n", text) if block.strip()]
