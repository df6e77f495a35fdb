"""Whether two names of one title and number give two second titles, and so perhaps mean two works.

Source: docs/rules.md, section 4. What each name says is read in `leftover`; here two are held together.
Different words or numbers are for a person; words that only one name has are merely unknown.
"""

from __future__ import annotations

import re

from mediavault_tui.domain.leftover import Leftover
from mediavault_tui.domain.likeness import Doubt, episodic
from mediavault_tui.domain.model import Identity
from mediavault_tui.domain.release_words import ODD_EPISODES

_ALIKE = 80
"""Two words of this likeness (0–100) with one first letter are two spellings of one."""


_SPELLED_ALIKE = 90
"""A title of one word needs this likeness to be another's spelling: Revelation is no Revolution."""

_SPELLINGS = tuple(
    (re.compile(pattern), one)
    for pattern, one in (
        *((r"([aou])e", r"\1"), ("wh", "w"), ("ph", "f"), ("ll", "l")),
        *((r"our(?=s|ed|ing|$)", "or"), (r"is(?=e|ing|ation)", "iz"), (r"ogue$", "og")),
    )
)
"""Habits of spelling, and one form for each: whacked, colour, organise, Ueberfall."""


def second_titles(
    keeper: Leftover, member: Leftover, identity: Identity, *, one_id: bool, one_length: bool = True
) -> Doubt | None:
    """Return what speaks for two works in what is left over of two names that are one title otherwise.

    `identity`: either one's, for what they share. `one_id`: both names give the same explicit id, so that
    only numbers and extras still tell two works apart in a film. `one_length`: both run equally long.
    """
    if keeper.disc and member.disc and keeper.disc != member.disc:
        return Doubt(
            f"one lies in the folder of disc {keeper.disc}, the other of disc {member.disc}", ask=True
        )
    if keeper.extra != member.extra:
        if keeper.extra and member.extra:
            return Doubt(f"one name says “{keeper.extra}”, the other “{member.extra}”", ask=True)
        return Doubt(f"only one name says “{keeper.extra or member.extra}”", ask=True)
    two = f"the names give two titles: “{keeper.text}” and “{member.text}”"
    if not keeper.empty and not member.empty:
        if keeper.numbers != member.numbers:
            return Doubt(two, ask=True)
        mine, theirs = _unmatched(keeper, member), _unmatched(member, keeper)
        if mine and theirs and (not one_id or episodic(identity)):
            return Doubt(two, ask=True)
        if (mine or theirs) and not one_id:
            return Doubt(two, ask=False)
        settled = one_id and not episodic(identity)
        if not settled and _only_resembles(keeper, member, one_length=one_length):
            return Doubt(
                f"the names give titles that only resemble: “{keeper.text}” and “{member.text}”", ask=False
            )
    elif (said := _only_one(keeper if member.empty else member, identity, one_id=one_id)) is not None:
        return said
    if (unlike := _unlike(keeper, member)) and (not one_id or episodic(identity)):
        return Doubt(f"perhaps the names give two titles: “{unlike[0]}” and “{unlike[1]}”", ask=False)
    if keeper.disc != member.disc:
        return Doubt(f"one lies in the folder of disc {keeper.disc or member.disc}", ask=False)
    return None


def _only_one(said: Leftover, identity: Identity, *, one_id: bool) -> Doubt | None:
    """Judge words that only one name has: an episode's title beside none is no sign of another episode."""
    ordinary = episodic(identity) and identity.air_date is None
    if ordinary and identity.season == 0:
        return Doubt("specials are numbered in many ways, and not both names give a title", ask=False)
    odd = bool(said.numbers) or not ODD_EPISODES.isdisjoint(said.words)
    if said.empty or (not odd and (ordinary or one_id)):
        return None
    return Doubt(f"only one name says “{said.text}”", ask=False)


def _unlike(keeper: Leftover, member: Leftover) -> tuple[str, str] | None:
    """Return two different words where a title stands as well as a group's name; both names must have one."""
    if keeper.labels - member.labels and member.labels - keeper.labels:
        return " ".join(sorted(keeper.labels)), " ".join(sorted(member.labels))
    mine, theirs = keeper.words or keeper.behind, member.words or member.behind
    if not (keeper.behind or member.behind) or not mine or not theirs:
        return None
    one, other = Leftover(mine), Leftover(theirs)
    if (_unmatched(one, other) and _unmatched(other, one)) or _only_resembles(one, other, one_length=True):
        return " ".join(mine), " ".join(theirs)
    return None


def _only_resembles(one: Leftover, other: Leftover, *, one_length: bool) -> bool:
    """Whether words match by likeness alone, and neither length nor spelling speaks for one title.

    Contact and Contract resemble as two spellings do: a title of one word must also be spelled by a habit.
    """
    mine, theirs = set(one.words) - set(other.words), set(other.words) - set(one.words)
    if not mine or not theirs or "".join(one.words) == "".join(other.words):
        return False
    if not one_length:
        return True
    if len(one.words) > 1 or len(other.words) > 1:
        return False
    from rapidfuzz.fuzz import ratio

    word, another = mine.pop(), theirs.pop()
    return _spelled(word) != _spelled(another) or ratio(word, another) < _SPELLED_ALIKE


def _spelled(word: str) -> str:
    for pattern, one in _SPELLINGS:
        word = pattern.sub(one, word)
    return word


def _unmatched(one: Leftover, other: Leftover) -> list[str]:
    """Return the words of `one` that `other` lacks in every spelling."""
    if "".join(one.words) == "".join(other.words):
        return []
    theirs = {*other.words, other.perhaps}
    return [
        word for word in one.words if word not in theirs and not any(_alike(word, each) for each in theirs)
    ]


def _alike(one: str, other: str) -> bool:
    """Whether two words are one in two spellings; Christine and Christina are two persons."""
    if one[:1] != other[:1] or len(one) < 4 or len(other) < 4 or one[:-1] == other[:-1]:
        return False
    from rapidfuzz.fuzz import ratio

    return ratio(one, other) >= _ALIKE
