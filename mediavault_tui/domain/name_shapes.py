"""The shapes of numbers in names: each pattern that `regular_names` reads, or leaves to guessit."""

from __future__ import annotations

import re

MORE = r"(?:[ ._]?[-+&]?[ ._]?(?:s\d{1,4}[ ._]?)?(?:e|ep)\d{1,4}|[-+]\d{1,3}(?![\dpiex]))*"
SEASON_EPISODE = re.compile(
    r"(?:(?<![^\W_])|(?<=[a-z])(?=s\d\d?e\d\d(?!\d)))"
    rf"s(\d{{1,4}})[ ._-]{{0,3}}(?:e|ep|xe|x)[ ._-]?(\d{{1,4}})({MORE})(?:v\d)?(?![^\W_])",
    re.IGNORECASE,
)
CROSS = re.compile(
    r"(?<![^\W_])((?:19[3-9]|20[0-3])\d(?=x\d{2,3}(?!\d))|\d{1,2})[x×](\d{2,3}|(?<=×)\d)"
    r"((?:[-+_]\d{2,3}(?![\dpi])|[-_. ]{0,3}\d{1,2}x\d{2,3}|[-_]?x\d{2,3})*)(?:v\d)?(?![^\W_])",
    re.IGNORECASE,
)
PICTURE_WIDTHS = frozenset(["1920", "2048", "1998"])
SPOKEN = re.compile(
    r"(?<![^\W_])(?:season|series|saison|staffel|temporada|stagione)[ ._]?(\d{1,3})[ ._,-]+"
    r"(?:episode|ep|folge|episodio|épisode|e)[ ._]?(\d{1,4})()(?![^\W_])",
    re.IGNORECASE,
)
DATE = re.compile(r"(?<![^\W_])((?:19[3-9]|20[0-3])\d)([ ._-])(\d\d)\2(\d\d)(?![^\W_])")
ANIME = re.compile(
    r"\[([^\[\]]+)\][ ._]*(?P<title>[^\[\]]*?[^\W_][^\[\]]*?)[ _]+-[ _]+(?P<first>\d{1,4})"
    r"(?:[-~](?P<last>\d{1,4}))?(?:v\d)?(?:[ _]*(?:END|FINAL))?(?P<rest>(?:[ _.]*[\[(].*|[ _]+-[ _].*)?)$",
    re.IGNORECASE | re.DOTALL,
)
ANIME_LOOSE = re.compile(
    r"\[([^\[\]]+)\][ ._]*(?P<title>[^\[\]]*?[^\W\d_][^\[\]]*?)[ ._]+"
    r"(?P<first>\d{2,3})(?P<last>)(?:v\d)?(?P<rest>[ ._]*[\[(].*)$",
    re.DOTALL,
)
ABSOLUTE = re.compile(
    r"(?P<title>[^\[\]]*[^\W_][^\[\]]*?) - (?P<first>\d{2,4})(?P<last>)(?:v\d)?"
    r"(?P<rest>(?: - .*| ?[\[(].*)?)$",
    re.DOTALL,
)
OF = re.compile(r"(?<![^\W_])(\d{1,2}) ?of ?(\d{1,2})(?![^\W_])", re.IGNORECASE)
COMPACT = re.compile(
    r"[ ._](\d{1,2})(\d\d)(?=[ ._]+(?:(?:[^\W_]|-)+[ ._]+){0,4}?(?:hdtv|pdtv|dsr)(?![^\W_]))", re.IGNORECASE
)
"""What a word is holds no separator: else four hundred underscores are looked at in every division."""
SHOW_SEASON = re.compile(r"^(.*[^\W_].*?) (?:S|Season )(\d{1,2})$")
GROUP = re.compile(r"^(?:\[[^\[\]]*\][ ._-]*|【[^【】]*】)+(?=.*[^\W_])", re.DOTALL)
REC = re.compile(r"\[REC\][ ._]*[²³\d]?", re.IGNORECASE)
"""The one film whose title wears the brackets of a release group."""

WORD = re.compile(r"[^\W_]+")
MARKING_SIGN = re.compile(
    r"[\[({【第話话集화\d](?:(?<=\D)|(?<!\d\d)\d{0,3}(?!\d)|(?<=[^\W\d_]\d)|(?=[^\W\d_]))"
)
"""A sign, a number of up to four digits, or a digit beside a letter."""
NUMBERED = re.compile(
    r"(?:(?:episode|ep|e|folge)[ ._-]{0,2})?(\d{1,4})(?:v\d)?(?=$|[ ._-]|\[|\()", re.IGNORECASE
)
EPISODE_WORD = re.compile(
    r"(?<![^\W_])(?:episode|ep|folge|e)[ ._-]?(\d{1,4})(?:v\d)?(?![^\W_])", re.IGNORECASE
)
SEASON_ONLY = re.compile(
    r"(?<=[^\W_][ ._-])(?:s(\d\d)|season[ ._]?(\d{1,2})|saison[ ._]?(\d{1,2}))(?![^\W_])", re.IGNORECASE
)
HALF = re.compile(r" - \d{1,4}\.5(?!\d)")
"""An episode between two: no number of ours says that, and 12.5 must not be taken for 12."""
ODD_NUMBER = re.compile(
    r"(?<![^\W_])(?:ep[ ._-]?\d|episode[ ._-]?\d|folge[ ._-]?\d|season[ ._-]?\d|chapter[ ._-]?\d"
    r"|cap[ ._]?\d{3}|seasons|s\d\d?-s\d)|\d\s*(?:話|话|集|화|期)",
    re.IGNORECASE,
)
"""Numbers that may be an episode's: guessit weighs them, unless a year says film."""
ODD_ANYWAY = re.compile(
    r"(?<![^\W_])(?:e\d{2,4}|t\d\d?x?e\d\d|\d x \d\d)(?![^\W_])"
    r"|(?<=[^\W\d_][ ._-])\d{1,2}[._-]\d{1,2}[._-](?:19|20)\d\d"
    r"|第|(?<![^\W_])(?:temporada|capitulo|capítulo|episodio|épisode|stagione|staffel|seizoen|aflevering|säsong|avsnitt"
    r"|sezon|odcinek|bolum|bölüm|évad|сезон|серия|эпизод|episodul)(?=[ ._-]?\d)|\d[^\W_]{0,2}[ ._-]{1,2}"
    r"(?:temporada|stagione|staffel|seizoen|säsong|sezon|évad|[^\W\d_]{0,2}-?[^\W\d_]{0,2} ?сезон|серия)",
    re.IGNORECASE,
)
"""Signs of an episode or a date in words that our own rules do not know: guessit reads them all."""
GROUPED_NUMBER = re.compile(r"(?<![^\W_])\d{2,4}(?:v\d)?(?![^\W_])")
PART_AT_END = re.compile(
    r"^(.*[^\W_].*?)[ ._-]+((?:cd|dvd|disc|disk|part|pt)[ ._-]?(?:[1-9]|[a-d]))$", re.IGNORECASE | re.DOTALL
)
