"""What changes a share: move, remove, folders, small files. Each can be repeated after a drop.

A drop in the middle of an act leaves open whether the server did it. So each looks first which file
it is about, and after a drop looks again: what was done is reported as done, and nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from xxhash import xxh3_64_hexdigest

from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceChanged, SourceError, SourceMissing, SourceTaken
from mediavault_tui.sources.smb import packets
from mediavault_tui.sources.smb.errors import END_OF_FILE, NOT_FOUND
from mediavault_tui.sources.smb.link import Link
from mediavault_tui.sources.smb.names import above, on_the_wire
from mediavault_tui.sources.smb.values import FOLDER, REPARSE_POINT, Look
from mediavault_tui.sources.smb.wire import Reply, Wire

_TAKEN = 0xC0000035
_IS_FILE = (0xC0000103, _TAKEN)


def look(link: Link, path: bytes, doing: str = "look at") -> Look:
    """Return what is at `path`, following no link. Raises SourceMissing, SourceDenied, SourceOffline."""
    name = on_the_wire(path, link.address)
    return link.attempt(doing, path, lambda wire: _look(link, wire, name, path, doing))


def _look(link: Link, wire: Wire, name: bytes, path: bytes, doing: str) -> Look:
    opened, asked, _ = wire.ask(
        packets.create(name, access=packets.READ_ATTRIBUTES, options=packets.THE_LINK_ITSELF),
        packets.query_all(),
        packets.close(),
    )
    link.check(opened, doing, path)
    return packets.look_of(link.check(asked, doing, path).frame)


def move(link: Link, source: bytes, destination: bytes, *, replace: bool = False) -> None:
    """Rename on the server; see `sources.base.Source.move`. `replace`: put it over an existing file."""
    names = on_the_wire(source, link.address), on_the_wire(destination, link.address)
    before = look(link, source, "move")
    tried = False

    def act(wire: Wire) -> None:
        nonlocal tried
        if tried and _arrived(link, wire, names, before):
            return
        tried = True
        opened, renamed, _ = wire.ask(
            packets.create(
                names[0],
                access=packets.DELETE | packets.READ_ATTRIBUTES | packets.SYNCHRONIZE,
                options=packets.THE_LINK_ITSELF,
            ),
            packets.rename(names[1], replace=replace),
            packets.close(),
        )
        link.check(opened, "move", source)
        _check_renamed(link, renamed, source, destination)

    link.attempt("move", source, act)


def move_checked(link: Link, source: bytes, destination: bytes, check: Callable[[Look], None]) -> Look:
    """Rename the very file that `check` has seen and let pass, by its handle; return it as it is there.

    Two messages: open and look; rename, look again and close. `check` raises to refuse.
    """
    names = on_the_wire(source, link.address), on_the_wire(destination, link.address)
    before: Look | None = None

    def act(wire: Wire) -> Look:
        nonlocal before
        if before is not None and _arrived(link, wire, names, before):
            return _look(link, wire, names[1], destination, "look at")
        opened, asked = wire.ask(
            packets.create(
                names[0],
                access=packets.DELETE | packets.READ_ATTRIBUTES | packets.SYNCHRONIZE,
                options=packets.THE_LINK_ITSELF,
            ),
            packets.query_all(),
        )
        link.check(opened, "move", source)
        handle = packets.handle_of(opened.frame)
        try:
            found = packets.look_of(link.check(asked, "move", source).frame)
            check(found)
        except BaseException:
            wire.send([packets.close(handle)])
            raise
        before = found
        renamed, asked, closed = wire.ask(
            packets.rename(names[1], handle=handle), packets.query_all(handle), packets.close(handle)
        )
        if closed.status:  # some servers stop at the first request of a message that fails
            wire.send([packets.close(handle)])
        _check_renamed(link, renamed, source, destination)
        return packets.look_of(link.check(asked, "look at", destination).frame)

    return link.attempt("move", source, act)


def _check_renamed(link: Link, renamed: Reply, source: bytes, destination: bytes) -> None:
    doing = f"move {display(source)} to"
    if renamed.status in NOT_FOUND:
        raise SourceMissing(
            f"cannot {doing} {display(destination)} on {link.address.server}: "
            "the folder is not there; make it first"
        )
    link.check(renamed, doing, destination)


def read_pieces(link: Link, path: bytes, pieces: Sequence[tuple[int, int]]) -> tuple[Look, bytes]:
    """Open a file, look at it, read some pieces (offset, bytes) and close it: all in one message.

    A piece that lies behind the end is shorter, or empty. Others may write, move and remove it meanwhile.
    """
    name = on_the_wire(path, link.address)

    def act(wire: Wire) -> tuple[Look, bytes]:
        memory = [memoryview(bytearray(length)) for offset, length in pieces]
        opened, asked, *read, _ = wire.ask(
            packets.create(
                name,
                access=packets.READ_DATA | packets.READ_ATTRIBUTES | packets.SYNCHRONIZE,
                options=packets.NO_FOLDER | packets.THE_LINK_ITSELF,
            ),
            packets.query_all(),
            *(
                packets.read(packets.SAME_FILE, offset, into)
                for (offset, _), into in zip(pieces, memory, strict=True)
            ),
            packets.close(),
        )
        link.check(opened, "open", path)
        found = packets.look_of(link.check(asked, "open", path).frame)
        for reply in read:
            link.check(reply, "read", path, END_OF_FILE)
        return found, b"".join(
            into[: 0 if reply.status else reply.count] for reply, into in zip(read, memory, strict=True)
        )

    return link.attempt("open", path, act)


def _arrived(link: Link, wire: Wire, names: tuple[bytes, bytes], before: Look) -> bool:
    """Return whether the move that a drop cut short was made: the file is there, and not here."""
    here, there = (_there(link, wire, name) for name in names)
    if here is not None and here.same_file(before):
        return False  # also when the names differ in case only: doing it again does no harm
    return there is not None and there.same_file(before)


def _there(link: Link, wire: Wire, name: bytes) -> Look | None:
    with suppress(SourceMissing):
        return _look(link, wire, name, b"", "look at")
    return None


def _anything(_found: Look) -> None:
    """Let every file pass."""


def remove(link: Link, path: bytes, check: Callable[[Look], None] = _anything) -> None:
    """Remove the very file that `check` has seen and let pass, by its handle; never a folder.

    Two messages, as for `move_checked`. `check` raises to refuse.
    """
    name = on_the_wire(path, link.address)
    before: Look | None = None

    def act(wire: Wire) -> None:
        nonlocal before
        if before is not None:
            now = _there(link, wire, name)
            if now is None:
                return
            if not now.same_file(before):
                raise SourceChanged(f"{display(path)} has become another file; scan again")
        opened, asked = wire.ask(
            packets.create(
                name,
                access=packets.DELETE | packets.READ_ATTRIBUTES | packets.SYNCHRONIZE,
                options=packets.THE_LINK_ITSELF,
            ),
            packets.query_all(),
        )
        link.check(opened, "remove", path)
        handle = packets.handle_of(opened.frame)
        try:
            found = packets.look_of(link.check(asked, "remove", path).frame)
            _no_folder(link, found, path)
            check(found)
        except BaseException:
            wire.send([packets.close(handle)])
            raise
        before = found
        deleted, closed = wire.ask(packets.delete(handle), packets.close(handle))
        if closed.status:  # some servers stop at the first request of a message that fails
            wire.send([packets.close(handle)])
        link.check(deleted, "remove", path)

    link.attempt("remove", path, act)


def _no_folder(link: Link, found: Look, path: bytes) -> None:
    if found.attributes & FOLDER:
        raise SourceChanged(
            f"{display(path)} on {link.address.server} is a folder, and folders are never removed"
        )


def make_folder(link: Link, path: bytes) -> None:
    """Make a folder and its parents; an existing one is fine, a file of that name is SourceTaken."""
    name = on_the_wire(path, link.address)

    def act(wire: Wire) -> int:
        opened, _ = wire.ask(
            packets.create(
                name,
                access=packets.READ_ATTRIBUTES | packets.SYNCHRONIZE,
                disposition=packets.OPEN_IF,
                options=packets.A_FOLDER,
            ),
            packets.close(),
        )
        if opened.status in _IS_FILE:
            raise SourceTaken(
                f"cannot make the folder {display(path)} on {link.address.server}: "
                "a file has that name; choose another"
            )
        if opened.status not in NOT_FOUND or not name:
            link.check(opened, "make the folder", path)
        return opened.status

    if link.attempt("make the folder", path, act):
        make_folder(link, above(path))
        if status := link.attempt("make the folder", path, act):
            raise SourceMissing(
                f"cannot make the folder {display(path)} on {link.address.server}: "
                f"the server says 0x{status:08X}; check the folder above it"
            )


def write_file(link: Link, path: bytes, data: bytes, *, replace: bool) -> None:
    """Write a small file under another name, have it on the disk, then give it its own."""
    # Always the same for one file: what a crash leaves is written over the next time.
    mark = xxh3_64_hexdigest(path).encode()
    partial = above(path) + b"/.mediavault-" + mark + b".part"
    name = on_the_wire(partial, link.address)
    on_the_wire(path, link.address)
    if not replace:
        with suppress(SourceMissing):
            look(link, path, "write")
            raise SourceTaken(
                f"cannot write {display(path)} on {link.address.server}: "
                "the name is in use and nothing is overwritten; choose another"
            )

    def act(wire: Wire) -> None:
        (opened,) = wire.ask(
            packets.create(
                name,
                access=packets.GENERIC_WRITE | packets.READ_ATTRIBUTES,
                disposition=packets.OVERWRITE_IF,
                options=packets.NO_FOLDER | packets.THE_LINK_ITSELF,
            )
        )
        handle = packets.handle_of(link.check(opened, "write", path).frame)
        whole = memoryview(data)
        try:
            for at in range(0, len(data), wire.terms.most_write):
                (written,) = wire.ask(packets.write(handle, at, whole[at : at + wire.terms.most_write]))
                link.check(written, "write", path)
            (flushed,) = wire.ask(packets.flush(handle))
            link.check(flushed, "write", path)
        finally:
            wire.ask(packets.close(handle))

    try:
        link.attempt("write", path, act)
        move(link, partial, path, replace=replace)
    except SourceError:
        with suppress(SourceError):
            remove(link, partial)
        raise


def is_file(found: Look) -> bool:
    """Return whether it is neither folder nor link."""
    return not found.attributes & (FOLDER | REPARSE_POINT)
