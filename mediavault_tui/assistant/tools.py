"""The tools of the language model, as data: what each is for and what it takes. None of them acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

STORAGE_BY = (
    "kind", "tier", "video_codec", "folder", "decade", "audio_language", "container", "state", "hdr", "title"
)  # fmt: skip
"""What room may be summed by."""


def _tool(
    name: str, description: str, properties: Mapping[str, Any], required: Sequence[str] = ()
) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {
                "type": "object",
                "properties": dict(properties),
                "required": list(required),
                "additionalProperties": False,
            },
        },
    }


TOOLS: tuple[dict[str, Any], ...] = (
    _tool(
        "query",
        "Ask the library with one PostgreSQL SELECT over the documented views. At most 1,000 rows come back.",
        {"sql": {"type": "string", "description": "one SELECT, no semicolon"}},
        ["sql"],
    ),
    _tool(
        "find_title",
        "Find files by words of their title or path.",
        {"words": {"type": "string", "description": "words, each the beginning of a word of title or path"}},
        ["words"],
    ),
    _tool(
        "explain",
        "Explain a file (score by parts, what its name says, groups, history) or a group (copies, scores,"
        " evidence, what would be lost, the rule that decided). Give one of the two numbers.",
        {"file_id": {"type": "integer"}, "group_id": {"type": "integer"}},
    ),
    _tool("library_stats", "Totals of the library: files, bytes, health, duplicates, what is staged.", {}),
    _tool("review_queue", "Open groups of duplicates that a person must look at, most bytes first.", {}),
    _tool(
        "storage",
        "How much room is taken, summed by something, most first.",
        {"by": {"type": "string", "enum": list(STORAGE_BY)}},
        ["by"],
    ),
    _tool(
        "propose_staging",
        "Show the person a list of files to stage, with your reason. Nothing is done by it: the person looks"
        " through the list, sees the rules' own verdicts beside your reason, and decides.",
        {
            "file_ids": {"type": "array", "items": {"type": "integer"}, "maxItems": 200},
            "reason": {"type": "string", "description": "one or two sentences"},
        },
        ["file_ids", "reason"],
    ),
)

NAMES = frozenset(tool["function"]["name"] for tool in TOOLS)
