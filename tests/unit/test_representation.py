"""The type, name and tag that an answer gives a file."""

from __future__ import annotations

import re

import pytest
from aiohttp.multipart import content_disposition_filename, parse_content_disposition
from hypothesis import given
from hypothesis import strategies as st

from mediavault_tui.domain.media import VIDEO_SUFFIXES
from mediavault_tui.domain.model import FileStamp
from mediavault_tui.domain.representation import UNKNOWN_TYPE, content_type, disposition, etag

STAMP = FileStamp(1, 2, 3, 4)


@pytest.mark.parametrize(
    ("name", "container", "expected"),
    [
        (b"a.mkv", "matroska", "video/x-matroska"),
        (b"a.webm", "webm", "video/webm"),
        (b"a.webm", "matroska", "video/webm"),
        (b"a.mp4", "mp4", "video/mp4"),
        (b"a.m4v", "mov", "video/mp4"),
        (b"a.mov", "mov", "video/quicktime"),
        (b"a.avi", "avi", "video/x-msvideo"),
        (b"a.wmv", "asf", "video/x-ms-wmv"),
        (b"a.flv", "flv", "video/x-flv"),
        (b"a.mpg", "mpeg", "video/mpeg"),
        (b"a.ts", "mpegts", "video/mp2t"),
        (b"a.m2ts", "mpegts", "video/mp2t"),
        (b"a.avi", "mp4", "video/mp4"),  # the container is what a player meets
        (b"a.mp4", "matroska", "video/x-matroska"),
        (b"A.MKV", None, "video/x-matroska"),
        (b"a.mp4", "", "video/mp4"),
        (b"noending", None, UNKNOWN_TYPE),
        (b"a.exe", None, UNKNOWN_TYPE),
        (b"a.html", "nonsense", UNKNOWN_TYPE),
    ],
)
def test_the_type_is_the_containers(name: bytes, container: str | None, expected: str) -> None:
    assert content_type(name, container) == expected


@pytest.mark.parametrize("ending", sorted(VIDEO_SUFFIXES))
def test_every_ending_of_a_video_has_a_type(ending: bytes) -> None:
    assert content_type(b"film" + ending, None) != UNKNOWN_TYPE


@given(st.binary(max_size=80) | st.text(max_size=40).map(lambda t: t.encode("utf-8", "surrogatepass")))
def test_no_name_leaves_its_header(name: bytes) -> None:
    said = disposition(name)
    assert said.isascii()
    assert said.isprintable()
    plain = re.fullmatch(r"inline; filename=\"([^\"\\]*)\"; filename\*=UTF-8''([!-~]*)", said)
    assert plain is not None
    assert not re.search(r"[;,\"\\ ]", plain[2])


@pytest.mark.parametrize(
    "name", ["Amélie (2001).mkv", 'a"; evil="x.mkv', "a\r\nSet-Cookie: x=y.mkv", "100% \\.mkv", "映画.mkv"]
)
def test_a_browser_reads_the_name_back(name: str) -> None:
    kind, parameters = parse_content_disposition(disposition(name.encode()))
    assert kind == "inline"
    assert content_disposition_filename(parameters) == name


def test_the_tag_changes_with_anything_that_tells_files_apart() -> None:
    tags = {etag("local", STAMP), etag("nas:1", STAMP)}
    for change in ("device", "inode", "size", "modified_ns"):
        tags.add(etag("local", STAMP._replace(**{change: 99})))
    assert len(tags) == 6
    assert all(re.fullmatch(r'"[0-9a-f]{30}"', tag) for tag in tags)
    assert etag("local", STAMP) == etag("local", FileStamp(*STAMP))
