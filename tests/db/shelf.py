"""A small library on a real disk with its rows: what the tests of staging act on.

`Shelf.add` writes a file and enters it into the inventory as a scan would have; `group`
makes its duplicates known. `contents` is every byte below the roots, so that nothing can
get lost unseen.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mediavault_tui.domain.holding import KEPT_OUT
from mediavault_tui.domain.model import FileId, GroupId, Health, Identity, MediaFile
from mediavault_tui.probe.hashing import content_hash
from mediavault_tui.services.staging.moves import Step, no_step
from mediavault_tui.services.staging.stage import Stage
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store.database import Connection, Database
from tests.factories import a_file, an_identity, an_info, insert_file

ME = "ripley"


def hash_of(path: Path) -> bytes:
    """xxh3-128 of a file, as a scan stores it."""
    with LocalSource().open(os.fsencode(path)) as reader:
        return content_hash(reader)


class Shelf:
    """The library below `root`; the holding folder is `holding`, or inside the root."""

    def __init__(self, conn: Connection, root: Path, holding: Path | None = None) -> None:
        self.conn = conn
        self.root = root
        self.holding = holding
        root.mkdir(parents=True, exist_ok=True)

    def stage(
        self,
        database: Database,
        *,
        step: Step = no_step,
        protected: Sequence[Path] = (),
        read_only: bool = False,
        retention_days: int = 0,
    ) -> Stage:
        """The service over this shelf."""
        return Stage(
            database,
            LocalSource(),
            staging_path=self.holding,
            protected=tuple(protected),
            read_only=read_only,
            retention_days=retention_days,
            step=step,
        )

    def write(self, name: str | bytes, content: bytes) -> Path:
        """Put a file on the disk only: a sidecar, or something of the user's."""
        path = Path(os.fsdecode(os.path.join(os.fsencode(self.root), os.fsencode(name))))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    async def add(
        self,
        name: str | bytes,
        content: bytes,
        *,
        health: Health = Health.HEALTHY,
        identity: Identity | None = None,
        protected: bool = False,
        subtitles: Sequence[str] = ("en",),
    ) -> MediaFile:
        """Put a video on the disk and into the inventory."""
        path = self.write(name, content)
        return await self.enter(
            path, health=health, identity=identity, protected=protected, subtitles=subtitles
        )

    async def enter(
        self,
        path: Path,
        *,
        health: Health = Health.HEALTHY,
        identity: Identity | None = None,
        protected: bool = False,
        subtitles: Sequence[str] = ("en",),
    ) -> MediaFile:
        """Enter a file that is on the disk into the inventory; `subtitles`: languages inside it."""
        found = LocalSource().stat(os.fsencode(path))
        file = a_file(
            str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
            root=str(self.root),
            size=found.stamp.size,
            device=found.stamp.device,
            inode=found.stamp.inode,
            modified_ns=found.stamp.modified_ns,
            identity=identity or an_identity(),
            info=an_info(subtitles=subtitles),
            content_hash=hash_of(path),
            health=health,
            protected=protected,
        )
        file = type(file)(
            **{name: getattr(file, name) for name in file.__slots__} | {"raw_path": os.fsencode(path)}
        )
        return await insert_file(self.conn, file)

    async def group(
        self, keeper: MediaFile, *others: MediaFile, proof: str = "same_title", verdict: str = "clear"
    ) -> GroupId:
        """Make known that these are one title; the first is to be kept."""
        members = (keeper, *others)
        group = await self.conn.fetchval(
            "insert into duplicate_groups (proof, key, title, verdict, rule, sentence, keeper_id,"
            " reclaimable_bytes) values ($1, $2, 'Heat', $3, 'gap', 'the better picture', $4, $5)"
            " returning id",
            proof,
            ",".join(str(member.id) for member in members),
            verdict,
            keeper.id,
            sum(other.size for other in others),
        )
        for position, member in enumerate(members):
            await self.conn.execute(
                "insert into duplicate_members (group_id, file_id, position, verdict, reasons)"
                " values ($1, $2, $3, $4, $5)",
                group,
                member.id,
                position,
                None if position == 0 else verdict,
                [] if position == 0 else ["the other has the better picture"],
            )
        return GroupId(group)

    async def state(self, id: FileId) -> str:
        """The inventory's state of a file."""
        return str(await self.conn.fetchval("select state from media_files where id = $1", id))

    def contents(self) -> Counter[str]:
        """Every content on the disk, in the library and the holding folder, our own papers aside."""
        return contents(self.root, *([self.holding] if self.holding else []))

    def names(self) -> set[str]:
        """Every file below the root and the holding folder, relative; our own papers aside."""
        tops = [self.root] + ([self.holding] if self.holding else [])
        return {str(path.relative_to(top)) for top in tops for path in files_below(top)}

    def manifests(self) -> dict[Path, list[dict[str, object]]]:
        """The entries of every manifest, by folder."""
        tops = {self.root, self.holding or self.root}
        return {
            path.parent: json.loads(path.read_bytes())["files"]
            for top in tops
            for path in top.rglob("manifest.json")
        }


def files_below(top: Path) -> list[Path]:
    """Every regular file but the manifests, and what keeps media servers out."""
    own = {os.fsdecode(name) for name in KEPT_OUT}
    found = [path for path in sorted(top.rglob("*")) if path.is_file()]
    return [path for path in found if path.name not in own and not path.name.startswith("manifest.")]


def contents(*tops: Path) -> Counter[str]:
    """How often each content lies below the folders (by SHA-256)."""
    return Counter(
        hashlib.sha256(path.read_bytes()).hexdigest()
        for top in tops
        if top.exists()
        for path in files_below(top)
    )
