"""Small stand-ins for what the panes ask, and a library of a dozen films to show."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from mediavault_tui.domain.accounts import LinkId, PreviewLink
from mediavault_tui.domain.checks import Check
from mediavault_tui.domain.decision import decide
from mediavault_tui.domain.forecast import cautions, forecast, summary
from mediavault_tui.domain.library import (
    ActResult,
    Comparison,
    Copy,
    Cursor,
    Facet,
    FacetCount,
    Folder,
    GroupQuery,
    GroupSummary,
    GroupsWaiting,
    GroupTotals,
    InventoryQuery,
    InventoryRow,
    ScanCounts,
    ScanError,
    ScanPhase,
    ScanProgress,
    ScanRecord,
    StagedFile,
    StagedState,
    Totals,
)
from mediavault_tui.domain.model import (
    FileId,
    FileState,
    GroupId,
    Health,
    MediaFile,
    ScanId,
    StagedId,
)
from mediavault_tui.domain.picture import Picture
from mediavault_tui.domain.purging import Due, Purgeable, PurgeForecast, purgeable
from mediavault_tui.domain.quality import score_of, tier
from mediavault_tui.domain.rehearsal import Flip, Outcome, Rehearsal
from mediavault_tui.domain.rename_plan import Planned, Reach
from mediavault_tui.domain.rename_plan import Preview as RenamePreview
from mediavault_tui.domain.renaming import Pattern, beside, named, new_path
from mediavault_tui.domain.stage_terms import Going, StagePreview, Terms, in_a_batch, left_out
from mediavault_tui.domain.verdict import Edge, Loss, Proof, Verdict
from mediavault_tui.domain.watching import Answering, Preview, Watched
from mediavault_tui.domain.world import Entry as WorldEntry
from mediavault_tui.domain.world import Ratings, Title, TitleKind, disagreements
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.settings import Entry, entries, from_env
from tests.factories import a_file, an_identity, an_info
from tests.ui.chat_fakes import FakeAnswers, FakeConversation
from tests.ui.world_fakes import HEAT, OLDER, FakeWorld

NOW = datetime(2026, 3, 14, 15, 9, tzinfo=UTC)
GB = 1_000_000_000

HOSTILE = (
    "Heat [x265] [/red] [/b].mkv",
    "line\nbreak \x1b[31mred\x1b[0m.mkv",
    "gpj.\u202evkm.nef\u202c [link=https://x].mkv",
    "caf\\xe9 \x07bell \x9b2J.mkv",
    "三体 第一集 [中文].mkv",
    "e\u0301te\u0301 ❤\ufe0f 👨\u200d👩\u200d👧.mkv",
)
"""Names as nobody would give them, and as they are met."""

_FILMS = (
    ("Aliens", 1986, "1080p"),
    ("Amélie", 2001, "720p"),
    ("Blade Runner 2049", 2017, "4K"),
    ("Chungking Express", 1994, "720p"),
    ("Das Boot", 1981, "1080p"),
    ("Heat", 1995, "4K"),
    ("Heat", 1995, "1080p"),
    ("La Haine", 1995, "480p"),
    ("Spirited Away", 2001, "1080p"),
    ("The Thing", 1982, "1080p"),
    ("三体", 2023, "4K"),
    ("WALL·E", 2008, "1080p"),
)
_PICTURES = {"4K": (3840, 2160), "1080p": (1920, 1080), "720p": (1280, 720), "480p": (720, 480)}


def film(place: int, *, path: str | None = None) -> MediaFile:
    """Return the film at a place of the list; beyond its end the list begins again."""
    title, year, size = _FILMS[place % len(_FILMS)]
    width, height = _PICTURES[size]
    four = size == "4K"
    return a_file(
        path or f"/films/{title} ({year})/{title} ({year}) {size}.mkv",
        id=place + 1,
        identity=an_identity(title, year=year),
        health=Health.BROKEN if title == "La Haine" else Health.HEALTHY,
        reason="the last minute cannot be decoded" if title == "La Haine" else "",
        info=an_info(
            width=width,
            height=height,
            codec="hevc" if four else "h264",
            hdr=("HDR10",) if four else (),
            mbit=18 if four else 6,
            audio_tracks=("en 5.1 eac3", "fr stereo") if place % 2 else ("en stereo",),
            subtitles=("en", "fr") if place % 3 else (),
        ),
    )


def row(file: MediaFile) -> InventoryRow:
    """Return a file as a line of the inventory."""
    assert file.identity is not None
    assert file.info is not None
    assert file.info.video is not None
    who, video = file.identity, file.info.video
    return InventoryRow(
        id=file.id,
        path=file.path,
        title=who.title,
        year=who.year,
        season=who.season,
        episodes=who.episodes,
        kind=who.kind,
        edition=who.edition,
        tier=tier(video.width, video.height).value,
        codec=video.codec,
        hdr=tuple(kind.value for kind in video.hdr),
        audio_languages=tuple(track.language or "?" for track in file.info.audio),
        subtitle_languages=tuple(track.language or "?" for track in file.info.subtitles),
        size=file.size,
        duration=file.info.duration,
        score=score_of(file).total,
        state=FileState.STAGED if who.title == "Aliens" else file.state,
        health=file.health.health,
        modified_ns=0,
        cursor=Cursor(who.title, file.id),
    )


class FakeInventory:
    """A sorted list of rows, read by keyset like the real one."""

    def __init__(self, files: Sequence[MediaFile] | None = None) -> None:
        self.files = list(files if files is not None else map(film, range(len(_FILMS))))
        self.staged_files: list[Sequence[FileId]] = []
        self.verdicts: dict[int, Verdict] = {}
        """What the rules say of some files; the others are clear."""
        self.previewed: list[tuple[str, Reach]] = []
        self.renamed: list[list[Planned]] = []
        self.asked: list[InventoryQuery] = []

    def _rows(self, query: InventoryQuery) -> list[InventoryRow]:
        wanted = [
            f for f in self.files if (query.text.lower() in f.path.lower()) != query.inverse or not query.text
        ]
        rows = sorted(map(row, wanted), key=lambda r: r.id, reverse=query.descending)
        facets = dict(query.facets)
        return [r for r in rows if facets.get(Facet.TIER, r.tier) == r.tier]

    async def page(
        self,
        query: InventoryQuery,
        *,
        after: Cursor | None = None,
        before: Cursor | None = None,
        from_end: bool = False,
        limit: int = 256,
    ) -> Sequence[InventoryRow]:
        self.asked.append(query)
        rows = self._rows(query)
        places = {r.cursor: place for place, r in enumerate(rows)}
        if from_end or before:
            end = places[before] if before else len(rows)
            return rows[max(end - limit, 0) : end]
        start = places[after] + 1 if after else 0
        return rows[start : start + limit]

    async def totals(self, query: InventoryQuery) -> Totals:
        rows = self._rows(query)
        return Totals(len(rows), sum(r.size for r in rows))

    async def facets_about(self, query: InventoryQuery) -> Mapping[Facet, Sequence[FacetCount]]:
        return {}

    async def facet_counts(self, facet: Facet, query: InventoryQuery) -> Sequence[FacetCount]:
        values = {Facet.TIER: ("4K", "1080p", "720p"), Facet.LANGUAGE: ("en", "fr"), Facet.KIND: ("movie",)}
        return [FacetCount(value, 3 + place) for place, value in enumerate(values.get(facet, ()))]

    async def milestones(self, query: InventoryQuery, *, every: int) -> Sequence[Cursor]:
        return [r.cursor for r in self._rows(query)[every - 1 :: every]]

    async def details(self, file: FileId) -> Copy | None:
        found = next((f for f in self.files if f.id == file), None)
        return Copy(found, score_of(found)) if found else None

    async def nearest(self, text: str) -> Sequence[str]:
        titles = sorted({f.identity.title for f in self.files if f.identity})
        return difflib.get_close_matches(text.title(), titles)

    async def rename_preview(self, files: Sequence[FileId], *, naming: str, reach: Reach) -> RenamePreview:
        self.previewed.append((naming, reach))
        return rename_preview(self.files, files, named(naming), reach)

    async def rename(self, planned: Sequence[Planned]) -> ActResult:
        self.renamed.append(list(planned))
        return ActResult("1", done=tuple(StagedId(line.file) for line in planned))

    async def bytes_of(self, files: Sequence[FileId]) -> int:
        return sum(f.size for f in self.files if f.id in files)

    async def stage_preview(self, files: Sequence[FileId]) -> StagePreview:
        return stage_preview([f for f in self.files if f.id in files], self.verdicts)

    async def stage_files(self, shown: Sequence[Terms]) -> ActResult:
        self.staged_files.append([terms.file for terms in shown])
        return ActResult("1", done=tuple(StagedId(terms.file) for terms in shown))


def stage_preview(files: Sequence[MediaFile], verdicts: Mapping[int, Verdict]) -> StagePreview:
    """Return what staging would do: each beside a copy of its own, what goes together by the real rules."""
    left = [f"{f.where} is staged already" for f in files if f.state is FileState.STAGED]
    going = [
        Going(
            f,
            replace(f, id=FileId(1000 + f.id), path=f.path.replace("/films", "/archive")),
            verdicts.get(f.id, Verdict.CLEAR),
            "4K against 1080p; only it has Chinese sound",
            (Loss("audio language", "zh"),) if verdicts.get(f.id) in _LOSING else (),
        )
        for f in files
        if f.state is not FileState.STAGED
    ]
    goes = in_a_batch([one.verdict for one in going])
    left += [left_out(one.file.where) for one, together in zip(going, goes, strict=True) if not together]
    return StagePreview(
        tuple(one for one, together in zip(going, goes, strict=True) if together), tuple(left)
    )


_LOSING = (Verdict.RECOMMENDED, Verdict.REVIEW)


def rename_preview(
    everything: Sequence[MediaFile], asked: Sequence[FileId], pattern: Pattern, reach: Reach
) -> RenamePreview:
    """Return new names by the real rules: the second Heat's is taken, the first film's is right."""
    files = [f for f in everything if f.id in asked or reach is Reach.SHOW]
    planned = []
    for file in files:
        assert file.identity is not None
        title = Title(TitleKind.MOVIE, file.id, file.identity.title, year=file.identity.year or 0)
        there = new_path(replace(file, root=b"/films"), title, pattern)
        srt = file.raw_path[:-4] + b".en.srt"
        moves = ((file.raw_path, there), (srt, beside(srt, file.raw_path, there)))
        if file.id == 7:
            planned.append(Planned(file.id, file.path, refused="another [copy] would take the same name"))
        elif there != file.raw_path:
            planned.append(Planned(file.id, file.path, moves))
    return RenamePreview(tuple(planned), len(files), "Heat (1995)" if len(files) == 1 else "")


def group(
    id: int, files: Sequence[MediaFile], *, proof: Proof = Proof.SAME_TITLE, note: str = ""
) -> Comparison:
    """Return a group of these files as the rules decide it."""
    decision = decide(files, proof)
    ordered = sorted(files, key=lambda f: f.id != decision.keeper)
    edges = tuple(
        Edge(ordered[0].id, other.id, proof, 97, "the same title and year in both names")
        for other in ordered[1:]
    )
    known = files[0].identity
    summary = GroupSummary(
        GroupId(id),
        proof,
        f"{known.title} ({known.year})" if known else "?",
        len(files),
        sum(f.size for f in files) - ordered[0].size,
        decision.verdict,
        decision.sentence,
        note,
    )
    return Comparison(summary, tuple(Copy(f, score_of(f)) for f in ordered), edges, decision)


def groups() -> list[Comparison]:
    """Return five groups: clear, certain, one to look at, three copies, hostile names."""
    heat, small = film(5), film(6)
    twin = replace(film(9), id=FileId(40), path="/downloads/The.Thing.1982.1080p.BluRay.x264-GRP.mkv")
    french = a_file(
        "/films/Amelie.2001.MULTI.1080p.mkv",
        id=41,
        identity=an_identity("Amélie", year=2001),
        info=an_info(audio_tracks=("fr 5.1", "de 5.1"), subtitles=("en", "de"), mbit=9),
    )
    third = replace(film(3), id=FileId(42), path="/old/Chungking.Express.DVDRip.avi")
    third = replace(
        third, info=an_info(width=720, height=576, codec="mpeg4", mbit=1.5, audio_tracks=("- stereo",))
    )
    fourth = replace(film(3), id=FileId(43), path="/old/Chungking Express 1080p.mkv", info=an_info(mbit=11))
    hostile = [
        replace(film(8), id=FileId(50 + n), path=f"/films/odd/{name}", identity=an_identity(name, year=2001))
        for n, name in enumerate(HOSTILE[:2])
    ]
    hostile[1] = replace(hostile[1], info=an_info(width=1280, height=720, mbit=2))
    found = [
        group(1, [heat, small]),
        group(2, [film(9), twin], proof=Proof.EXACT),
        group(3, [film(1), french], note="ask Marie which dub she wants"),
        group(4, [film(3), third, fourth]),
        group(5, hostile),
    ]
    return sorted(found, key=lambda c: -c.group.reclaimable)


class FakeDuplicates:
    """Groups in memory; what is decided is written down and taken from the list."""

    def __init__(self, comparisons: Sequence[Comparison] | None = None) -> None:
        self.comparisons = list(groups() if comparisons is None else comparisons)
        self.kept: list[tuple[GroupId, FileId]] = []
        self.sure: list[GroupId] = []
        self.both: list[GroupId] = []
        self.different: list[tuple[FileId, FileId]] = []
        self.notes: list[str] = []

    def _worded(self, query: GroupQuery) -> list[GroupSummary]:
        words = query.text.lower()
        return [
            c.group
            for c in self.comparisons
            if not words or query.inverse is not (words in c.group.title.lower())
        ]

    async def groups(
        self, query: GroupQuery, *, limit: int = 200, after: GroupSummary | None = None
    ) -> Sequence[GroupSummary]:
        shown = [
            g
            for g in self._worded(query)
            if (not query.proofs or g.proof in query.proofs)
            and (not query.verdicts or g.verdict in query.verdicts)
        ]
        start = [g.id for g in shown].index(after.id) + 1 if after else 0
        return shown[start : start + limit]

    async def waiting(self) -> GroupsWaiting:
        return GroupsWaiting(len(self.comparisons), sum(each.group.reclaimable for each in self.comparisons))

    async def group_totals(self, query: GroupQuery) -> Sequence[GroupTotals]:
        return [GroupTotals(g.proof, g.verdict, 1, g.reclaimable) for g in self._worded(query)]

    async def comparison(self, group: GroupId) -> Comparison:
        return next(c for c in self.comparisons if c.group.id == group)

    def _gone(self, group: GroupId) -> None:
        self.comparisons = [c for c in self.comparisons if c.group.id != group]

    async def lost_beside(self, group: GroupId, keeper: FileId) -> Mapping[FileId, Sequence[Loss]]:
        return {}

    async def stage_group(self, group: GroupId, keeper: FileId) -> ActResult:
        self.kept.append((group, keeper))
        self._gone(group)
        return ActResult("1", done=(StagedId(1),))

    async def stage_sure(self, groups: Sequence[GroupId]) -> ActResult:
        self.sure += groups
        return ActResult("1", done=tuple(map(StagedId, groups)))

    async def keep_both(self, group: GroupId) -> None:
        self.both.append(group)
        self._gone(group)

    async def not_duplicate(self, group: GroupId, a: FileId, b: FileId) -> None:
        self.different.append((a, b))
        self._gone(group)

    async def note(self, group: GroupId, text: str) -> None:
        self.notes.append(text)


def staged(id: int, *, days: int, state: StagedState = StagedState.STAGED, name: str = "") -> StagedFile:
    """Return one staged copy."""
    file = film(id)
    name = name or file.path.rpartition("/")[2]
    return StagedFile(
        id=StagedId(id),
        file=file.id,
        title=file.identity.title if file.identity else "",
        original=f"/films/old/{name}",
        staged=f"/films/duplicates_before_purge/movies/2026-03-0{id % 9 + 1}/{name}",
        keeper=FileId(90),
        keeper_path=file.path,
        reason="The other copy is 4K where this one is 1080p, and has all of its languages",
        staged_by="ruth",
        staged_at=NOW.replace(day=max(14 - days, 1)),
        state=state,
        size=file.size,
        freed=0 if id == 4 else file.size,
        sidecars=(f"/films/old/{name[:-4]}.en.srt",) if id % 2 else (),
    )


class FakePending:
    """Staged files in memory."""

    def __init__(self, files: Sequence[StagedFile] | None = None) -> None:
        self.pending_files = list(
            files
            if files is not None
            else (
                staged(1, days=0),
                staged(2, days=1, state=StagedState.APPROVED),
                staged(4, days=9, state=StagedState.APPROVED),
                staged(7, days=13, name=HOSTILE[0]),
            )
        )
        self.acts: list[tuple[str, object]] = []
        self.hold: timedelta | None = None
        """How long a file is held before a purge takes it."""
        self.looked = 0
        """How often a forecast was asked for: each asks the disks about every file."""

    async def pending(
        self, *, limit: int = 200, after: StagedFile | None = None, text: str = "", inverse: bool = False
    ) -> Sequence[StagedFile]:
        shown = [
            replace(f, due_at=f.staged_at + self.hold if self.hold else None)
            for f in self.pending_files
            if not text or inverse is not (text.lower() in f.original.lower())
        ]
        start = [f.id for f in shown].index(after.id) + 1 if after else 0
        return shown[start : start + limit]

    async def purgeable(self, staged: Sequence[StagedId] | None = None) -> Purgeable:
        asked = [f for f in reversed(self.pending_files) if staged is None or f.id in staged]
        approved = [f for f in asked if f.state is StagedState.APPROVED]
        due = [f.staged_at + (self.hold or timedelta()) for f in approved]
        known = {f.id for f in approved}
        return purgeable(
            tuple(Due(f.id, f.original, at, at <= NOW) for f, at in zip(approved, due, strict=True)),
            refused=tuple(f"number {id} is not approved" for id in staged or () if id not in known),
        )

    async def forecast(self, staged: Sequence[StagedId] | None = None) -> PurgeForecast:
        self.looked += 1
        what = await self.purgeable(staged)
        return PurgeForecast(what, sum(f.freed for f in self.pending_files if f.id in what.ids))

    async def restore(self, staged: Sequence[StagedId]) -> ActResult:
        return self._act("restore", staged)

    async def approve(self, staged: Sequence[StagedId]) -> ActResult:
        return self._act("approve", staged)

    async def unapprove(self, staged: Sequence[StagedId]) -> ActResult:
        return self._act("unapprove", staged)

    async def purge(self, staged: Sequence[StagedId], *, word: str) -> ActResult:
        assert word == "purge"
        return self._act("purge", staged)

    def _act(self, name: str, staged: Sequence[StagedId]) -> ActResult:
        self.acts.append((name, sorted(staged)))
        return ActResult("1", done=tuple(staged))


class FakeScanner:
    """Three folders and one scan that tells two moments."""

    def __init__(self) -> None:
        self.scanned: list[Sequence[Path]] = []
        self.control: object = None
        self.moments = [moment(ScanPhase.PROBING), moment(ScanPhase.DONE)]

    async def folders(self, path: Path) -> Sequence[Folder]:
        names = {"films": 214, "series [HD]": 1480, "private": 0}
        root = str(path).rstrip("/")
        return [
            Folder(f"{root}/{name}".encode(), name, videos, name != "series [HD]", name != "private")
            for name, videos in names.items()
        ]

    async def scan(self, roots: Sequence[Path], control: object) -> AsyncIterator[ScanProgress]:
        self.scanned.append(roots)
        self.control = control
        for progress in self.moments:
            yield progress

    async def history(self) -> Sequence[ScanRecord]:
        errors = (ScanError("/films/locked/[x].mkv", "may not be read by this user"),)
        return [
            ScanRecord(
                ScanId(2),
                ("/films", "/series"),
                NOW,
                NOW,
                ScanPhase.DONE,
                ScanCounts(1694, 12, errors=1),
                errors,
                (b"/films", b"/series"),
            ),
            ScanRecord(
                ScanId(1),
                ("/films",),
                NOW,
                NOW,
                ScanPhase.CANCELLED,
                ScanCounts(300, 300),
                roots_raw=(b"/films",),
            ),
        ]


def moment(phase: ScanPhase) -> ScanProgress:
    """Return one moment of a scan."""
    return ScanProgress(
        ScanId(3),
        phase,
        ScanCounts(seen=1694, new=12, changed=3, renamed=1, errors=2),
        current="/films/Heat (1995)/Heat [x265].mkv",
        done_files=600,
        total_files=1694,
        done_bytes=380 * GB,
        total_bytes=1000 * GB,
        rate=210_000_000.0,
        eta=2952.0,
    )


def a_preview(copies: Sequence[MediaFile], *, answering: Answering = Answering.YES) -> Preview:
    """Return links to one film or two, as the service makes them."""
    token = "VG9rZW4tb2YtYS1saW5rLXRoYXQtb3BlbnMtb25lLWZpbG0tYW5kLW5vLW90aGVy"
    base = "http://127.0.0.1:8007"
    ids = [file.id for file in copies]
    page = f"{base}/watch/{ids[0]}" if len(ids) == 1 else f"{base}/compare/{ids[0]}/{ids[1]}"
    infos = [(file, file.info) for file in copies if file.info]
    return Preview(
        copies=tuple(
            Watched(f.id, f.path, info.duration, summary(info), tuple(forecast(info)), tuple(cautions(info)))
            for f, info in infos
        ),
        page=f"{page}?{'&'.join(f't={token}' for _ in ids)}",
        streams=tuple(f"{base}/api/media/stream/{id}?t={token}" for id in ids),
        links=tuple(LinkId(UUID(int=id)) for id in ids),
        expires_at=NOW + timedelta(hours=4),
        answering=answering,
        local=True,
        may_start=True,
        port=8007,
    )


class FakeWatching:
    """Links to films, and a sidecar that starts when it is told to."""

    answering = Answering.YES

    def __init__(self) -> None:
        self.watched: list[list[FileId]] = []
        self.live = [
            PreviewLink(
                LinkId(UUID(int=n)), FileId(n), f"/films/{name}", "ripley", NOW, NOW + timedelta(hours=n)
            )
            for n, name in enumerate(("Aliens (1986).mkv", HOSTILE[0]), start=1)
        ]
        self.started = 0

    async def preview(self, files: Sequence[FileId]) -> Preview:
        self.watched.append(list(files))
        return a_preview(
            [replace(film(place), id=id) for place, id in enumerate(files)], answering=self.answering
        )

    async def start_sidecar(self, preview: Preview) -> Answering:
        self.started += 1
        return Answering.YES

    async def links(self) -> Sequence[PreviewLink]:
        return list(self.live)

    async def revoke_link(self, link: LinkId) -> bool:
        self.live = [one for one in self.live if one.id != link]
        return True


class FakePictures:
    """Pictures of coloured bars; every film and second has its own."""

    def __init__(self) -> None:
        self.framed: list[tuple[FileId, float]] = []
        self.no_picture: dict[FileId, MediaVaultError] = {}

    async def frame(self, file: MediaFile, *, at: float, width: int, height: int) -> Picture:
        self.framed.append((file.id, at))
        if (error := self.no_picture.get(file.id)) is not None:
            raise error
        across = min(width, height * 16 // 9)
        down = across * 9 // 16
        pixels = (
            bytes((255 * x // across, 255 * y // down, int(at) % 256))
            for y in range(down)
            for x in range(across)
        )
        return Picture(across, down, b"".join(pixels))


class FakeSettings:
    """The settings of an environment that sets three, and a rehearsal that is told what was tried."""

    def __init__(self) -> None:
        self.environ = {
            "MEDIAVAULT_LANGUAGES": "en,fr",
            "NAS_SMB_PASSWORD": "hunter2",
            "MEDIAVAULT_DATA_DIR": "/home/ruth/.local/share/mediavault",
        }
        self.rehearsed: list[Mapping[str, str]] = []
        self.asked_checks = 0
        self.rehearsal = Rehearsal(
            (
                Flip(outcome("Heat (1995)", "clear"), outcome("Heat (1995)", "review")),
                Flip(None, outcome(HOSTILE[0], "recommended")),
            ),
            groups=31,
            sure_before=12,
            sure_after=11,
        )

    async def settings(self) -> Sequence[Entry]:
        origins = dict.fromkeys(self.environ, "environment") | {"MEDIAVAULT_LANGUAGES": "/home/ruth/.env"}
        settings = replace(from_env(self.environ), cache_dir=Path("/home/ruth/.cache/mediavault"))
        return entries(settings, origins)

    async def checks(self) -> Sequence[Check]:
        self.asked_checks += 1
        return [
            Check("database", True, "PostgreSQL 16.4, embedded, pgvector 0.8.0, 12 MB, answered in 2 ms"),
            Check("ffmpeg", True, "version 7.1, /usr/bin/ffmpeg"),
            Check("ffprobe", False, "ffprobe is not installed; install ffmpeg [or] set MEDIAVAULT_FFPROBE"),
        ]

    async def rehearse(self, changes: Mapping[str, str]) -> Rehearsal:
        self.rehearsed.append(dict(changes))
        return self.rehearsal

    async def env_lines(self, changes: Mapping[str, str]) -> tuple[str, Sequence[str]]:
        return "/home/ruth/.env", [f"{variable}={value}" for variable, value in changes.items()]


def outcome(title: str, verdict: str) -> Outcome:
    """Return one group of two films as a run decided it."""
    return Outcome(
        Proof.SAME_TITLE,
        frozenset({FileId(1), FileId(2)}),
        title,
        FileId(1),
        "/films/a.mkv",
        Verdict(verdict),
        "Keep the 2160p copy: 54 points better than the 1080p copy",
        8 * GB,
    )


class FakeVault(
    FakeWorld,
    FakePictures,
    FakeInventory,
    FakeDuplicates,
    FakePending,
    FakeScanner,
    FakeWatching,
    FakeSettings,
):
    """The whole library of the app's tests."""

    def __init__(self, files: Sequence[MediaFile] | None = None) -> None:
        FakePictures.__init__(self)
        FakeInventory.__init__(self, files)
        FakeDuplicates.__init__(self)
        FakePending.__init__(self)
        FakeScanner.__init__(self)
        self.conversation = FakeConversation()
        self.answers = FakeAnswers(self.comparisons)
        FakeWatching.__init__(self)
        FakeWorld.__init__(self)
        FakeSettings.__init__(self)
        self.undone = 0
        self.entries: dict[FileId, WorldEntry] = {}
        self.recovered: Sequence[str] = ()
        self.heard: Callable[[str], None] | None = None

    async def details(self, file: FileId) -> Copy | None:
        copy = await FakeInventory.details(self, file)
        return replace(copy, entry=self.entries.get(file)) if copy else None

    async def chat(self) -> FakeConversation:
        return self.conversation

    async def asking(self) -> FakeAnswers:
        return self.answers

    @asynccontextmanager
    async def listen(self, heard: Callable[[str], None]) -> AsyncIterator[None]:
        self.heard = heard
        yield

    async def undo(self) -> str:
        self.undone += 1
        return "Undone: 1 file moved back."

    async def recover(self) -> Sequence[str]:
        return self.recovered


def knowing() -> FakeVault:
    """Return a library of which the world knows much: titles that ask, ratings, facets, what it lacks."""
    vault = FakeVault()
    vault.ask()
    vault.lack()
    vault.found = {
        "out": [
            replace(
                OLDER, tmdb_id=678, title="Out of the Past", original_title="", year=1947, runtime=97 * 60
            )
        ]
    }
    rated = Ratings("tt0113277", rating=8.3, votes=720_000, metascore=76, awards="15 nominations")
    heat = replace(HEAT, rating=6.4, collection="Heat Collection")
    vault.entries[FileId(6)] = WorldEntry(heat, rated, disagreements(heat, rated))
    vault.facets = {
        Facet.GENRE: [FacetCount("Drama", 7), FacetCount("Science Fiction", 3)],
        Facet.DECADE: [FacetCount("2010s", 1), FacetCount("1990s", 4)],
        Facet.ORIGINAL: [FacetCount("English", 8), FacetCount("Japanese", 1)],
        Facet.RATING: [FacetCount("8–9", 5)],
        Facet.COLLECTION: [FacetCount("Heat Collection", 2)],
    }
    return vault
