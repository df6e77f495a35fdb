"""A title's poster in its place: drawn when it comes, an empty place until then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mediavault_tui.domain.picture import Picture
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui.widgets.picture import PictureBox

if TYPE_CHECKING:
    from mediavault_tui.domain.choosing import Key


class PosterServices(Protocol):
    """What posters ask of the services layer."""

    async def poster(self, title: Key, *, width: int, height: int) -> Picture | None: ...


async def into(box: PictureBox, services: PosterServices, title: Key | None) -> None:
    """Draw a title's poster, or say why there is none; so does the class `-none`. Nobody waits for it."""
    width, height = box.room()
    picture, sentence = None, "no poster" if title is not None else ""
    if title is not None and width > 0 and height > 0:
        try:
            picture = await services.poster(title, width=width, height=height)
        except MediaVaultError as error:
            sentence = str(error)
    box.show(picture or sentence)
    box.set_class(picture is None, "-none")
