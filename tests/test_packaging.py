"""The wheel is whole, and both ways of installing give the same versions."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a wheel of this tree, built by its own backend."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_an_installed_wheel_finds_its_migrations_queries_and_styles(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)  # a pure wheel's files lie where an installer puts them
    code = """
import json
from pathlib import Path
import mediavault_tui
from mediavault_tui.store import sqlfiles, migrate
print(json.dumps({
    "package": mediavault_tui.__file__,
    "migrations": [str(m) for m in migrate.migrations()],
    "queries": sorted(sqlfiles.queries()),
}))
"""
    command = [sys.executable, "-P", "-c", code]
    env = {"PYTHONPATH": str(tmp_path), "PATH": ""}
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout)
    assert found["package"].startswith(str(tmp_path)), "the checkout must not answer for the wheel"
    assert found["migrations"] == sorted(p.stem for p in (ROOT / "sql/migrations").glob("*.sql"))
    assert found["queries"], "the wheel has no queries"


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "mediavault_tui", "streamer", "sql"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    expected = {re.sub(r"^sql/", "mediavault_tui/sql/", name) for name in tracked if (ROOT / name).exists()}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert expected <= packed
    assert not [name for name in packed if not name.startswith(("mediavault_tui/", "streamer/"))]
    assert not [name for name in packed if "__pycache__" in name]


def test_the_wheel_installs_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith("entry_points.txt")]
        assert "mediavault = mediavault_tui.cli.main:main" in archive.read(name).decode()


def test_constraints_and_lock_agree() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    locked = {(p["name"], p["version"]) for p in lock["package"] if p["name"] != "mediavault"}
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {
        tuple(line.split(";")[0].strip().split("==")) for line in lines if line and not line.startswith("#")
    }
    assert pinned == locked, "run `make lock`"


def test_the_lock_knows_every_dependency_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["embedded"],
        *project["dependency-groups"]["dev"],
    ]
    names = {re.split(r"[<>=!~\[; ]", requirement, maxsplit=1)[0].lower() for requirement in wanted}
    assert names <= {p["name"] for p in lock["package"]}, "run `make lock`"


def test_the_lock_names_the_public_index_only() -> None:
    text = (ROOT / "uv.lock").read_text("utf-8")
    hosts = set(re.findall(r"(?:https?|file)://[^/\"]*", text))
    assert hosts <= {"https://pypi.org", "https://files.pythonhosted.org"}
    assert "path = " not in text


def test_what_is_imported_is_declared() -> None:
    """What comes along with another package may go with it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["embedded"]]
    names = {re.split(r"[\[<>=; ]", line)[0].replace("-", "_").lower() for line in declared}
    of_module = importlib.metadata.packages_distributions()
    missing = set()
    for path in (*(ROOT / "mediavault_tui").rglob("*.py"), *(ROOT / "streamer").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            modules = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = [node.module or ""]
            for top in {module.partition(".")[0] for module in modules} - {"mediavault_tui", "streamer"}:
                from_ = {name.replace("-", "_").lower() for name in of_module.get(top, ())}
                if top not in sys.stdlib_module_names and not from_ & names:
                    missing.add(f"{top} ({path.name})")
    assert missing == set()


def test_an_environment_that_was_broken_off_is_made_anew(tmp_path: Path) -> None:
    """As after a Ctrl-C in the first `make demo`: the folder is there, and pip is not."""
    (tmp_path / "deploy").mkdir()
    script = shutil.copy(ROOT / "deploy" / "environment.sh", tmp_path / "deploy")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    # No uv, and a pip that is told to install nothing: only the making of the environment is looked at.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "uv").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin" / "uv").chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PIP_NO_INDEX": "1"}
    environ["PYTHON"] = sys.executable
    ran = subprocess.run(["sh", script], env=environ, capture_output=True, text=True, check=False)
    assert "No module named pip" not in ran.stderr
    assert (
        subprocess.run([tmp_path / ".venv/bin/python", "-m", "pip", "--version"], check=False).returncode == 0
    )
