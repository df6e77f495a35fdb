"""Sixty questions over the demo library, asked of a real language model: `make eval`.

Reports how many answers rest on the right rows, what they cost and how long they took. CI runs the same
evaluation with a scripted model that writes the golden SELECT (tests/e2e/test_questions.py).
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from mediavault_tui import bootstrap
from mediavault_tui.domain.asking import Rows
from mediavault_tui.domain.chat import Choice, Ended, Found, Said, Used
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.probe.tools import find_tool
from mediavault_tui.services.chat.conversations import Chat
from mediavault_tui.services.demo import make as demo

QUESTIONS = Path(__file__).parents[1] / "tests" / "e2e" / "questions.yaml"


@dataclass(frozen=True)
class Golden:
    """A question, the SELECT that a good model would write, the rows that must come back."""

    question: str
    sql: str
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Result:
    """How one question went; `first` is the seconds until the first word or look-up."""

    golden: Golden
    right: bool
    answer: str
    seconds: float
    first: float
    cost_usd: Decimal
    tokens: int
    error: str = ""


def golden() -> list[Golden]:
    """Return the questions."""
    entries = yaml.safe_load(QUESTIONS.read_text("utf-8"))
    return [Golden(e["question"], e["sql"], tuple(tuple(row) for row in e["rows"])) for e in entries]


def matches(expected: Sequence[Sequence[Any]], found: Rows) -> bool:
    """Return whether there are as many rows, each holding all that is expected of one, in any order.

    A model may select more columns than were asked for, and may spell a title as another copy does.
    """
    if len(expected) != len(found.rows):
        return False
    left = [[_plain(value) for value in row] for row in found.rows]
    for row in expected:
        wanted = [_plain(value) for value in row]
        place = next((n for n, have in enumerate(left) if all(value in have for value in wanted)), None)
        if place is None:
            return False
        del left[place]
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, list):
        return sorted(str(part).casefold() for part in value)
    return value


async def evaluate(chat: Chat, questions: Sequence[Golden], choice: Choice) -> AsyncIterator[Result]:
    """Ask each question in a session of its own."""
    for each in questions:
        yield await _asked(chat, each, choice)


async def _asked(chat: Chat, each: Golden, choice: Choice) -> Result:
    started = time.perf_counter()
    first, answer, right, error = 0.0, "", False, ""
    used: list[Used] = []
    try:
        session = await chat.begin(each.question)
        async for event in chat.ask(session, each.question, choice=choice):
            first = first or time.perf_counter() - started
            match event:
                case Said(text):
                    answer += text
                case Found(rows=rows) if rows is not None:
                    right = right or matches(each.rows, rows)
                case Used():
                    used.append(event)
                case Ended(sentence=sentence):
                    error = sentence
    except MediaVaultError as trouble:
        error = str(trouble)
    return Result(
        each,
        right,
        answer,
        time.perf_counter() - started,
        first,
        sum((one.cost_usd for one in used), Decimal(0)),
        sum(one.tokens_in + one.tokens_out for one in used),
        error,
    )


def report(results: Sequence[Result]) -> str:
    """Return the score, the cost and the latency, and every question that went wrong."""
    right = sum(each.right for each in results)
    lines = [f"✗ {each.golden.question}  {each.error}" for each in results if not each.right]
    seconds = sorted(each.seconds for each in results)
    dollars, tokens = sum((each.cost_usd for each in results), Decimal(0)), sum(e.tokens for e in results)
    first = statistics.median(each.first for each in results)
    lines.append(f"{right} of {len(results)} right ({100 * right / len(results):.0f} %)")
    lines.append(f"${dollars:.4f}, {tokens:,} tokens")
    lines.append(
        f"median {statistics.median(seconds):.1f} s, slowest {seconds[-1]:.1f} s, first {first:.1f} s"
    )
    return "\n".join(lines)


@asynccontextmanager
async def _demo_chat(folder: Path) -> AsyncIterator[Chat]:
    settings = replace(
        bootstrap.load_settings(), database_url=None, data_dir=folder / "data", reader_password=None
    )
    await demo.make(folder / "library", ffmpeg=find_tool("ffmpeg", settings.ffmpeg))
    async with (
        bootstrap.open_database(settings) as database,
        bootstrap.open_asking(database, settings) as (reader, model),
    ):
        async for _ in bootstrap.scanner(database, settings).scan([folder / "library"]):
            pass
        chat = bootstrap.chat(database, settings, reader, model, who="eval")
        if not chat.readiness().ready:
            sys.exit(f"make eval asks a real model. {chat.readiness().hint}")
        await chat.agree()
        yield chat


async def _main() -> None:
    choice = Choice(os.environ.get("MODEL", "auto"))
    with tempfile.TemporaryDirectory() as folder:
        async with _demo_chat(Path(folder)) as chat:
            results = []
            async for result in evaluate(chat, golden(), choice):
                results.append(result)
                print("✓" if result.right else "✗", f"{result.seconds:5.1f} s", result.golden.question)
    print(report(results))


if __name__ == "__main__":
    asyncio.run(_main())
