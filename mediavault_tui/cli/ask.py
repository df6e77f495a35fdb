"""`mediavault ask "…"`: ask the library in plain words; `--sql` and `--ready` need no language model."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mediavault_tui.cli import acting
from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mediavault_tui.domain.asking import Rows
    from mediavault_tui.domain.chat import Event
    from mediavault_tui.services.asking import Asking
    from mediavault_tui.services.chat.conversations import Chat

_PRINTED = 40
_WIDEST = 48


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = "Exit code 1: there is no whole answer."
    parser.add_argument("question", nargs="*", help="in plain words; what leaves this machine is told first")
    parser.add_argument("--sql", metavar="SELECT", help="ask with one SELECT over the documented views")
    parser.add_argument(
        "--ready", metavar="NAME", nargs="?", const="", help="a ready question; without a name: all of them"
    )
    parser.add_argument(
        "--model", choices=("auto", "large", "mini"), default="auto", help="which model answers"
    )
    parser.add_argument("--agree", action="store_true", help="agree to what leaves this machine, for ever")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    ways = [bool(args.question), args.sql is not None, args.ready is not None]
    if sum(ways) != 1:
        raise UsageError('ask one thing: a question in words, --sql "select …", or --ready NAME')
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from mediavault_tui import bootstrap

    settings = bootstrap.load_settings()
    async with (
        bootstrap.open_database(settings) as database,
        bootstrap.open_asking(database, settings) as (reader, model),
    ):
        if not args.question:
            return await _ask_database(args, bootstrap.asking(database, settings, reader))
        chat = bootstrap.chat(database, settings, reader, model, who=acting.who())
        return await _ask_model(args, chat)


async def _ask_database(args: argparse.Namespace, asking: Asking) -> int:
    if args.ready == "":
        if args.json:
            acting.print_json(dict(asking.questions()))
        else:
            for name, words in asking.questions().items():
                print(f"{name:<20} {words}")
        return 0
    if args.ready is not None:
        sql, rows = await asking.ready(args.ready)
    else:
        sql, rows = args.sql, await asking.sql(args.sql)
    if args.json:
        acting.print_json({"sql": sql, **_rows_json(rows)})
    else:
        print("\n".join(table(rows)))
    return 0


async def _ask_model(args: argparse.Namespace, chat: Chat) -> int:
    from mediavault_tui.domain.chat import Choice, Ended

    question = " ".join(args.question)
    await _agree(args, chat)
    session = await chat.begin(question)
    events: list[Event] = []
    async with aclosing(chat.ask(session, question, choice=Choice(args.model))) as answer:
        async for event in answer:
            events.append(event)
            if not args.json:
                _print(event)
    ended = next((event for event in events if isinstance(event, Ended)), None)
    if args.json:
        acting.print_json(answer_json(question, events))
    elif ended is not None and ended.sentence:
        print(harmless(ended.sentence), file=sys.stderr)
    return 0 if ended is not None and ended.reason == "stop" else 1


async def _agree(args: argparse.Namespace, chat: Chat) -> None:
    """Tell what leaves the machine, once; go on only after a yes."""
    from mediavault_tui.services.chat.conversations import NOTICE

    ready = chat.readiness()
    if not ready.ready or await chat.agreed():
        return
    print(f"{NOTICE} It goes to {ready.recipient}.", file=sys.stderr)
    if not args.agree:
        if not sys.stdin.isatty():
            raise Refused("Nothing was sent: agree first to what leaves this machine, with --agree")
        print("Type yes to agree: ", end="", file=sys.stderr, flush=True)
        if (await asyncio.to_thread(sys.stdin.readline)).strip() != "yes":
            raise Refused("Nothing was sent")
    await chat.agree()


def _print(event: Event) -> None:
    from mediavault_tui.domain.chat import Calling, Ended, Found, Said, Used

    match event:
        case Said(text):
            print("\n".join(map(harmless, text.split("\n"))), end="", flush=True)
        case Calling(words=words, sql=sql):
            print(f"… {words}" + (f"\n{_indented(sql)}" if sql else ""), file=sys.stderr)
        case Found(rows=rows, error=error, proposal=proposal):
            if error:
                print(f"    {harmless(error)}", file=sys.stderr)
            elif rows is not None:
                print("\n".join(table(rows)))
            elif proposal is not None:
                print(f"Proposed, not done: {harmless(proposal.reason)}")
                for line in proposal.files:
                    rules = line.barred or f"{line.verdict}: {line.sentence}"
                    print(f"    {line.file:>6}  {harmless(line.path)}\n            {harmless(rules)}")
                print("Stage what you like with `mediavault stage GROUP`, or in the app.")
        case Ended():
            print()
        case Used(model, tokens_in, tokens_out, cost_usd, budget):
            print(
                f"    [{model}: {tokens_in:,} + {tokens_out:,} tokens, ${cost_usd:.4f};"
                f" today {budget.spent:,} of {budget.limit:,}]",
                file=sys.stderr,
            )


def table(rows: Rows) -> list[str]:
    """Return rows as aligned lines, the first ones; the last line says how many there are."""
    cells = [[_cell(value) for value in row] for row in rows.rows[:_PRINTED]]
    widths = [
        min(_WIDEST, max([len(name), *(len(row[place]) for row in cells)]))
        for place, name in enumerate(rows.columns)
    ]
    lines = [_aligned(rows.columns, widths), *(_aligned(row, widths) for row in cells)]
    more = len(rows.rows) - len(cells)
    said = (
        f"({len(rows.rows):,} rows" + (f", {more:,} not printed; --json has them" if more > 0 else "") + ")"
    )
    return [line for line in [*lines, said, rows.cut] if line]


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    pairs = zip(cells, widths, strict=True)
    return "  ".join(
        f"{cell if len(cell) <= width else cell[: width - 1] + '…':<{width}}" for cell, width in pairs
    ).rstrip()


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return harmless(" ".join(map(str, value)))
    return harmless(str(value))


def _indented(sql: str) -> str:
    return "\n".join(f"    {harmless(line)}" for line in sql.splitlines())


def _rows_json(rows: Rows) -> dict[str, Any]:
    return {"columns": rows.columns, "rows": rows.rows, "cut": rows.cut}


def answer_json(question: str, events: Sequence[Event]) -> dict[str, Any]:
    """Return an answer as one JSON document."""
    from mediavault_tui.domain.chat import Ended, Found, Said, Used

    used = [event for event in events if isinstance(event, Used)]
    ended = next((event for event in events if isinstance(event, Ended)), Ended("stopped"))
    return {
        "question": question,
        "answer": "".join(event.text for event in events if isinstance(event, Said)),
        "steps": [
            {
                "tool": event.tool,
                "sql": event.sql,
                "error": event.error,
                **(_rows_json(event.rows) if event.rows is not None else {}),
                **(
                    {
                        "proposed": [
                            {"file_id": line.file, "barred": line.barred} for line in event.proposal.files
                        ]
                    }
                    if event.proposal is not None
                    else {}
                ),
            }
            for event in events
            if isinstance(event, Found)
        ],
        "finish_reason": ended.reason,
        "models": sorted({each.model for each in used}),
        "tokens_in": sum(each.tokens_in for each in used),
        "tokens_out": sum(each.tokens_out for each in used),
        "cost_usd": str(sum((each.cost_usd for each in used), Decimal(0))),
    }
