"""The words of a release that are no title's: what groups, programs and sites add to names, as data.

`names` knows what our parsers look for; these are the others, which only have to be told from the
words of a second title (`leftover`). Source: the scene's rules and the names that p2p groups, Sonarr,
Radarr and Plex write. All in lower case.
"""

from __future__ import annotations

import re

from mediavault_tui.domain.language_codes import WITH_TWO_LETTERS
from mediavault_tui.domain.names import WEAK_TAGS, S


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STATE = _listed(
    """proper repack rerip real internal int limited retail complete hybrid readnfo nfofix dirfix
    syncfix fixed fix stv festival read nfo custom untouched reencode encoded converted convert rip
    ripped scr screener line hc hq lq hr cam cleaned copy kopie copie copia"""
)
_PICTURE = _listed(
    """ws fs ps oar widescreen fullscreen letterbox pal ntsc secam hdlight 4klight mhd microhd brd
    bdmv bd50 bd25 uhdbd sdr hlg dv dovi main10 hi10 hdr10plus hdr10p fhd qhd hd sd mpeg mpeg2 mpeg4
    wmv mp4 hdtvmux dlmux dvdmux bdmux webmux webdlmux bluraymux webdlrip dlrip amazonhd netflixhd
    netflixuhd ituneshd bt709 miniseries doku mkv avi m4v ultrahd uhd dolby vision micro laserdisc
    ldrip dvb sbs divx5 divx6 xvid hevc av1 bdrip web dvd bd ts tc fps q18 q20 q22 high 10bits 8bits"""
)
_SOUND = _listed(
    """mp3 aac ac3 ac3d ac3ld ac3md dd51 dd20 ddp51 ld md eac3 dts dtsma dtshd ma opus pcm lpcm flac
    ogg vorbis dd ddp dda atmos truehd stereo mono surround 2ch 6ch 8ch audio"""
)
_SPOKEN = _listed(
    """multi dual dl ml dub dubs dubbed sub subs subbed esub esubs msub msubs softsub softsubs hardsub
    hardsubs vo vf vff vfq vfi vf2 vost vosta vostfr subfrench truefrench castellano latino nordic
    swesub dansub nlsubs nlsub korsub plsub subforced fastsub multiple subtitle subtitles lektor
    napisy pldub mic org synced soundtrack eng english french fra fre german ger deu deutsch italian
    ita spanish spa esp russian rus japanese jpn jap korean kor hindi hin tamil tam telugu tel
    malayalam kannada bengali punjabi marathi polish pol dutch dut nld flemish swedish swe danish dan
    norwegian nor finnish fin czech cze hungarian hun turkish tur arabic ara hebrew heb greek
    portuguese por ptbr thai tha vietnamese vie chinese chi mandarin cantonese ukrainian ukr romanian
    bulgarian croatian serbian slovak slovenian lithuanian latvian estonian icelandic indonesian
    persian farsi catalan basque latin"""
)
_LANDS = _listed("usa gbr eur can aus hkg chn esp ita fra ger jpn kor nld swe nor den fin")
_SERVICES = _listed(
    """amzn nf dsnp hmax max atvp hulu itunes pcok pmtp ip it stan crav sho stz starz cr funi vrv hidi
    adn bilibili bglobal cbs nbc abc amc fx hbo bbc itv all4 vudu gplay play red ytb yt roku tubi
    pluto viki viu iqiyi wavve tving zee5 sonyliv jiocinema hotstar skst sky now rtl zdf ard arte
    canal"""
)
_SITES = _listed(
    """rarbg rartv eztv ettv ethd yts yify ganool galaxyrg galaxytv tgx tigole qxr utr psa megusta ntb
    ion10 fgt"""
)

RELEASE_WORDS = (
    _STATE | _PICTURE | _SOUND | _SPOKEN | _LANDS | _SERVICES | _SITES | _listed(WEAK_TAGS.replace("|", " "))
) - {"subs?"}
"""Words that say how a work was released; inside an episode's title they are words like any other."""

SHOUTED = _listed(
    """real fixed fix festival read nfo custom untouched line high stereo mono surround complete cam can
    den fin fra ita kor max it ip stan play red now sky roku pluto canal arte fox cr fx sho ma mic opus
    hin tam"""
)
"""Those that are words of titles too: they are a release's only in unusual capitals."""

RELEASE_NUMBERS = re.compile(
    rf"(?<![^\W_])(?:(?:2160|1440|1080|720|576|480)(?:[pi]\d\d)?|\d{{3,4}}[x×*]\d{{3,4}}"
    rf"|(?:mpeg|divx|mp|vp|hdr|ac)[ ._-]?\d\d?|[579][ ._]1[ ._][24]|[567][ ._][01]|2[ ._]0"
    rf"|(?:aac|ac3|e-?ac-?3|ddp?a?|dts|flac|opus|lpcm){S}?[12567]{S}[01]"
    rf"|\d{{2,3}}(?:{S}\d{{1,3}})?fps|r5|(?:proper|repack|rerip|real)\d|crf{S}?\d\d"
    rf"|\d{{1,4}}(?:[.,]\d{{1,2}})?{S}?[mg]i?b|\d{{2,5}}{S}?kbps|\d(?:ch|cd|dvd)"
    r"|(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{8}"
    r"|dvd[59]|(?:hdtv|pdtv|web-?dl|dvdrip)?[xh]\.?26[3456])(?![^\W_])",
    re.IGNORECASE,
)
"""Channels, frame rates, sizes, versions and check sums."""

EXTRAS = re.compile(
    rf"(?<![^\W_])(?:(?:the{S})?making{S}of|behind{S}the{S}scenes?|deleted{S}scenes?|featurettes?|trailers?"
    rf"|teasers?|bloopers?|gag{S}reel|outtakes?|extended{S}interviews?|sneak{S}peek|promo|nc(?:op|ed)\d*)(?![^\W_])",
    re.IGNORECASE,
)
"""What makes a file an extra wherever it stands; `names.EXTRA_SUFFIX` knows the strict forms."""

VERSIONS = re.compile(
    rf"(?<![^\W_])(?:(?P<colorized>colou?ri[sz]ed)|(?P<rifftrax>riff{S}?trax)|(?P<commentary>commentary)"
    rf"|(?P<workprint>work{S}?print)|(?P<sing_along>sing{S}?along)|(?P<alternate_ending>alt{S}ending)"
    rf"|(?P<noir>(?!(?<=[^\W_]-)noir\s*(?:$|[\[({{]))noir)"
    rf"|(?P<version>(?P<whose>tv|television|broadcast|airline|japanese|international|american|us|british|uk"
    rf"|european|french|german|italian|spanish|english|chinese|korean|hong{S}?kong|domestic|export|original"
    rf"|long|longer|short|shorter|full|complete|integral|producer'?s|festival|roadshow|premiere|preview"
    rf"|alternate|alternative|reconstructed|silent|sound|musical|colou?r|censored|edited|unedited"
    rf"|[rx]{S}?rated|new|old){S}(?:version|cut))"
    rf"|(?P<long_version>langfassung|version{S}longue|versione{S}(?:estesa|integrale)))(?![^\W_])",
    re.IGNORECASE,
)
"""What makes a file another version wherever it stands, and no edition of `names`. `x264-NOIR` is a group."""

ODD_EPISODES = _listed(
    """unaired preair preview recap commentary interview interviews bonus special specials extra extras
    webisode minisode reunion alternate alternative feed rehearsal audition uncensored colorized colorised
    colourized colourised rifftrax singalong"""
)
"""Words by which an episode is perhaps not the one that its number says."""

PIECES = _listed(
    """part parts pt cd dvd disc disk vol volume teil tome tomo parte partie partea deel del osa część
    cast часть chapter kapitel chapitre capitulo side act round episode ep"""
)
"""Words that a piece's number follows."""

ONE_WORD: dict[str, str] = {
    "mr": "mister", "dr": "doctor", "vs": "versus", "st": "saint", "ok": "okay",
}  # fmt: skip
"""Short forms and what they are short for."""

LITTLE_WORDS = _listed("the a an and n of 話 话 集 화 серия bolum resz odcinek")
"""Words that one writes and another leaves out; also the word "episode" where it stands behind its number."""

NUMBER_WORDS: dict[str, str] = {
    word: str(number)
    for words in (
        "one two three four five six seven eight nine ten eleven twelve",
        "first second third fourth fifth sixth seventh eighth ninth tenth",
    )
    for number, word in enumerate(words.split(), 1)
}
ORDINALS: dict[str, str] = {
    word: str(number)
    for words in (
        "first second third fourth fifth sixth seventh eighth ninth tenth",
        "erster zweiter dritter vierter funfter sechster siebter achter",
        "erste zweite dritte vierte funfte sechste siebte achte",
        "prima seconda terza quarta quinta sesta",
        "primo secondo terzo quarto quinto sesto",
        "premiere deuxieme troisieme quatrieme cinquieme",
        "premier seconde",
        "primera segunda tercera cuarta",
        "primeira segunda terceira",
        "eerste tweede derde vierde",
        "pierwsza druga trzecia czwarta",
        "первая вторая третья четвертая",
    )
    for number, word in enumerate(words.split(), 1)
}
"""Words that are numbers only before "part" and its like, without accents."""
ROMAN: dict[str, str] = {
    word: str(number)
    for ten, before in enumerate(("", "x"))
    for number, word in enumerate(
        (before + one for one in ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")), 10 * ten + 1
    )
} | {"x": "10"}

LANGUAGE_CODES = frozenset(line.split()[0] for line in WITH_TWO_LETTERS.strip().splitlines()) - ROMAN.keys()
"""`EN` and `FR`, which say a language only in capitals; `II` and `VI` are numbers."""
