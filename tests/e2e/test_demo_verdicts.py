"""From files to decisions: the whole street on the demo library, without a screen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediavault_tui.domain.judging import DecisionPolicy
from mediavault_tui.domain.library import Comparison, ScanPhase
from mediavault_tui.services.dedupe import Dedupe
from mediavault_tui.services.demo.library import Expected
from mediavault_tui.services.demo.make import DemoLibrary
from mediavault_tui.store.database import Database
from tests.conftest import ScannedDemo


@pytest.mark.slow
async def test_the_program_says_of_the_demo_library_what_its_table_expects(
    scanned_database: Database, scanned_demo: ScannedDemo, demo_library: DemoLibrary
) -> None:
    assert scanned_demo.last.phase is ScanPhase.DONE
    assert scanned_demo.last.counts.errors == 0
    dedupe = Dedupe(scanned_database, DecisionPolicy())
    found = [await dedupe.comparison(group.id) for group in await dedupe.groups(limit=200)]
    wrong = [
        said for expected in demo_library.expected if (said := differs(expected, found, demo_library.folder))
    ]
    assert wrong == []
    grouped = sum(1 for expected in demo_library.expected if expected.proof is not None)
    assert len(found) == grouped, "no group that nobody expects"


def differs(expected: Expected, found: list[Comparison], folder: Path) -> str | None:
    """Return how what was found differs from what is expected, or None."""

    def names(comparison: Comparison) -> set[str]:
        return {os.path.relpath(copy.file.path, folder) for copy in comparison.copies}

    if expected.proof is None:
        together = [c for c in found if names(c) >= set(expected.paths)]
        return f"{expected.why}: yet one group" if together else None
    group = next((c for c in found if names(c) == set(expected.paths)), None)
    if group is None:
        return f"{expected.why}: no such group"
    keeper = next(c.file.path for c in group.copies if c.file.id == group.decision.keeper)
    said = (group.group.proof, group.decision.verdict, os.path.relpath(keeper, folder))
    wanted = (
        expected.proof,
        expected.verdict or said[1],
        expected.keeper or said[2],
    )
    return (
        None if said == wanted else f"{expected.why}: {said} instead of {wanted} ({group.decision.sentence})"
    )
