"""`mediavault exact` as a real process: its documents, sentences and exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from xxhash import xxh3_128_hexdigest

from mediavault_tui.domain.pathtext import harmless

ROOT = Path(__file__).parents[2]


def mediavault(*words: str | bytes | Path, user: int | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mediavault_tui", "exact", *words],
        capture_output=True,
        check=False,
        encoding="utf-8",
        cwd=ROOT,
        user=user,
    )


def document(*words: str | bytes | Path) -> dict[str, Any]:
    ran = mediavault("--json", *words)
    assert (ran.returncode, ran.stderr) == (0, "")
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def test_the_document_has_groups_errors_and_totals(tmp_path: Path) -> None:
    for name, content in {"a.mkv": b"same", "b.mkv": b"same", "c.mkv": b"else", "d": b"alone"}.items():
        (tmp_path / name).write_bytes(content)
    assert document(tmp_path) == {
        "groups": [
            {
                "size": 4,
                "hash": xxh3_128_hexdigest(b"same"),
                "files": [str(tmp_path / "a.mkv"), str(tmp_path / "b.mkv")],
            }
        ],
        "errors": [],
        "files": 4,
        "left_out": 0,
        "bytes_freed": 4,
        "bytes_read": 12,
    }


def test_a_path_that_is_no_text_is_given_in_hex_and_links_say_of_which(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    bad = root + b"/bad\xff"
    try:
        Path(os.fsdecode(bad)).write_bytes(b"same")
    except OSError as error:
        pytest.skip(f"not tested here: the file system takes only UTF-8 ({error})")
    (tmp_path / "new\nline").write_bytes(b"same")
    os.link(tmp_path / "new\nline", tmp_path / "second")
    (group,) = document(tmp_path)["groups"]
    first = str(tmp_path / "new\nline")
    assert group["files"] == [
        {"path_hex": bad.hex()},
        first,
        {"path": str(tmp_path / "second"), "link_of": first},
    ]


def test_what_a_holding_folder_holds_is_no_copy_to_rely_on(tmp_path: Path) -> None:
    """Wherever that folder is set to be: what it holds may be purged tomorrow."""
    held = tmp_path / "set aside/movies/2026-07-01"
    a_list = tmp_path / "lists/tv/2026-07-01"
    for folder in (held, a_list, tmp_path / "library"):
        folder.mkdir(parents=True)
    (tmp_path / "library/a.mkv").write_bytes(b"same")
    (held / "a.mkv").write_bytes(b"same")
    (held / "b.mkv").write_bytes(b"same")
    (held / "manifest.json").write_text(json.dumps({"version": 1, "files": [{"staged_hex": "61"}]}))
    (a_list / "c.mkv").write_bytes(b"same")
    (a_list / "manifest.json").write_text("somebody's own")
    found = document(tmp_path)
    ours = {str(tmp_path / "library/a.mkv"), str(a_list / "c.mkv")}
    assert [set(group["files"]) for group in found["groups"]] == [ours]
    assert (found["files"], found["left_out"]) == (3, 2)
    assert "2 held files were left out" in mediavault(tmp_path).stdout
    assert document("--videos", tmp_path)["left_out"] == 2
    (held / "manifest.json").unlink()
    assert document(tmp_path)["left_out"] == 0


def test_largest_groups_come_first(tmp_path: Path) -> None:
    for size in (5, 200_000, 3000):
        for copy in "ab":
            (tmp_path / f"{size}{copy}").write_bytes(bytes(size))
    assert [group["size"] for group in document(tmp_path)["groups"]] == [200_000, 3000, 5]


def test_several_folders_are_one_search(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "film.mkv").write_bytes(b"same")
    assert document(tmp_path / "one")["groups"] == []
    assert len(document(tmp_path / "one", tmp_path / "two", "--readers", "3")["groups"]) == 1


def test_a_person_reads_groups_and_what_could_be_freed(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(bytes(1_000_000))
    os.link(tmp_path / "a", tmp_path / "d")
    ran = mediavault(tmp_path)
    assert ran.returncode == 0
    assert ran.stdout == (
        "3 files of 1.0 MB each; 2.0 MB could be freed\n"
        f"  {tmp_path}/a\n"
        f"    = {tmp_path}/d (another name of the same file)\n"
        f"  {tmp_path}/b\n"
        f"  {tmp_path}/c\n"
        "\n"
        "4 files looked at, 3.4 MB read: 1 groups, 2 copies too many, 2.0 MB could be freed\n"
    )


def test_names_cannot_command_the_terminal(tmp_path: Path) -> None:
    for name in ("\x1b[31mred\n", "over\u202eride", "plain é"):
        (tmp_path / name).write_bytes(b"same")
    ran = mediavault(tmp_path)
    assert "\x1b" not in ran.stdout
    assert "\u202e" not in ran.stdout
    assert r"\x1b[31mred\n" in ran.stdout
    assert r"over\u202eride" in ran.stdout
    assert "plain é" in ran.stdout


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--readers", "0", "."),
        ("--readers", "many", "."),
        ("--videos", "--all-files", "."),
        ("/no/such/folder",),
        (__file__,),
    ],
)
def test_what_is_asked_wrongly_ends_with_two_and_says_why(words: tuple[str, ...]) -> None:
    ran = mediavault(*words)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.strip()
    assert "Traceback" not in ran.stderr


def test_an_unreadable_file_ends_with_one_and_the_rest_is_shown() -> None:
    if os.geteuid() != 0:
        pytest.skip("not tested here: only root can make a file of somebody else's")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        folder.chmod(0o755)
        for name in ("a", "b", "c"):
            (folder / name).write_bytes(b"same")
        (folder / "b").chmod(0)
        # Once as root, who may read this interpreter wherever it lies, then as an ordinary user.
        code = (
            "import os, sys; from mediavault_tui.cli.main import main;"
            "words = ['exact', '--json', '--readers', '1', sys.argv[1]]; main(words); print(end='\\0');"
            "os.seteuid(65534); sys.exit(main(words))"
        )
        ran = subprocess.run(
            [sys.executable, "-c", code, folder], capture_output=True, encoding="utf-8", check=False, cwd=ROOT
        )
    finally:
        shutil.rmtree(folder)
    assert (ran.returncode, ran.stderr) == (1, "")
    before, answer = map(json.loads, ran.stdout.split("\0"))
    assert before["errors"] == []
    assert [group["files"] for group in answer["groups"]] == [[str(folder / "a"), str(folder / "c")]]
    (error,) = answer["errors"]
    assert error["path"] == str(folder / "b")
    assert "access is denied" in error["message"]


def test_it_starts_without_what_it_does_not_need() -> None:
    code = (
        "import sys; from mediavault_tui.cli.main import parser; parser('exact');"
        "print(*{'asyncio', 'numpy', 'textual', 'rich', 'platformdirs', 'asyncpg', 'guessit', 'dataclasses',"
        " 'threading', 'json', 'multiprocessing', 'ctypes'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.split() == []


@pytest.mark.skipif(sys.platform != "linux", reason="not tested here: peak memory is read from /proc")
def test_a_file_costs_at_most_a_kilobyte_of_memory(tmp_path: Path) -> None:
    files = 16000  # many, because Python takes memory by the MiB
    for n in range(files):
        (tmp_path / f"a film with a name of ordinary length {n:06}.mkv").write_bytes(b"%07d" % (n // 2))
    code = (
        "import re, sys; from mediavault_tui.cli.main import main;"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]);"
        "before = peak(); main(['exact', '--json', sys.argv[1]]); print(peak() - before, file=sys.stderr)"
    )
    (tmp_path / "empty").mkdir()
    used = []
    for folder in (tmp_path / "empty", tmp_path):
        ran = subprocess.run(
            [sys.executable, "-c", code, folder], capture_output=True, text=True, check=True, cwd=ROOT
        )
        used.append(int(ran.stderr))
    # A twentieth more, for Python 3.13's objects are that much larger; here every file is in a group.
    assert used[1] - used[0] <= 1.05 * files, "KiB"


def test_printable_text_stays_as_it_is() -> None:
    assert harmless("日本語 [x265] é.mkv") == "日本語 [x265] é.mkv"
    assert harmless("a\x1b\u202e\x9b") == r"a\x1b\u202e\x9b"
