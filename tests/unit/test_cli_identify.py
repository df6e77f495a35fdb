"""`mediavault identify` as a person and a pipe use it: the real command, in a process of its own."""

from __future__ import annotations

import io
import json
import subprocess
import sys

from mediavault_tui.cli.identify import describe, split
from mediavault_tui.domain.model import Identity, Kind


def mediavault(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "mediavault_tui", "identify", *words],
        input=given,
        capture_output=True,
        timeout=60,
    )


def test_json_is_one_line_a_name_in_the_order_asked() -> None:
    done = mediavault(
        "--json", "Heat.1995.CD1.avi", "-", "Show.S01E02.mkv", given="Amélie (2001).mkv\n".encode()
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [line["name"] for line in lines] == ["Heat.1995.CD1.avi", "Amélie (2001).mkv", "Show.S01E02.mkv"]
    assert (lines[0]["title"], lines[0]["year"], lines[0]["part"]) == ("Heat", 1995, 1)
    assert (lines[2]["kind"], lines[2]["season"], lines[2]["episodes"]) == ("episode", 1, [2])
    assert all(line["evidence"] and 0 <= line["confidence"] <= 100 for line in lines)


def test_names_may_end_in_nul_and_hold_anything_else() -> None:
    done = mediavault("--json", "-0", "-", given=b"He\nat (1995).mkv\0bad\xff.mkv\0")
    assert [json.loads(line)["name"] for line in done.stdout.splitlines()] == [
        "He\nat (1995).mkv",
        "bad\\xff.mkv",
    ]


def test_the_table_shows_no_escape_sequence_to_the_terminal() -> None:
    done = mediavault("-0", "-", given="\x1b[31mHeat\u202e (1995).mkv".encode())
    assert b"\x1b" not in done.stdout
    assert "\u202e".encode() not in done.stdout
    assert b"Heat" in done.stdout


def test_the_fast_path_needs_no_guessit() -> None:
    code = (
        "import sys; from mediavault_tui.probe.filename import identify_path; identify_path('Heat.1995.mkv');"
        "sys.exit('guessit' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_a_worker_count_that_is_none_is_refused() -> None:
    done = mediavault("--workers", "0", "x")
    assert done.returncode == 2
    assert b"is no number from 1 to 256" in done.stderr


def test_lines_are_split_whatever_the_chunks() -> None:
    stream = io.BufferedReader(io.BytesIO(b"one\r\n\ntwo\nthree"))
    assert list(split(stream, b"\n")) == [b"one", b"two", b"three"]


def test_a_work_is_described_in_one_line() -> None:
    film = Identity(Kind.MOVIE, "Heat", year=1995, edition="IMAX", part=2, three_d=True, extra="sample")
    show = Identity(Kind.EPISODE, "The Office", country="US", season=2, episodes=(1, 2))
    assert describe(film) == "Heat (1995), IMAX, part 2, 3D, sample"
    assert describe(show) == "The Office (US) S02E01E02"
