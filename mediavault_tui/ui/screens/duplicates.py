"""Duplicates: groups by reclaimable bytes, and Compare beside them.

Longer than most panes: every decision about a group starts here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual import on, work
from textual.binding import Binding, BindingType

from mediavault_tui.domain.library import ActResult, GroupQuery, GroupSummary
from mediavault_tui.domain.model import FileId, GroupId, MediaFile
from mediavault_tui.domain.picture import Picture
from mediavault_tui.domain.verdict import Proof, Verdict
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui.comparing import Aim, Pair, confirmation, letter, named, same_copies
from mediavault_tui.ui.format import count, visible
from mediavault_tui.ui.groupspane import GroupServices, GroupsPane
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.widgets.compare import Compare

if TYPE_CHECKING:
    from mediavault_tui.domain.accounts import LinkId, PreviewLink
    from mediavault_tui.domain.verdict import Loss
    from mediavault_tui.domain.watching import Answering, Preview

_PAGE = 2000
"""Groups read at once for a batch, which holds all that are certain or clear."""

_ABOUT_A_GROUP = frozenset({"side", "keep", "keep_both", "not_duplicate", "watch", "note", "pair", "copy"})
"""Actions that wait while the facets have the keys: what they would be about is not looked at then."""


class DuplicateServices(GroupServices, Protocol):
    """What this pane asks of the services layer, and all it may ask."""

    async def lost_beside(self, group: GroupId, keeper: FileId) -> Mapping[FileId, Sequence[Loss]]: ...

    async def stage_group(self, group: GroupId, keeper: FileId) -> ActResult: ...

    async def stage_sure(self, groups: Sequence[GroupId]) -> ActResult: ...

    async def keep_both(self, group: GroupId) -> None: ...

    async def not_duplicate(self, group: GroupId, a: FileId, b: FileId) -> None: ...

    async def note(self, group: GroupId, text: str) -> None: ...

    async def preview(self, files: Sequence[FileId]) -> Preview: ...

    async def start_sidecar(self, preview: Preview) -> Answering: ...

    async def links(self) -> Sequence[PreviewLink]: ...

    async def revoke_link(self, link: LinkId) -> bool: ...

    async def frame(self, file: MediaFile, *, at: float, width: int, height: int) -> Picture: ...


class DuplicatesScreen(GroupsPane[DuplicateServices]):
    """The list of groups and the comparison of one."""

    PANE = "duplicates"
    TROUBLE = "The duplicates could not be read"
    CSS_PATH = "duplicates.tcss"
    HELP = (
        "Groups of copies, most reclaimable bytes first. Choose a side with <duplicates.left:←> and "
        "<duplicates.right:→>, keep it with <duplicates.keep:K>; narrow the list with "
        "<duplicates.filter:/> and <duplicates.facets:f>."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left,h",
            "side(False)",
            "Side",
            key_display="←→",
            id="duplicates.left",
            tooltip="Choose the left copy (<duplicates.left:h ←>) or the right one (<duplicates.right:l →>)",
        ),
        Binding(
            "right,l",
            "side(True)",
            "Right",
            show=False,
            id="duplicates.right",
            tooltip="Choose the right copy",
        ),
        Binding(
            "K",
            "keep",
            "Keep",
            id="duplicates.keep",
            tooltip="Keep the side marked ▶, stage the others (asks first); "
            "in Compare <compare.keep:k> does it too",
        ),
        Binding(
            "A",
            "batch",
            "Stage all safe",
            id="duplicates.batch",
            tooltip="Stage what is certain or clear and passes the filter, after a look through the list",
        ),
        Binding(
            "x",
            "not_duplicate",
            "Not duplicate",
            id="duplicates.not",
            tooltip="These two are not duplicates but different works; remembered for ever",
        ),
        Binding("b", "keep_both", "Keep all", id="duplicates.both", tooltip="Keep every copy of this group"),
        Binding("tab", "pair", "Next pair", id="duplicates.pair", tooltip="The next copy of three or more"),
        Binding(
            "f",
            "facets",
            "Facets",
            id="duplicates.facets",
            tooltip="Narrow by verdict, and by how the copies were found",
        ),
        Binding(
            "slash",
            "filter",
            "Filter",
            key_display="/",
            id="duplicates.filter",
            tooltip="Filter by title or path",
        ),
        Binding(
            "p",
            "watch",
            "Watch",
            id="duplicates.watch",
            tooltip="Links to watch both copies at the same minute, in a browser, mpv or VLC",
        ),
        Binding("n", "note", "Note", id="duplicates.note", tooltip="Write a note to this group"),
        Binding(
            "c",
            "copy",
            "Copy path",
            show=False,
            id="duplicates.copy",
            tooltip="Copy the path of the side marked ▶ (OSC 52) and show it",
        ),
        Binding("j", "group(1)", "Next group", show=False, id="duplicates.next", tooltip="The next group"),
        Binding(
            "J", "group(-1)", "Group before", show=False, id="duplicates.before", tooltip="The group before"
        ),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _ABOUT_A_GROUP and self.is_mounted and self.query_one("#facets").has_focus:
            return False
        if action == "batch":
            return not self.is_mounted or self.listing.display
        if action == "pair":
            group = self.query_one(Compare).group if self.is_mounted else None
            return group is not None and group.files > 2
        return True

    def action_side(self, right: bool) -> None:
        compare = self.query_one(Compare)
        if compare.display:
            compare.right_chosen = right
        elif self.listing.current is not None:
            self._open()  # a side that is not seen is not chosen

    def action_pair(self) -> None:
        compare = self.query_one(Compare)
        if compare.display:
            compare.next_pair()
        else:
            self._open()

    def action_group(self, by: int) -> None:
        self.listing.action_step(by)

    @property
    def _aim(self) -> Aim | None:
        """What a key that is pressed now means; always the group under the cursor."""
        group: GroupSummary | None = self.listing.current
        aim = self.query_one(Compare).aim
        if group is None:
            return None
        return aim if aim is not None and aim.group.id == group.id else Aim(group)

    def _still_meant(self, aim: Aim) -> bool:
        """Return whether the cursor is where it was when Compare announced a key."""
        return (now := self._aim) is not None and now.group.id == aim.group.id

    async def _pair(self, aim: Aim) -> Pair | None:
        """Return the copies that a key meant; those that were not on the screen yet are read."""
        if aim.pair is not None:
            return aim.pair
        try:
            return aim.pair_of(await (await self.opened()).comparison(aim.group.id))
        except MediaVaultError as error:
            self.complain("The copies could not be read", error)
            return None

    def action_keep(self) -> None:
        if (aim := self._aim) is not None:
            self._keep(aim)

    @on(Compare.Kept)
    def _keep_from_compare(self, message: Compare.Kept) -> None:
        if self._still_meant(message.aim):
            self._keep(message.aim)

    _asking = False
    """Whether a question is on its way or on the screen: there is never a second one."""

    @work(group="write")
    async def _keep(self, aim: Aim) -> None:
        """Stage the others; the question names exactly what would be moved."""
        if self._asking or not self.writable():
            return
        if aim.group.proof is Proof.COVERAGE:
            self.say("This shows coverage, not copies: one file holds what others hold, so none is staged.")
            return
        try:
            pair = await self._agreed(aim)
            if pair is None:
                return
            services = await self.opened()
            if not same_copies(pair.comparison, await services.comparison(aim.group.id)):
                self.say("Nothing was staged: the group has other copies now. Look at it again.")
                self.changed.publish("decision")
                return
            result = await services.stage_group(aim.group.id, pair.chosen.file.id)
        except MediaVaultError as error:
            self.complain("Nothing was staged", error)
            return
        self._decided(result)

    async def _agreed(self, aim: Aim) -> Pair | None:
        """Ask whether the others may go; return the copies that were meant if they may."""
        from mediavault_tui.ui.dialogs import Confirm

        self._asking = True
        try:
            pair = await self._pair(aim)
            if pair is None or not self._two(pair):
                return None
            keeper = pair.chosen.file.id
            # Their folders are looked at first, which may take a while.
            beside = await (await self.opened()).lost_beside(aim.group.id, keeper)
            title, lines = confirmation(pair.comparison, keeper, beside)
            return pair if await self.app.push_screen_wait(Confirm(title, lines, yes="stage")) else None
        finally:
            self._asking = False

    @on(Compare.FramesAsked)
    def _frames_asked(self, message: Compare.FramesAsked) -> None:
        if self._still_meant(message.aim):
            self._frames(message.aim)

    @work(group="ask")
    async def _frames(self, aim: Aim) -> None:
        from mediavault_tui.ui.frames import Frames

        pair = await self._pair(aim)
        if pair is not None and self._two(pair):
            sides = [
                (letter(place), copy.file) for place, copy in zip((0, pair.other), pair.copies, strict=True)
            ]
            self.app.push_screen(Frames(aim.group.title, sides, self.opened))

    def action_keep_both(self) -> None:
        group: GroupSummary | None = self.listing.current
        if group is not None and self.writable():
            self._keep_both(group)

    @work(group="write")
    async def _keep_both(self, group: GroupSummary) -> None:
        try:
            await (await self.opened()).keep_both(group.id)
        except MediaVaultError as error:
            self.complain("Nothing was decided", error)
            return
        self._remembered(f"Every copy of “{visible(group.title)}” stays. {self._taken_back}")

    def action_not_duplicate(self) -> None:
        aim = self._aim
        if aim is None or not self.writable():
            return
        compare = self.query_one(Compare)
        if aim.group.files > 2 and (aim.comparison is None or not compare.display):
            self._open()
            copies = count(aim.group.files, "copy", "copies")
            self.say(
                f"{copies}: look which two, then press "
                + keyed(self.app, "<duplicates.not:x> again; <duplicates.pair:tab> shows the next pair.")
            )
            return
        self._set_apart(aim)

    @work(group="write")
    async def _set_apart(self, aim: Aim) -> None:
        pair = await self._pair(aim)
        if pair is None or not self._two(pair):
            return
        a, b = (copy.file.id for copy in pair.copies)
        try:
            await (await self.opened()).not_duplicate(aim.group.id, a, b)
        except MediaVaultError as error:
            self.complain("Nothing was decided", error)
            return
        self._remembered(f"No duplicates, for ever: {named(pair)}. {self._taken_back}")

    def _two(self, pair: Pair) -> bool:
        """Return whether there are two copies still; says so where there are not."""
        if len(pair.comparison.copies) < 2:
            self.say(f"Only one copy of “{visible(pair.comparison.group.title)}” is left.")
        return len(pair.comparison.copies) > 1

    def action_watch(self) -> None:
        if (aim := self._aim) is not None:
            self._watch(aim)

    @work(group="ask")
    async def _watch(self, aim: Aim) -> None:
        """Offer links to the two copies that are side by side."""
        from mediavault_tui.ui.watching import offer

        pair = await self._pair(aim)
        if pair is not None:
            files = dict.fromkeys(copy.file.id for copy in pair.copies)
            await offer(self, await self.opened(), list(files))

    def action_copy(self) -> None:
        if (aim := self._aim) is not None:
            self._copy(aim)

    @work(group="ask")
    async def _copy(self, aim: Aim) -> None:
        pair = await self._pair(aim)
        if pair is not None:
            path = pair.chosen.file.where
            self.app.copy_to_clipboard(path)
            self.say(visible(path))

    def action_note(self) -> None:
        group: GroupSummary | None = self.listing.current
        if group is not None and self.writable():
            self._note(group)

    @work(group="write")
    async def _note(self, group: GroupSummary) -> None:
        from mediavault_tui.ui.dialogs import Line

        text = await self.app.push_screen_wait(Line(f"Note to {group.title}", group.note))
        if text is None:
            return
        try:
            await (await self.opened()).note(group.id, text)
        except MediaVaultError as error:
            self.complain("The note was not kept", error)
            return
        self._remembered("Noted.")

    def action_batch(self) -> None:
        if not self._asking and self.writable():
            self._asking = True
            self._batch(self.query_shown)

    @work(group="write")
    async def _batch(self, query: GroupQuery) -> None:
        """Offer every certain and clear group of the filter, and stage those that stay marked."""
        from mediavault_tui.ui.batch import Batch

        try:
            services = await self.opened()
            sure = await self._sure(services, query)
            if not sure:
                where = "No group" if query == GroupQuery() else "No group that the filter shows"
                self.say(f"{where} is certain or clear; the others want a look, one by one.")
                return
            chosen = await self.app.push_screen_wait(Batch(sure, filtered=query != GroupQuery()))
            self._asking = False  # staging may take long, and other groups may be decided meanwhile
            if chosen:
                self._decided(await services.stage_sure(chosen))
        except MediaVaultError as error:
            self.complain("Nothing was staged", error)
        finally:
            self._asking = False

    async def _sure(self, services: DuplicateServices, query: GroupQuery) -> list[GroupSummary]:
        """Return all groups of a filter that may enter a batch."""
        verdicts = [verdict for verdict in query.verdicts or Verdict if verdict.may_enter_a_batch]
        if not verdicts:
            return []
        only = replace(query, verdicts=tuple(verdicts))
        sure: list[GroupSummary] = []
        while page := await services.groups(only, limit=_PAGE, after=sure[-1] if sure else None):
            sure += page
        return sure

    @property
    def _taken_back(self) -> str:
        return keyed(self.app, "<app.undo:u> takes it back.")

    def _decided(self, result: ActResult) -> None:
        self.remove_class("-comparing")
        self.listing.focus()
        self.report(
            result,
            keyed(
                self.app,
                "staged; nothing is deleted yet. <app.undo:u> takes it back, <app.pending:3> shows it.",
            ),
        )

    def _remembered(self, sentence: str) -> None:
        self.say(sentence)
        self.changed.publish("decision")
