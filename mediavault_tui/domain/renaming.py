"""What a file ought to be called: patterns and presets, filled from its title. Pure text and bytes.

A pattern is a path below the folder that holds the film's or show's own folder, without an
ending: `{title} ({year})/{title} ({year}) {edition-} [{tier}]`. A field that is empty takes
its brackets along. Names are good on every file system that matters (SMB included).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mediavault_tui.domain.folders import read_folders
from mediavault_tui.domain.holding import NAME_LIMIT, split
from mediavault_tui.domain.media import suffix
from mediavault_tui.domain.model import Kind, MediaFile
from mediavault_tui.domain.name_shapes import SEASON_EPISODE
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.quality import tier
from mediavault_tui.domain.splitting import clean_title
from mediavault_tui.domain.titles import title_key
from mediavault_tui.domain.world import Title, TitleKind
from mediavault_tui.domain.worldmatch import show_folder
from mediavault_tui.errors import UsageError

FIELDS: Mapping[str, str] = {
    "title": "the title in English",
    "original": "the original title",
    "year": "the year of the film, or of the show's first season",
    "season": "01; 00 for specials",
    "numbers": "S01E02, S01E02-E03",
    "name": "the episode's own name",
    "edition": "Director's Cut",
    "edition-": "{edition-Director's Cut}, braces included",
    "part": "1, of a film in parts",
    "tier": "4K, 1080p",
    "codec": "hevc",
    "hdr": "HDR10",
    "tmdb": "TMDb's number",
    "imdb": "IMDb's id",
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """How films and episodes are named."""

    film: str
    episode: str


PRESETS: Mapping[str, Pattern] = {
    "plex": Pattern(
        "{title} ({year})/{title} ({year}) {edition-} [{tier}] - pt{part}",
        "{title} ({year})/Season {season}/{title} ({year}) - {numbers} - {name}",
    ),
    "jellyfin": Pattern(
        "{title} ({year}) [tmdbid-{tmdb}]/{title} ({year}) [tmdbid-{tmdb}] - {tier} {edition} - part{part}",
        "{title} ({year}) [tmdbid-{tmdb}]/Season {season}/{title} {numbers} {name}",
    ),
    "kodi": Pattern(
        "{title} ({year})/{title} ({year}) {edition-} - part{part}",
        "{title} ({year})/Season {season}/{title} {numbers} - {name}",
    ),
}
"""What Plex, Jellyfin and Kodi read best."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_EMPTY = re.compile(r"\(\s*\)|\[\s*(?:\w+-)?\s*\]|\s-\s(?:pt|part)(?=\s*(?:$|/))")
_SPACES = re.compile(r"\s+")
_LOOSE_DASH = re.compile(r"(?:\s-)+(?=\s-\s|\s*$)")
_FORBIDDEN = re.compile(r'[\x00-\x1f"*<>?|\\/]')
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


def custom(pattern: str, *, base: Pattern) -> Pattern:
    """Return `base` with a person's own pattern: for episodes if it speaks of them, else for films.

    Raises: UsageError naming an unknown field, or a pattern that gives every file one name.
    """
    fields = _FIELD.findall(pattern)
    for field in fields:
        if field not in FIELDS:
            raise UsageError(f"{{{field}}} is no field of a name; known are {', '.join(FIELDS)}")
    last = pattern.rpartition("/")[2]
    if not {"title", "original", "numbers"} & set(_FIELD.findall(last)):
        raise UsageError("the last step of a pattern needs {title}, {original} or {numbers}")
    if pattern.startswith("/") or any(step in ("", ".", "..") for step in pattern.split("/")):
        raise UsageError("a pattern is a path below the library: no leading slash, no empty step, no . or ..")
    if "numbers" in fields or "season" in fields:
        if "numbers" not in _FIELD.findall(last):
            raise UsageError("the last step of an episode's pattern needs {numbers}")
        return Pattern(base.film, pattern)
    return Pattern(pattern, base.episode)


def named(naming: str) -> Pattern:
    """Return a preset by its name, or a person's own pattern on top of Plex's. Raises: UsageError."""
    return PRESETS[naming] if naming in PRESETS else custom(naming, base=PRESETS["plex"])


def new_path(file: MediaFile, title: Title, pattern: Pattern) -> bytes:
    """Return where a file ought to be, raw, with its own ending. Raises: UsageError if nothing fits."""
    identity = file.identity
    assert identity is not None, "a file with a title has an identity"
    episodic = title.kind is TitleKind.TV
    if episodic and (identity.season is None or not identity.episodes):
        raise UsageError(f"{file.path} has no season and episode that TMDb knows")
    values = _values(file, title)
    steps = [_step(step, values) for step in (pattern.episode if episodic else pattern.film).split("/")]
    if not all(steps):
        raise UsageError(f"{file.path} has nothing to fill the pattern with")
    ending = suffix(split(file.raw_path)[1])
    raw = [_limited(step.encode(), NAME_LIMIT) for step in steps[:-1]]
    # Room for the longest sidecar ending that comes along.
    raw.append(_limited(steps[-1].encode(), NAME_LIMIT - max(len(ending), 40)) + ending)
    return b"/".join((base_folder(file, title).rstrip(b"/"), *raw))


def base_folder(file: MediaFile, title: Title) -> bytes:
    """Return the folder in which the film's or show's own folder lies; never above the scanned root.

    Its own are those called like it, release folders included: `Heat (1995)/Heat.1995.1080p-GRP`.
    """
    root, folder = file.root.rstrip(b"/"), show_folder(file.raw_path)
    own = [title.title, title.original_title, *(text for text, _ in title.names)]
    if file.identity is not None:
        own.append(file.identity.title)
    keys = {title_key(text) for text in own if text}
    while folder.startswith(root + b"/") and not keys.isdisjoint(_titles_of(display(split(folder)[1]))):
        folder = split(folder)[0]
    return folder if folder.startswith(root + b"/") else file.root


def beside(sidecar: bytes, video: bytes, destination: bytes) -> bytes:
    """Return the new path of a sidecar: what follows the video's stem stays (`.en.srt`, `-poster.jpg`)."""
    folder, new = split(destination)
    old = split(video)[1]
    stem = old[: len(old) - len(suffix(old))]
    return folder + b"/" + new[: len(new) - len(suffix(new))] + split(sidecar)[1][len(stem) :]


def _titles_of(name: str) -> set[str]:
    """Return the titles that a folder's name may mean: without years, ids and tags, or as a release."""
    bare = re.split(r"\s*[\[({]", name, maxsplit=1)[0] or name
    folders = read_folders(name)
    said = {bare, folders.owner.title if folders.owner else ""}
    if folders.episode_folder and (numbered := SEASON_EPISODE.search(name)):
        said.add(clean_title(name[: numbered.start()]))
    return {title_key(text) for text in said if text}


def _values(file: MediaFile, title: Title) -> dict[str, str]:
    identity, video = file.identity, file.info.video if file.info else None
    assert identity is not None
    season = identity.season
    names = [
        e.name for e in title.episodes if e.season == season and e.number in identity.episodes and e.name
    ]
    return {
        "title": title.title,
        "original": title.original_title or title.title,
        "year": str(title.year or ""),
        "season": f"{season:02}" if season is not None else "",
        "numbers": _numbers(season, identity.episodes),
        "name": " + ".join(names),
        "edition": identity.edition or "",
        "edition-": f"{{edition-{identity.edition}}}" if identity.edition else "",
        "part": str(identity.part or ""),
        "tier": str(tier(video.width, video.height)) if video else "",
        "codec": video.codec if video else "",
        "hdr": " ".join(map(str, video.hdr)) if video else "",
        "tmdb": str(title.tmdb_id),
        "imdb": title.imdb_id or "",
    }


def _numbers(season: int | None, episodes: Sequence[int]) -> str:
    """S01E02; S01E02-E04 for a run; S01E02E05 otherwise."""
    if not episodes or season is None:
        return ""
    first, last = episodes[0], episodes[-1]
    if len(episodes) > 1 and list(episodes) == list(range(first, last + 1)):
        return f"S{season:02}E{first:02}-E{last:02}"
    return f"S{season:02}" + "".join(f"E{number:02}" for number in episodes)


def _step(step: str, values: Mapping[str, str]) -> str:
    # A value is made harmless before it is set in, so that none can add a step to the path.
    text = _FIELD.sub(lambda field: _harmless(values.get(field[1], "")), step)
    text = _LOOSE_DASH.sub("", _EMPTY.sub("", text))
    text = _SPACES.sub(" ", text).strip().rstrip(". ")
    return f"_{text}" if _DEVICES.match(text) or text.startswith(".") else text


def _harmless(value: str) -> str:
    value = unicodedata.normalize("NFC", value)  # one spelling, on every file system
    return _FORBIDDEN.sub("", value.replace(": ", " - ").replace(":", "-").replace("/", "-"))


def _limited(name: bytes, limit: int) -> bytes:
    return name if len(name) <= limit else name[:limit].decode("utf-8", "ignore").rstrip(". ").encode()


def is_work(file: MediaFile) -> bool:
    """Return whether a file is a film or an episode itself, and no extra of one."""
    return file.identity is not None and file.identity.extra is None and file.identity.kind is not Kind.OTHER
