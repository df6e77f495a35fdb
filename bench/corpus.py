"""Deterministic corpora for finders of duplicates, with the truth beside them.

    python -m bench.corpus tree  OUT [--seed 1] [--files 100000] [--videos]
    python -m bench.corpus media OUT [--seed 1] [--files 200] [--scale 1.0]

Writes OUT/data/… and then OUT/truth.json: counts, and `groups` of equal contents (two inodes
and more, empty files left out, hard links listed). Paths are hex of the raw bytes, relative to
OUT/data: names hold newlines and invalid UTF-8 on purpose. The same seed gives the same bytes,
names, structure and times. `--videos`: every file is named as a video.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

WORDS = (
    "The",
    "Lost",
    "City",
    "Space",
    "Night",
    "Ocean",
    "Blue",
    "Star",
    "Red",
    "Desert",
    "Winter",
    "Summer",
    "King",
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
)
FOREIGN = (
    "日本語",
    "映画",
    "Ünïcödé",
    "e\u0301te\u0301",
    "été",
    "Кино",
    "🎬",
    "فيلم",
    "한국어",
    "Ångström",
    "A\u030angstro\u0308m",
    "ß",
    "naïve",
    "ﬁlm",
)
ODD = ("-rf ", "  lead ", 'quo"te ', "dol$lar ", "a'b ", "back\\slash ")
ENDINGS = (".mkv", ".mp4", ".srt", ".nfo", ".jpg", ".avi", ".txt", ".ass")
VIDEO_ENDINGS = (".mkv", ".mp4", ".avi", ".m4v")
MB = 1024 * 1024
BLOCK = 4 * MB
EPOCH = 1_600_000_000


class Content(NamedTuple):
    """Bytes drawn from a number, with patches (offset, bytes) written over them."""

    number: int
    size: int
    patches: tuple[tuple[int, bytes], ...] = ()

    def blocks(self, seed: int) -> Iterator[bytearray]:
        """Yield the content, a block at a time."""
        draw = np.random.Generator(np.random.SFC64([seed, self.number]))
        for start in range(0, self.size, BLOCK):
            block = bytearray(draw.bytes(min(BLOCK, self.size - start)))
            for offset, patch in self.patches:
                first, last = max(offset, start), min(offset + len(patch), start + len(block))
                if first < last:
                    block[first - start : last - start] = patch[first - offset : last - offset]
            yield block

    def begins(self, seed: int, count: int) -> bytes:
        """Return the first `count` bytes."""
        return bytes(next(self.blocks(seed))[:count])


class Corpus:
    """A folder that is being filled; the truth is told by what was written."""

    def __init__(self, out: Path, seed: int) -> None:
        self.out, self.seed = out, seed
        self.random = random.Random(seed)
        self.data = os.path.join(os.fsencode(out), b"data")
        self.files = self.bytes = 0
        self.by_content: dict[bytes, list[bytes]] = defaultdict(list)
        self.number = 0
        os.makedirs(self.data)

    def content(self, size: int, *patches: tuple[int, bytes]) -> Content:
        """Return a content that no other file has."""
        self.number += 1
        return Content(self.number, size, patches)

    def write(self, path: bytes, content: Content) -> None:
        """Write one file; accidental equality of tiny ones is noticed here."""
        whole = hashlib.blake2b(digest_size=20)
        full = os.path.join(self.data, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb", buffering=0) as file:
            for block in content.blocks(self.seed):
                whole.update(block)
                file.write(block)
        os.utime(full, (EPOCH + self.files,) * 2)
        self.files += 1
        self.bytes += content.size
        if content.size:
            self.by_content[whole.digest()].append(path)

    def finish(self, kind: str, hard_links: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Write the truth, last, so that a corpus without it is known to be unfinished."""
        names = defaultdict(list)
        for first, other in hard_links:
            names[first].append(other)
        groups = [group for group in self.by_content.values() if len(group) > 1]
        linked = sum(map(len, names.values()))
        truth = {
            "kind": kind,
            "seed": self.seed,
            "files": self.files + linked,
            "inodes": self.files,
            "bytes": self.bytes,
            "groups": [[name.hex() for path in group for name in (path, *names[path])] for group in groups],
        }
        (self.out / "truth.json").write_text(json.dumps(truth))


def tree(corpus: Corpus, files: int, endings: tuple[str, ...]) -> None:
    """Fill with small files (up to 64 KiB) of few sizes, in folders up to eight deep."""
    draw = corpus.random
    folders = _folders(draw, max(20, files // 25))
    drawn = {max(1, min(65536, int(2 ** draw.uniform(4, 16.01)))) for _ in range(3000)}
    sizes = sorted(drawn | {1, 2, 512, 4096})
    plan: list[tuple[bytes, Content]] = []

    def place(name: bytes = b"") -> bytes:
        return os.path.join(draw.choice(folders), name or _name(draw, len(plan), endings))

    copies = files // 5
    while len(plan) < copies:
        content = corpus.content(draw.choice(sizes))
        for copy in range(draw.choice((2, 2, 2, 3, 3, 4, 5))):
            hostile = {7: b"new\nline %d.mkv" % copy, 8: b"bad\xff\xfeutf8 %d.mkv" % copy}
            plan.append((place(hostile.get(content.number, b"")), content))
    plain: dict[int, Content] = {}
    empty, linked = files // 200, files // 100
    while len(plan) < files - empty - linked:
        content = _single(corpus, draw.choice(sizes), plain)
        plan.append((place(), content))
    plan += [(place(), Content(0, 0)) for _ in range(empty)]
    draw.shuffle(plan)
    for path, content in plan:
        corpus.write(path, content)
    links = []
    for number in range(linked):
        source, link = draw.choice(plan)[0], place(b"link %d.mkv" % number)
        os.link(os.path.join(corpus.data, source), os.path.join(corpus.data, link))
        links.append((source, link))
        target = draw.choice((os.path.join(corpus.data, source), b"/nonexistent/broken", b"..", b"."))
        os.symlink(target, os.path.join(corpus.data, place(b"symlink %d.mkv" % number)))
    corpus.finish("tree", links)


def _folders(draw: random.Random, count: int) -> list[bytes]:
    """Return folders, nested with a skewed fan-out."""
    folders = [b""]
    while len(folders) < count:
        parent = draw.choice(folders if draw.random() < 0.7 else folders[:50])
        if parent.count(b"/") < 8:
            word = draw.choice(FOREIGN if draw.random() < 0.15 else WORDS)
            folders.append(os.path.join(parent, f"{word} {len(folders):05}".encode()))
    return folders


def _name(draw: random.Random, number: int, endings: tuple[str, ...]) -> bytes:
    """Return a name; one in eight is foreign, one in fifty trips a shell."""
    luck = draw.random()
    odd = draw.choice(ODD) if luck > 0.98 else ""
    first = draw.choice(FOREIGN if luck < 0.12 else WORDS)
    return f"{odd}{first} {draw.choice(WORDS)} {number:06}{draw.choice(endings)}".encode()


def _single(corpus: Corpus, size: int, plain: dict[int, Content]) -> Content:
    """Return a content of its own; three in ten nearly equal another of their size.

    Half of those share its first 4 KiB, a third its first half, the rest all but one byte.
    """
    luck = corpus.random.random()
    other = plain.get(size)
    if other is None or size < 64 or luck >= 0.3:
        return plain.setdefault(size, corpus.content(size)) if other is None else corpus.content(size)
    if luck < 0.25:
        shared = min(4096, size - 1) if luck < 0.15 else size // 2
        return corpus.content(size, (0, other.begins(corpus.seed, shared)))
    whole = other.begins(corpus.seed, size)
    # A place of its own for each such twin, as far as the size has places.
    corpus.number += 1
    at = corpus.number % size
    return other._replace(patches=((at, bytes([(whole[at] + 1 + corpus.number // size % 255) % 256])),))


def media(corpus: Corpus, files: int, scale: float) -> None:
    """Fill with large files: copies, families that agree for long, and sizes of their own."""
    draw = corpus.random
    plan: list[tuple[bytes, Content]] = []

    def size() -> int:
        return int(min(150, max(5, draw.lognormvariate(3.45, 0.7))) * MB * scale) + draw.randrange(4096)

    def add(folder: str, content: Content) -> None:
        year, words = draw.randrange(1960, 2025), f"{draw.choice(WORDS)}.{draw.choice(WORDS)}"
        plan.append((f"{folder}/{words}.{year}.1080p.x264-{len(plan):04}.mkv".encode(), content))

    while len(plan) < files * 32 // 200:
        content = corpus.content(size())
        for _ in range(draw.choice((2, 2, 3, 4))):
            add("copies", content)
    for family in range(files * 18 // 200):
        _family(corpus, size(), partial(add, f"family {family:02}"), twice=family % 2 == 0)
    taken = {content.size for _, content in plan}
    while len(plan) < files:
        content = corpus.content(size())
        if content.size not in taken:
            taken.add(content.size)
            add("single", content)
    draw.shuffle(plan)
    for path, content in plan:
        corpus.write(path, content)
    corpus.finish("media")


def _family(corpus: Corpus, size: int, add: Callable[[Content], None], *, twice: bool) -> None:
    """Add a film, perhaps its copy, and five of its size that differ from it somewhere."""
    draw = corpus.random
    film = corpus.content(size)
    for _ in range(2 if twice else 1):
        add(film)

    def noise(count: int) -> bytes:
        return draw.randbytes(count)

    add(film._replace(patches=((size // 2 + draw.randrange(4096), noise(8)),)))  # head and tail agree
    add(film._replace(patches=((size - 8, noise(8)),)))  # the very end
    add(film._replace(patches=((65536 + draw.randrange(16), noise(8)),)))  # right after the first 64 KiB
    add(film._replace(patches=((size // 3, noise(4096)), (size - 70_000, noise(64)))))
    add(corpus.content(size, (0, film.begins(corpus.seed, 65536))))  # nothing but the head agrees


def main() -> None:
    """Make one corpus and say what it holds."""
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("kind", choices=["tree", "media"])
    ap.add_argument("out", type=Path)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--files", type=int)
    ap.add_argument("--scale", type=float, default=1.0)
    ap.add_argument("--videos", action="store_true")
    args = ap.parse_args()
    corpus = Corpus(args.out, args.seed)
    if args.kind == "tree":
        tree(corpus, args.files or 100_000, VIDEO_ENDINGS if args.videos else ENDINGS)
    else:
        media(corpus, args.files or 200, args.scale)
    print(f"{args.kind}: {corpus.files} files, {corpus.bytes / MB:.0f} MiB")


if __name__ == "__main__":
    main()
