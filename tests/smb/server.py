"""A real smbd on loopback with a configuration of its own: started, killed, frozen and started again.

It runs as whoever runs the tests, on a free high port, and everything it writes is in one folder.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from mediavault_tui.sources.smb.source import ShareAddress, SmbSource

PASSWORD = "s3cret, and [odd]"
SHARE, OTHER_SHARE = "volume1", "volume2"

_GLOBAL = """\
[global]
  workgroup = TEST
  server role = standalone server
  interfaces = 127.0.0.1/8
  bind interfaces only = yes
  smb ports = {port}
  disable netbios = yes
  load printers = no
  disable spoolss = yes
  map to guest = never
  passdb backend = tdbsam:{home}/passdb.tdb
  private dir = {home}
  lock directory = {home}/lock
  state directory = {home}/state
  cache directory = {home}/cache
  pid directory = {home}/pid
  ncalrpc dir = {home}/rpc
  log file = {home}/log
  server signing = mandatory
  server min protocol = {least}
  server max protocol = {most}
  smb encrypt = {encrypt}
  kernel oplocks = no
"""
_A_SHARE = """\
[{name}]
  path = {path}
  read only = no
"""


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Smbd:
    """One server with two shares; `with` starts and ends it.

    `least`, `most`: SMB dialects (SMB2_10, SMB3_11, …); `encrypt`: off, desired or required; `other`: the
    second share's name.
    """

    def __init__(
        self,
        home: Path,
        *,
        least: str = "SMB3",
        most: str = "SMB3_11",
        encrypt: str = "off",
        shares: str = "",
        other: str = OTHER_SHARE,
    ) -> None:
        self.home = home
        self.port = free_port()
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.folders = {name: home / "shares" / name for name in (SHARE, other)}
        self._child: subprocess.Popen[bytes] | None = None
        self._settings = {"least": least, "most": most, "encrypt": encrypt}
        for part in ("lock", "state", "cache", "pid", "rpc"):
            (home / part).mkdir(parents=True, exist_ok=True)
        for folder in self.folders.values():
            folder.mkdir(parents=True)
        self.configure(more=shares)
        self.set_password(PASSWORD)

    @property
    def share(self) -> Path:
        """Return the folder that the first share shows."""
        return self.folders[SHARE]

    @property
    def tree(self) -> Path:
        """Return the same folder, as the tests of scans call it."""
        return self.share

    @property
    def second(self) -> Path:
        """Return the folder that the second share shows."""
        return [*self.folders.values()][1]

    @property
    def running(self) -> bool:
        """Whether it was started and not killed since."""
        return self._child is not None

    def configure(self, *, without: str = "", more: str = "") -> None:
        """Write the configuration; one without a share takes that share away from new connections."""
        text = _GLOBAL.format(home=self.home, port=self.port, **self._settings)
        for name, folder in self.folders.items():
            if name != without:
                text += _A_SHARE.format(name=name, path=folder)
        (self.home / "smb.conf").write_text(text + more)

    def set_password(self, password: str) -> None:
        """Give the user this password, from the next sign-in on."""
        known = self.home / "passdb.tdb"
        command = ["pdbedit", "-s", self.home / "smb.conf", "-t", "-u", self.user]
        if known.exists():
            subprocess.run([*command, "-x"], check=False, capture_output=True)
        subprocess.run(
            [*command, "-a"], input=f"{password}\n" * 2, text=True, check=True, capture_output=True
        )

    def address(self, **other: object) -> ShareAddress:
        """Return how to reach the first share; `other`: fields that differ."""
        fields: dict[str, object] = {
            "host": "127.0.0.1",
            "share": SHARE,
            "username": self.user,
            "password": PASSWORD,
            "port": self.port,
        }
        return ShareAddress(**{**fields, **other})  # type: ignore[arg-type]  # tests name real fields

    def source(self, **other: object) -> SmbSource:
        """Return a source on the first share that is quick to give up."""
        return SmbSource("nas:1", self.address(**other), deadline_s=2.0, patience_s=10.0)

    def __enter__(self) -> Smbd:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End it and remove its folders."""
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self) -> None:
        """Start it and wait until it listens."""
        with open(self.home / "out", "ab") as out:
            self._child = subprocess.Popen(
                ["smbd", "-F", "--no-process-group", "-s", self.home / "smb.conf", "--debug-stdout"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert self._child.poll() is None, (self.home / "out").read_text()
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("smbd does not listen")

    def kill(self) -> None:
        """End it and all its children at once; the files stay."""
        if self._child is not None:
            self._signal(signal.SIGKILL)
            self._child.wait()
            self._child = None

    def processes(self) -> set[int]:
        """Return the processes of the server that live: one for each client beside its own."""
        assert self._child is not None
        found = set()
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                state, _parent, group = stat.read_text().rpartition(")")[2].split()[:3]
                if int(group) == self._child.pid and state != "Z":
                    found.add(int(stat.parent.name))
        return found

    def freeze(self) -> None:
        """Stop it and its children without closing anything."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._child is not None
        os.killpg(self._child.pid, number)  # its own session: nobody else is in there
