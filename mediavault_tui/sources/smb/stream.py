"""Write a large new file to a share as its bytes come: copies from other machines and shares.

A stream cannot be asked for again, so a drop in the middle ends the copy; whoever wanted it removes
the part and begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from struct import Struct

from mediavault_tui.errors import SourceError, SourceOffline, SourceTaken
from mediavault_tui.sources.smb import acts as smb_acts
from mediavault_tui.sources.smb import packets
from mediavault_tui.sources.smb.link import Link
from mediavault_tui.sources.smb.names import on_the_wire
from mediavault_tui.sources.smb.wire import Wire

_TIMES = Struct("<qqqqI4x")
"""Made, used, written, changed (0: leave it), attributes. Source: [MS-FSCC] 2.4.7."""
_BASIC = 4
_1970 = 116_444_736_000_000_000


def write_stream(link: Link, path: bytes, chunks: Iterable[memoryview], *, modified_ns: int) -> None:
    """Write a new file, on the server's disk at the end, with that time of change.

    Raises: SourceTaken if the name is in use; SourceOffline if the connection is lost in the
        middle; SourceFull; and whatever `chunks` raises. Nothing of an unfinished file stays.
    """
    name = on_the_wire(path, link.address)
    begun = False

    def act(wire: Wire) -> None:
        nonlocal begun
        if begun:
            raise SourceOffline(f"the connection to {link.address.server} was lost in the middle of a copy")
        (opened,) = wire.ask(
            packets.create(
                name,
                access=packets.GENERIC_WRITE | packets.READ_ATTRIBUTES,
                disposition=packets.CREATE_NEW,
                options=packets.NO_FOLDER | packets.THE_LINK_ITSELF,
            )
        )
        handle = packets.handle_of(link.check(opened, "write", path).frame)
        begun = True
        try:
            offset = 0
            for chunk in chunks:
                for at in range(0, len(chunk), wire.terms.most_write):
                    piece = chunk[at : at + wire.terms.most_write]
                    (written,) = wire.ask(packets.write(handle, offset, piece))
                    link.check(written, "write", path)
                    offset += len(piece)
            ticks = modified_ns // 100 + _1970
            for ask in (
                packets.flush(handle),
                packets.set_info(handle, _BASIC, _TIMES.pack(0, 0, ticks, 0, 0)),
            ):
                (answer,) = wire.ask(ask)
                link.check(answer, "write", path)
        finally:
            wire.ask(packets.close(handle))

    try:
        link.attempt("write", path, act)
    except SourceTaken:
        raise
    except BaseException:
        if begun:
            with suppress(SourceError):  # the reason that counts is the first one
                smb_acts.remove(link, path)
        raise
