"""Answers of the database that many players want at once are asked for once."""

from __future__ import annotations

import asyncio

import pytest

from mediavault_tui.errors import Denied
from mediavault_tui.services.preview import PreviewLinks
from mediavault_tui.sources.local.beneath import open_beneath
from streamer import files
from streamer.state import REMEMBERED_FOR, Remembered
from tests.db.shelf import Shelf
from tests.streamer.conftest import Sidecar


class Slow:
    """Answers when it is told to, and counts who asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.may = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> int:
        self.asked += 1
        number = self.asked
        await self.may.wait()
        if self.error is not None:
            raise self.error
        return number


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_those_who_want_it_at_once_share_one_question_even_if_the_first_leaves() -> None:
    kept, slow = Remembered[str, int](), Slow()
    waiting = [asyncio.create_task(kept.get("film", slow)) for _ in range(50)]
    await settled()
    waiting[0].cancel()
    slow.may.set()
    assert await asyncio.gather(*waiting[1:]) == [1] * 49
    assert slow.asked == 1


async def test_what_is_in_use_is_asked_for_again_before_it_is_over_and_nobody_waits() -> None:
    now = 0.0
    kept, slow = Remembered[str, int](clock=lambda: now), Slow()
    slow.may.set()
    assert await kept.get("film", slow) == 1
    slow.may.clear()
    now = REMEMBERED_FOR * 0.6
    assert await kept.get("film", slow) == 1
    await settled()
    assert slow.asked == 2
    slow.may.set()
    await settled()
    assert await kept.get("film", slow) == 2
    now += REMEMBERED_FOR * 1.1
    assert kept.known("film") is None


async def test_a_refusal_on_the_way_is_everybodys_at_once() -> None:
    now = 0.0
    kept, slow = Remembered[str, int](clock=lambda: now), Slow()
    slow.may.set()
    await kept.get("film", slow)
    slow.error, now = Denied("no more"), REMEMBERED_FOR * 0.6
    await kept.get("film", slow)
    await settled()
    with pytest.raises(Denied):
        await kept.get("film", slow)


async def test_what_was_asked_before_it_was_forgotten_is_not_remembered() -> None:
    kept, before, after = Remembered[str, int](), Slow(), Slow()
    waiting = asyncio.create_task(kept.get("film", before))
    await settled()
    kept.forget()
    after.asked = 6
    after.may.set()
    assert await kept.get("film", after) == 7
    before.may.set()
    assert await waiting == 1, "who asked before gets the answer of then"
    assert kept.known("film") == 7


async def test_many_players_open_a_file_once(
    sidecar: Sidecar, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = await shelf.add("Heat.mkv", bytes(1000))
    opened = []

    def watched(folder: bytes, path: bytes) -> object:
        opened.append(path)
        return open_beneath(folder, path)

    monkeypatch.setattr(files, "open_beneath", watched)

    async def ask() -> int:
        async with sidecar.http.get(f"/api/media/stream/{film.id}", headers={"Range": "bytes=5-9"}) as answer:
            return len(await answer.read())

    assert await asyncio.gather(*(ask() for _ in range(50))) == [5] * 50
    assert len(opened) == 1


async def test_whoever_plays_on_by_a_link_never_waits_for_the_database(
    sidecar: Sidecar, shelf: Shelf, links: PreviewLinks
) -> None:
    now = 0.0
    claims = sidecar.state.link_claims = Remembered(clock=lambda: now)
    film = await shelf.add("Heat.mkv", bytes(1000))
    made = await links.make(film.id, who="ruth")

    async def play() -> None:
        async with sidecar.http.get(f"/api/media/stream/{film.id}?t={made.token}") as answer:
            assert answer.status == 200

    await play()
    now = REMEMBERED_FOR * 0.6
    await play()
    await asyncio.gather(*claims._asked.values())
    now = REMEMBERED_FOR * 1.4
    assert claims.known((made.token, film.id)) is not None, "it was asked for while the first answer held"
