"""What a share costs: the bytes that cross the wire, counted there, and the files that are opened."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mediavault_tui.store.database import Database
from tests.smb.nas_rig import Server, nas_on, scan, the_server, the_tree
from tests.smb.need import needed
from tests.smb.proxy import Proxy, files_opened

__all__ = ["the_server", "the_tree"]  # fixtures

pytestmark = pytest.mark.needs("smbd", "pdbedit")

MIB = 1024 * 1024
OVERHEAD = 60_000
"""Bytes for signing in over two connections, listing a few folders, opening and closing."""


async def test_a_first_scan_reads_what_it_needs_and_the_next_one_opens_no_file(
    database: Database, server: Server, tree: Path, tmp_path: Path
) -> None:
    draw = random.Random(7)
    film, other = draw.randbytes(5 * MIB), draw.randbytes(5 * MIB)
    almost = film[: 2 * MIB] + b"\0" + film[2 * MIB + 1 :]
    contents = {"a": film, "b": film, "c": almost, "d": other, "e": draw.randbytes(6 * MIB)}
    for name, content in contents.items():
        path = tree / "videos" / f"Film {name}" / f"{name}.mkv"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    need = needed(list(tree.rglob("*.mkv")))  # noqa: ASYNC240
    assert 15 * MIB < need < 16 * MIB
    with Proxy(server.port) as proxy:
        proxy.heard = []
        async with nas_on(database, server, tmp_path, port=proxy.port) as nas:
            before = proxy.passed
            first = await scan(database, nas)
            passed = proxy.passed - before
            opened = [name for said in proxy.heard for name in files_opened(said)]
            assert {name.rsplit("\\", 1)[1] for name in opened} == {"a.mkv", "b.mkv", "c.mkv", "d.mkv"}
            assert passed <= 1.02 * need + OVERHEAD
            assert abs(first.counts.bytes_wire - passed) < OVERHEAD, (
                "what is shown is not what crossed the wire"
            )
            asked, before = len(opened), proxy.passed
            again = await scan(database, nas)
            assert (again.counts.new, again.counts.changed) == (0, 0)
            opened = [name for said in proxy.heard for name in files_opened(said)]
            assert opened[asked:] == [], "a rescan opened files"
            assert proxy.passed - before < OVERHEAD
