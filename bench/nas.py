"""What a share costs the service: bytes of a first scan, files a rescan opens, files staged a second.

    python -m bench.nas [--files 200] [--scale 0.1] [--staged 1000]

On a real smbd on loopback. Bytes and openings are counted at a proxy in front of it, over all
connections, signing in included. The corpus is `bench.corpus media`; what it needs is 64 KiB of each end
of every file whose size another one has, and all of a file where those agree. Staging, its undo, restoring
and purging are one batch of the service each: the journal, the checks of loser and keeper, the rename (or
the removal) on the server, the manifest.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

from bench.database import own_database
from mediavault_tui.bootstrap import stage
from mediavault_tui.domain.library import ActResult
from mediavault_tui.domain.model import GroupId
from mediavault_tui.services.nas.shares import Nas
from mediavault_tui.settings import from_env
from mediavault_tui.store.database import Database
from tests.smb.nas_rig import PASSWORD, SHARE, Server, nas_on, scan
from tests.smb.need import needed
from tests.smb.proxy import Proxy, files_opened


async def scans(server: Server, files: int, scale: float) -> None:
    """Print what a first scan and an unchanged rescan cost."""
    corpus = server.tree / "media"
    words = ["media", str(corpus), "--files", str(files), "--scale", str(scale)]
    subprocess.run([sys.executable, "-m", "bench.corpus", *words], check=True, stdout=subprocess.DEVNULL)  # noqa: ASYNC221
    need = needed(list(corpus.rglob("*.mkv")))
    with tempfile.TemporaryDirectory() as data, Proxy(server.port) as proxy:
        proxy.heard = []
        async with own_database() as url:
            database = await Database.connect(url, pool_size=2)
            async with nas_on(database, server, Path(data), port=proxy.port) as nas:
                first = await scan(database, nas, f"nas:/{SHARE}/media")
                row = f"{proxy.passed / 1e6:.1f} MB | {need / 1e6:.1f} MB needed | {proxy.passed / need:.3f}"
                print(
                    f"| first scan of {first.counts.seen} large files, bytes at the proxy | {row} | ≤ 1.1 |"
                )
                before, opened = proxy.passed, sum(len(files_opened(said)) for said in proxy.heard)
                await scan(database, nas, f"nas:/{SHARE}/media")
                opened = sum(len(files_opened(said)) for said in proxy.heard) - opened
                row = f"{opened} | {(proxy.passed - before) / 1e3:.0f} KB | "
                print(f"| unchanged rescan: files opened, bytes at the proxy | {row}| 0 opened |", flush=True)
            await database.close()


async def staging(server: Server, count: int) -> None:
    """Print how many files a second one batch stages, takes back, restores and purges."""
    environ = {
        "NAS_HOST": "127.0.0.1", "NAS_SMB_PORT": str(server.port), "NAS_SMB_USERNAME": server.user,
        "NAS_SMB_PASSWORD": PASSWORD, "NAS_SMB_SHARE": SHARE,
    }  # fmt: skip
    for number in range(count):
        for folder in ("kept", "old"):
            path = server.tree / "videos" / folder / f"Film {number:04}.mkv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"%d" % number * (1000 + number))
    with tempfile.TemporaryDirectory() as data:
        settings = from_env({**environ, "MEDIAVAULT_DATA_DIR": data})
        async with own_database() as url:
            database = await Database.connect(url, pool_size=4)
            nas = Nas(database, settings)
            await nas.load()
            await scan(database, nas, f"nas:/{SHARE}/videos")
            async with database.connection() as conn:
                await conn.execute("update media_files set health = 'healthy', probed_at = now()")
                rows = await conn.fetch(
                    "insert into duplicate_groups (proof, key, title, verdict, rule, sentence, keeper_id,"
                    " reclaimable_bytes) select 'same_title', kept.id || ',' || old.id, 'Film', 'clear'"
                    ", 'gap', 'better', kept.id, 1 from media_files kept join media_files old on old.path ="
                    " replace(kept.path, '/kept/', '/old/') and old.id <> kept.id returning id, key"
                )
                for position in (0, 1):
                    await conn.executemany(
                        "insert into duplicate_members (group_id, file_id, position) values ($1, $2, $3)",
                        [(row["id"], int(row["key"].split(",")[position]), position) for row in rows],
                    )
            service = stage(database, settings, nas)
            source = nas.places.source("nas:0")
            groups = [GroupId(row["id"]) for row in rows]

            async def timed(what: str, act: Awaitable[ActResult], goal: str, held: int) -> ActResult:
                wire, begun = source.bytes_read, time.perf_counter()  # type: ignore[attr-defined]
                result = await act
                taken = time.perf_counter() - begun
                assert (len(result.done), result.refused) == (count, ()), result.refused[:3]
                found = len(list((server.tree / "videos/duplicates_before_purge").rglob("*.mkv")))
                assert found == held, (what, found)
                per_file = (source.bytes_read - wire) / count / 1e3  # type: ignore[attr-defined]
                row = f"{count / taken:.0f} a second | {per_file:.1f} KB a file | "
                print(f"| {what} {count:,} files in one batch | {row}| {goal} |", flush=True)
                return result

            goal = "≥ 100 a second"
            await timed("stage", service.stage_groups(groups, who="bench"), goal, count)
            await timed("undo the staging of", service.undo(who="bench"), goal, 0)
            staged = (await service.stage_groups(groups, who="bench")).done
            await timed("restore", service.restore(staged, who="bench"), goal, 0)
            staged = (await service.stage_groups(groups, who="bench")).done
            await service.approve(staged, who="bench")
            await timed("purge", service.purge(word="purge", who="bench", early=True), "", 0)
            nas.close()
            await database.close()


async def run(files: int, scale: float, staged: int) -> None:
    """Print the rows."""
    print("| work | measured | beside | ratio | goal |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name, Server(Path(name) / "smbd") as server:
        await scans(server, files, scale)
        await staging(server, staged)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--staged", type=int, default=1000)
    args = parser.parse_args()
    asyncio.run(run(args.files, args.scale, args.staged))


if __name__ == "__main__":
    main()
