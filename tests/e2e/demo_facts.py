"""The golden answers worked out a second time, without SQL, scanner or database.

`services.demo.library` is the list of files that the demo library is made of. `WORKS` says by hand what each
picture is; the rest is counted here in plain Python. What the rules decide is taken from the hand-written
table `EXPECTED`. So a golden SELECT that is wrong disagrees with something that was not made from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mediavault_tui.domain.verdict import Proof, Verdict
from mediavault_tui.services.demo.library import AGAIN, EXPECTED, FILMS, Expected, Film, How


@dataclass(frozen=True)
class Work:
    """What a person knows of a picture; `season` and `episodes` make it an episode."""

    title: str
    year: int | None = None
    season: int | None = None
    episodes: tuple[int, ...] = ()
    kind: str = "movie"


def _episode(title: str, season: int | None, *episodes: int, year: int | None = None) -> Work:
    return Work(title, year, season, episodes, "episode")


WORKS = {
    "nosferatu": Work("Nosferatu", 1922),
    "dead": Work("Night of the Living Dead", 1968),
    "friday": Work("His Girl Friday", 1940),
    "sherlock": Work("Sherlock Jr", 1924),
    "general": Work("The General", 1926),
    "lantern": Work("The Lantern Keeper", 2019),
    "metropolis": Work("Metropolis", 1927),
    "charade": Work("Charade", 1963),
    "gojo": Work("The Moon over Gojo", 1951),
    "turm": Work("Der letzte Leuchtturm", 2004),
    "trip": Work("A Trip to the Moon", 1902),
    "detour": Work("Detour", 1945),
    "carriage": Work("The Phantom Carriage", 1921),
    "carriage-2": Work("The Phantom Carriage", 1921),
    "caligari": Work("The Cabinet of Dr. Caligari", 1920),
    "doa": Work("D.O.A.", 1949),
    "stranger": Work("The Stranger", 1946),
    "copper": Work("Copper Sky", 2014),
    "orchard-3d": Work("The Clockwork Orchard", 2018),
    "orchard": Work("The Clockwork Orchard", 2018),
    "tides": Work("Tides of the North", 2021, kind="documentary"),
    "sands": Work("Deep Sands", 2012, kind="documentary"),
    "harbour-0": _episode("Harbour Lights", 0, 1, year=2016),
    "harbour-1": _episode("Harbour Lights", 1, 1, year=2016),
    "harbour-2": _episode("Harbour Lights", 1, 2, year=2016),
    "harbour-3": _episode("Harbour Lights", 1, 3, year=2016),
    "orbit-1": _episode("The Quiet Orbit", 1, 1),
    "orbit-2": _episode("The Quiet Orbit", 1, 2),
    "parish-uk": _episode("The Parish", 1, 1),
    "parish-us": _episode("The Parish", 1, 1),
    "sora-3": _episode("Sora no Kaze", None, 3),
    "desk": _episode("The Night Desk", None),
}
_TIERS = {2160: "4K", 1080: "1080p", 720: "720p", 480: "480p"}
_CONTAINERS = {
    "mkv": "matroska", "mp4": "mp4", "m4v": "mp4", "avi": "avi", "webm": "webm", "ts": "mpegts"
}  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """One file of the library."""

    path: str
    film: Film
    work: Work

    @property
    def extra(self) -> str | None:
        return "trailer" if "-trailer" in self.path else "sample" if "/Sample/" in self.path else None

    @property
    def tier(self) -> str:
        return _TIERS[self.film.picture.height]

    @property
    def codec(self) -> str:
        return self.film.picture.codec

    @property
    def sound(self) -> list[str]:
        return sorted({sound.language for sound in self.film.sounds if sound.language})

    @property
    def texts(self) -> list[str]:
        return sorted({text.language for text in self.film.texts})

    @property
    def named(self) -> tuple[str, int | None]:
        return self.work.title, self.work.year


def _facts() -> list[Fact]:
    films = {film.path: film for film in FILMS}
    # A hard link and a symlink are the same file; only a copy is another one.
    names = [(film.path, film) for film in FILMS]
    names += [(again.path, films[again.of]) for again in AGAIN if again.how is How.COPY]
    return [Fact(path, film, WORKS[film.seed]) for path, film in names]


ALL = _facts()
SHOWN = [fact for fact in ALL if fact.extra is None]
MOVIES = [fact for fact in SHOWN if fact.work.kind == "movie"]
PAIRS = [each for each in EXPECTED if each.proof not in (None, Proof.COVERAGE)]


def _double(fact: Fact) -> bool:
    return "E01-E02" in fact.path


def _group(each: Expected) -> str:
    work = next(fact.work for fact in ALL if fact.path == each.paths[0])
    edition = " · Restored" if any("Restored" in path for path in each.paths) else ""
    if work.kind == "episode" and work.season is not None:
        year = f" ({work.year})" if work.year else ""
        return f"{work.title}{year} S{work.season:02}" + "".join(f"E{n:02}" for n in work.episodes)
    return f"{work.title} ({work.year}){edition}"


def _verdict(verdict: Verdict) -> list[tuple[str]]:
    return [(_group(each),) for each in PAIRS if each.verdict is verdict]


def _one(number: int) -> list[tuple[int]]:
    return [(number,)]


def _tally(values: Iterable[Any]) -> list[tuple[Any, int]]:
    return list(Counter(values).items())


def _titles(facts: Iterable[Fact]) -> set[tuple[str]]:
    return {(fact.work.title,) for fact in facts}


def _surround(fact: Fact) -> bool:
    return any(sound.channels >= 6 for sound in fact.film.sounds)


FACTS: dict[str, Callable[[], Iterable[tuple[Any, ...]]]] = {
    "How many video files are in the library?": lambda: _one(len(ALL)),
    "How many films do I have, counting copies?": lambda: _one(len(MOVIES)),
    "How many different films are there?": lambda: _one(len({fact.named for fact in MOVIES})),
    "How many files are there of each kind?": lambda: _tally(fact.work.kind for fact in ALL),
    "How many documentaries do I have?": lambda: _one(sum(f.work.kind == "documentary" for f in ALL)),
    "Which documentaries are there?": lambda: {f.named for f in ALL if f.work.kind == "documentary"},
    "How many files are 4K?": lambda: _one(sum(fact.tier == "4K" for fact in ALL)),
    "Which titles do I have in 4K?": lambda: [fact.named for fact in SHOWN if fact.tier == "4K"],
    "How many files are there of each picture size?": lambda: _tally(fact.tier for fact in ALL),
    "How many files use each video codec?": lambda: _tally(fact.codec for fact in ALL),
    "What is encoded in AV1?": lambda: [(*f.named, f.tier) for f in ALL if f.codec == "av1"],
    "Which films are in HDR?": lambda: [
        (*f.named, [f.film.picture.hdr.value]) for f in SHOWN if f.film.picture.hdr
    ],
    "Is anything in Dolby Vision?": lambda: _one(
        sum(f.film.picture.hdr is not None and f.film.picture.hdr.value == "DV" for f in ALL)
    ),
    "What is still in MPEG-4 ASP or XviD?": lambda: [(*f.named, f.tier) for f in SHOWN if f.codec == "mpeg4"],
    "Which films are from before 1925?": lambda: {f.named for f in MOVIES if (f.work.year or 0) < 1925},
    "What is my oldest film?": lambda: [min((f.named for f in MOVIES), key=lambda named: named[1] or 0)],
    "What is the newest film by year of release?": lambda: [
        max((f.named for f in MOVIES), key=lambda named: named[1] or 0)
    ],
    "How many films per decade do I have?": lambda: _tally(
        (year or 0) // 10 * 10 for _, year in {f.named for f in MOVIES}
    ),
    "Which films are from the 1940s?": lambda: {f.named for f in MOVIES if 1940 <= (f.work.year or 0) < 1950},
    "Do I have Metropolis?": lambda: [
        (*f.named, f.tier, "Restored" if "Restored" in f.path else None)
        for f in SHOWN
        if f.film.seed == "metropolis"
    ],
    "Which copies of Nosferatu do I have?": lambda: [
        (f.work.title, f.tier, f.codec) for f in SHOWN if f.film.seed == "nosferatu"
    ],
    "In which languages can I hear Charade?": lambda: {
        (language,) for f in ALL if f.film.seed == "charade" for language in f.sound
    },
    "Which files have French sound?": lambda: [(*f.named, f.tier) for f in ALL if "fr" in f.sound],
    "Which titles have French subtitles?": lambda: [f.named for f in ALL if "fr" in f.texts],
    "How many files have English sound?": lambda: _one(sum("en" in f.sound for f in ALL)),
    "Which titles are only in Japanese?": lambda: _titles(f for f in ALL if f.sound == ["ja"]),
    "Which languages occur as sound, and in how many files?": lambda: _tally(
        language for f in ALL for language in f.sound
    ),
    "Which files have no language told for their sound?": lambda: [
        (*f.named, f.tier) for f in SHOWN if not f.sound
    ],
    "Which films have neither English sound nor English subtitles?": lambda: {
        f.named for f in MOVIES if f.sound and "en" not in f.sound and "en" not in f.texts
    },
    "Which titles have a commentary?": lambda: {
        f.named for f in ALL if any(sound.commentary for sound in f.film.sounds)
    },
    "Which titles have surround sound?": lambda: _titles(f for f in SHOWN if _surround(f)),
    "How many sound tracks are there of each codec?": lambda: _tally(
        sound.codec for f in ALL for sound in f.film.sounds
    ),
    "Which files are broken?": lambda: [(*f.named, f.tier) for f in ALL if f.film.truncated],
    "How many files are healthy?": lambda: _one(sum(not f.film.truncated for f in ALL)),
    "Which series do I have?": lambda: _titles(f for f in SHOWN if f.work.kind == "episode"),
    "Which episodes of Harbour Lights are there?": lambda: {
        (f.work.season, f.work.episodes) for f in SHOWN if f.work.title == "Harbour Lights"
    },
    "Is there a special of Harbour Lights?": lambda: [
        (f.work.title, 0, f.work.episodes) for f in SHOWN if f.work.season == 0
    ],
    "Which files hold two episodes?": lambda: [
        (f.work.title, f.work.season, (1, 2)) for f in ALL if _double(f)
    ],
    "Which shows exist in two countries?": lambda: [("The Parish", "GB US")],
    "Which films have a special edition?": lambda: [
        (f.work.title, edition)
        for f in SHOWN
        for edition in ("Restored", "Director's Cut", "Theatrical")
        if f"{{edition-{edition}}}" in f.path
    ],
    "What do I have in 3D?": lambda: [f.named for f in ALL if " 3D " in f.path],
    "Which extras are there?": lambda: [(f.work.title, f.extra) for f in ALL if f.extra],
    "Which films are in two parts?": lambda: {f.named for f in SHOWN if ".cd1." in f.path},
    "Which containers are used how often?": lambda: _tally(
        _CONTAINERS[f.path.rpartition(".")[2]] for f in ALL
    ),
    "How many groups of duplicates are open?": lambda: _one(len(PAIRS)),
    "How many groups are there of each verdict?": lambda: _tally(
        "review" if each.verdict is None else each.verdict.value for each in EXPECTED if each.proof
    ),
    "Which duplicates are clear, but not certain?": lambda: [
        (*title, "clear") for title in _verdict(Verdict.CLEAR)
    ],
    "How many groups are identical to the byte, and how many files are in them?": lambda: [
        (
            sum(each.proof is Proof.EXACT for each in PAIRS),
            sum(len(each.paths) for each in PAIRS if each.proof is Proof.EXACT),
        )
    ],
    "Which groups have three or more copies?": lambda: [
        (_group(each), len(each.paths)) for each in PAIRS if len(each.paths) > 2
    ],
    "Which file covers the episodes of others?": lambda: [
        (_group(each).replace("S01E01", "S01E01E02"), len(each.paths))
        for each in EXPECTED
        if each.proof is Proof.COVERAGE
    ],
    "Which copy of Nosferatu should I keep?": lambda: [
        (f.tier, f.codec)
        for each in PAIRS
        for f in ALL
        if f.path == each.keeper and f.work.title == "Nosferatu"
    ],
    "How many files would be staged if I followed everything certain and clear?": lambda: _one(
        sum(len(e.paths) - 1 for e in PAIRS if e.verdict in (Verdict.CERTAIN, Verdict.CLEAR))
    ),
    "What waits in the holding folder?": list,
    "Has anything been purged yet?": lambda: _one(0),
}
"""Question → the rows that answer it."""

BY_HAND: dict[str, list[tuple[Any, ...]]] = {
    # The rules' own names, as docs/rules.md gives them for what `EXPECTED` says in words.
    "Which duplicates must I look at myself, and by which rule?": [
        ("Sherlock Jr (1924)", "close"),
        ("Metropolis (1927) · Restored", "identity"),
        ("Der letzte Leuchtturm (2004)", "foreign"),
        ("A Trip to the Moon (1902)", "loss"),
        ("Detour (1945)", "health"),
    ],
    # The French dub has the better picture; the old copy of the trip has the notes, the texts, the chapters.
    "Where would something be lost if I followed the recommendation?": [
        ("Charade (1963)", ["audio language: fr"]),
        ("A Trip to the Moon (1902)", ["subtitle language: fr", "commentary: 1 track", "chapters: 3"]),
    ],
    "Which copy of Charade do the rules keep, and why?": [("720p", ["en"], "language")],
    "Where was a tie broken, and by what?": [("Sherlock Jr (1924)", "source")],
    # 57 files, the other name of D.O.A., and the two of TypeScript that are called .ts.
    "How did the last scan end and how many files did it see?": [("done", 57 + 1 + 2)],
    "Were there errors in the last scan?": [(0, 0)],
}
