"""What a person calls a file beside its copies: "1080p HEVC 5.1 en", never an id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from mediavault_tui.domain.measures import size
from mediavault_tui.domain.model import FileId, MediaFile
from mediavault_tui.domain.quality import codec_name, main_audio, tier

_CHANNELS = {0: "no sound", 1: "mono", 2: "2.0", 3: "2.1", 6: "5.1", 7: "6.1", 8: "7.1"}


def labels(files: Sequence[MediaFile]) -> Mapping[FileId, str]:
    """Name each file by what tells it apart: picture and sound, then as much more as it needs.

    More is edition, release source, size, its folder, its whole path, in this order.
    """
    names = {file.id: _facts(file) for file in files}
    extras: tuple[Callable[[MediaFile], str], ...] = (
        _edition,
        _source,
        _size,
        _folder,
        lambda file: file.where,
    )
    for extra in extras:
        alike: dict[str, list[MediaFile]] = defaultdict(list)
        for file in files:
            alike[names[file.id]].append(file)
        for name, rivals in alike.items():
            values = [extra(file) for file in rivals]
            if len(set(values)) > 1:
                for file, value in zip(rivals, values, strict=True):
                    names[file.id] = f"{name}, {value}" if value else name
    return names


def time_text(seconds: float) -> str:
    """Return a running time as people read it: "1 h 52 min", "6 min 12 s", "4.2 s"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def _facts(file: MediaFile) -> str:
    info = file.info
    if info is None:
        return f"unprobed file of {size(file.size)}"
    words = []
    if info.video is not None:
        words += [
            str(tier(info.video.width, info.video.height)),
            codec_name(info.video.codec),
            *info.video.hdr,
        ]
    else:
        words.append("no picture")
    tracks = main_audio(info)
    channels = max((track.channels for track in tracks), default=0)
    words.append(_CHANNELS.get(channels, f"{channels} channels"))
    if languages := list(dict.fromkeys(track.language or "?" for track in tracks)):
        words.append("+".join(languages))
    return " ".join(words)


def _edition(file: MediaFile) -> str:
    return (file.identity.edition or "") if file.identity else ""


def _source(file: MediaFile) -> str:
    return str(file.identity.release_source or "") if file.identity else ""


def _size(file: MediaFile) -> str:
    return size(file.size)


def _folder(file: MediaFile) -> str:
    folders = file.path.rsplit("/", 2)
    return f"in {folders[-2]}" if len(folders) > 1 and folders[-2] else ""
