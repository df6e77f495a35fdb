"""A real mount that hangs when it is told to: files of a folder, shown by the kernel's FUSE, answered by us.

Only what looking, opening and reading need of the protocol (linux/fuse.h). `hang` leaves every question
from then on without an answer, as a network mount does whose server is gone: whoever asks waits in the
kernel, until the mount is taken away.
"""

from __future__ import annotations

import ctypes
import os
import struct
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import pytest

_LOOKUP, _FORGET, _GETATTR, _OPEN, _READ, _RELEASE, _INIT, _INTERRUPT, _FORGET_MANY = (
    1, 2, 3, 14, 15, 18, 26, 36, 42,
)  # fmt: skip
_UNANSWERED = (_FORGET, _INTERRUPT, _FORGET_MANY)
_QUESTION = struct.Struct("<IIQQ16x")
_ANSWER = struct.Struct("<IiQ")
_ATTRIBUTES = struct.Struct("<6Q10I")
_NO_SUCH_CALL, _NOT_THERE = 38, 2
_NO_CACHE = 1
_FORCE, _DETACH = 1, 2


class Hanging:
    """A folder mounted at another; `with` mounts it and takes it away, also while somebody waits for it."""

    def __init__(self, folder: Path, at: Path) -> None:
        self.at = at
        self._paths = {1: folder}
        self._hangs = threading.Event()
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._thread = threading.Thread(target=self._serve, name="fuse", daemon=True)

    def hang(self) -> None:
        """Answer nothing any more."""
        self._hangs.set()

    def __enter__(self) -> Hanging:
        self.at.mkdir(exist_ok=True)
        try:
            self._device = os.open("/dev/fuse", os.O_RDWR)
        except OSError:
            pytest.skip("not tested here: there is no /dev/fuse that may be opened")
        options = b"fd=%d,rootmode=40000,user_id=%d,group_id=%d" % (self._device, os.getuid(), os.getgid())
        if self._libc.mount(b"hanging", os.fsencode(self.at), b"fuse", 0, options):
            os.close(self._device)
            pytest.skip("not tested here: a file system of our own may not be mounted")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        path = os.fsencode(self.at)
        self._libc.umount2(path, _FORCE)  # whoever waits gets an error
        self._libc.umount2(path, _DETACH)
        self._thread.join(10)
        os.close(self._device)

    def _serve(self) -> None:
        with suppress(OSError):  # it was taken away
            while True:
                asked = os.read(self._device, 1 << 18)
                _, call, number, node = _QUESTION.unpack_from(asked)
                if call in _UNANSWERED or (self._hangs.is_set() and call != _INIT):
                    continue
                try:
                    code, answer = 0, self._answer(call, node, asked[_QUESTION.size :])
                except OSError as error:
                    code, answer = -(error.errno or _NOT_THERE), b""
                os.write(self._device, _ANSWER.pack(_ANSWER.size + len(answer), code, number) + answer)

    def _answer(self, call: int, node: int, body: bytes) -> bytes:
        if call == _INIT:
            return struct.pack("<IIIIHHIIHHI28x", 7, 31, 0, 0, 4, 4, 1 << 17, 1, 0, 0, 0)
        path = self._paths[node]
        if call == _LOOKUP:
            path = path / os.fsdecode(body.rstrip(b"\0"))
            looked = os.stat(path)
            self._paths[looked.st_ino] = path
            return struct.pack("<QQQQII", looked.st_ino, 0, 0, 0, 0, 0) + _attributes(looked)
        if call == _GETATTR:
            return struct.pack("<QII", 0, 0, 0) + _attributes(os.stat(path))
        if call == _OPEN:
            return struct.pack("<QII", node, _NO_CACHE, 0)
        if call == _READ:
            offset, size = struct.unpack_from("<8xQI", body)
            with open(path, "rb") as file:
                return os.pread(file.fileno(), size, offset)
        if call == _RELEASE:
            return b""
        raise OSError(_NO_SUCH_CALL, "not needed here")


def _attributes(looked: os.stat_result) -> bytes:
    seconds = (looked.st_atime_ns, looked.st_mtime_ns, looked.st_ctime_ns)
    return _ATTRIBUTES.pack(
        looked.st_ino, looked.st_size, looked.st_blocks, *(each // 10**9 for each in seconds),
        *(each % 10**9 for each in seconds), looked.st_mode, looked.st_nlink, looked.st_uid, looked.st_gid,
        0, 4096, 0,
    )  # fmt: skip
