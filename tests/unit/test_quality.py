"""What a picture's size is called."""

from __future__ import annotations

import pytest

from mediavault_tui.domain.quality import tier


@pytest.mark.parametrize(
    ("width", "height", "said"),
    [
        (1920, 1080, "1080p"),
        (1080, 1920, "1080p"),
        (2160, 3840, "4K"),
        (720, 1280, "720p"),
        (576, 720, "576p"),
        (720, 480, "480p"),
        (1920, 800, "1080p"),
    ],
)
def test_a_picture_held_upright_is_as_large_as_one_that_lies(width: int, height: int, said: str) -> None:
    assert tier(width, height) == said
