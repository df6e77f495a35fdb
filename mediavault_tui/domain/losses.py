"""What would be lost if one copy were staged while another stays.

`losses` looks inside the containers. Subtitles beside a file move along with it and go with it for good:
`losses_beside` says what of theirs the copy that stays has neither inside nor beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from mediavault_tui.domain.labels import time_text
from mediavault_tui.domain.model import MediaInfo
from mediavault_tui.domain.verdict import Loss

if TYPE_CHECKING:
    from mediavault_tui.domain.subtitles import Beside

TIME_TOLERANCE = 0.02
"""The share of the running time that may differ before it is a loss, or a warning."""

UNLABELLED = "unlabelled"
"""The language of a track that does not say it; it may be any."""


def losses(keep: MediaInfo, stage: MediaInfo) -> tuple[Loss, ...]:
    """Return what only `stage` has, most important first.

    An unlabelled audio track is no loss beside a keeper with sound (`unlabelled_audio`
    says so apart); an unlabelled subtitle is one only if the keeper has no full subtitles.
    """
    return tuple(_losses(keep, stage))


def losses_beside(
    keep: MediaInfo | None, kept: Sequence[Beside], going: Sequence[Beside]
) -> tuple[Loss, ...]:
    """Return what only the subtitles have that lie beside the file that goes: `going`.

    `keep`: what is inside the file that stays, if that is known; `kept`: the subtitles beside it. Forced ones
    cover only some lines. Those that do not say their language are a loss where nothing else is there.
    """
    inside = keep.subtitles if keep is not None else ()
    stays = {(track.language, track.forced) for track in inside} | {
        (one.language, one.forced) for one in kept
    }
    goes = {(one.language, one.forced) for one in going}
    full = {language for language, forced in stays if not forced}
    lost = [
        Loss("subtitle language", language or UNLABELLED)
        for language in sorted(_languages(goes, forced=False))
        if (language not in full if language else not full)
    ]
    some = {language for language, _ in stays} | _languages(goes, forced=False)
    lost += [
        Loss("forced subtitles", language or UNLABELLED)
        for language in sorted(_languages(goes, forced=True))
        if (language not in some if language else not some)
    ]
    return tuple(lost)


def _languages(subtitles: Iterable[tuple[str | None, bool]], *, forced: bool) -> set[str]:
    """Return the languages of forced or full subtitles; "" of those that do not say it."""
    return {language or "" for language, only_some in subtitles if only_some is forced}


def audio_languages(info: MediaInfo) -> frozenset[str]:
    """Return the labelled languages that are spoken, commentaries left out."""
    return frozenset(track.language for track in info.audio if track.language and not track.commentary)


def subtitle_languages(info: MediaInfo) -> frozenset[str]:
    """Return the labelled languages of the full subtitles; forced ones cover only some lines."""
    return frozenset(track.language for track in info.subtitles if track.language and not track.forced)


def unlabelled_audio(info: MediaInfo) -> bool:
    """Return whether a main track does not say its language."""
    return any(track.language is None and not track.commentary for track in info.audio)


def unlabelled_subtitle(info: MediaInfo) -> bool:
    """Return whether a subtitle, full or forced, does not say its language."""
    return any(track.language is None for track in info.subtitles)


def time_share(keep: MediaInfo, stage: MediaInfo) -> float:
    """Return by which share of the longer one `stage` is longer (negative: shorter); 0 if unknown."""
    longer = max(keep.duration, stage.duration)
    if min(keep.duration, stage.duration) <= 0:
        return 0.0
    return (stage.duration - keep.duration) / longer


def _losses(keep: MediaInfo, stage: MediaInfo) -> Iterator[Loss]:
    for language in sorted(audio_languages(stage) - audio_languages(keep)):
        yield Loss("audio language", language)
    if stage.audio and not keep.audio and not audio_languages(stage):
        yield Loss("audio language", UNLABELLED)
    for language in sorted(subtitle_languages(stage) - subtitle_languages(keep)):
        yield Loss("subtitle language", language)
    unlabelled = [track for track in stage.subtitles if track.language is None]
    if not all(track.forced for track in unlabelled) and all(track.forced for track in keep.subtitles):
        yield Loss("subtitle language", UNLABELLED)
    elif unlabelled and not keep.subtitles:
        yield Loss("forced subtitles", UNLABELLED)
    covered = {track.language for track in keep.subtitles}
    for language in sorted({track.language or "" for track in stage.subtitles if track.forced} - {""}):
        if language not in covered and language not in subtitle_languages(stage):
            yield Loss("forced subtitles", language)
    if stage.video is not None:
        kept = keep.video.hdr if keep.video else ()
        for kind in stage.video.hdr:
            if kind not in kept:
                yield Loss("HDR", str(kind))
    more = sum(t.commentary for t in stage.audio) - sum(t.commentary for t in keep.audio)
    if more > 0:
        yield Loss("commentary", f"{more} {'track' if more == 1 else 'tracks'}")
    if stage.chapters and not keep.chapters:
        yield Loss("chapters", str(stage.chapters))
    if time_share(keep, stage) > TIME_TOLERANCE:
        yield Loss("running time", time_text(stage.duration - keep.duration))
