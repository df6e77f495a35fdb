"""The yardstick for `bench/terminal.py`: the least Textual app with a DataTable of 1,000 rows."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import DataTable


class Bare(App[None]):
    """A cursor over 1,000 rows and nothing else."""

    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns("title", "year", "tier", "size")
        table.add_rows((f"A Film {n:04d}", 1950 + n % 70, "1080p", n * 1_000_000) for n in range(1000))


if __name__ == "__main__":
    Bare().run()
