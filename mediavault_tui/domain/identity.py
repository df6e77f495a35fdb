"""From a guess and its folders to the work that a file is; docs/rules.md, section 1.

An explicit id wins over every guess. The file's name is believed before the folder's;
the folder fills what the name leaves open, and where the two disagree the evidence says
so and the confidence falls. Longer than the house's habit: one draft passes through all of
it, and the films', shows' and extras' answers to one folder are best read side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from mediavault_tui.domain.folders import NO_IDS, Folders, Ids, Owner, read_folders, read_ids, split_path
from mediavault_tui.domain.model import Identity, Kind
from mediavault_tui.domain.names import CAMERA, HASH_NAME, NAMELESS
from mediavault_tui.domain.regular_names import NameGuess, regular
from mediavault_tui.domain.splitting import stem_of
from mediavault_tui.domain.tags import NO_TAGS, Tags, braced_editions, join_editions, read_tags
from mediavault_tui.domain.titles import title_key

__all__ = ["NameGuess", "identify", "regular", "title_key"]

DISC_PART = "disc"
"""`Identity.extra` of a file inside a disc folder: one of many pieces, never taken apart."""


@dataclass(slots=True)
class _Draft:
    """An identity in the making."""

    kind: Kind
    title: str
    year: int | None
    country: str | None
    season: int | None
    episodes: tuple[int, ...]
    air_date: date | None
    extra: str | None
    confidence: int
    evidence: list[str] = field(default_factory=list)
    part: int | None = None
    of_owner: bool = False
    """The folder names this very work, so its tags hold for the file too."""

    def doubt(self, confidence: int, why: str) -> None:
        """Lower the confidence, with the reason."""
        self.confidence = min(self.confidence, confidence)
        self.evidence.append(why)


def identify(path: str, guess: NameGuess) -> Identity:
    """Return which work the file of this path is, from its name's guess and its folders.

    `path` is text relative to the parent of the scanned root; its last four components
    count. Never raises, whatever the text.
    """
    folder, name = split_path(path)
    return identify_in(name, guess, read_folders(folder))


def identify_in(name: str, guess: NameGuess, folders: Folders) -> Identity:
    """Return which work it is, with the folders already read."""
    braces = "{" in name or "[" in name or "(" in name
    if guess.plain and guess.extra is None and not guess.rest and not braces and folders.silent:
        if (odd := meaningless(guess.title)) is None:
            title = guess.title or name
            return Identity(Kind.MOVIE, title, confidence=guess.confidence, evidence=(guess.evidence,))
        if folders.owner is None or odd == "camera":
            return Identity(Kind.OTHER, guess.title or name, confidence=20, evidence=(_WHY_ODD[odd],))
    ids = (read_ids(name) if braces else NO_IDS).over(folders.ids)
    tags = read_tags(guess.rest, episode=guess.episodic)
    draft = _draft(name, guess, folders)
    if folders.documentaries or tags.documentary:
        draft.kind = Kind.DOCUMENTARY
        draft.evidence.append(
            "a documentary by its folder" if folders.documentaries else "tagged as a documentary"
        )
    elif folders.other:
        draft.kind = Kind.OTHER
    return _finish(name, draft, tags, folders, ids)


def _draft(name: str, guess: NameGuess, folders: Folders) -> _Draft:
    draft = _Draft(
        Kind.EPISODE if guess.episodic else Kind.MOVIE,
        guess.title,
        guess.year,
        guess.country,
        guess.season,
        guess.episodes,
        guess.air_date,
        guess.extra or folders.extra,
        guess.confidence,
        [guess.evidence] if guess.evidence else [],
    )
    if folders.disc:
        _disc(draft, name, folders)
    elif guess.episodic:
        _episode(draft, name, folders)
    elif draft.extra is not None:
        _extra(draft, guess, folders)
    else:
        _film(draft, guess, folders)
    if not draft.title:
        draft.title = stem_of(name) or name
        draft.doubt(5, "no title anywhere")
    return draft


def _finish(name: str, draft: _Draft, tags: Tags, folders: Folders, ids: Ids) -> Identity:
    """Add what the tags and ids say, of the file first and then of its own folder."""
    owned = NO_TAGS
    if draft.of_owner and folders.owner_tags:
        owned = read_tags(folders.owner_tags, episode=draft.kind is Kind.EPISODE)
    braced = braced_editions(name) or list(folders.editions)
    stated = tags.edition or (None if braced else owned.edition)
    edition = join_editions([*braced, *(stated.split(" + ") if stated else [])])
    if edition and owned.edition and not tags.edition and not braced:
        draft.evidence.append("edition from the folder")
    if draft.extra:
        draft.evidence.append(f"an extra: {draft.extra}")
    if ids:
        draft.evidence[:0] = [f"explicit id {text}" for text in _id_names(ids)]
        if draft.kind is not Kind.EPISODE or draft.episodes or draft.air_date:
            draft.confidence = 100
    return Identity(
        kind=draft.kind,
        title=draft.title,
        year=draft.year,
        country=draft.country,
        season=draft.season,
        episodes=draft.episodes,
        air_date=draft.air_date,
        edition=edition,
        part=draft.part or tags.part,
        three_d=tags.three_d or owned.three_d,
        extra=draft.extra,
        tmdb_id=ids.tmdb,
        imdb_id=ids.imdb,
        tvdb_id=ids.tvdb,
        release_source=tags.source or owned.source,
        confidence=draft.confidence,
        evidence=tuple(draft.evidence),
    )


def _id_names(ids: Ids) -> list[str]:
    named = (("tmdb", ids.tmdb), ("imdb", ids.imdb), ("tvdb", ids.tvdb))
    return [f"{name}-{value}" for name, value in named if value is not None]


_WHY_ODD = {
    "camera": "a clip's name from a camera",
    "hash": "a name of random letters",
    "nameless": "a name that says nothing",
}


def meaningless(title: str) -> str | None:
    """Return why a name cannot be a title ("camera", "hash", "nameless"); None: it can."""
    if title.lower() in NAMELESS:
        return "nameless"
    if " " not in title and HASH_NAME.fullmatch(title) and any(c.isdigit() for c in title):
        return "hash"
    return "camera" if CAMERA.fullmatch(title) else None


def _episode(draft: _Draft, name: str, folders: Folders) -> None:
    """Fill the show's title, year, country and season from the folders, or doubt them."""
    if draft.season is None and folders.season is not None and not draft.air_date:
        draft.season = folders.season
        draft.evidence.append("season from the folder")
    elif draft.season is not None and folders.season not in (None, draft.season):
        draft.doubt(60, f"the folder says season {folders.season}")
    owner = folders.owner
    if not draft.title:
        _show_from_folder(draft, name, folders)
    elif owner is not None:
        _compare_show(draft, owner, folders)


def _show_from_folder(draft: _Draft, name: str, folders: Folders) -> None:
    owner = folders.owner
    if owner is not None and owner.title:
        draft.title, draft.year, draft.country = (
            owner.title,
            draft.year or owner.year,
            draft.country or owner.country,
        )
        draft.of_owner = True
        draft.doubt(90 if folders.season == draft.season else 80, "show from the folder")
        return
    # Two shows' 1x05 must never look like one: the folder's name keeps them apart.
    draft.title = f"{folders.nearest} {stem_of(name)}".strip()
    draft.doubt(10, "no show named in file or folder")


def _compare_show(draft: _Draft, owner: Owner, folders: Folders) -> None:
    if title_key(draft.title) == title_key(owner.title):
        _take_year_and_country(draft, owner)
    elif not (folders.season is not None or owner.pack or folders.tv):
        return  # a folder that need not be a show's
    elif _abbreviates(draft.title, owner.title):
        draft.evidence.append(f"“{draft.title}” read as the folder's {owner.title}")
        draft.title = owner.title
        _take_year_and_country(draft, owner)
    elif not _overlap(draft.title, owner.title):
        draft.doubt(60, f"the folder says {owner.title}")


def _take_year_and_country(draft: _Draft, owner: Owner) -> None:
    draft.of_owner = True
    if draft.year is None:
        if owner.year is not None:
            draft.year = owner.year
            draft.evidence.append("year from the folder")
    elif owner.year is not None and owner.year != draft.year:
        draft.doubt(55, f"the folder says {owner.year}")
    if draft.country is None and owner.country is not None:
        draft.country = owner.country
        draft.evidence.append("country from the folder")


def _film(draft: _Draft, guess: NameGuess, folders: Folders) -> None:
    """Settle a film's title and year between its name and its folder."""
    owner = folders.owner
    odd = meaningless(draft.title) if guess.plain else None
    if odd == "camera":
        draft.kind = Kind.OTHER
        draft.doubt(20, _WHY_ODD[odd])
    elif odd is not None or not draft.title:
        _from_owner(draft, folders, odd or "nameless")
    elif owner is None or not owner.title:
        return
    elif title_key(draft.title) == title_key(owner.title):
        _agreeing_film(draft, owner)
    elif folders.season is not None or (folders.tv and guess.year is None):
        draft.kind, draft.season = Kind.EPISODE, folders.season
        draft.title, draft.year, draft.country = f"{owner.title} – {draft.title}", owner.year, owner.country
        draft.doubt(40, "in a show's folder, without a number")
    elif owner.release:
        _differing_film(draft, owner)


def _from_owner(draft: _Draft, folders: Folders, odd: str) -> None:
    owner = folders.owner
    if owner is None or not owner.title:
        draft.kind = Kind.OTHER
        draft.doubt(20, _WHY_ODD[odd])
        return
    draft.title, draft.year, draft.country, draft.of_owner = owner.title, owner.year, owner.country, True
    draft.evidence = [_WHY_ODD[odd], "title from the folder"]
    draft.confidence = 85 if owner.year else 40
    if folders.season is not None or folders.tv:
        draft.kind, draft.season = Kind.EPISODE, folders.season
        draft.doubt(30, "in a show's folder, without a number")


def _agreeing_film(draft: _Draft, owner: Owner) -> None:
    if owner.year is not None or draft.year is not None:
        said = draft.year
        _take_year_and_country(draft, owner)
        if said is None:
            draft.confidence = 88
        elif said == owner.year:
            draft.confidence = min(draft.confidence + 5, 97)
            draft.evidence.append("the folder agrees")
    draft.of_owner = True


def _differing_film(draft: _Draft, owner: Owner) -> None:
    """File and folder name different titles: an abbreviation, a fuller title, or another film."""
    if draft.year is None and (_abbreviates(draft.title, owner.title) or _within(draft.title, owner.title)):
        draft.evidence.append(f"“{draft.title}” read as the folder's {owner.title}")
        draft.title, draft.year, draft.country, draft.of_owner = owner.title, owner.year, owner.country, True
        draft.confidence = 75 if owner.year else 50
    elif owner.year is None:
        return
    elif draft.year == owner.year and _abbreviates_prefix(draft.title, owner.title):
        draft.title, draft.of_owner = owner.title, True
        draft.evidence.append("the folder agrees, but for the group's name before the title")
    elif draft.year != owner.year:
        draft.doubt(55 if draft.year else 25, f"the folder says {owner.title} ({owner.year})")
    elif not _overlap(draft.title, owner.title):
        draft.doubt(70, f"the folder says {owner.title} ({owner.year})")


def _overlap(a: str, b: str) -> bool:
    """Whether one title is the other with more words, none of them a number (a sequel's)."""
    return _within(a, b) or _within(b, a)


def _within(short: str, title: str) -> bool:
    """Whether `title` has all words of `short`, and none more that is a number (a sequel's).

    Not the other way round: "Heat Making Of" in Heat's folder is not Heat.
    """
    words, more = set(title_key(short).split()), set(title_key(title).split())
    return words <= more and not any(word.isdigit() for word in more - words)


def _abbreviates_prefix(text: str, title: str) -> bool:
    """Whether `text` is `title` with a group's name and a dash before it ("blow-how to be single")."""
    group, dash, behind = text.partition("-")
    return bool(dash) and " " not in group and title_key(behind) == title_key(title)


def _abbreviates(short: str, title: str) -> bool:
    """Whether `short` is a group's short form ("spk-drive", "chrn") of `title`."""
    if " " in short or len(short) > 24 or not short.islower():
        return False
    letters = "".join(title_key(title).split())
    return any(_inside(piece, letters) for piece in short.split("-") if len(piece) >= 2)


def _inside(piece: str, letters: str) -> bool:
    """Whether the piece's letters occur in that order, beginning with the first."""
    rest = iter(letters)
    return letters.startswith(piece[0]) and all(letter in rest for letter in piece)


def _extra(draft: _Draft, guess: NameGuess, folders: Folders) -> None:
    """Name an extra after its work, so that two films' "Making Of" stay two."""
    owner = folders.owner
    if folders.season is not None or folders.tv:
        draft.kind, draft.season = Kind.EPISODE, folders.season
    if owner is None or not owner.title:
        draft.confidence = min(draft.confidence, 60)
        return
    own, owners = title_key(draft.title) if draft.title else "", title_key(owner.title)
    same = own in owners or owners in own or draft.extra in ("sample", "trailer")
    if not same and folders.extra is None and not owner.release:
        return
    same = same or (folders.extra is None and _abbreviates(draft.title, owner.title))
    draft.title = owner.title if same else f"{owner.title} – {draft.title}"
    draft.year, draft.country = owner.year or draft.year, owner.country
    draft.of_owner = True
    draft.confidence = 70
    draft.evidence.append("work from the folder")


def _disc(draft: _Draft, name: str, folders: Folders) -> None:
    """A file of `VIDEO_TS` or `BDMV`: its number keeps the pieces of one disc apart."""
    digits = "".join(
        character for character in stem_of(name) if character.isdecimal() and character.isascii()
    )
    draft.kind, draft.extra, draft.episodes, draft.season = Kind.MOVIE, DISC_PART, (), None
    draft.part = int(digits[:9]) % 32768 if digits else None  # the database keeps it in two bytes
    owner = folders.owner
    if owner is not None and owner.title:
        draft.title, draft.year, draft.country, draft.of_owner = owner.title, owner.year, owner.country, True
    draft.confidence = 60
    draft.evidence = ["inside a disc folder, which is one title"]
