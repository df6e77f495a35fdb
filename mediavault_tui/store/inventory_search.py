"""The next rows that meet conditions which no order holds: words, a language, tags, a rare state.

Three ways, by how many rows fit (the planner's guess, so that each way ends early when it
is wrong): what is common passes soon on a walk along the order; what is rare is collected and
sorted; and what lies between is looked for in the stretch of the order that should hold
enough of it, where two indexes together say which rows to fetch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mediavault_tui.domain.library import InventoryQuery, SortKey
from mediavault_tui.store.database import Connection
from mediavault_tui.store.inventory_sql import Conditions, end, ordered, stretch, together
from mediavault_tui.store.sqlfiles import sql

_FEW = 3000
"""Rows that fit, up to which collecting them all is the quickest."""
_MANY = 20_000
"""Rows that fit, from which a walk to fifty of them is the quickest (in a million)."""
_MISTAKEN = 10
"""So many times too high an estimate may be: what is believed to be more is not worth a gathering."""
_STEP = 8192
"""Rows looked at in the first walk at most; each further one looks at four times as many."""
_EVENLY = 8
"""Times the rows that should do, after which what is common must lie elsewhere."""
_SOME = 8000
"""Rows that may fit and are collected all the same once a stretch that should have held fifty did not."""
_SHARE = 0.5
"""Percent of the table's pages in a sample: some milliseconds."""
_SAMPLED = 3
"""Sampled rows from one stretch to the next: two times in a thousand fewer than fifty others lie between."""
_AMPLE = 1.5
"""Times the rows that should do: of two stretches in a thousand too few pass by chance."""
_ALL = 2**62

TOGETHER = (
    "set local plan_cache_mode = force_generic_plan; set local cpu_tuple_cost = 1000;"
    " set local enable_indexscan = off; set local enable_indexonlyscan = off; set local enable_seqscan = off;"
    " set local max_parallel_workers_per_gather = 0"
)
"""Makes the planner lay two indexes over each other whatever it guesses: to it, rows cost more than they."""


async def estimate(conn: Connection, wanted: Conditions) -> int:
    """Return how many rows the planner believes to fit: its statistics cost no look at the rows."""
    statement, values = wanted.put_into(sql("inventory_all"), parameters=0)
    plan = await conn.fetchval(f"explain (format json) {statement}", *values)
    return int(plan[0]["Plan"]["Plan Rows"])


class Search:
    """One search for the next rows; `found` has their ids."""

    def __init__(
        self,
        conn: Connection,
        query: InventoryQuery,
        wanted: Conditions,
        key: tuple[str | int, int],
        *,
        descending: bool,
        limit: int,
    ) -> None:
        self._conn = conn
        self._query = query
        self._wanted = wanted
        self._key = key
        self._descending = descending
        self._limit = limit
        self._step = _STEP
        self.found: list[int] = []

    async def run(self) -> None:
        """Find the rows by the way that should be the shortest, and by the others where it was not."""
        wanted, query = self._wanted, self._query
        if not wanted.findable or (together(query) and len(query.facets) == 1 and not query.text):
            await self._walk(steps=None)
            return
        likely = await estimate(self._conn, wanted)
        known = await self._conn.fetchrow(sql("inventory_settled"))
        assert known is not None  # the table is there
        # Most files share one year, words come where a title's letters say, and to look several of them up
        # takes longer than to sort what they find: no stretch ahead is worth a try.
        words = len(query.text.split())
        uneven = query.sort is SortKey.YEAR or words > 1 or (words == 1 and query.sort is SortKey.TITLE)
        few, some, many = likely <= (_SOME if uneven else _FEW), likely <= _SOME, likely > _MANY
        if wanted.marked and many:
            self._step = min(_STEP, max(_EVENLY * self._limit * known["files"] // likely, self._limit))
        near = max(likely, _FEW), known["files"]
        even = wanted.marked and known["settled"] and not many
        mistaken = not few and likely <= _MISTAKEN * _FEW
        if few and await self._collect(most=_SOME if uneven else _FEW):
            return
        if await (self._ahead(*near) if even else self._walk(steps=1)):
            return
        if some and not few and await self._collect(most=_SOME):
            return
        if mistaken and not some and self._sparse() and await self._collect(most=_FEW):
            return
        if wanted.marked:
            await self._elsewhere()
        elif not await self._walk(steps=1):
            await self._collect(most=_ALL)

    def _sparse(self) -> bool:
        """Return whether less than half of what is wanted was met so far."""
        return 2 * len(self.found) < self._limit

    async def _walk(self, *, steps: int | None) -> bool:
        """Look at the rows in their order, in longer and longer steps; return whether all is found."""
        statement, values = self._put("inventory_walk", parameters=4)
        while steps is None or steps > 0:
            wanted = self._limit - len(self.found)
            rows = await self._conn.fetch(statement, *self._key, wanted, self._step, *values)
            self.found += [row["id"] for row in rows if row["fits"]]
            if len(self.found) == self._limit or not rows or rows[-1]["place"] < self._step:
                return True
            self._key = (rows[-1]["value"], rows[-1]["id"])
            self._step *= 4
            steps = steps - 1 if steps is not None else None
        return False

    async def _ahead(self, likely: int, files: int) -> bool:
        """Look in the stretch ahead, and in one more where that nearly had enough."""
        return await self._near(likely, files) or (not self._sparse() and await self._near(likely, files))

    async def _near(self, likely: int, files: int) -> bool:
        """Look in the stretch ahead that has enough of what is spread evenly; return whether all is found.

        Its end is told by an index alone, unless many rows changed of late.
        """
        indexed = self._wanted.indexed_only()
        among = await estimate(self._conn, indexed) if indexed.indexed else files
        statement = ordered("inventory_far", self._query.sort, descending=self._descending)
        statement, values = indexed.put_into(statement, parameters=3)
        span = int(_AMPLE * self._limit * among / likely) + self._limit
        row = await self._conn.fetchrow(statement, *self._key, span, *values)
        return row is None or await self._stretch((row["value"], row["id"]))

    async def _elsewhere(self) -> None:
        """Look from sampled row to sampled row that fits, to the end of the order.

        For what does not come where it is looked for: a title's word in the other half of the alphabet.
        """
        last = end(self._query, descending=self._descending)
        statement, values = self._put("inventory_sampled", parameters=4)
        hits = _SAMPLED + self._limit // 100
        far = None
        while far != last:
            rows = await self._conn.fetch(statement, *self._key, hits, _SHARE, *values)
            far = (rows[-1]["value"], rows[-1]["id"]) if len(rows) == hits else last
            if await self._stretch(far):
                break

    async def _stretch(self, far: tuple[str | int, int]) -> bool:
        """Look at what fits up to a key; return whether all is found."""
        ends = stretch(self._key, far, descending=self._descending)
        statement, values = self._put("inventory_stretch", parameters=6)
        async with self._conn.transaction(readonly=True):
            await self._conn.execute(TOGETHER)
            rows = await self._conn.fetch(statement, self._limit - len(self.found), *ends, *values)
        self.found += [row["id"] for row in rows]
        self._key = far
        return len(self.found) == self._limit

    async def _collect(self, *, most: int) -> bool:
        """Gather what fits and sort it, unless that is more than `most`; return whether all is found."""
        statement, values = self._put("inventory_hits", parameters=4)
        wanted = self._limit - len(self.found)
        rows = await self._conn.fetch(statement, *self._key, wanted, most + 1, *values)
        if rows[0]["gathered"] > most:
            return False
        self.found += [row["id"] for row in rows if row["id"] is not None]
        return True

    def _put(self, name: str, *, parameters: int) -> tuple[str, list[Any]]:
        statement = ordered(name, self._query.sort, descending=self._descending)
        return self._wanted.put_into(statement, parameters=parameters)


def possible(
    query: InventoryQuery, wanted: Conditions, key: tuple[str | int, int], *, limit: int
) -> Sequence[tuple[str, list[Any]]]:
    """Return the statements that may find the first rows, with their values: for EXPLAIN."""
    before = {
        "inventory_walk": [*key, limit, _STEP],
        "inventory_hits": [*key, limit, _FEW],
    }
    made = []
    for name, values in before.items():
        statement = ordered(name, query.sort, descending=query.descending)
        statement, more = wanted.put_into(statement, parameters=len(values))
        made.append((statement, [*values, *more]))
    return made
