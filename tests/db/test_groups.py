"""Groups in the database: found, kept, split, remembered."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from mediavault_tui.domain.library import GroupQuery, GroupsWaiting, GroupTotals
from mediavault_tui.domain.model import FileId, FileState, GroupId, Health, Identity, Kind, MediaFile
from mediavault_tui.domain.verdict import Proof, Verdict
from mediavault_tui.errors import UsageError
from mediavault_tui.services.dedupe import Dedupe
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.files import media_file, media_files
from mediavault_tui.store.migrate import migrations
from tests.factories import insert_file
from tests.specs import file_of

HASH = b"0123456789abcdef"


async def put(conn: Connection, *specs: str, first: int = 1, **changes: object) -> list[MediaFile]:
    """Insert files as `tests.specs` has them; each gets an inode and a path of its own."""
    return [
        await insert_file(conn, replace(file_of(spec, id=number), **changes))
        for number, spec in enumerate(specs, first)
    ]


async def shown(dedupe: Dedupe) -> list[tuple[Proof, set[int]]]:
    """Return the open groups as kind and members, by kind and least member."""
    found = []
    for group in await dedupe.groups():
        copies = (await dedupe.comparison(group.id)).copies
        found.append((group.proof, {int(copy.file.id) for copy in copies}))
    return sorted(found, key=lambda each: (each[0], sorted(each[1])))


async def only(dedupe: Dedupe) -> GroupId:
    (group,) = await dedupe.groups()
    return group.id


async def test_a_file_comes_back_as_it_was_put(conn: Connection) -> None:
    spec = (
        "1080p hevc 6M HDR10 DV a:en/5.1/eac3 a:?/stereo a:fr/stereo/aac/commentary s:en,? f:de web ed:IMAX"
    )
    (file,) = await put(conn, spec, content_hash=HASH)
    assert await media_file(conn, file.id) == file
    assert await media_file(conn, FileId(10**9)) is None


async def test_files_come_in_the_order_asked_for(conn: Connection) -> None:
    files = await put(conn, "1080p", "720p", "unprobed")
    back = await media_files(conn, [file.id for file in files[::-1]])
    assert back == files[::-1]


async def test_a_file_without_identity_or_probe_says_so(conn: Connection) -> None:
    (file,) = await put(conn, "unprobed", identity=None)
    back = await media_file(conn, file.id)
    assert back is not None
    assert (back.identity, back.info, back.health.health) == (None, None, Health.UNCHECKED)


async def test_the_same_title_in_two_qualities_is_a_group_with_its_reasons(
    conn: Connection, database: Database
) -> None:
    best, worst = await put(conn, "1080p h264 10M", "480p mpeg4 1M")
    dedupe = Dedupe(database)
    summary = await dedupe.refresh()
    assert (summary.groups, summary.changed, summary.gone) == (1, 1, 0)
    (group,) = await dedupe.groups()
    assert (group.proof, group.title, group.files, group.verdict) == ("same_title", "Heat (1995)", 2, "clear")
    assert group.reclaimable == worst.size
    comparison = await dedupe.comparison(group.id)
    assert [copy.file for copy in comparison.copies] == [best, worst]
    assert comparison.decision.keeper == best.id
    assert comparison.decision.sentence == group.sentence
    assert (
        comparison.decision.members[0].gap
        == comparison.copies[0].score.total - comparison.copies[1].score.total
    )
    assert comparison.edges[0].reason == "the same title, “Heat”"


async def test_what_earlier_rules_called_clear_enters_no_batch_until_it_is_judged_anew(
    conn: Connection, database: Database
) -> None:
    await put(conn, "1080p h264 10M", "480p mpeg4 1M")
    await put(conn, "1080p title:Ronin", "1080p title:Ronin", first=3, content_hash=HASH)
    dedupe = Dedupe(database)
    await dedupe.refresh()
    before = {group.verdict for group in await dedupe.groups()}
    assert before == {"clear", "certain"}
    (older,) = (migration.sql for migration in migrations() if migration.name == "older_verdicts")
    await conn.execute(older)
    (doubted,) = await dedupe.groups(GroupQuery(verdicts=(Verdict.RECOMMENDED,)))
    assert doubted.sentence.endswith("Judged by earlier rules: scan again")
    (member,) = (await dedupe.comparison(doubted.id)).decision.members
    assert member.verdict is Verdict.RECOMMENDED
    await dedupe.refresh()
    assert {group.verdict for group in await dedupe.groups()} == before


async def test_losses_and_reasons_survive_the_database(conn: Connection, database: Database) -> None:
    await put(conn, "1080p h264 10M", "480p mpeg4 1M a:en/stereo a:fr/stereo ch:4")
    dedupe = Dedupe(database)
    await dedupe.refresh()
    (member,) = (await dedupe.comparison(await only(dedupe))).decision.members
    assert [str(loss) for loss in member.losses] == ["audio language: fr", "chapters: 4"]
    assert member.verdict is Verdict.REVIEW


async def test_a_second_refresh_changes_nothing(conn: Connection, database: Database) -> None:
    await put(conn, "1080p h264 10M", "480p mpeg4 1M", "720p h264 5M")
    dedupe = Dedupe(database)
    await dedupe.refresh()
    before = await dedupe.groups()
    assert (await dedupe.refresh()).changed == 0
    assert await dedupe.groups() == before


async def test_exact_copies_are_one_decision_and_one_stands_for_all(
    conn: Connection, database: Database
) -> None:
    one, two = await put(
        conn, "480p mpeg4 1M at:/library/Heat.avi", "480p mpeg4 1M at:/downloads/Heat.avi", content_hash=HASH
    )
    (best,) = await put(conn, "1080p h264 10M", first=3)
    dedupe = Dedupe(database)
    await dedupe.refresh()
    assert await shown(dedupe) == [("exact", {one.id, two.id}), ("same_title", {one.id, best.id})]
    alike = next(group for group in await dedupe.groups() if group.proof is Proof.SAME_TITLE)
    reasons = (await dedupe.comparison(alike.id)).decision.members[0].reasons
    assert "it has an exact copy, which is decided in a group of exact copies" in reasons


async def test_alike_titles_meet_though_their_keys_differ(conn: Connection, database: Database) -> None:
    files = await put(conn, "1080p h264 10M title:Interstellar", "480p mpeg4 1M title:Intersteller")
    await put(conn, "1080p title:Somewhere_else", first=3)
    dedupe = Dedupe(database)
    await dedupe.refresh()
    assert await shown(dedupe) == [("same_title", {file.id for file in files})]


async def test_an_equal_id_makes_one_title_of_two_names(conn: Connection, database: Database) -> None:
    files = await put(conn, "1080p h264 10M title:Heat tmdb:949", "480p mpeg4 1M title:Hitze tmdb:949")
    dedupe = Dedupe(database)
    await dedupe.refresh()
    assert await shown(dedupe) == [("same_title", {file.id for file in files})]


async def test_episodes_and_parts_are_covered_and_never_duplicates(
    conn: Connection, database: Database
) -> None:
    double, one, two, _ = await put(
        conn,
        "1080p e:1,2 title:Firefly",
        "1080p e:1 title:Firefly",
        "1080p e:2 title:Firefly",
        "1080p e:4 title:Firefly",
    )
    whole, cd1, cd2 = await put(conn, "1080p", "480p part:1", "480p part:2", first=5)
    dedupe = Dedupe(database)
    await dedupe.refresh()
    assert await shown(dedupe) == [
        ("coverage", {double.id, one.id, two.id}),
        ("coverage", {whole.id, cd1.id, cd2.id}),
    ]
    assert {group.reclaimable for group in await dedupe.groups()} == {0}


async def test_only_present_files_and_no_extras_are_grouped(conn: Connection, database: Database) -> None:
    await put(conn, "1080p", "480p missing")
    await insert_file(
        conn, replace(file_of("480p", id=3), identity=Identity(Kind.MOVIE, "Heat", 1995, extra="trailer"))
    )
    dedupe = Dedupe(database)
    await dedupe.refresh()
    assert await dedupe.groups() == []


async def test_a_group_that_no_longer_holds_is_gone_and_comes_back_as_itself(
    conn: Connection, database: Database
) -> None:
    _, worse = await put(conn, "1080p h264 10M", "480p mpeg4 1M")
    dedupe = Dedupe(database)
    await dedupe.refresh()
    group = await only(dedupe)
    await dedupe.note(group, "ask Anna", who="ben")
    await conn.execute("update media_files set year = 1996 where id = $1", worse.id)
    assert (await dedupe.refresh()).gone == 1
    assert await dedupe.groups() == []
    await conn.execute("update media_files set year = 1995 where id = $1", worse.id)
    await dedupe.refresh()
    (back,) = await dedupe.groups()
    assert (back.id, back.note) == (group, "ask Anna (ben)")


async def test_a_group_that_gets_a_member_keeps_its_id_and_note(conn: Connection, database: Database) -> None:
    await put(conn, "1080p h264 10M", "480p mpeg4 1M")
    dedupe = Dedupe(database)
    await dedupe.refresh()
    group = await only(dedupe)
    await dedupe.note(group, "look", who="ben")
    await put(conn, "720p h264 3M", first=3)
    await dedupe.refresh()
    (grown,) = await dedupe.groups()
    assert (grown.id, grown.files, grown.note) == (group, 3, "look (ben)")


async def test_not_a_duplicate_is_remembered_through_renames_rescans_and_hashing(
    conn: Connection, database: Database
) -> None:
    a, b = await put(conn, "1080p h264 10M", "480p mpeg4 1M")
    dedupe = Dedupe(database)
    await dedupe.refresh()
    await dedupe.not_duplicate(await only(dedupe), a.id, b.id, who="ben")
    assert await dedupe.groups() == []
    await conn.execute(
        "update media_files set path_raw = '/new', path = '/new', inode = 5, modified_ns = 1,"
        " content_hash = $2 where id = $1",
        a.id,
        HASH,
    )
    await dedupe.refresh()
    assert await dedupe.groups() == []
    # Another copy of the same title is another content, and a question of its own.
    (c,) = await put(conn, "720p h264 3M", first=3)
    await dedupe.refresh()
    assert await shown(dedupe) == [("same_title", {a.id, c.id}), ("same_title", {b.id, c.id})]


async def test_one_pair_of_three_set_apart_leaves_two_decisions(conn: Connection, database: Database) -> None:
    a, b, c = await put(conn, "1080p h264 10M", "720p h264 3M", "480p mpeg4 1M")
    dedupe = Dedupe(database)
    await dedupe.refresh()
    await dedupe.not_duplicate(await only(dedupe), a.id, b.id, who="ben")
    assert await shown(dedupe) == [("same_title", {a.id, c.id}), ("same_title", {b.id, c.id})]


async def test_keep_both_ends_the_group_and_undo_opens_it_again(conn: Connection, database: Database) -> None:
    await put(conn, "1080p h264 10M", "720p h264 3M", "480p mpeg4 1M")
    dedupe = Dedupe(database)
    await dedupe.refresh()
    group = await only(dedupe)
    await dedupe.keep_both(group, who="ben")
    assert await dedupe.groups() == []
    assert (await dedupe.refresh()).groups == 0
    assert await dedupe.undo_last_decision(who="anna") is None
    sentence = await dedupe.undo_last_decision(who="ben")
    assert sentence is not None
    assert "keep all" in sentence
    assert await only(dedupe) == group
    assert await dedupe.undo_last_decision(who="ben") is None


async def test_keep_both_of_exact_copies_is_remembered(conn: Connection, database: Database) -> None:
    await put(conn, "1080p", "1080p", content_hash=HASH)
    dedupe = Dedupe(database)
    await dedupe.refresh()
    exact = next(group.id for group in await dedupe.groups() if group.proof is Proof.EXACT)
    await dedupe.keep_both(exact, who="ben")
    await dedupe.refresh()
    assert await dedupe.groups() == []


async def test_what_was_staged_stays_resolved(conn: Connection, database: Database) -> None:
    _, worse = await put(conn, "1080p h264 10M", "480p mpeg4 1M")
    dedupe = Dedupe(database)
    await dedupe.refresh()
    group = await only(dedupe)
    # Staging itself is tested elsewhere; here only what it leaves behind, past its guards.
    await conn.execute("set session_replication_role = replica")
    await conn.execute("update media_files set state = 'staged' where id = $1", worse.id)
    await conn.execute("update duplicate_groups set state = 'resolved', resolved_at = now()")
    await dedupe.refresh()
    assert await conn.fetchval("select state from duplicate_groups where id = $1", group) == "resolved"


async def test_pages_follow_one_another_and_words_filter(conn: Connection, database: Database) -> None:
    for number, title in enumerate(("Alpha_one", "Beta_two", "Gamma_one")):
        await put(
            conn,
            f"1080p h264 10M title:{title}",
            f"480p mpeg4 {number + 1}M title:{title}",
            first=number * 2 + 1,
        )
    dedupe = Dedupe(database)
    await dedupe.refresh()
    first = await dedupe.groups(limit=2)
    rest = await dedupe.groups(limit=2, after=first[-1])
    assert [group.title for group in first + rest] == [
        "Gamma one (1995)",
        "Beta two (1995)",
        "Alpha one (1995)",
    ]
    assert [group.title for group in await dedupe.groups(GroupQuery("ONE gam"))] == ["Gamma one (1995)"]
    assert await dedupe.groups(GroupQuery("100%_")) == []
    assert await dedupe.groups(GroupQuery(proofs=(Proof.EXACT,))) == []
    assert len(await dedupe.groups(GroupQuery(verdicts=(Verdict.CLEAR,)))) == 3


async def test_words_are_of_the_title_or_a_path_and_may_be_turned_around(
    conn: Connection, database: Database
) -> None:
    await put(conn, "1080p title:One at:/films/kids/a.mkv", "480p title:One at:/old/a.mkv")
    await put(conn, "1080p title:Two at:/films/b.mkv", "480p title:Two at:/old/b.mkv", first=3)
    dedupe = Dedupe(database)
    await dedupe.refresh()

    async def titles(text: str, *, inverse: bool = False) -> list[str]:
        found = await dedupe.groups(GroupQuery(text, inverse))
        return sorted(group.title for group in found)

    assert await titles("kids") == ["One (1995)"]
    assert await titles("kids", inverse=True) == ["Two (1995)"]
    assert await titles("old two") == ["Two (1995)"]
    assert await titles("old two", inverse=True) == ["One (1995)"]
    assert await titles("", inverse=True) == ["One (1995)", "Two (1995)"]


async def test_totals_count_groups_and_bytes_by_kind_and_verdict_whatever_is_chosen(
    conn: Connection, database: Database
) -> None:
    equal = await put(conn, "1080p title:One", "1080p title:One", content_hash=HASH)
    (_, worse) = await put(conn, "1080p h264 10M title:Two", "480p mpeg4 1M title:Two", first=3)
    await put(conn, "1080p h264 10M title:Six", "480p mpeg4 1M title:Six", first=5)
    dedupe = Dedupe(database)
    await dedupe.refresh()
    (six,) = await dedupe.groups(GroupQuery("six"))
    await dedupe.keep_both(six.id, who="ruth")
    found = await dedupe.group_totals(GroupQuery(verdicts=(Verdict.REVIEW,)))
    assert sorted(found, key=lambda each: each.proof) == [
        GroupTotals(Proof.EXACT, Verdict.CERTAIN, 1, equal[1].size),
        GroupTotals(Proof.SAME_TITLE, Verdict.CLEAR, 1, worse.size),
    ]
    assert [each.proof for each in await dedupe.group_totals(GroupQuery("two"))] == [Proof.SAME_TITLE]
    assert [each.proof for each in await dedupe.group_totals(GroupQuery("two", inverse=True))] == [
        Proof.EXACT
    ]


async def test_what_waits_is_counted_with_what_it_would_free(conn: Connection, database: Database) -> None:
    dedupe = Dedupe(database)
    assert await dedupe.waiting() == GroupsWaiting(0, 0)
    for number, title in enumerate(("Alpha_one", "Beta_two")):
        await put(conn, f"1080p h264 10M title:{title}", f"480p mpeg4 2M title:{title}", first=number * 2 + 1)
    await dedupe.refresh()
    waiting = await dedupe.groups()
    assert await dedupe.waiting() == GroupsWaiting(2, sum(group.reclaimable for group in waiting))
    await dedupe.keep_both(waiting[0].id, who="ripley")
    assert await dedupe.waiting() == GroupsWaiting(1, waiting[1].reclaimable)


async def test_groups_are_found_by_folder(conn: Connection, database: Database) -> None:
    await put(conn, "1080p at:/library/a/x.mkv", "480p at:/library/b/x.mkv")
    dedupe = Dedupe(database)
    await dedupe.refresh()
    group = await only(dedupe)
    assert await dedupe.groups_below([b"/library/a/"]) == {group}
    assert await dedupe.groups_below([b"/library/b/x.mkv"]) == {group}
    assert await dedupe.groups_below([b"/library/ab", b"/lib"]) == set()


async def test_hostile_names_pass_through(conn: Connection, database: Database) -> None:
    name = "[x265] \x1b[31m\n\u202e%_'; drop table"
    for number, spec in enumerate(("1080p h264 10M", "480p mpeg4 1M"), 1):
        file = file_of(spec, id=number)
        await insert_file(conn, replace(file, identity=Identity(Kind.MOVIE, name, 1995)))
    dedupe = Dedupe(database)
    await dedupe.refresh()
    (group,) = await dedupe.groups()
    assert group.title == f"{name} (1995)"


async def test_an_unknown_group_or_pair_is_a_wrong_question(conn: Connection, database: Database) -> None:
    a, _ = await put(conn, "1080p h264 10M", "480p mpeg4 1M")
    dedupe = Dedupe(database)
    await dedupe.refresh()
    group = await only(dedupe)
    with pytest.raises(UsageError, match="no group 4711"):
        await dedupe.comparison(GroupId(4711))
    with pytest.raises(UsageError, match="no group 4711"):
        await dedupe.note(GroupId(4711), "x", who="ben")
    with pytest.raises(UsageError, match="no two such members"):
        await dedupe.not_duplicate(group, a.id, a.id, who="ben")
    with pytest.raises(UsageError, match="no two such members"):
        await dedupe.not_duplicate(group, a.id, FileId(4711), who="ben")


async def test_two_refreshes_at_once_find_the_same(conn: Connection, database: Database) -> None:
    await put(conn, "1080p h264 10M", "480p mpeg4 1M")
    dedupe = Dedupe(database)
    summaries = await asyncio.gather(*(dedupe.refresh() for _ in range(3)))
    assert sorted(summary.changed for summary in summaries) == [0, 0, 1]
    assert len(await dedupe.groups()) == 1


async def test_a_change_is_told_and_no_change_is_not(conn: Connection, database: Database) -> None:
    await put(conn, "1080p h264 10M", "480p mpeg4 1M")
    heard: list[str] = []
    told = asyncio.Event()

    def hear(message: str) -> None:
        heard.append(message)
        told.set()

    dedupe = Dedupe(database)
    async with database.listen("mediavault", hear):
        await dedupe.refresh()
        await asyncio.wait_for(told.wait(), 10)
        await dedupe.refresh()
        told.clear()
        await dedupe.note(await only(dedupe), "mark", who="ben")
        await asyncio.wait_for(told.wait(), 10)
    assert heard == ["groups:changed", "groups:changed"]


async def test_a_missing_file_leaves_the_group(conn: Connection, database: Database) -> None:
    _, _, third = await put(conn, "1080p h264 10M", "480p mpeg4 1M", "720p h264 3M")
    dedupe = Dedupe(database)
    await dedupe.refresh()
    group = await only(dedupe)
    await conn.execute(
        "update media_files set state = $2, missing_since = now() where id = $1",
        third.id,
        FileState.MISSING.value,
    )
    await dedupe.refresh()
    (left,) = await dedupe.groups()
    assert (left.id, left.files) == (group, 2)
