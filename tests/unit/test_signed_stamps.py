"""Device and inode numbers of all 64 bits: one form from the disk to the database."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from xxhash import xxh3_128_digest

from mediavault_tui.domain.model import signed
from mediavault_tui.probe.wholefiles import CHANGED, hash_whole
from mediavault_tui.sources.local.source import stamp_of


@pytest.mark.parametrize(
    ("number", "stored"), [(0, 0), (2**63 - 1, 2**63 - 1), (2**63, -(2**63)), (2**64 - 5, -5)]
)
def test_a_number_is_stored_by_its_64_bits(number: int, stored: int) -> None:
    assert signed(number) == stored


def test_the_stamp_of_a_file_fits_the_database_whatever_its_inode(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    looked = list(os.stat(tmp_path / "a"))
    looked[1], looked[2] = 2**64 - 5, 2**63 + 7
    stamp = stamp_of(os.stat_result(looked))
    assert (stamp.inode, stamp.device) == (-5, -(2**63) + 7)


@pytest.mark.parametrize(("off", "answer"), [(2**64, xxh3_128_digest(b"x")), (1, CHANGED)])
def test_a_small_file_is_known_by_either_form_and_by_no_other_number(
    tmp_path: Path, off: int, answer: bytes | int
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    st = path.stat()
    file = (st.st_dev - off, st.st_ino - off, st.st_size, st.st_mtime_ns, os.fsencode(path))
    assert hash_whole([file]) == [answer]
