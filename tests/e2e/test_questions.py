"""The golden questions over the demo library: from question to rows, with a scripted model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from bench.chat import Golden, evaluate, golden, matches, report
from mediavault_tui.assistant.azure import Endpoint, Model
from mediavault_tui.domain.asking import Rows
from mediavault_tui.domain.chat import Choice
from mediavault_tui.domain.judging import DecisionPolicy
from mediavault_tui.services.asking import Asking
from mediavault_tui.services.chat.conversations import Chat
from mediavault_tui.services.dedupe import Dedupe
from mediavault_tui.services.library import Library
from mediavault_tui.store.asking import Reader
from mediavault_tui.store.database import Database
from tests.assistant.azure_server import KEY, VERSION, Script, azure_server
from tests.e2e.demo_facts import BY_HAND, FACTS


def test_there_are_sixty_different_questions() -> None:
    questions = golden()
    assert len({each.question for each in questions}) == len({each.sql for each in questions}) == 60


@pytest.mark.slow
async def test_the_golden_questions_have_their_rows(scanned_database: Database) -> None:
    database = scanned_database
    dedupe = Dedupe(database, DecisionPolicy())
    reader = Reader(database)
    async with azure_server() as server:
        models = {Choice.LARGE: "gpt-4o", Choice.MINI: "gpt-4o-mini"}
        model = Model(Endpoint(server.url, KEY, models, VERSION))
        asking = Asking(database, reader, Library(database), dedupe)
        chat = Chat(database, asking, model, who="eval", tokens_per_day=10**9)
        await chat.agree()
        results = []
        for each in golden():
            call = Script(calls=[("query", {"sql": each.sql})], piece=40)
            server.will(call, Script("See the rows.", piece=40))
            results += [result async for result in evaluate(chat, [each], Choice.AUTO)]
        await model.close()
        await reader.close()
    assert [(r.golden.question, r.error) for r in results if not r.right] == []
    assert "60 of 60 right (100 %)" in report(results)
    assert all(result.answer == "See the rows." and result.tokens for result in results)


def test_wrong_rows_do_not_match() -> None:
    expected = Golden("q", "s", (("Heat", 1995), ("Ran", 1985))).rows
    assert matches(expected, Rows(("id", "t", "y"), ((7, "ran", 1985), (3, "HEAT", 1995))))
    assert not matches(expected, Rows(("t", "y"), (("Heat", 1995),)))
    assert not matches(expected, Rows(("t", "y"), (("Heat", 1995), ("Heat", 1995))))
    assert not matches(expected, Rows(("t", "y"), (("Heat", 1995), ("Ran", 1986))))


@pytest.mark.parametrize("each", golden(), ids=lambda each: each.question[:48])
def test_the_golden_rows_are_those_of_the_librarys_definition(each: Golden) -> None:
    """Worked out without SQL, so that a SELECT that is wrong cannot agree with itself."""
    by_hand = FACTS.get(each.question)
    rows = by_hand() if by_hand is not None else BY_HAND[each.question]
    assert _comparable(each.rows) == _comparable(rows)


def _comparable(rows: Iterable[Sequence[Any]]) -> list[str]:
    return sorted(
        str([sorted(map(str, v)) if isinstance(v, (list, tuple)) else str(v).casefold() for v in row])
        for row in rows
    )


def test_every_question_has_a_fact_and_every_fact_a_question() -> None:
    assert set(FACTS) | set(BY_HAND) == {each.question for each in golden()}
