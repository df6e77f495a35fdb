"""What a scan over a network does otherwise: few readers, a budget of bytes, a night window, patience.

The budget and the window concern bytes of files; listings are always allowed. A budget that is used
up ends the reading, not the scan: what is known is matched, and the next scan goes on from here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from datetime import time as clock
from typing import Protocol

from mediavault_tui.domain.library import ScanProgress
from mediavault_tui.domain.model import ScanId
from mediavault_tui.domain.nightly import Window
from mediavault_tui.domain.paths import Mount
from mediavault_tui.services.scanning.control import ScanControl
from mediavault_tui.services.scanning.progress import Meter
from mediavault_tui.sources.mounted import ThroughMount, fastest
from mediavault_tui.sources.patient import Patient
from mediavault_tui.sources.share_holding import ShareSource, is_folder
from mediavault_tui.sources.turns import Turns

_LOOK_EVERY = 0.5
"""Seconds between two looks at the clock while the window is shut."""
_NEAR = 0.004
"""Seconds for one question up to which two readers keep the wire full; beyond, four."""


class Counts(Protocol):
    """Whatever says how many bytes it has read."""

    @property
    def bytes_read(self) -> int: ...


def _now() -> clock:
    return datetime.now().astimezone().time()


@dataclass(frozen=True, slots=True)
class FarPolicy:
    """`budget`: bytes that one scan may read, 0 for as many as it takes. `readers`: 0 for as latency says.

    `patience`: seconds that a server may be away before a scan gives a file up.
    """

    budget: int = 0
    window: Window | None = None
    readers: int = 0
    patience: float = 120.0
    now: Callable[[], clock] = _now


class Far:
    """One scan of a share: its source, its switches and its meter, made for each other."""

    def __init__(self, share: ShareSource, policy: FarPolicy, control: ScanControl) -> None:
        self.control = FarControl(control, policy)
        self.control.watch(share)
        self._turns = self.control.turns
        self.source = Patient(
            share,
            patience=policy.patience,
            given_up=lambda: control.over,
            waiting=self.control.wait_for_server,
            turns=self._turns,
        )
        self._share = share
        self._policy = policy

    def read_through(self, mounts: Sequence[Mount]) -> None:
        """Read files through the mount that is the same share and faster, if there is one. Blocks."""
        if mounts and (mount := fastest(self._share, mounts)) is not None:
            through = ThroughMount(self._share, mount)
            self.source.read_by = through.open
            self.control.watch(through)

    def meter(self, scan: ScanId) -> Meter:
        """Return the meter that counts what came over the wire."""
        return FarMeter(scan, self.control)

    def readers(self, folder: bytes) -> int:
        """Return how many files are read at once while the server is not busy. Blocks."""
        self._turns.allow(self._policy.readers or self._by_latency(folder))
        return self._turns.most

    def _by_latency(self, folder: bytes) -> int:
        """Return 2 near by, 4 where an answer takes its time."""
        is_folder(self._share, folder)  # the first question pays for the connection
        begun = time.monotonic()
        is_folder(self._share, folder)  # whatever the answer is, it was one question
        once = time.monotonic()
        is_folder(self._share, folder)
        return 2 if min(once - begun, time.monotonic() - once) < _NEAR else 4


class FarControl(ScanControl):
    """The switches of a scan over a network, in front of those that a person holds.

    What a person does at them goes to theirs; what is read here, how much and when, is decided by the policy.
    """

    def __init__(self, hand: ScanControl, policy: FarPolicy) -> None:
        super().__init__()
        self._hand = hand
        self._policy = policy
        self._counted: list[tuple[Counts, int]] = []
        self.turns = Turns()
        self._matter = False
        self._last_word = ""
        self._away: dict[int, str] = {}
        self._shut = False

    def pause(self) -> None:
        self._hand.pause()

    def resume(self) -> None:
        self._hand.resume()

    def cancel(self) -> None:
        self._hand.cancel()

    def fail(self) -> None:
        self._hand.fail()

    @property
    def paused(self) -> bool:
        return self._hand.paused

    @property
    def cancelled(self) -> bool:
        return self._hand.cancelled

    @property
    def over(self) -> bool:
        return self._hand.over

    @property
    def paused_for(self) -> float:
        return self._hand.paused_for

    @property
    def limited(self) -> bool:
        return bool(self._policy.budget or self._policy.window)

    @property
    def last_word(self) -> str:
        return self._last_word

    def watch(self, share: Counts) -> None:
        """Count what is read of this share from now on."""
        self._counted.append((share, share.bytes_read))

    @property
    def read(self) -> int:
        """Bytes that came over the wire since the scan began."""
        return sum(share.bytes_read - before for share, before in self._counted)

    @property
    def open_now(self) -> bool:
        """Whether the night window, if there is one, is open."""
        return self._policy.window is None or self._policy.window.open_at(self._policy.now())

    @property
    def budget(self) -> int:
        """The most bytes this scan may read; 0 without a limit."""
        return self._policy.budget

    @property
    def waiting(self) -> str:
        """What the scan waits for, in words, or why it is slow."""
        if self._shut and self._policy.window:
            return f"waiting for the night window, {self._policy.window}"
        return next(iter(self._away.values()), "") or self.turns.slowed

    def wait_for_server(self, why: str) -> None:
        """A thread waits for the server (`why` is a sentence), or does so no more ('')."""
        thread = threading.get_ident()
        if why:
            self._away[thread] = why
        else:
            self._away.pop(thread, None)

    def bytes_matter(self, matter: bool) -> None:
        self._matter = matter

    def stopped(self) -> bool:
        """Wait while paused or outside the window; say whether to read no more."""
        if self._hand.stopped():
            return True
        if not self._matter:
            return False
        while not self.open_now:
            self._shut = True
            time.sleep(_LOOK_EVERY)
            if self._hand.stopped():
                break
        self._shut = False
        if self._hand.over:
            return True
        if self._policy.budget and self.read >= self._policy.budget:
            self._last_word = (
                f"The budget of {self._policy.budget / 1e9:.1f} GB for one scan is used up;"
                " the next scan goes on from here"
            )
            return True
        return False


class FarMeter(Meter):
    """A meter that knows the wire."""

    control: FarControl

    def __init__(self, scan: ScanId, control: FarControl) -> None:
        super().__init__(scan, control)

    def wire(self) -> tuple[int, int]:
        return self.control.read, self.control.budget

    def snapshot(self) -> ScanProgress:
        progress = super().snapshot()
        waiting = self.control.waiting
        return replace(progress, message=waiting) if waiting else progress
