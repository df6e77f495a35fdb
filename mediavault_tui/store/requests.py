"""The request log and the answers: what makes one limit and one cache of many processes.

A request counts until a whole window after its *end*: it reached the service somewhere
between its admission and its end, so no window at the service can hold more than the limit,
however slow the network. The clock is the database's alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from mediavault_tui.store.database import Connection
from mediavault_tui.store.sqlfiles import sql


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer of the cache; status 0: none yet. `age` in seconds."""

    status: int
    etag: str
    body: Any
    age: float


ROWS = {"answer_get": Kept}


async def take(
    conn: Connection, service: str, what: str, *, requests: int, window: float, deadline: float
) -> int | None:
    """Admit a request, in a transaction of its own; None if the limit is reached just now."""
    async with conn.transaction():
        await conn.execute(sql("request_lock"), service)
        turn: int | None = await conn.fetchval(sql("request_take"), service, what, requests, window, deadline)
        return turn


async def wait(conn: Connection, service: str, *, window: float) -> float:
    """Return the seconds until it is worth trying again."""
    return float(await conn.fetchval(sql("request_wait"), service, window))


async def end(conn: Connection, turn: int, status: int) -> None:
    """Note that a request is over."""
    await conn.execute(sql("request_end"), turn, status)


async def pause(conn: Connection, service: str, seconds: float) -> None:
    """Let nobody ask for so long."""
    await conn.execute(sql("request_pause"), service, seconds)


async def within(conn: Connection, service: str, *, window: float) -> int:
    """Return how many requests still count."""
    return int(await conn.fetchval(sql("requests_within"), service, window))


async def prune(conn: Connection, *, days: int) -> None:
    """Forget old requests, and answers older than `days`."""
    await conn.execute(sql("requests_prune"))
    await conn.execute(sql("answers_prune"), days)


async def answer(conn: Connection, question: str) -> Kept:
    """Return what is kept; status 0 if nothing is."""
    row = await conn.fetchrow(sql("answer_get"), question)
    return Kept(*row) if row else Kept(0, "", None, 0.0)


async def claim(conn: Connection, question: str, *, lease: float) -> bool:
    """Return whether we are the one to ask now."""
    return await conn.fetchval(sql("answer_claim"), question, lease) is not None


async def hold(conn: Connection, question: str, *, lease: float) -> None:
    """Prolong our claim: we wait for our turn or for the answer."""
    await conn.execute(sql("answer_hold"), question, lease)


async def keep(conn: Connection, question: str, *, status: int, etag: str, body: Any) -> None:
    """Keep an answer, and give the claim back."""
    await conn.execute(sql("answer_put"), question, status, etag, body)


async def renew(conn: Connection, question: str) -> None:
    """What was kept holds still."""
    await conn.execute(sql("answer_renew"), question)


async def release(conn: Connection, question: str) -> None:
    """Give a claim back without an answer."""
    await conn.execute(sql("answer_release"), question)


@asynccontextmanager
async def only_batch(conn: Connection) -> AsyncIterator[bool]:
    """Yield whether this session is the only one that works off OMDb; a second batch would ask the same."""
    mine: bool = await conn.fetchval(sql("omdb_batch_lock"))
    try:
        yield mine
    finally:
        if mine and not conn.is_closed():
            await conn.execute(sql("omdb_batch_unlock"))
