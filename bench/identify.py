"""Names identified per second of one core, cold, against plain guessit; and the accuracy of both.

    python -m bench.identify [NAMES] [--json]        (5,000 unless told otherwise)

Nine in ten of the names are regular (films, episodes, folders of Plex and Jellyfin), one in
ten is odd: half of those are of shapes that only guessit reads, half of shapes that trip
parsers. All names differ, so that nothing is answered from a cache. Each parser runs alone in
a fresh process, without workers; its processor time counts, with its imports. Accuracy is
that of title, year, season, episodes, kind and air date on tests/unit/data/names_heldout.yaml.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable

_WORDS = [
    *("Lost", "City", "Space", "Night", "Ocean", "Blue", "Star", "Red", "Desert", "Winter", "Summer", "King"),
    *(
        "Queen",
        "Last",
        "First",
        "Dark",
        "Light",
        "Iron",
        "Glass",
        "Paper",
        "Silent",
        "Great",
        "Small",
        "River",
    ),
    *("Stone", "Shadow", "Garden", "Letter", "Captain", "Harvest", "Mirror", "Engine", "Island", "Thunder"),
]
_TAGS = (
    "1080p.BluRay.x264-GRP",
    "720p.WEB-DL.DD5.1.H264-GRP",
    "2160p.UHD.BluRay.REMUX.HDR.HEVC-GRP",
    "DVDRip.XviD-GRP",
    "1080p.AMZN.WEBRip.DDP5.1.x265-GRP",
    "EXTENDED.1080p.BluRay.DTS.x264-GRP",
)

Maker = Callable[[random.Random, str], str]


def _dotted(title: str) -> str:
    return title.replace(" ", ".")


_REGULAR: tuple[Maker, ...] = (
    lambda r, t: f"{_dotted(t)}.{r.randrange(1950, 2025)}.{r.choice(_TAGS)}.mkv",
    lambda r, t: f"Movies/{t} ({(y := r.randrange(1950, 2025))})/{t} ({y}).mkv",
    lambda r, t: f"Movies/{t} ({r.randrange(1950, 2025)})/{t} - 1080p.mkv",
    lambda r, t: f"{t} ({r.randrange(1950, 2025)}) [1080p] [BluRay].mp4",
    lambda r, t: f"{_dotted(t)}.S{r.randrange(1, 20):02}E{r.randrange(1, 25):02}.{r.choice(_TAGS)}.mkv",
    lambda r, t: (
        f"TV/{t}/Season {(s := r.randrange(1, 9))}/{t} - S{s:02}E{r.randrange(1, 25):02} - Title.mkv"
    ),
    lambda r, t: f"TV/{t}/Season {(s := r.randrange(1, 9))}/S{s:02}E{r.randrange(1, 25):02}.mkv",
    lambda r, t: f"{t} - {r.randrange(1, 9)}x{r.randrange(1, 25):02} - Title.avi",
    lambda r, t: f"{t}.mkv",
)
_TRIPPING: tuple[Maker, ...] = (
    lambda r, t: f"[Group] {t} - {r.randrange(1, 99):02}v2 (1080p) [{r.randrange(1 << 32):08X}].mkv",
    lambda r, t: (
        f"{_dotted(t)}.{r.randrange(2005, 2024)}.{r.randrange(1, 13):02}.{r.randrange(1, 28):02}.web.mkv"
    ),
    lambda r, t: f"{_dotted(t)}.{r.randrange(1, 5)}of9.720p.mkv",
    lambda r, t: f"{r.randrange(1900, 2000)}.{_dotted(t)}.{r.randrange(2000, 2024)}.1080p.mkv",
    lambda r, t: f"{_dotted(t)}.{r.randrange(2005, 2024)}.CD{r.randrange(1, 3)}.DVDRip.avi",
)
_FOR_GUESSIT: tuple[Maker, ...] = (
    lambda r, t: f"{t} - Episode {r.randrange(1, 99)}.mkv",
    lambda r, t: f"{_dotted(t)}.E{r.randrange(1, 99):02}.720p.mkv",
    lambda r, t: f"{t} Temporada {r.randrange(1, 9)} Capitulo {r.randrange(1, 20)} 720p.mkv",
    lambda r, t: (
        f"{_dotted(t)}.{r.randrange(1, 13):02}-{r.randrange(13, 29)}-{r.randrange(2005, 2024)}.HDTV.mkv"
    ),
    lambda r, t: f"[Group] {r.randrange(1, 20):02} {t} (720p AAC).mkv",
    lambda r, t: f"{t} 第{r.randrange(1, 40):02}話.mkv",
)


def names(count: int, seed: int = 1) -> list[str]:
    """Make so many different names, one in ten of them odd."""
    chance = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < count:
        title = " ".join(chance.sample(_WORDS, chance.randrange(2, 5)))
        kinds = _REGULAR if len(made) % 10 else chance.choice((_TRIPPING, _FOR_GUESSIT))
        made[chance.choice(kinds)(chance, title)] = None
    return list(made)


def measure(parser: str, count: int) -> float:
    """Return the seconds of processor time that `parser` needs for `count` names, imports included."""
    asked = names(count)
    begun = time.process_time()
    if parser == "ours":
        from mediavault_tui.probe.filename import identify_many

        identify_many(asked, workers=1)
    else:
        from guessit import guessit

        for name in asked:
            guessit(name)
    return time.process_time() - begun


def accuracy() -> tuple[int, int, int]:
    """Return how many held-out names we read right, how many guessit, and of how many."""
    from mediavault_tui.probe.filename import identify_path
    from tests.unit.name_corpus import differences, read
    from tests.unit.test_identity_corpus import ASKED_OF_BOTH, plain_guessit

    cases = list(read("names_heldout.yaml"))
    ours = sum(not differences(case, identify_path(case.path), ASKED_OF_BOTH) for case in cases)
    theirs = sum(not differences(case, plain_guessit(case.path), ASKED_OF_BOTH) for case in cases)
    return ours, theirs, len(cases)


def _apart(parser: str, count: int) -> float:
    """Measure in a fresh process, so that neither finds the other's imports and caches."""
    command = [sys.executable, "-m", "bench.identify", str(count), "--only", parser]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def run(count: int) -> dict[str, float]:
    """Measure both and compare."""
    ours, theirs = _apart("ours", count), _apart("guessit", count)
    right, guessit_right, of = accuracy()
    return {
        "names": count,
        "ours_per_second": round(count / ours),
        "guessit_per_second": round(count / theirs, 1),
        "times_guessit": round(theirs / ours, 1),
        "held_out": of,
        "ours_right": right,
        "guessit_right": guessit_right,
    }


def main() -> None:
    """Print one row of the table of docs/performance.md, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("names", nargs="?", type=int, default=5000)
    parser.add_argument("--only", choices=["ours", "guessit"], help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.only:
        print(measure(args.only, args.names))
        return
    got = run(args.names)
    if args.json:
        print(json.dumps(got, indent=2))
        return
    cells = [
        f"names identified per second per core, cold ({got['names']:,}, one in ten odd)",
        f"{got['ours_per_second']:,}",
        f"guessit {got['guessit_per_second']:,}",
        f"{got['times_guessit']} × (goal ≥ 8)",
        f"right on held-out names: {got['ours_right']}, guessit {got['guessit_right']}, of {got['held_out']}",
    ]
    print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
