"""The first wall before the database: one SELECT over the documented views, and nothing else.

PostgreSQL's own grammar (pglast) reads the statement; then every node must be of a kind, every
function, type and relation of a name that is known to be harmless. What is not known is refused with
a sentence that tells the language model how to ask instead. The second wall, which holds without
this one, is the role `mediavault_reader`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from mediavault_tui.assistant.sqlallowed import FUNCTIONS, NODES, TYPES
from mediavault_tui.errors import Refused

if TYPE_CHECKING:
    from pglast import ast

LONGEST = 8000
"""Characters of a statement: what a person or a model would write, not what an attacker would."""

DEEPEST = 40
"""Levels of brackets: the parser is recursive C."""

MOST_RELATIONS = 12
SERIES_LIMIT = 100_000
"""The largest number that `generate_series` may be given."""


_BITS = ("insert", "update", "delete", "merge")


@cache
def _pglast() -> Any:
    # Loaded at the first question: 64 ms that nobody else should wait for.
    import pglast

    return pglast


def checked(sql: str, views: Collection[str]) -> str:
    """Return the statement, ready to be put in brackets, if it is one harmless SELECT over `views`.

    Raises: Refused, with the reason in words that a language model can act on.
    """
    _check_text(sql)
    tree = _parsed(sql)
    statement = tree.stmt
    known = frozenset(views)
    nodes = list(_walk(statement))
    ctes = {node.ctename: _single_row(node.ctequery) for node in nodes if _is(node, "CommonTableExpr")}
    for name in ctes:
        if name in known or name.startswith("pg_"):
            # Its scope may be smaller than the statement: outside it the name would mean the real one.
            raise Refused(f"A WITH query may not be called {name}; that is the name of something else")
    single = frozenset(name for name, one_row in ctes.items() if one_row)
    relations = series = 0
    for node in nodes:
        kind = type(node).__name__
        _check_kind(kind)
        if kind == "SelectStmt":
            _check_select(node, single)
        elif kind == "WithClause" and node.recursive:
            raise Refused("WITH RECURSIVE is not allowed: nothing in these views is a tree")
        elif kind == "RangeVar":
            relations += 1
            _check_relation(node, known, ctes)
        elif kind == "FuncCall":
            series += _check_function(node)
        elif kind == "TypeName":
            _check_type(node)
        elif kind == "A_Expr" and node.name and len(node.name) > 1:
            raise Refused("Operators are written plainly, without OPERATOR(…)")
        elif kind == "SQLValueFunction" and node.op.name.endswith(
            ("USER", "ROLE", "CATALOG", "SCHEMA", "SESSION_USER")
        ):
            raise Refused("Who asks is not part of any answer: leave out current_user and the like")
    if relations > MOST_RELATIONS or series > 2:
        raise Refused(f"Too much is joined: at most {MOST_RELATIONS} relations and 2 series in a statement")
    return _bare(sql, tree)


def named_columns(sql: str) -> tuple[str, ...]:
    """Return the names of the columns of a checked statement, as far as its text says; else nothing."""
    select: Any = _parsed(sql).stmt
    while select.larg is not None:
        select = select.larg
    names = []
    for target in select.targetList or ():
        if target.name:
            names.append(str(target.name))
        elif type(target.val).__name__ == "ColumnRef" and hasattr(target.val.fields[-1], "sval"):
            names.append(target.val.fields[-1].sval)
        elif type(target.val).__name__ == "FuncCall":
            names.append(target.val.funcname[-1].sval)
        else:
            return ()
    return tuple(names)


def _check_text(sql: str) -> None:
    if not sql.strip():
        raise Refused("The statement is empty")
    if len(sql) > LONGEST:
        raise Refused(f"The statement is longer than {LONGEST} characters; ask for less at once")
    for character in sql:
        if character not in "\n\t\r" and unicodedata.category(character) in (
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Zl",
            "Zp",
        ):
            raise Refused(f"The statement holds an invisible character (U+{ord(character):04X})")
    depth = 0
    for character in sql:
        depth += (character in "([") - (character in ")]")
        if depth > DEEPEST:
            raise Refused(f"Brackets are nested deeper than {DEEPEST}")
    if re.search(r"(?:\b(?:not|case)\b[\s]*){30}|(?:[-+~!@#]\s*){40}", sql, re.IGNORECASE):
        raise Refused("Operators are nested too deeply")


def _parsed(sql: str) -> ast.RawStmt:
    pglast = _pglast()
    try:
        statements = pglast.parse_sql(sql)
    except pglast.parser.ParseError as error:
        raise Refused(f"PostgreSQL's grammar does not know this: {error.args[0]}") from error
    except RecursionError as error:
        raise Refused("The statement is nested too deeply") from error
    if len(statements) != 1:
        raise Refused(f"Exactly one statement is allowed; these are {len(statements)}")
    first: ast.RawStmt = statements[0]
    if type(first.stmt).__name__ != "SelectStmt":
        raise Refused(f"Only SELECT is allowed; this is {_words(type(first.stmt).__name__)}")
    return first


def _words(kind: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.removesuffix("Stmt")).upper()


def _walk(root: Any) -> Iterator[Any]:
    """Yield every node of a tree, without recursion: depth is the attacker's."""
    node_type = _pglast().ast.Node
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, node_type):
            yield node
            waiting.extend(getattr(node, name) for name in node)
        elif isinstance(node, tuple):
            waiting.extend(node)


def _is(node: Any, kind: str) -> bool:
    return type(node).__name__ == kind


def _check_kind(kind: str) -> None:
    if kind in NODES:
        return
    if kind == "LockingClause":
        raise Refused("FOR UPDATE and FOR SHARE are not allowed: nothing is locked by asking")
    if kind == "IntoClause":
        raise Refused("SELECT INTO is not allowed: it makes a table")
    if kind.lower().startswith(_BITS):
        raise Refused(f"Only SELECT is allowed, inside WITH too; this holds {_words(kind)}")
    raise Refused(f"{_words(kind)} is not allowed in a question")


def _check_select(select: Any, single: frozenset[str]) -> None:
    if select.intoClause is not None:
        raise Refused("SELECT INTO is not allowed: it makes a table")
    if select.lockingClause:
        raise Refused("FOR UPDATE and FOR SHARE are not allowed: nothing is locked by asking")
    if _cartesian(select, single):
        raise Refused("These relations are joined without a condition; say how they belong together")


def _cartesian(select: Any, single: frozenset[str]) -> bool:
    """Return whether relations are multiplied with each other and no WHERE says which belong together."""
    if select.whereClause is not None or not select.fromClause:
        return False
    return sum(_factors(item, single) for item in select.fromClause) > 1


def _factors(item: Any, single: frozenset[str]) -> int:
    """Return how many sizeable relations an item of FROM multiplies; those in `single` have one row."""
    kind = type(item).__name__
    if kind == "JoinExpr":
        sides = _factors(item.larg, single) + _factors(item.rarg, single)
        joined = (
            bool(item.usingClause) or item.isNatural or (item.quals is not None and not _constant(item.quals))
        )
        return min(sides, 1) if joined else sides
    if kind == "RangeVar":
        return 0 if item.relname in single else 1
    if kind == "RangeSubselect":
        return 0 if _single_row(item.subquery) else 1
    if kind == "RangeFunction":
        return int("generate_series" in str(item.functions))
    return 0


def _single_row(select: Any) -> bool:
    """Return whether a subselect is an ungrouped aggregate, which gives one row."""
    if not _is(select, "SelectStmt") or select.groupClause or select.targetList is None:
        return False
    if not select.fromClause:
        return not any(
            "generate_series" in str(target) or "unnest" in str(target) for target in select.targetList
        )
    return any(
        type(target.val).__name__ == "FuncCall"
        and target.val.over is None
        and target.val.funcname[-1].sval in ("count", "sum", "avg", "min", "max")
        for target in select.targetList
    )


def _constant(expression: Any) -> bool:
    return not any(type(node).__name__ == "ColumnRef" for node in _walk(expression))


def _check_relation(node: Any, views: frozenset[str], ctes: Collection[str]) -> None:
    name = node.relname
    if node.catalogname is None and node.schemaname is None and (name in ctes or name in views):
        return
    if node.catalogname is None and node.schemaname == "ask" and name in views:
        return
    full = ".".join(part for part in (node.catalogname, node.schemaname, name) if part)
    raise Refused(f"There is no {full} to read; only {', '.join(sorted(views))}")


def _check_function(node: Any) -> int:
    """Check one call; return 1 for a series."""
    parts = [part.sval for part in node.funcname]
    name = parts[-1]
    if len(parts) > 2 or (len(parts) == 2 and parts[0] != "pg_catalog") or name not in FUNCTIONS:
        raise Refused(f"The function {'.'.join(parts)} is not allowed in a question")
    if name != "generate_series":
        return 0
    for argument in node.args or ():
        for part in _walk(argument):
            number = _number(part)
            if number is not None and abs(number) > SERIES_LIMIT:
                raise Refused(f"A series may go to {SERIES_LIMIT:,} at most")
    return 1


def _number(node: Any) -> float | None:
    kind = type(node).__name__
    if kind == "Integer":
        return float(node.ival)
    if kind == "Float":
        return float(node.fval)
    if kind == "String" and re.fullmatch(r"\s*[-+]?[\d_.]+(?:e\d+)?\s*", node.sval, re.IGNORECASE):
        return float(node.sval.replace("_", ""))
    return None


def _check_type(node: Any) -> None:
    parts = [part.sval for part in node.names or ()]
    if (
        not parts
        or len(parts) > 2
        or (len(parts) == 2 and parts[0] != "pg_catalog")
        or parts[-1] not in TYPES
    ):
        raise Refused(f"The type {'.'.join(parts)} is not allowed in a question")


def _bare(sql: str, tree: ast.RawStmt) -> str:
    """Return the one statement without what follows its semicolon."""
    raw = sql.encode()
    start = tree.stmt_location or 0
    end = start + tree.stmt_len if tree.stmt_len else len(raw)
    return raw[start:end].decode()
