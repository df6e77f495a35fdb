"""From a guess and its folders to the work that a file is."""

from __future__ import annotations

from mediavault_tui.domain.titles import title_key

__all__ = ["title_key"]
