"""Whether two names of one title and number give two second titles, and so perhaps mean two works.

Source: docs/rules.md, section 4. What each name says is read in `leftover`; here two are held together.
Different words or numbers are for a person; words that only one name has are merely unknown.
"""

from __future__ import annotations

from mediavault_tui.domain.leftover import Leftover
from mediavault_tui.domain.likeness import Doubt, episodic
from mediavault_tui.domain.model import Identity
from mediavault_tui.domain.release_words import ODD_EPISODES

_ALIKE = 80
"""Two words of this likeness (0–100) with one first letter are two spellings of one."""


def second_titles(keeper: Leftover, member: Leftover, identity: Identity, *, one_id: bool) -> Doubt | None:
    """Return what speaks for two works in what is left over of two names that are one title otherwise.

    `identity`: either one's, for what they share. `one_id`: both names give the same explicit id, so that
    only numbers and extras still tell two works apart in a film.
    """
    if keeper.disc and member.disc and keeper.disc != member.disc:
        return Doubt(
            f"one lies in the folder of disc {keeper.disc}, the other of disc {member.disc}", ask=True
        )
    if keeper.extra != member.extra:
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
    elif (said := _only_one(keeper if member.empty else member, identity, one_id=one_id)) is not None:
        return said
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
