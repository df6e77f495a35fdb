"""A key that is used is on the disk: what was signed or sealed with it outlives a power cut."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mediavault_tui.services.keys import signing_secret
from mediavault_tui.services.nas.sealing import Sealer
from mediavault_tui.settings import Secret, Settings


@pytest.mark.parametrize("name", ["signing.key", "nas.key"])
def test_a_key_is_on_the_disk_before_it_has_its_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real calls are made; only their order is written down, for no test can cut the power."""
    done: list[str] = []
    fsync, link = os.fsync, os.link

    def synced(handle: int) -> None:
        fsync(handle)
        found = os.fstat(handle)
        done.append("folder" if stat.S_ISDIR(found.st_mode) else f"{found.st_size > 0}")

    def linked(old: Path, new: Path) -> None:
        link(old, new)
        done.append(Path(new).name)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "link", linked)
    if name == "signing.key":
        signing_secret(Settings(data_dir=tmp_path))
    else:
        Sealer(tmp_path, None).seal(Secret("pw"))
    assert done == ["True", name, "folder"]
    assert os.listdir(tmp_path) == [name]
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_all_who_make_a_key_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as many:
        made = list(many.map(lambda _: signing_secret(Settings(data_dir=tmp_path)), range(8)))
        sealed = list(many.map(lambda n: Sealer(tmp_path, None).seal(Secret(f"{n}")), range(8)))
    assert len(set(made)) == 1
    opened = [Sealer(tmp_path, None).open(one) for one in sealed]
    assert [one.reveal() for one in opened if one] == [f"{n}" for n in range(8)]
    assert sorted(os.listdir(tmp_path)) == ["nas.key", "signing.key"]
