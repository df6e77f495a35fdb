"""`mediavault doctor`: look over the whole installation; each line says what to do."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import MediaVaultError

if TYPE_CHECKING:
    from mediavault_tui.domain.checks import Check


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = "Exit code 1: something is not as it should be."
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace) -> int:
    """Look, and return 1 if anything is not as it should be."""
    return asyncio.run(_run(as_json=args.json))


async def _run(*, as_json: bool) -> int:
    from contextlib import AsyncExitStack

    from mediavault_tui.bootstrap import env_file, load_settings, open_database
    from mediavault_tui.services.doctor.findings import examine, worst
    from mediavault_tui.store.database import Database

    settings = load_settings()
    findings: list[Check] = []
    async with AsyncExitStack() as stack:
        database: Database | MediaVaultError
        try:
            database = await stack.enter_async_context(open_database(settings))
        except MediaVaultError as error:
            database = error
        async for finding in examine(settings, database, env_file=env_file()):
            findings.append(finding)
            if not as_json:
                _show(finding)
    if as_json:
        print(json.dumps({"ok": not worst(findings), "findings": [asdict(f) for f in findings]}, indent=2))
    return worst(findings)


def _show(finding: Check) -> None:
    mark, colour = ("failed", 31) if not finding.ok else ("ok", 32) if finding.used else ("not used", 2)
    mark = f"{mark:<8}"
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        mark = f"\x1b[{colour}m{mark}\x1b[0m"
    print(f"{mark}  {harmless(finding.what)}: {harmless(finding.said)}")
    if finding.remedy:
        print(f"{'':10}→ {harmless(finding.remedy)}")
