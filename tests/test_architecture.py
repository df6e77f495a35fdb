"""The rules of the house that a machine can hold: who imports whom, what is loaded, how things are named."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(ROOT.glob("mediavault_tui/**/*.py")) + sorted(ROOT.glob("streamer/**/*.py"))
BIN = Path(sys.executable).parent


def module_name(path: Path) -> str:
    """Return the dotted name of a source file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """Return the top-level packages that a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


def test_the_import_contracts_hold() -> None:
    ran = subprocess.run(
        [BIN / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Imports for type checkers count: who needs another's type needs to know it."""
    graph = grimp.build_graph("mediavault_tui", "streamer", exclude_type_checking_imports=False)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()  # a CycleError names those that do


HEADLESS = [
    m
    for m in map(module_name, SOURCES)
    if not m.startswith(("mediavault_tui.ui", "mediavault_tui.cli", "mediavault_tui.__main__"))
]


def test_headless_modules_do_not_load_the_terminal_or_the_language_model() -> None:
    """One process imports them all; the failing one is named, because loads are watched one by one."""
    code = f"""
import importlib, sys
for name in {HEADLESS!r}:
    importlib.import_module(name)
    loaded = {{"textual", "rich", "openai"}} & set(sys.modules)
    if loaded:
        sys.exit(f"{{name}} loads {{loaded}}")
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_the_command_line_starts_without_what_it_does_not_need() -> None:
    """Start-up is part of what a person waits for: each of these costs a tenth of a second and more."""
    code = """
import sys
from mediavault_tui.cli.main import parser
parser("exact")
print(*{"textual", "rich", "openai", "guessit", "aiohttp", "asyncpg", "numpy"} & set(sys.modules))
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if p.parent.name != "store"], ids=lambda p: module_name(p)
)
def test_only_the_store_imports_the_driver(path: Path) -> None:
    assert "asyncpg" not in imported(path)


@pytest.mark.parametrize("path", sorted(ROOT.glob("mediavault_tui/ui/screens/*.tcss")), ids=lambda p: p.name)
def test_a_screens_styles_stay_inside_the_screen(path: Path) -> None:
    """Textual loads Screen.CSS_PATH for the whole app, so a file must nest itself."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
    depth, selectors, selector = 0, [], ""
    for letter in text:
        if letter == "{":
            if depth == 0:
                selectors.append(selector.strip())
            depth += 1
        elif letter == "}":
            depth, selector = depth - 1, ""
        elif depth == 0:
            selector += letter
    assert len(selectors) == 1, selectors
    assert re.fullmatch(r"[A-Z]\w*(Screen|Modal|Dialog|Pane)", selectors[0]), selectors


@pytest.mark.parametrize("path", [p for p in SOURCES if p.stat().st_size], ids=lambda p: module_name(p))
def test_a_module_says_what_it_is_and_keeps_to_the_habits(path: Path) -> None:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module begins with its docstring"
    if path.name not in ("__init__.py", "__main__.py"):
        assert "from __future__ import annotations" in text
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text)
    for line in text.splitlines():
        if "type: ignore" in line:
            assert re.search(r"type: ignore\[[\w, -]+\]\s+#", line), f"a reason belongs beside it: {line}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: module_name(p))
def test_a_long_module_says_why(path: Path) -> None:
    """Up to 300 lines is the habit; a file beyond says so in its docstring."""
    text = path.read_text("utf-8")
    if len(text.splitlines()) > 300:
        reason = ast.get_docstring(ast.parse(text)) or ""
        assert re.search(r"\b([Ll]ong(er)?|lines)\b", reason), f"{len(text.splitlines())} lines, and why?"


def test_migrations_are_numbered_without_gap_or_repetition() -> None:
    names = sorted(p.name for p in (ROOT / "sql/migrations").iterdir())
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", name) for name in names), names
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_what_a_first_paint_does_not_show_is_not_loaded_for_it() -> None:
    """Each module takes a millisecond or more, and somebody waits for the first rows."""
    later = ["ui.dialogs", "ui.titles", "ui.lacks", "domain.choosing", "domain.worldmatch", "domain.purging"]
    check = (
        "import sys, mediavault_tui.ui.app, mediavault_tui.bootstrap, mediavault_tui.services.vault;"
        "import mediavault_tui.services.library, mediavault_tui.services.nas.shares;"
        f"print([name for name in {later} if 'mediavault_tui.' + name in sys.modules],"
        " [name for name in ('openai', 'rapidfuzz', 'guessit', 'smbprotocol') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["[]", "[]"]
