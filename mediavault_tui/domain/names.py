"""The vocabulary of file and folder names: words as data, compiled once.

Source: the habits of release groups, Plex, Jellyfin and Kodi, as in docs/rules.md, section 1.
Every pattern expects text whose words are parted by spaces, dots, underscores or dashes.
"""

from __future__ import annotations

import re

from mediavault_tui.domain.media import VIDEO_SUFFIXES
from mediavault_tui.domain.model import ReleaseSource

VIDEO_ENDINGS = frozenset(suffix.decode() for suffix in VIDEO_SUFFIXES)

FIRST_YEAR, LAST_YEAR = 1888, 2034
"""The first film ever and a bound for years that are read from names (the domain has no clock)."""

S = r"[ ._-]"
"""What stands between two words."""


def _listed(text: str) -> frozenset[str]:
    return frozenset(" ".join(item.split()) for item in text.split(","))


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])(?:{pattern})(?![^\W_])", re.IGNORECASE)


TAG_WORDS = (
    r"(?:4320|2160|1440|1080|720|576|540|480|360)[pi]|4k|uhd|(?:1920|1280|720|640)x\d{3,4}"
    rf"|blu-?ray|bd-?rip|br-?rip|bd-?remux|bd(?:25|50)|web-?dl|web-?rip|webhd|hd-?dvd|hdtv(?:rip)?|pdtv|sdtv|dsr|ds-?rip"
    rf"|dvd-?rip|dvd-?scr|dvd-?r|dvd[59]|dvd{S}?remux|vhs-?rip|hd-?rip|hd-?cam|cam-?rip|hd-?ts|telesync|telecine|tv-?rip|sat-?rip|ppv-?rip|vod-?rip"
    rf"|[xh]{S}?26[456]|hevc|avc|xvid|divx|av1|vp9|vc-?1|10-?bit|8-?bit|hdr10\+?|hdr|dolby{S}?vision|hi10p?"
    rf"|ac-?3|e-?ac-?3|ddp?{S}?[257]{S}1|aac(?:{S}?[257]{S}[01])?|dts(?:-?hd|-?x|-?es)?|true-?hd|atmos|flac|remux"
    r"|h-?sbs|f-?sbs|half-?sbs|full-?sbs|h-?tab|f-?tab|half-?ou|h-?ou|mvc|3d"
    r"|multi-?subs?|dual-?audio|dubbed|subbed|yts|rarbg|yify"
)
"""Words that end a title wherever they stand (but at its very beginning)."""
TAG = _words(TAG_WORDS)

WEAK_TAGS = (
    r"proper|repack|rerip|real|internal|int|limited|retail|complete|hybrid|multi|dual|web|dvd|bd|hd|sd|ts|tc|cam|workprint"
    r"|french|truefrench|german|italian|spanish|castellano|russian|korean|japanese|english|hindi|dutch|nordic|swedish|vostfr|vff|vfq|dl|subs?|docu|amzn|nf|dsnp|hmax|atvp|hulu|itunes"
)
"""Words that are tags after a year or before another tag, yet may stand inside a title."""

EDITION_WORDS: tuple[tuple[str, str], ...] = (
    (rf"director'?s{S}?(?:cut|edition|version)|dir{S}?cut", "Director's Cut"),
    (rf"extended(?:{S}?(?:cut|edition|version))?", "Extended"),
    (rf"(?:the{S})?ultimate{S}?(?:(?:extended|collector'?s){S}?)?(?:cut|edition|version)", "Ultimate"),
    (rf"theatrical(?:{S}?(?:cut|edition|version|release))?", "Theatrical"),
    (rf"unrated(?:{S}?(?:cut|edition|version))?", "Unrated"),
    (rf"uncut(?:{S}?(?:edition|version))?", "Uncut"),
    (rf"uncensored(?:{S}?(?:cut|edition|version))?", "Uncensored"),
    (rf"final{S}?cut", "Final Cut"),
    (rf"(?:4k{S}?)?(?:digital(?:ly)?{S}?)?re-?master(?:ed)?(?:{S}?(?:edition|version))?", "Remastered"),
    (rf"(?:4k{S}?)?restored(?:{S}?(?:cut|edition|version))?|4k{S}restoration", "Restored"),
    (rf"special{S}?(?:edition|cut|version)", "Special Edition"),
    (rf"(?:\d\d(?:th|st|nd|rd){S}?)?anniversary(?:{S}?(?:edition|cut))?", "Anniversary"),
    (rf"collector'?s?{S}?(?:edition|cut)", "Collector's Edition"),
    (rf"despeciali[sz]ed(?:{S}?(?:edition|cut))?", "Despecialized"),
    (rf"fan{S}?edit(?:ion)?", "Fan Edit"),
    (rf"imax(?:{S}?(?:enhanced|edition|cut|version))?", "IMAX"),
    (rf"open{S}?matte", "Open Matte"),
    (rf"black{S}?(?:and|&|n){S}?white(?:{S}?(?:edition|version|cut))?|b&w", "Black & White"),
    (rf"black{S}?(?:and|&){S}?chrome(?:{S}?edition)?", "Black & Chrome"),
    (rf"assembly{S}?cut", "Assembly"),
    (rf"(?:the{S})?rogue{S}?cut", "Rogue"),
    (r"2in1", "2in1"),
    (rf"redux(?:{S}?(?:cut|edition))?", "Redux"),
    (rf"alternat(?:iv)?e{S}(?:cut|ending|version)", "Alternative"),
    (rf"criterion(?:{S}?(?:collection|edition))?", "Criterion"),
    (rf"(?:deluxe|diamond|platinum|signature){S}?edition", "Special Edition"),
)
EDITIONS = tuple((_words(pattern), name) for pattern, name in EDITION_WORDS)
ANY_EDITION = _words("|".join(pattern for pattern, _ in EDITION_WORDS))
CUT_OR_EDITION = re.compile(
    r"(?:cut|edition|version|re-?master(?:ed)?|matte|despeciali[sz]ed)\b", re.IGNORECASE
)
"""A phrase of `EDITIONS` with one of these is an edition even before the year or in an episode's name."""
TRAILING_TAGS = re.compile(
    rf"(?:{S}|[(\[])+(?:{'|'.join(pattern for pattern, _ in EDITION_WORDS)}|{WEAK_TAGS})[)\]]?\s*$",
    re.IGNORECASE,
)
EDITION_CLOSERS = _listed(
    """cut, edition, version, release, remaster, remastered, mastered, master, restored, restoration,
    anniversary, despecialized, despecialised, edit, imax, enhanced, matte, white, w, chrome, 2in1,
    redux, ending, criterion, collection, extended, theatrical, unrated, uncut, uncensored,
    directorscut, directorcut, dircut, finalcut, fanedit, openmatte, assemblycut, roguecut,
    specialedition, extendedcut, extendededition, ultimatecut, ultimateedition, collectorsedition,
    theatricalcut, fanedition, deluxeedition"""
)
"""The word that each of `EDITION_WORDS` ends with: where none stands, there is no edition."""
CLOSING_WORDS = EDITION_CLOSERS | frozenset(WEAK_TAGS.replace("?", "").split("|")) | {"sub", "subs"}
"""The word that each of `TRAILING_TAGS` ends with."""
DIRECTORS = re.compile(r"(?<![^\W_])DC(?![^\W_])")
"""Only in capitals and after the year."""

SHORT_EDITIONS: dict[str, str] = {
    "director": "Director's Cut",
    "directors": "Director's Cut",
    "director's": "Director's Cut",
    "dc": "Director's Cut",
    "final": "Final Cut",
    "ultimate": "Ultimate",
    "special": "Special Edition",
    "collector's": "Collector's Edition",
    "collectors": "Collector's Edition",
    "assembly": "Assembly",
    "rogue": "Rogue",
}
"""What a bare word inside `{edition-…}` means; there nothing else is possible."""

SOURCES: tuple[tuple[frozenset[str], ReleaseSource], ...] = (
    (_listed("remux, bdremux, uhdremux, dvdremux"), ReleaseSource.REMUX),
    (
        _listed("bluray, blurayrip, bdrip, brrip, bd, bd25, bd50, hddvd, uhdrip, bdmv"),
        ReleaseSource.BLURAY,
    ),
    (
        _listed(
            "web, webdl, webrip, webhd, webcap, amzn, nf, dsnp, hmax, atvp, itunes, vodrip, hdrip, ppvrip"
        ),
        ReleaseSource.WEB,
    ),
    (_listed("hdtv, hdtvrip, pdtv, sdtv, dsr, dsrip, tvrip, satrip, dvb"), ReleaseSource.HDTV),
    (_listed("dvd, dvdrip, dvdr, dvd5, dvd9, dvdscr, vhsrip, ntsc, pal"), ReleaseSource.DVD),
    (
        _listed("hdcam, cam, camrip, hdts, ts, telesync, tc, telecine, screener, workprint"),
        ReleaseSource.CAM,
    ),
)
"""Best first. Words, or two neighbouring ones joined: `web-dl` and `blu ray` too."""

THREE_D = _listed("3d, hsbs, fsbs, sbs, halfsbs, fullsbs, htab, ftab, mvc, halfou, hou, fullou")
DOCUMENTARY_TAGS = _listed("docu, documentary")
LOOSE_PART = re.compile(rf"(?<=[ ._-])(?:cd|dvd|disc|disk|pt){S}?([1-9]|[a-d])(?![^\W_])", re.IGNORECASE)
NAMED_PART = re.compile(rf"(?<=[ ._-])part{S}?([1-9]|[a-d])(?![^\W_])", re.IGNORECASE)
DISC_SIZE = re.compile(r"dvd[59]", re.IGNORECASE)
"""`DVD5` and `DVD9` are kinds of disc, not the fifth and the ninth."""

EXTRA_FOLDERS: dict[str, str] = {
    "behind the scenes": "behind the scenes",
    "deleted scenes": "deleted scene",
    "interviews": "interview",
    "scenes": "scene",
    "sample": "sample",
    "samples": "sample",
    "shorts": "short",
    "featurettes": "featurette",
    "clips": "clip",
    "other": "other",
    "extra": "extra",
    "extras": "extra",
    "bonus": "extra",
    "trailers": "trailer",
    "trailer": "trailer",
    "theme-music": "theme music",
    "backdrops": "backdrop",
}
EXTRA_SUFFIX = re.compile(
    r"(?:(?:^|[-._ ])(?P<any>trailer|sample)"
    r"|-(?P<dash>scene|clip|interview|behindthescenes|deleted(?:scene)?|featurette|short|other|extra))\d?$",
    re.IGNORECASE,
)
SAMPLE_PREFIX = re.compile(r"sample[-._ ]", re.IGNORECASE)
EXTRA_NAMES: dict[str, str] = {
    "behindthescenes": "behind the scenes",
    "deleted": "deleted scene",
    "deletedscene": "deleted scene",
}

MOVIE_FOLDERS = _listed(
    """movies, movie, films, film, filme, filmes, películas, peliculas, cinema, kino, фильмы, 映画, 영화,
    أفلام, 4k, uhd, hd, 4k movies, movies 4k, movies-4k, kids movies"""
)
TV_FOLDERS = _listed(
    """tv, tv shows, tvshows, tv series, shows, series, serien, séries, television, anime, cartoons,
    сериалы, tv-shows, tv_shows, kids tv, serials, drama"""
)
DOCUMENTARY_FOLDERS = _listed(
    """documentaries, documentary, documentales, documentaires, dokumentationen, docus, dokus, doku, docu,
    documentari, документальные, tv documentaries, documentary movies"""
)
OTHER_FOLDERS = frozenset(
    ["home videos", "home movies", "camera", "dcim", "family videos", "courses", "tutorials"]
)
HOLDING_FOLDERS = _listed(
    """downloads, download, complete, completed, incoming, torrents, torrent, usenet, nzb, video, videos,
    media, library, new, unsorted, sorted, temp, tmp, data, nas, volume1, mnt, share, public,
    multimedia, collection, collections, archive, backup, stuff, misc, done, finished, seeding, inbox,
    root, home"""
)
"""Folders that say nothing of what lies in them."""
DISC_FOLDERS = _listed("video_ts, bdmv, stream, certificate, playlist, hvdvd_ts, audio_ts")

NAMELESS = _listed(
    "movie, film, video, videos, feature, main, index, file, untitled, title, mkv, episode, full"
)
"""File names that say nothing: the folder must."""

CAMERA = re.compile(
    r"(?:img|vid|mvi|dsc[fn]?|gopr|gx|gh|mov|pxl|dji|video|wp|mah|screen[ _-]?recording)[ _-]?\d{3,}.*",
    re.IGNORECASE,
)
"""What cameras and telephones call their clips."""
HASH_NAME = re.compile(r"[0-9a-f]{16,}|[0-9A-Za-z]{24,}")

COUNTRIES: dict[str, str] = {
    **{code.lower(): code for code in _listed("US, AU, NZ, CA, IN, IE, FR, DE, JP, KR, SE, DK, NL, BE, GB")},
    "usa": "US",
    "uk": "GB",
    "aus": "AU",
}
BARE_COUNTRIES = _listed("US, UK, AU, NZ, USA")
NOT_BEFORE_US = _listed(
    "is, of, among, with, for, to, let, about, between, and, like, around, by, from, over"
)
"""Words after which `us` is a pronoun ("This Is Us")."""

YEAR_TITLES = _listed(
    """wonder woman 1984, death race 2000, class of 1984, class of 1999, space 1999, dracula 2000, fantasia
    2000, godzilla 2000, airport 1975, blues brothers 2000, cherry 2000, heavy metal 2000, pokemon movie
    2000"""
)
"""Title keys that end in a year which is no year of release."""

MARKS = _listed(
    """bluray, blu, bdrip, bd, brrip, br, bdremux, web, webdl, webrip, webhd, hddvd, hd, hdtv, hdtvrip,
    pdtv, sdtv, dsr, dsrip, ds, dvdrip, dvd, dvdscr, dvdr, dvdremux, vhs, vhsrip, hdrip, hdcam, cam,
    camrip, hdts, telesync, telecine, tv, tvrip, sat, satrip, ppv, ppvrip, vod, vodrip, x, h, hevc, avc,
    xvid, divx, vc, hdr, dolby, dolbyvision, ac, eac, e, dd, ddp, aac, dts, dtshd, dtsx, dtses, truehd,
    true, atmos, flac, remux, uhd, hsbs, fsbs, half, halfsbs, full, fullsbs, htab, ftab, halfou, hou, f,
    mvc, multisub, multisubs, multi, dual, dualaudio, dubbed, subbed, yts, rarbg, yify, season, series,
    saison, staffel, temporada, stagione, cd, disc, disk, part, pt, trailer, sample, scene, clip,
    interview, behindthescenes, deleted, deletedscene, featurette, short, other, extra, www, us, uk"""
)
"""First words of everything that a parser looks for, but for what holds a digit."""
