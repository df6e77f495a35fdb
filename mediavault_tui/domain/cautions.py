"""What is merely unknown, or not to everybody's liking, of two copies: it makes an answer less sure.

Each is a sentence that keeps a pair out of every batch; none of them says which copy is the better.
Source: docs/rules.md, section 4. Files go by the names that `domain.labels` gives them.
"""

from __future__ import annotations

from collections.abc import Iterator

from mediavault_tui.domain.losses import TIME_TOLERANCE, time_share, unlabelled_audio, unlabelled_subtitle
from mediavault_tui.domain.model import Hdr, MediaInfo
from mediavault_tui.domain.quality import main_audio

_SIDE_BY_SIDE = 3.0
"""Wider than any film's picture is high: two pictures beside each other. The widest film is 2.76."""
_ABOVE_EACH_OTHER = (0.8, 0.95)
"""Two pictures of 16:9 above each other; a telephone held upright gives 0.56 or 0.75."""
_SURROUND = 6
_STEREO = 2


def cautions(keeper: MediaInfo, member: MediaInfo, keeper_name: str, member_name: str) -> Iterator[str]:
    """Yield a sentence for each thing that a person might want to know before `member` goes."""
    if unlabelled_audio(member):
        yield f"{member_name} has audio that does not say its language"
    if unlabelled_subtitle(member):
        yield f"{member_name} has subtitles that do not say their language"
    if member.duration <= 0:
        yield f"{member_name} does not say how long it runs"
    share = time_share(keeper, member)
    if share < -TIME_TOLERANCE:
        yield f"{member_name} is {-share:.0%} shorter: is it the same cut?"
    if _only_dolby_vision(keeper) and not _only_dolby_vision(member):
        yield f"{keeper_name} needs a Dolby Vision player: it has no other picture"
    if _channels(member) >= _SURROUND and 0 < _channels(keeper) <= _STEREO:
        yield f"only {member_name} has surround sound"


def perhaps_3d(info: MediaInfo) -> bool:
    """Return whether the picture's shape is that of two pictures in one, as full 3D has it."""
    if info.video is None or info.video.width <= 0 or info.video.height <= 0:
        return False
    shape = info.video.width / info.video.height
    low, high = _ABOVE_EACH_OTHER
    return shape > _SIDE_BY_SIDE or low <= shape <= high


def _only_dolby_vision(info: MediaInfo) -> bool:
    """Profile 5: without HDR10 or SDR below it, other players show purple and green."""
    return info.video is not None and info.video.hdr == (Hdr.DOLBY_VISION,)


def _channels(info: MediaInfo) -> int:
    return max((track.channels for track in main_audio(info)), default=0)
