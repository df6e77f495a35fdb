"""A bad night: the server killed, frozen, cut, changed in mid-work. Nothing is lost or made up."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections.abc import Callable

import pytest

from mediavault_tui.errors import (
    SourceChanged,
    SourceDenied,
    SourceError,
    SourceMissing,
    SourceOffline,
    SourceTaken,
)
from mediavault_tui.sources.base import WalkError
from mediavault_tui.sources.smb import packets
from mediavault_tui.sources.smb.source import SmbSource
from mediavault_tui.sources.smb.wire import Dropped
from tests.smb.proxy import Proxy
from tests.smb.server import PASSWORD, SHARE, Smbd

Start = Callable[..., Smbd]
TOP = f"/{SHARE}".encode()
MIB = 1024 * 1024


def walked(source: SmbSource) -> list[bytes]:
    errors: list[WalkError] = []
    found = [f.path for batch in source.walk(TOP, skip=frozenset(), on_error=errors.append) for f in batch]
    assert errors == []
    return sorted(found)


def fill(server: Smbd, folders: int = 40, each: int = 25) -> list[bytes]:
    names = []
    for folder in range(folders):
        (server.share / f"f{folder}").mkdir()
        for number in range(each):
            name = f"f{folder}/film {number} with a name that takes some room.mkv"
            (server.share / name).touch()
            names.append(TOP + b"/" + name.encode())
    return sorted(names)


def restart_soon(server: Smbd) -> threading.Thread:
    """Kill it now; start it again after a while, from another thread."""
    server.kill()
    thread = threading.Timer(0.5, server.start)
    thread.start()
    return thread


def test_a_listing_that_is_killed_in_its_middle_goes_on(new_smbd: Start) -> None:
    server = new_smbd()
    names = fill(server)
    threads: list[threading.Thread] = []
    with Proxy(server.port) as proxy, server.source(port=proxy.port) as source:
        source.free_space()
        proxy.limit = proxy.to_client + 60_000
        proxy.on_limit = lambda: threads.append(restart_soon(server))
        assert walked(source) == names
        assert len(threads) == 1, "the server was not killed"
        assert proxy.connections > 1
    threads[0].join()


def test_a_read_that_is_killed_goes_on_where_it_stopped(new_smbd: Start) -> None:
    server = new_smbd()
    content = os.urandom(12 * MIB)
    (server.share / "film").write_bytes(content)
    threads: list[threading.Thread] = []
    with Proxy(server.port) as proxy, server.source(port=proxy.port) as source:
        buffer = bytearray(MIB)
        got = bytearray()
        with source.open(TOP + b"/film") as reader:
            proxy.limit = proxy.to_client + 5 * MIB
            proxy.on_limit = lambda: threads.append(restart_soon(server))
            while count := reader.read_into(len(got), memoryview(buffer)):
                got += buffer[:count]
        assert got == content
        assert len(threads) == 1
        assert proxy.to_client < 22 * MIB, "it began anew"
    threads[0].join()


def test_a_file_that_was_exchanged_meanwhile_is_not_read_on(new_smbd: Start) -> None:
    server = new_smbd()
    (server.share / "film").write_bytes(os.urandom(2 * MIB))
    with server.source() as source, source.open(TOP + b"/film") as reader:
        reader.read_into(0, memoryview(bytearray(10)))
        server.kill()
        (server.share / "film").unlink()
        (server.share / "film").write_bytes(os.urandom(2 * MIB))
        server.start()
        with pytest.raises(SourceChanged, match="changed while the connection was down"):
            reader.read_into(MIB, memoryview(bytearray(10)))


@pytest.mark.parametrize("answers", range(6))
def test_a_move_that_is_cut_is_made_once_and_reported_truly(shared_smbd: Smbd, answers: int) -> None:
    """Cut before each of the server's answers in turn: with some the move is done, with some not."""
    folder = shared_smbd.share / f"cut{answers}"
    folder.mkdir()
    (folder / "a").write_bytes(b"the film")
    top = TOP + f"/cut{answers}".encode()
    with Proxy(shared_smbd.port) as proxy, shared_smbd.source(port=proxy.port) as source:
        source.free_space()
        proxy.limit = proxy.to_client + answers * 150
        source.move(top + b"/a", top + b"/b")
        assert os.listdir(folder) == ["b"]
        assert (folder / "b").read_bytes() == b"the film"


def test_a_move_whose_answer_is_lost_is_not_taken_for_another_file(shared_smbd: Smbd) -> None:
    folder = shared_smbd.share / "lost"
    folder.mkdir()
    (folder / "a").write_bytes(b"ours")
    with Proxy(shared_smbd.port) as proxy, shared_smbd.source(port=proxy.port) as source:
        source.stat(TOP + b"/lost/a")
        (folder / "b").write_bytes(b"theirs")
        proxy.limit = proxy.to_client + 500
        with pytest.raises(SourceTaken):
            source.move(TOP + b"/lost/a", TOP + b"/lost/b")
    assert (folder / "a").read_bytes() == b"ours"
    assert (folder / "b").read_bytes() == b"theirs"


def test_a_removal_that_is_cut_is_made_once(shared_smbd: Smbd) -> None:
    for answers in range(4):
        path = shared_smbd.share / f"removed{answers}"
        path.write_bytes(b"x")
        with Proxy(shared_smbd.port) as proxy, shared_smbd.source(port=proxy.port) as source:
            source.free_space()
            proxy.limit = proxy.to_client + answers * 200
            source.remove(TOP + f"/removed{answers}".encode())
        assert not path.exists()


def test_a_frozen_server_is_noticed_in_seconds_and_used_again(new_smbd: Start) -> None:
    server = new_smbd()
    content = os.urandom(3 * MIB)
    (server.share / "film").write_bytes(content)
    with (
        SmbSource("nas:1", server.address(), deadline_s=1.0, patience_s=1.0) as source,
        source.open(TOP + b"/film") as reader,
    ):
        reader.read_into(0, memoryview(bytearray(10)))
        server.freeze()
        start = time.monotonic()
        with pytest.raises(SourceOffline, match=r"film on 127\.0\.0\.1:\d+: .*not answer"):
            reader.read_into(MIB, memoryview(bytearray(MIB)))
        assert time.monotonic() - start < 8
        for act in (source.stat, source.list_folder):  # it is known to be away: no patience any more
            start = time.monotonic()
            with pytest.raises(SourceOffline):
                act(TOP)
            assert time.monotonic() - start < 4
        server.thaw()
        buffer = bytearray(MIB)
        assert reader.read_into(MIB, memoryview(buffer)) == MIB
        assert buffer == content[MIB : 2 * MIB]


def test_a_silent_network_is_noticed_while_others_wait_too(shared_smbd: Smbd) -> None:
    with (
        Proxy(shared_smbd.port) as proxy,
        SmbSource("nas:1", shared_smbd.address(port=proxy.port), deadline_s=1.0, patience_s=0.5) as source,
    ):
        source.free_space()
        proxy.silence()
        ends: list[type[BaseException]] = []

        def ask() -> None:
            try:
                source.list_folder(TOP)
            except SourceError as error:
                ends.append(type(error))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert ends == [SourceOffline] * 4
        assert time.monotonic() - start < 12
        proxy.resume()


def test_a_slow_answer_is_no_silence(shared_smbd: Smbd) -> None:
    content = os.urandom(3 * MIB)
    (shared_smbd.share / "slow").write_bytes(content)
    with Proxy(shared_smbd.port, rate=1.5 * MIB) as proxy:
        address = shared_smbd.address(port=proxy.port)
        with SmbSource("nas:1", address, deadline_s=1.0) as source:
            assert source.read_file(TOP + b"/slow") == content
            assert proxy.connections == 1


def test_an_idle_connection_is_kept_alive(shared_smbd: Smbd) -> None:
    with Proxy(shared_smbd.port) as proxy:
        address = shared_smbd.address(port=proxy.port)
        with SmbSource("nas:1", address, deadline_s=2.0, keep_alive_s=0.1) as source:
            source.free_space()
            before, until = proxy.to_server, time.monotonic() + 10
            while proxy.to_server == before and time.monotonic() < until:
                time.sleep(0.02)
            assert proxy.to_server > before


def test_a_closed_source_says_so(shared_smbd: Smbd) -> None:
    source = shared_smbd.source()
    source.free_space()
    source.close()
    with pytest.raises(SourceOffline, match="closed"):
        source.stat(TOP + b"/x")


def test_what_is_wrong_with_an_address_is_said(shared_smbd: Smbd) -> None:
    wrong: list[tuple[dict[str, object], type[SourceError], str]] = [
        ({"password": "not it"}, SourceDenied, "password"),
        ({"username": "nobody-at-all"}, SourceDenied, "nobody-at-all"),
        ({"share": "volume9"}, SourceOffline, "no share volume9"),
        ({"port": 1}, SourceOffline, "nothing listens at port 1"),
        ({"host": "no-such-nas.invalid"}, SourceOffline, r"no-such-nas\.invalid"),
    ]
    for fields, kind, words in wrong:
        with shared_smbd.source(**fields) as source:
            start = time.monotonic()
            with pytest.raises(kind, match=words) as raised:
                source.list_folder(f"/{fields.get('share', SHARE)}".encode())
            assert time.monotonic() - start < 5
            text = str(raised.value)
            assert PASSWORD not in text
            assert "not it" not in text
    assert PASSWORD not in repr(shared_smbd.address())


def test_what_does_not_speak_smb_is_told_so(shared_smbd: Smbd) -> None:
    import socketserver

    class Web(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Web) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        port = web.server_address[1]
        with (
            shared_smbd.source(port=port) as source,
            pytest.raises(SourceOffline, match="does not speak SMB"),
        ):
            source.free_space()
        web.shutdown()


def test_a_password_that_is_changed_midway_is_said(new_smbd: Start) -> None:
    server = new_smbd()
    (server.share / "film").touch()
    with server.source() as source:
        assert len(walked(source)) == 1
        server.kill()
        server.set_password("another")
        server.start()
        with pytest.raises(SourceDenied, match="password"):
            source.stat(TOP + b"/film")
        with pytest.raises(SourceError):
            walked(source)
    with server.source(password="another") as source:
        assert len(walked(source)) == 1


def test_a_share_that_is_gone_is_offline_and_marks_nothing_gone(new_smbd: Start) -> None:
    server = new_smbd()
    (server.share / "film").touch()
    with server.source() as source:
        assert len(walked(source)) == 1
        server.kill()
        server.configure(without=SHARE)
        server.start()
        for act in (source.stat, source.list_folder, source.open):
            with pytest.raises(SourceOffline, match="no share volume1"):
                act(TOP + b"/film")
        with pytest.raises(SourceOffline):
            walked(source)


def test_a_share_that_is_empty_is_empty(shared_smbd: Smbd) -> None:
    with shared_smbd.source(share="volume2") as source:
        assert [*source.walk(b"/volume2", skip=frozenset(), on_error=print)] == []
        assert source.list_folder(b"/volume2") == []


def test_a_folder_that_is_closed_to_us_is_an_error_and_no_absence(new_smbd: Start) -> None:
    server = new_smbd(shares="")
    (server.share / "open").mkdir()
    (server.share / "open/film").touch()
    server.configure(
        more=f"  veto files = /nothing/\n  hide unreadable = no\n  invalid users = {server.user}\n"
    )
    with server.source(share="volume2") as source, pytest.raises(SourceDenied, match="no right"):
        source.list_folder(b"/volume2")


def test_a_locked_file_is_said_and_never_waited_for(shared_smbd: Smbd) -> None:
    (shared_smbd.share / "locked").write_bytes(b"x")
    with shared_smbd.source() as holder, shared_smbd.source() as source:
        holder.free_space()
        wire = holder._link._connected()
        alone = packets.create("locked".encode("utf-16-le"), access=packets.READ_DATA)
        body = bytearray(alone.body)
        body[32:36] = bytes(4)  # share with nobody
        (reply,) = wire.ask(packets.Ask(packets.CREATE, bytes(body)))
        assert reply.status == 0
        with pytest.raises(SourceDenied, match="another program has it locked"):
            source.open(TOP + b"/locked")
        with pytest.raises(SourceDenied, match="locked"):
            source.move(TOP + b"/locked", TOP + b"/elsewhere")
        assert source.stat(TOP + b"/locked").stamp.size == 1
        wire.ask(packets.close(packets.handle_of(reply.frame)))
        source.move(TOP + b"/locked", TOP + b"/elsewhere")


def test_we_lock_nobody_out(shared_smbd: Smbd) -> None:
    (shared_smbd.share / "free").write_bytes(b"x")
    with shared_smbd.source() as one, shared_smbd.source() as two, one.open(TOP + b"/free") as reader:
        two.move(TOP + b"/free", TOP + b"/freed")
        assert reader.read_into(0, memoryview(bytearray(1))) == 1


def test_names_that_smb_cannot_say_are_listed_by_another_that_opens(shared_smbd: Smbd) -> None:
    folder = shared_smbd.share / "odd"
    folder.mkdir()
    names = ['a:b?"c.mkv', "ends with a dot.", "ends with a blank "]
    for number, name in enumerate(names):
        (folder / name).write_bytes(b"%d" % number)
    with shared_smbd.source() as source:
        entries = source.list_folder(TOP + b"/odd")
        assert len(entries) == len(names)
        got = {source.read_file(TOP + b"/odd/" + entry.name) for entry in entries}
        assert got == {b"0", b"1", b"2"}


@pytest.mark.parametrize("name", [b"a:stream", b"../secret", b"what?", b"back\\slash", b"a//b", b"\xff"])
def test_names_that_mean_something_else_never_reach_the_server(shared_smbd: Smbd, name: bytes) -> None:
    with shared_smbd.source() as source:
        with pytest.raises(SourceMissing):
            source.stat(TOP + b"/" + name)
        assert source.bytes_read == 0


def test_a_circle_of_links_ends(shared_smbd: Smbd) -> None:
    folder = shared_smbd.share / "circle"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner/film").touch()
    (folder / "inner/back").symlink_to("..")
    with shared_smbd.source() as source:
        batches = source.walk(TOP + b"/circle", skip=frozenset(), on_error=print)
        paths = [file.path for batch in batches for file in batch]
    assert TOP + b"/circle/inner/film" in paths
    assert len(paths) <= 2


DIALECTS = {
    "SMB 2.1": {"least": "SMB2_10", "most": "SMB2_10"},
    "SMB 3.0.2": {"least": "SMB3_02", "most": "SMB3_02"},
    "SMB 3.1.1, encrypted": {"encrypt": "required"},
    "SMB 3.0.2, encrypted": {"least": "SMB3_02", "most": "SMB3_02", "encrypt": "required"},
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_works(new_smbd: Start, dialect: str) -> None:
    server = new_smbd(**DIALECTS[dialect])
    content = os.urandom(5 * MIB + 1)
    (server.share / "film").write_bytes(content)
    with Proxy(server.port) as proxy, server.source(port=proxy.port) as source:
        assert source.read_file(TOP + b"/film") == content
        source.write_file(TOP + b"/new", content)
        source.move(TOP + b"/new", TOP + b"/moved")
        assert (server.share / "moved").read_bytes() == content
        assert walked(source) == [TOP + b"/film", TOP + b"/moved"]
        proxy.cut()
        assert source.read_file(TOP + b"/film") == content


def test_an_answer_whose_signature_is_wrong_is_not_believed(shared_smbd: Smbd) -> None:
    with shared_smbd.source() as source:
        source.free_space()
        wire = source._link._connected()
        sign = wire.terms.sign
        assert sign is not None
        wrong = lambda number, answer, *parts: bytes(16) if answer else sign(number, answer, *parts)  # noqa: E731
        wire.terms = dataclasses.replace(wire.terms, sign=wrong)
        with pytest.raises(Dropped, match="signature is wrong"):
            wire.ask(packets.echo())
        assert wire.broken
        source.free_space()  # over a new connection


def test_small_files_are_written_whole_or_not_at_all(shared_smbd: Smbd) -> None:
    folder = shared_smbd.share / "manifest"
    folder.mkdir()
    path = TOP + b"/manifest/manifest.json"
    with shared_smbd.source() as source:
        source.write_file(path, b"one")
        with pytest.raises(SourceTaken):
            source.write_file(path, b"two")
        assert source.read_file(path) == b"one"
        source.write_file(path, b"", replace=True)
        assert source.read_file(path) == b""
        source.write_file(path, b"three", replace=True)
    assert {name.name: name.read_bytes() for name in folder.iterdir()} == {"manifest.json": b"three"}
