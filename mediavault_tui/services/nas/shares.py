"""The shares of a person's NAS: set them up, list them, walk them, say what is wrong with them.

A little longer than the habit: where a share comes from (row, environment, mounts) is decided in one place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mediavault_tui.domain.checks import Check
from mediavault_tui.domain.library import Folder
from mediavault_tui.domain.mounts import mounts_of
from mediavault_tui.domain.nas import FROM_ENVIRONMENT, KnownShare, ShareRoom, checked_path
from mediavault_tui.domain.paths import LOCAL, Mount, Names, locate, place
from mediavault_tui.domain.pathtext import comparable
from mediavault_tui.errors import ConfigError, SourceError, SourceOffline, UsageError
from mediavault_tui.services.nas.password_command import password_from
from mediavault_tui.services.nas.paths import try_paths
from mediavault_tui.services.nas.sealing import Sealer
from mediavault_tui.settings import Secret, Settings
from mediavault_tui.sources import share_folders
from mediavault_tui.sources.places import Places
from mediavault_tui.sources.registry import Registry
from mediavault_tui.store import nas as store
from mediavault_tui.store.database import Database
from mediavault_tui.store.nas import NasRow

_GLANCE = 4.0
"""Seconds that the list of all places waits for one share."""

if TYPE_CHECKING:
    from mediavault_tui.sources.smb.source import ShareAddress


class Nas:
    """Knows every share; `load` reads them from the database and the environment."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        registry: Registry | None = None,
        *,
        mountinfo: Path = Path("/proc/self/mountinfo"),
    ) -> None:
        """`mountinfo`: the kernel's list of mounts; where there is none only NAS_MOUNTS counts."""
        self._database = database
        self._settings = settings
        self._sealer = Sealer(settings.data_dir, settings.jwt_secret_key)
        self._registry = registry or Registry()
        self._registry.complete = self._with_password
        self._passwords: dict[str, Secret] = {}
        self._mountinfo = mountinfo
        self._mounts: tuple[Mount, ...] = ()
        self.shares: tuple[KnownShare, ...] = ()
        """Every share, those that cannot be used now too."""
        self.places = Places(shares=self._registry)
        """This machine and every share, for whoever works on files."""

    async def load(self) -> None:
        """Read what is set up; connections to what did not change stay."""
        async with self._database.connection() as conn:
            rows = await store.rows(conn)
        shares, passwords = await asyncio.to_thread(self._known, rows)
        self.shares, self._passwords = tuple(shares), passwords
        self._mounts = await asyncio.to_thread(self._mounted)
        usable = [share for share in shares if not share.problem]
        self._registry.set(
            {share.source: _address(share, passwords[share.source]) for share in usable},
            {share.source: share.problem for share in shares if share.problem},
        )

    def close(self) -> None:
        """End every connection."""
        self._registry.close()

    @property
    def names(self) -> Names:
        """What turns any spelling of a path into the located one."""
        known = [share.names for share in self.shares if share.enabled]
        return Names(known, tuple(mount for mount in self._mounts if not mount.unproven))

    def mounts_of(self, source: str) -> list[Mount]:
        """Return where this machine may have mounted a share; whether it is so must be looked at."""
        share = next((share for share in self.shares if share.source == source), None)
        if share is None:
            return []
        top = share.names.top
        return [
            mount
            for mount in self._mounts
            if mount.source == source
            or (not mount.source and (mount.path == top or mount.path.startswith(top + b"/")))
        ]

    def staging_of(self, source: str) -> bytes | None:
        """Return the located holding folder that is set for a source; None for the scanned folder's own."""
        if source == LOCAL:
            own = self._settings.staging_path
            return None if own is None else self.names.located(bytes(own.absolute()))
        return next((share.staging for share in self.shares if share.source == source), None)

    def share(self, word: str) -> KnownShare:
        """Return the share that a person means: its number, source, name, host or share.

        Raises: UsageError for none, or several.
        """
        wanted = comparable(word)
        found = [
            share
            for share in self.shares
            if wanted
            in map(comparable, (share.source, share.source[4:], share.name, share.host, share.share))
        ]
        if len(found) != 1:
            which = (
                ", ".join(f"{share.source[4:]} {share}" for share in found or self.shares) or "none is set up"
            )
            raise UsageError(f"{word!r} is {'no' if not found else 'more than one'} NAS; there are: {which}")
        return found[0]

    async def add(
        self,
        *,
        host: str,
        share: str,
        username: str,
        password: Secret | None,
        name: str = "",
        port: int = 445,
        scan_paths: Sequence[str] = (),
        staging_path: str = "",
        encrypt: bool = False,
    ) -> KnownShare:
        """Set up a share, or change it; it is enabled. Nothing is contacted. Raises: UsageError."""
        if not host.strip() or not share.strip("/ ") or "/" in share.strip("/"):
            raise UsageError("a NAS has a host and one share: `mediavault nas add smb://host/share`")
        share = share.strip("/ ")
        row = NasRow(
            id=0,
            name=name or host,
            host=host.strip(),
            port=port,
            share=share,
            username=username,
            password_encrypted=None
            if password is None
            else await asyncio.to_thread(self._sealer.seal, password),
            scan_paths=[checked_path(path, share, "the folder to scan") for path in scan_paths],
            staging_path=checked_path(staging_path, share, "the holding folder") if staging_path else "",
            encrypt=encrypt,
            enabled=True,
        )
        async with self._database.connection() as conn:
            id = await store.put(conn, row)
        await self.load()
        return self.share(f"nas:{id}")

    async def remove(self, share: KnownShare) -> None:
        """Disable a share and forget its password; its files stay in the inventory, and on the NAS."""
        if share.source == FROM_ENVIRONMENT:
            raise UsageError(
                "this share comes from NAS_HOST and its siblings; take them out of the environment"
            )
        async with self._database.connection() as conn:
            await store.disable(conn, int(share.source[4:]))
        await self.load()

    async def test(
        self, share: KnownShare, *, heard: Callable[[Check], None] = lambda _: None
    ) -> list[Check]:
        """Try a connection step by step; return a line for each, the last of which may be what is wrong."""
        from mediavault_tui.sources.smb import check as smb_check

        done: list[Check] = []

        def told(check: Check) -> None:
            done.append(check)
            heard(check)

        stored = self._passwords.get(share.source) or Secret("")
        try:
            address = await asyncio.to_thread(self._with_password, _address(share, stored))
        except SourceOffline as error:
            told(Check("password", False, str(error), "run it by hand; it must answer without a terminal"))
            return done
        await asyncio.to_thread(smb_check.run, share, address.password, told)
        if all(check.ok for check in done):
            await asyncio.to_thread(self._try_paths, share, address, told)
        return done

    async def folders(self, located: bytes) -> list[Folder]:
        """Return the folders below a folder of a share, with the videos in each; raises SourceError."""
        source, path = place(located)
        return await asyncio.to_thread(lambda: share_folders.subfolders(self._registry.open(source), path))

    def scan_folders(self) -> list[bytes]:
        """Return the located folders that are set up to be scanned. Raises: UsageError if there are none."""
        found = [
            locate(share.source, path.encode())
            for share in self.shares
            if share.enabled
            for path in share.scan_paths or (f"/{share.share}",)
        ]
        if not found:
            raise UsageError("no NAS is set up; `mediavault nas add smb://host/share` sets one up")
        return found

    @property
    def enabled(self) -> list[KnownShare]:
        """The shares that a person has enabled, those with a problem too."""
        return [share for share in self.shares if share.enabled]

    async def as_folder(self, share: KnownShare) -> Folder:
        """Return a share as a line of the browser: its free room, or what is wrong with it."""
        try:
            async with asyncio.timeout(_GLANCE):
                room = await self.room(share.source)
        except (SourceError, TimeoutError) as error:
            why = str(error) or "it does not answer; t tests the connection"
            return Folder(share.top, str(share), 0, complete=False, readable=False, note=why)
        note = f"{room.free / 1e12:.2f} of {room.total / 1e12:.2f} TB free"
        return Folder(share.top, str(share), 0, complete=False, note=note)

    async def room(self, source: str) -> ShareRoom:
        """Return how much is free on a share; raises SourceError."""
        free, total = await asyncio.to_thread(lambda: self._registry.open(source).free_space())
        return ShareRoom(free, total)

    def _mounted(self) -> tuple[Mount, ...]:
        """Return the mounts that a person has set, then those that the kernel lists."""
        given = tuple(map(Mount.read, self._settings.nas_mounts))
        try:
            listed = self._mountinfo.read_bytes()
        except OSError:
            return given
        folders = {mount.folder for mount in given}
        found = mounts_of([share.names for share in self.shares if share.enabled], listed)
        return (*given, *(mount for mount in found if mount.folder not in folders))

    def _with_password(self, address: ShareAddress) -> ShareAddress:
        """Return the address with its password: NAS_PASSWORD_COMMAND is asked where none is set. Blocks."""
        command = self._settings.nas_password_command
        if address.password or not command:
            return address
        return replace(address, password=password_from(command, address).reveal())

    def _try_paths(self, share: KnownShare, address: ShareAddress, told: Callable[[Check], None]) -> None:
        # Connected by itself: a share that is disabled can be tested before it is used.
        source = self._registry.connect(share.source, address)
        try:
            try_paths(source, share, self.mounts_of(share.source), told)
        finally:
            source.close()

    def _known(self, rows: Sequence[NasRow]) -> tuple[list[KnownShare], dict[str, Secret]]:
        shares: list[KnownShare] = []
        passwords: dict[str, Secret] = {}
        for row in rows:
            share = KnownShare(
                f"nas:{row.id}", row.name, row.host, row.port, row.share, row.username, row.encrypt,
                row.enabled, tuple(row.scan_paths), row.staging_path,
            )  # fmt: skip
            password = (
                Secret("") if row.password_encrypted is None else self._sealer.open(row.password_encrypted)
            )
            passwords[share.source] = password or Secret("")
            shares.append(replace(share, problem=_problem(share, password)))
        given = self._from_environment()
        if given is not None:
            same = next((s for s in shares if s.names.same(given.host, given.share)), None)
            if same is not None:  # the row's number stays: it is what the inventory knows the files by
                shares.remove(same)
                given = replace(given, source=same.source, name=same.name)
            shares.insert(0, given)
            passwords[given.source] = self._settings.nas_password or Secret("")
        return shares, passwords

    def _from_environment(self) -> KnownShare | None:
        """Return the share that NAS_HOST and its siblings describe; raises ConfigError for half of one."""
        settings = self._settings
        if settings.nas_host is None:
            return None
        if settings.nas_share is None:
            raise ConfigError("NAS_SMB_SHARE: set it too, where NAS_HOST is set (for example volume1)")
        share = settings.nas_share.strip("/")
        try:
            scan = tuple(
                checked_path(str(path), share, "NAS_SCAN_PATHS:") for path in settings.nas_scan_paths
            )
            staging = settings.nas_staging_path
            held = checked_path(str(staging), share, "NAS_STAGING_PATH:") if staging else ""
        except UsageError as error:
            raise ConfigError(str(error)) from error
        given = KnownShare(
            FROM_ENVIRONMENT, settings.nas_host, settings.nas_host, settings.nas_port, share,
            settings.nas_user or "", settings.nas_encrypt, True, scan, held,
        )  # fmt: skip
        return replace(given, problem=_problem(given, settings.nas_password or Secret("")))


def _problem(share: KnownShare, password: Secret | None) -> str:
    if not share.enabled:
        return f"{share.name} is not enabled"
    if password is None:
        return f"the password of {share.name} has another key; enter it again: `mediavault nas add`"
    if not share.username:
        return f"{share.name} has no user"
    return ""


def _address(share: KnownShare, password: Secret) -> ShareAddress:
    from mediavault_tui.sources.smb.source import ShareAddress

    return ShareAddress(
        share.host, share.share, share.username, password.reveal(), port=share.port, encrypt=share.encrypt
    )
