"""A proposal of the language model, with what the rules say of each of its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mediavault_tui.domain.chat import ProposedFile
from mediavault_tui.domain.model import FileId, FileState, MediaFile
from mediavault_tui.domain.verdict import Proof
from mediavault_tui.store import ready as told
from mediavault_tui.store.database import Connection
from mediavault_tui.store.files import media_files
from mediavault_tui.store.ready import Membership

_NO_GROUP = "It is in no group of duplicates: the last copy of a title is never staged"
_COVERED = "It is only covered by another file, which is shown but never staged for"


async def proposed(conn: Connection, files: Sequence[FileId]) -> tuple[ProposedFile, ...]:
    """Return a line for each of these files: against which copy it would go, or why it may not."""
    wanted = list(dict.fromkeys(files))
    groups = await told.memberships(conn, wanted)
    ids = dict.fromkeys([*wanted, *(each.keeper for of_file in groups.values() for each in of_file)])
    known = {file.id: file for file in await media_files(conn, ids)}
    return tuple(_line(id, known, groups.get(id, ())) for id in wanted)


def _line(id: FileId, known: Mapping[FileId, MediaFile], groups: Sequence[Membership]) -> ProposedFile:
    file = known.get(id)
    if file is None:
        return ProposedFile(id, "", "", 0, barred=f"There is no file {id}")
    title = file.shown.title if file.shown else ""
    line = ProposedFile(id, file.path, title, file.size)
    if barred := _barred(file):
        return replace(line, barred=barred)
    against = next((each for each in groups if _may_go(each, known)), None)
    if against is None:
        return replace(line, barred=_why_not(groups))
    return replace(
        line,
        group=against.group,
        keeper=against.keeper,
        keeper_path=known[against.keeper].path,
        verdict=against.verdict.value if against.verdict else "",
        sentence="; ".join(against.reasons) or against.sentence,
        losses=tuple(str(loss) for loss in against.losses),
    )


def _barred(file: MediaFile) -> str:
    """Return why a file may not be staged, whatever its groups say; empty if it may."""
    if file.state is not FileState.PRESENT:
        return f"It is {file.state.value}, not present"
    return "It lies in a protected folder" if file.protected else ""


def _may_go(group: Membership, known: Mapping[FileId, MediaFile]) -> bool:
    keeper = known.get(group.keeper)
    there = keeper is not None and keeper.state is FileState.PRESENT
    return there and group.verdict is not None and group.proof is not Proof.COVERAGE


def _why_not(groups: Sequence[Membership]) -> str:
    """Return why the groups of a file let it not go; the weakest of them speaks last."""
    if not groups:
        return _NO_GROUP
    last = groups[-1]
    if last.verdict is None:
        return f"The rules keep this one: {last.sentence}"
    return _COVERED if last.proof is Proof.COVERAGE else "The copy that the rules would keep is not there now"
