"""A title's poster in its place: drawn when it comes, an empty place until then."""

from __future__ import annotations

from typing import Protocol

from mediavault_tui.domain.choosing import Key
from mediavault_tui.domain.picture import Picture
from mediavault_tui.ui.widgets.picture import PictureBox


class PosterServices(Protocol):
    """What posters ask of the services layer."""

    async def poster(self, title: Key, *, width: int, height: int) -> Picture | None: ...


async def into(box: PictureBox, services: PosterServices, title: Key | None) -> None:
    """Draw a title's poster; the class `-none` says that there is none. Nobody waits for it."""
    width, height = box.room()
    picture = None
    if title is not None and width > 0 and height > 0:
        picture = await services.poster(title, width=width, height=height)
    box.show(picture or ("no poster" if title is not None else ""))
    box.set_class(picture is None, "-none")
