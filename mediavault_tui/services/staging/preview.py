"""What staging files would do, for a person to read before: which copy stays, how sure that is, what is lost.

The database alone is asked. What the disk says of each file is said when it is its turn.
"""

from __future__ import annotations

from collections.abc import Sequence

from mediavault_tui.domain.losses import losses
from mediavault_tui.domain.model import FileId, FileState, MediaFile
from mediavault_tui.domain.stage_terms import Going, StagePreview, in_a_batch, left_out
from mediavault_tui.domain.verdict import Proof, Verdict
from mediavault_tui.store import staging_groups
from mediavault_tui.store.database import Connection
from mediavault_tui.store.files import media_files
from mediavault_tui.store.staging_groups import Pairing


async def preview(conn: Connection, files: Sequence[FileId]) -> StagePreview:
    """Return which of these files would go, in the order of their paths, and why each other stays."""
    wanted = list(dict.fromkeys(files))
    pairs = await staging_groups.pairings(conn, wanted, keepers=[None] * len(wanted))
    ids = dict.fromkeys([*wanted, *(pair.keeper for pair in pairs.values())])
    known = {file.id: file for file in await media_files(conn, ids)}
    left: list[str] = []
    going: list[Going] = []
    for id in wanted:
        pair, file = pairs.get(id), known.get(id)
        if why := _stays(id, file, pair):
            left.append(why)
        elif file is not None and pair is not None and pair.verdict is not None:
            going.append(_going(file, known[pair.keeper], pair, pair.verdict))
    together = in_a_batch([one.verdict for one in going])
    left += [left_out(one.file.where) for one, goes in zip(going, together, strict=True) if not goes]
    return StagePreview(
        tuple(
            sorted(
                (one for one, goes in zip(going, together, strict=True) if goes),
                key=lambda one: one.file.where,
            )
        ),
        tuple(left),
    )


def _stays(id: FileId, file: MediaFile | None, pair: Pairing | None) -> str:
    """Return why a file cannot be staged, whatever goes with it; empty if it can."""
    if file is None:
        return no_such_file(id)
    if file.state is FileState.STAGED:
        return f"{file.where} is staged already"
    if file.state is not FileState.PRESENT:
        return f"{file.where} is {file.state}; only a file that is present can be staged"
    if file.protected:
        return f"{file.where} is in a protected folder and is never staged"
    return "" if pair is not None else no_better_copy(file)


def _going(file: MediaFile, keeper: MediaFile, pair: Pairing, verdict: Verdict) -> Going:
    lost = losses(keeper.info, file.info) if keeper.info and file.info else ()
    return Going(file, keeper, verdict, pair.reason, () if pair.proof is Proof.EXACT else lost)


def no_better_copy(file: MediaFile) -> str:
    """Return why a file that no group would let go stays."""
    return f"{file.where} stays: no open group has a better copy of it to keep"


def no_such_file(id: FileId) -> str:
    """Return that a number is no file's."""
    return f"there is no file number {id} in the inventory"
