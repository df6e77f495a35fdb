"""A running scan: phase, bar, bytes and files, rate, time left, errors."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mediavault_tui.domain.library import ScanPhase, ScanProgress
from mediavault_tui.ui.format import clock, count, middle, size, visible
from mediavault_tui.ui.keyed import keyed

_WORDS = {
    ScanPhase.WALKING: ("walking the folders", "$text-accent"),
    ScanPhase.HASHING: ("comparing bytes", "$text-accent"),
    ScanPhase.PROBING: ("looking into the files", "$text-accent"),
    ScanPhase.MATCHING: ("finding duplicates", "$text-accent"),
    ScanPhase.PAUSED: ("paused; <scanner.pause:z> goes on", "$text-warning"),
    ScanPhase.DONE: ("✓ done", "$text-success"),
    ScanPhase.CANCELLED: ("– cancelled", "$text-warning"),
    ScanPhase.FAILED: ("✗ failed", "$text-error"),
}


class Progress(Widget):
    """Three lines about one scan; nothing at all before the first."""

    DEFAULT_CSS = """
    Progress {
        height: 4;
        padding: 0 2;
        background: $surface;

        &.-idle { height: 1; }
    }
    """

    progress: reactive[ScanProgress | None] = reactive(None)
    """The latest moment; None while nothing was scanned."""

    def on_mount(self) -> None:
        self.watch_progress()

    def watch_progress(self) -> None:
        self.set_class(self.progress is None, "-idle")

    def render(self) -> Content:
        progress = self.progress
        if progress is None:
            return Content.styled(
                keyed(
                    self.app,
                    "No scan is running. Choose folders with <list.mark:space>, then press <scanner.scan:S>.",
                ),
                "$foreground-muted",
            )
        lines = [self._phase(progress), self._bar(progress), self._counts(progress), self._now(progress)]
        return Content("\n").join(lines)

    def _phase(self, progress: ScanProgress) -> Content:
        words, style = _WORDS[progress.phase]
        facts = []
        if progress.rate:
            facts.append(f"{size(int(progress.rate))}/s")
        if progress.eta is not None and progress.phase not in (ScanPhase.DONE, ScanPhase.CANCELLED):
            facts.append(f"{clock(progress.eta)} left")
        return Content.assemble(
            (keyed(self.app, words), f"bold {style}"), "   ", (" · ".join(facts), "$foreground-muted")
        )

    def _bar(self, progress: ScanProgress) -> Content:
        """Draw by bytes where they are known, else by files: a size says more than a number."""
        total, done = progress.total_bytes, progress.done_bytes
        words = f"{size(done)} of {size(total)}"
        if not total:
            total, done = progress.total_files, progress.done_files
            words = f"{done:,} of {count(total, 'file')}"
        if not total:
            return Content("")
        width = max(self.size.width - 34, 10)
        full = min(width * done // total, width)
        bar = [("━" * full, "$text-accent"), ("━" * (width - full), "$panel-lighten-2")]
        return Content.assemble(*bar, f" {100 * done // total:>3} %  ", (words, "$foreground-muted"))

    def _counts(self, progress: ScanProgress) -> Content:
        counts = progress.counts
        facts = [count(counts.seen, "video"), f"{counts.new:,} new", f"{counts.changed:,} changed"]
        if counts.renamed:
            facts.append(f"{counts.renamed:,} renamed")
        if counts.missing:
            facts.append(f"{counts.missing:,} missing")
        if counts.bytes_wire:
            limit = f" of {size(progress.budget)}" if progress.budget else ""
            facts.append(f"{size(counts.bytes_wire)}{limit} from the share")
        errors = ""
        if counts.errors:
            errors = count(counts.errors, "error") + keyed(self.app, ": <scanner.errors:e> shows them")
        return Content.assemble(" · ".join(facts), "   ", (errors, "$text-error"))

    def _now(self, progress: ScanProgress) -> Content:
        text = progress.message or progress.current
        return Content.styled(middle(visible(text), max(self.size.width, 10)), "$foreground-muted")
