"""What the demo library holds, file by file, and what the program ought to say of it.

Every title is in the public domain or invented. The table is the whole definition:
`services.demo.make` makes what stands here, and the tests compare what is made with it.
(Longer than other modules: it is data, and a person reads it from top to bottom.)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mediavault_tui.domain.model import Hdr
from mediavault_tui.domain.verdict import Proof, Verdict


@dataclass(frozen=True, slots=True)
class Picture:
    """How the video is encoded; `codec` is ffprobe's name, sizes in pixels."""

    codec: str
    width: int
    height: int
    hdr: Hdr | None = None

    @property
    def bit_depth(self) -> int:
        """HDR is made with 10 bits a sample, everything else with 8."""
        return 10 if self.hdr else 8


@dataclass(frozen=True, slots=True)
class Sound:
    """One audio track; `language` is ISO 639-1, None leaves it untagged."""

    codec: str
    channels: int
    language: str | None = None
    title: str | None = None
    commentary: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """One subtitle track inside the container."""

    codec: str
    language: str
    forced: bool = False
    hearing_impaired: bool = False


@dataclass(frozen=True, slots=True)
class Film:
    """One real video file. `seed` names the picture: copies of one work share it."""

    path: str
    seed: str
    picture: Picture
    sounds: tuple[Sound, ...]
    texts: tuple[Text, ...] = ()
    seconds: int = 24
    chapters: int = 0
    cover: bool = False
    truncated: bool = False
    """Cut to 60 % of its bytes after it was made, as an interrupted download is."""


class How(StrEnum):
    """How a second name of a film comes about."""

    COPY = "copy"
    HARD_LINK = "hard link"
    SYMLINK = "symlink"


@dataclass(frozen=True, slots=True)
class Again:
    """Another name of a film that stands in `FILMS`."""

    path: str
    of: str
    how: How = How.COPY


class What(StrEnum):
    """A file beside the films that is no film."""

    SUBTITLE = "subtitle"
    NFO = "nfo"
    ARTWORK = "artwork"
    SOURCE_CODE = "source code"


@dataclass(frozen=True, slots=True)
class Beside:
    """A sidecar, or a stranger that only looks like a video."""

    path: str
    what: What


@dataclass(frozen=True, slots=True)
class Expected:
    """What the program ought to say of some files of the demo library.

    `proof` None: they are no duplicates of each other. `keeper` and `verdict` None:
    not laid down (the order of the rules leaves it to the scores of the day).
    """

    paths: tuple[str, ...]
    proof: Proof | None
    verdict: Verdict | None = None
    keeper: str | None = None
    why: str = ""


AV1_4K_HDR10 = Picture("av1", 3840, 2160, Hdr.HDR10)
AV1_4K_HLG = Picture("av1", 3840, 2160, Hdr.HLG)
HEVC_4K = Picture("hevc", 3840, 2160)
HEVC_1080 = Picture("hevc", 1920, 1080)
H264_1080 = Picture("h264", 1920, 1080)
H264_720 = Picture("h264", 1280, 720)
H264_480 = Picture("h264", 640, 480)
VP9_720 = Picture("vp9", 1280, 720)
MPEG4_480 = Picture("mpeg4", 640, 480)

EN = Sound("aac", 2, "en")
EN_51 = Sound("ac3", 6, "en")
EN_FLAC = Sound("flac", 2, "en")
EN_OPUS = Sound("opus", 2, "en")
EN_NOTES = Sound("aac", 2, "en", title="Commentary by the restorer", commentary=True)
FR = Sound("aac", 2, "fr")
DE = Sound("aac", 2, "de")
DE_51 = Sound("ac3", 6, "de")
JA = Sound("aac", 2, "ja")
UNSAID = Sound("mp3", 2)

SUB_EN = Text("subrip", "en")
SUB_EN_SDH = Text("subrip", "en", hearing_impaired=True)
SUB_FR = Text("subrip", "fr")
SUB_DE = Text("subrip", "de")
SUB_DE_FORCED = Text("subrip", "de", forced=True)
ASS_EN = Text("ass", "en")
MOV_EN = Text("mov_text", "en")

_NOSFERATU = "Movies/Nosferatu (1922)/Nosferatu (1922)"
_NOSFERATU_4K = f"{_NOSFERATU} [2160p] [AV1] [HDR10].mkv"
_NOSFERATU_HD = "Movies/Nosferatu (1922)/Nosferatu.1922.1080p.BluRay.x264-LANTERN.mkv"
_DEAD = "Movies/Night of the Living Dead (1968)/Night of the Living Dead (1968) [1080p] [x265].mkv"
_DEAD_OLD = "downloads/Night.of.the.Living.Dead.1968.DVDRip.XviD-CRYPT.avi"
_FRIDAY = "Movies/His Girl Friday (1940)/His Girl Friday (1940)"
_SHERLOCK = "Movies/Sherlock Jr. (1924)/Sherlock.Jr.1924.1080p"
_GENERAL = "Movies/The General (1926)/The General (1926) [1080p] [x265].mkv"
_GENERAL_AGAIN = "downloads/complete/the.general.1926.1080p.bluray.x265-steam.mkv"
_LANTERN = "Movies/The Lantern Keeper (2019)/The Lantern Keeper (2019)"
_METROPOLIS = "Movies/Metropolis (1927)/Metropolis (1927)"
_CHARADE_FR = "Movies/Charade (1963)/Charade.1963.FRENCH.1080p.BluRay.x264-SEINE.mkv"
_CHARADE = "Movies/Charade (1963)/Charade (1963) 720p.mkv"
_GOJO = "Movies/The Moon over Gojo (1951)/The Moon over Gojo (1951)"
_TURM = "Movies/Der letzte Leuchtturm (2004)/Der letzte Leuchtturm (2004)"
_TRIP = "Movies/A Trip to the Moon (1902)/A Trip to the Moon (1902)"
_DETOUR = "Movies/Detour (1945)/Detour (1945)"
_CARRIAGE = "Movies/The Phantom Carriage (1921)/The Phantom Carriage (1921).mkv"
_CARRIAGE_CD = "downloads/The.Phantom.Carriage.1921.DVDRip.XviD"
_CALIGARI = "Movies/The Cabinet of Dr. Caligari (1920)/The Cabinet of Dr. Caligari (1920)"
_DOA = "Movies/D.O.A. (1949)/D.O.A. (1949).mp4"
_STRANGER = "Movies/The Stranger (1946)/The.Stranger.1946.1080p.BluRay.x264-HOOD.mkv"
_STRANGER_SAMPLE = "Movies/The Stranger (1946)/Sample/the.stranger.1946.1080p.bluray.x264-hood-sample.mkv"
# The folder's and the file's name together read `[/red]`, which a terminal library takes for a closing tag.
_COPPER = "Movies/Odd names [/red] Copper Sky (2014) [x265].mkv"
_COPPER_AGAIN = "downloads/Copper Sky (2014) [bold] [x265].mkv"
_ORCHARD = "Movies/The Clockwork Orchard (2018)/The Clockwork Orchard (2018)"
_TIDES = "Documentaries/Tides of the North (2021)/Tides of the North (2021)"
_HARBOUR = "TV/Harbour Lights (2016)/Season 01"
_HARBOUR_1 = f"{_HARBOUR}/Harbour Lights (2016) - S01E01 - Fog Warning [1080p].mkv"
_HARBOUR_1_TV = f"{_HARBOUR}/Harbour.Lights.2016.S01E01.720p.HDTV.x264-KEEL.mkv"
_HARBOUR_2 = f"{_HARBOUR}/Harbour Lights (2016) - S01E02 - The Pilot Boat [1080p]"
_HARBOUR_2_AGAIN = "downloads/complete/harbour.lights.2016.s01e02.1080p.web.h264-keel.mkv"
_HARBOUR_3 = f"{_HARBOUR}/Harbour Lights (2016) - S01E03 - Low Water [1080p] [x265].mkv"
_HARBOUR_3_OLD = f"{_HARBOUR}/Harbour.Lights.2016.S01E03.480p.DVDRip.MPEG4.mp4"
_ORBIT = "TV/The Quiet Orbit/Season 1/The Quiet Orbit"
_PARISH_UK = "TV/The Parish (UK)/Season 01/The Parish (UK) - S01E01 - Vespers.mp4"
_PARISH_US = "TV/The Parish (US)/Season 01/The Parish (US) - S01E01 - Potluck.mp4"
_SORA = "TV/Sora no Kaze"
_DESK = "TV/The Night Desk"

FILMS: tuple[Film, ...] = (
    Film(
        _NOSFERATU_4K,
        "nosferatu",
        AV1_4K_HDR10,
        (EN_51, DE),
        (SUB_EN, SUB_FR, SUB_DE),
        chapters=4,
    ),
    Film(_NOSFERATU_HD, "nosferatu", H264_1080, (EN,)),
    Film(f"{_NOSFERATU}-trailer.mp4", "nosferatu", H264_720, (EN,), seconds=8),
    Film(_DEAD, "dead", HEVC_1080, (EN_51,), (SUB_EN,)),
    Film(_DEAD_OLD, "dead", MPEG4_480, (UNSAID,)),
    Film(f"{_FRIDAY} 1080p.mp4", "friday", H264_1080, (EN,)),
    Film(f"{_FRIDAY} 720p.mp4", "friday", H264_720, (EN,)),
    Film(f"{_SHERLOCK}.BluRay.REMUX.mkv", "sherlock", H264_1080, (EN_FLAC,)),
    Film(f"{_SHERLOCK}.WEB-DL.mkv", "sherlock", H264_1080, (EN,)),
    Film(_GENERAL, "general", HEVC_1080, (EN,)),
    Film(f"{_LANTERN} {{edition-Director's Cut}}.mkv", "lantern", H264_1080, (EN_51,), seconds=30),
    Film(f"{_LANTERN} {{edition-Theatrical}}.mkv", "lantern", H264_1080, (EN_51,)),
    Film(f"{_METROPOLIS} {{edition-Restored}} 1080p.mkv", "metropolis", H264_1080, (EN,)),
    Film(f"{_METROPOLIS} 480p.mkv", "metropolis", H264_480, (EN,)),
    Film(_CHARADE_FR, "charade", H264_1080, (FR,)),
    Film(_CHARADE, "charade", H264_720, (EN,)),
    Film(f"{_GOJO} 1080p.mkv", "gojo", H264_1080, (JA,), (SUB_EN,)),
    Film(f"{_GOJO} 720p.mp4", "gojo", H264_720, (JA,), (MOV_EN,)),
    Film(f"{_TURM} 1080p.mkv", "turm", H264_1080, (DE_51,), (SUB_DE_FORCED,)),
    Film(f"{_TURM} 720p.mkv", "turm", H264_720, (DE,)),
    Film(f"{_TRIP} 1080p.mkv", "trip", HEVC_1080, (EN,)),
    Film(f"{_TRIP} 480p.mkv", "trip", H264_480, (EN, EN_NOTES), (SUB_FR,), chapters=3),
    Film(f"{_DETOUR} 1080p.mkv", "detour", H264_1080, (EN,), truncated=True),
    Film(f"{_DETOUR} 720p.mkv", "detour", H264_720, (EN,)),
    Film(_CARRIAGE, "carriage", H264_1080, (EN,), seconds=48),
    Film(f"{_CARRIAGE_CD}.cd1.avi", "carriage", MPEG4_480, (UNSAID,)),
    Film(f"{_CARRIAGE_CD}.cd2.avi", "carriage-2", MPEG4_480, (UNSAID,)),
    Film(f"{_CALIGARI} 2160p.mkv", "caligari", HEVC_4K, (EN,)),
    Film(f"{_CALIGARI} 1080p.mkv", "caligari", H264_1080, (EN,)),
    Film(f"{_CALIGARI} 480p.avi", "caligari", MPEG4_480, (UNSAID,)),
    Film(_DOA, "doa", H264_720, (EN,)),
    Film(_STRANGER, "stranger", H264_1080, (EN_51,)),
    Film(_STRANGER_SAMPLE, "stranger", H264_1080, (EN_51,), seconds=5),
    Film(_COPPER, "copper", HEVC_1080, (EN,)),
    Film(f"{_ORCHARD} 3D HSBS 1080p.mkv", "orchard-3d", H264_1080, (EN,)),
    Film(f"{_ORCHARD} 1080p.mkv", "orchard", H264_1080, (EN,)),
    Film(f"{_TIDES} [2160p] [HLG].mkv", "tides", AV1_4K_HLG, (EN_51,), (SUB_EN, SUB_DE)),
    Film(f"{_TIDES} 720p.webm", "tides", VP9_720, (EN_OPUS,)),
    Film("Documentaries/Deep Sands (2012)/Deep Sands (2012).m4v", "sands", H264_720, (EN,), cover=True),
    Film(_HARBOUR_1, "harbour-1", H264_1080, (EN_51,), (SUB_EN_SDH,)),
    Film(_HARBOUR_1_TV, "harbour-1", H264_720, (EN,)),
    Film(f"{_HARBOUR_2}.mkv", "harbour-2", H264_1080, (EN,)),
    Film(_HARBOUR_3, "harbour-3", HEVC_1080, (EN_51,)),
    Film(_HARBOUR_3_OLD, "harbour-3", MPEG4_480, (EN,)),
    Film(
        "TV/Harbour Lights (2016)/Specials/Harbour Lights (2016) - S00E01 - Making Waves.mp4",
        "harbour-0",
        H264_720,
        (EN,),
    ),
    Film(f"{_ORBIT} - S01E01-E02 - Departure [1080p].mkv", "orbit-1", H264_1080, (EN,), seconds=48),
    Film(f"{_ORBIT} - S01E01 - Departure, Part 1 [720p].mkv", "orbit-1", H264_720, (EN,)),
    Film(f"{_ORBIT} - S01E02 - Departure, Part 2 [720p].mkv", "orbit-2", H264_720, (EN,)),
    Film(_PARISH_UK, "parish-uk", H264_480, (EN,)),
    Film(_PARISH_US, "parish-us", H264_480, (EN,)),
    Film(f"{_SORA}/[Kumo] Sora no Kaze - 03 [1080p].mkv", "sora-3", H264_1080, (JA,), (ASS_EN,)),
    Film(f"{_SORA}/[Tori] Sora no Kaze - 03 [720p].mkv", "sora-3", H264_720, (JA,), (ASS_EN,)),
    Film(f"{_DESK}/The Night Desk 2023-04-05 720p.ts", "desk", H264_720, (EN_51,)),
    Film(f"{_DESK}/The.Night.Desk.2023.04.05.480p.WEB.x264.mp4", "desk", H264_480, (EN,)),
)

AGAIN: tuple[Again, ...] = (
    Again(_GENERAL_AGAIN, _GENERAL),
    Again(_COPPER_AGAIN, _COPPER),
    Again(_HARBOUR_2_AGAIN, f"{_HARBOUR_2}.mkv"),
    Again("downloads/complete/D.O.A.1949.mp4", _DOA, How.HARD_LINK),
    Again("Favourites/Nosferatu (1922).mkv", _NOSFERATU_4K, How.SYMLINK),
)

BESIDE: tuple[Beside, ...] = (
    Beside(f"{_NOSFERATU} [2160p] [AV1] [HDR10].nfo", What.NFO),
    Beside(f"{_NOSFERATU} [2160p] [AV1] [HDR10]-poster.jpg", What.ARTWORK),
    Beside("Movies/Nosferatu (1922)/Nosferatu.1922.1080p.BluRay.x264-LANTERN.en.srt", What.SUBTITLE),
    Beside(f"{_FRIDAY} 720p.en.srt", What.SUBTITLE),
    Beside(f"{_FRIDAY} 720p.nfo", What.NFO),
    Beside(f"{_GENERAL.removesuffix('.mkv')}-poster.jpg", What.ARTWORK),
    Beside(f"{_GENERAL_AGAIN.removesuffix('.mkv')}.nfo", What.NFO),
    Beside(f"{_HARBOUR_2}.en.srt", What.SUBTITLE),
    Beside(f"{_HARBOUR_2}-thumb.jpg", What.ARTWORK),
    Beside(f"{_HARBOUR_3_OLD.removesuffix('.mp4')}.srt", What.SUBTITLE),
    Beside(f"{_DESK}/player/app.ts", What.SOURCE_CODE),
    Beside(f"{_DESK}/player/channels.d.ts", What.SOURCE_CODE),
)

EXPECTED: tuple[Expected, ...] = (
    Expected(
        (_NOSFERATU_4K, _NOSFERATU_HD),
        Proof.SAME_TITLE,
        Verdict.CLEAR,
        _NOSFERATU_4K,
        "4K with HDR against 1080p",
    ),
    Expected(
        (_DEAD, _DEAD_OLD),
        Proof.SAME_TITLE,
        Verdict.RECOMMENDED,
        _DEAD,
        "1080p HEVC against an old XviD, whose sound does not say its language",
    ),
    Expected(
        (f"{_FRIDAY} 1080p.mp4", f"{_FRIDAY} 720p.mp4"),
        Proof.SAME_TITLE,
        Verdict.RECOMMENDED,
        f"{_FRIDAY} 1080p.mp4",
        "1080p against 720p",
    ),
    Expected(
        (f"{_SHERLOCK}.BluRay.REMUX.mkv", f"{_SHERLOCK}.WEB-DL.mkv"),
        Proof.SAME_TITLE,
        Verdict.REVIEW,
        f"{_SHERLOCK}.BluRay.REMUX.mkv",
        "too close to call; the source breaks the tie",
    ),
    Expected((_GENERAL, _GENERAL_AGAIN), Proof.EXACT, Verdict.CERTAIN, _GENERAL, "a copy in downloads"),
    Expected(
        (f"{_LANTERN} {{edition-Director's Cut}}.mkv", f"{_LANTERN} {{edition-Theatrical}}.mkv"),
        None,
        why="two known editions are two works",
    ),
    Expected(
        (f"{_METROPOLIS} {{edition-Restored}} 1080p.mkv", f"{_METROPOLIS} 480p.mkv"),
        Proof.SAME_TITLE,
        Verdict.REVIEW,
        why="one edition is known, the other is not",
    ),
    Expected(
        (_CHARADE_FR, _CHARADE),
        Proof.SAME_TITLE,
        Verdict.RECOMMENDED,
        _CHARADE,
        "the better picture is a French dub",
    ),
    Expected(
        (f"{_GOJO} 1080p.mkv", f"{_GOJO} 720p.mp4"),
        Proof.SAME_TITLE,
        Verdict.RECOMMENDED,
        f"{_GOJO} 1080p.mkv",
        "a foreign film with English subtitles: quality decides",
    ),
    Expected(
        (f"{_TURM} 1080p.mkv", f"{_TURM} 720p.mkv"),
        Proof.SAME_TITLE,
        Verdict.REVIEW,
        why="no English in any copy",
    ),
    Expected(
        (f"{_TRIP} 1080p.mkv", f"{_TRIP} 480p.mkv"),
        Proof.SAME_TITLE,
        Verdict.REVIEW,
        why="only the worse copy has the commentary, the French subtitles and the chapters",
    ),
    Expected(
        (f"{_DETOUR} 1080p.mkv", f"{_DETOUR} 720p.mkv"),
        Proof.SAME_TITLE,
        Verdict.REVIEW,
        f"{_DETOUR} 720p.mkv",
        "the better picture is cut short",
    ),
    Expected(
        (_CARRIAGE, f"{_CARRIAGE_CD}.cd1.avi", f"{_CARRIAGE_CD}.cd2.avi"),
        Proof.COVERAGE,
        why="two discs are the film",
    ),
    Expected(
        (f"{_CALIGARI} 2160p.mkv", f"{_CALIGARI} 1080p.mkv", f"{_CALIGARI} 480p.avi"),
        Proof.SAME_TITLE,
        Verdict.RECOMMENDED,
        f"{_CALIGARI} 2160p.mkv",
        "three copies, each against the keeper",
    ),
    Expected((_COPPER, _COPPER_AGAIN), Proof.EXACT, Verdict.CERTAIN, _COPPER, "names with brackets"),
    Expected((f"{_ORCHARD} 3D HSBS 1080p.mkv", f"{_ORCHARD} 1080p.mkv"), None, why="3D is a work of its own"),
    Expected(
        (f"{_TIDES} [2160p] [HLG].mkv", f"{_TIDES} 720p.webm"),
        Proof.SAME_TITLE,
        Verdict.CLEAR,
        f"{_TIDES} [2160p] [HLG].mkv",
        "a documentary in 4K HLG against VP9",
    ),
    Expected(
        (_HARBOUR_1, _HARBOUR_1_TV), Proof.SAME_TITLE, Verdict.RECOMMENDED, _HARBOUR_1, "1080p against HDTV"
    ),
    Expected(
        (f"{_HARBOUR_2}.mkv", _HARBOUR_2_AGAIN),
        Proof.EXACT,
        Verdict.CERTAIN,
        f"{_HARBOUR_2}.mkv",
        "an episode still in downloads, with sidecars beside the keeper",
    ),
    Expected(
        (_HARBOUR_3, _HARBOUR_3_OLD), Proof.SAME_TITLE, Verdict.CLEAR, _HARBOUR_3, "HEVC against MPEG-4"
    ),
    Expected(
        (
            f"{_ORBIT} - S01E01-E02 - Departure [1080p].mkv",
            f"{_ORBIT} - S01E01 - Departure, Part 1 [720p].mkv",
            f"{_ORBIT} - S01E02 - Departure, Part 2 [720p].mkv",
        ),
        Proof.COVERAGE,
        why="a double episode and its two parts",
    ),
    Expected((_PARISH_UK, _PARISH_US), None, why="the UK and the US Parish are two shows"),
    Expected(
        (f"{_SORA}/[Kumo] Sora no Kaze - 03 [1080p].mkv", f"{_SORA}/[Tori] Sora no Kaze - 03 [720p].mkv"),
        Proof.SAME_TITLE,
        Verdict.RECOMMENDED,
        f"{_SORA}/[Kumo] Sora no Kaze - 03 [1080p].mkv",
        "anime with an absolute number, in Japanese with English subtitles",
    ),
    Expected(
        (
            f"{_DESK}/The Night Desk 2023-04-05 720p.ts",
            f"{_DESK}/The.Night.Desk.2023.04.05.480p.WEB.x264.mp4",
        ),
        Proof.SAME_TITLE,
        Verdict.RECOMMENDED,
        f"{_DESK}/The Night Desk 2023-04-05 720p.ts",
        "a daily show; the .ts is a real transport stream, app.ts beside it is TypeScript",
    ),
    Expected((_NOSFERATU_4K, f"{_NOSFERATU}-trailer.mp4"), None, why="a trailer is an extra"),
    Expected((_STRANGER, _STRANGER_SAMPLE), None, why="a sample is an extra"),
    Expected((_DOA, "downloads/complete/D.O.A.1949.mp4"), None, why="a hard link is the same file"),
)
