"""Give a real MP4 a Dolby Vision record, which no free encoder writes."""

from __future__ import annotations

import struct


def with_dolby_vision(mp4: bytes, *, profile: int, level: int, compatibility: int) -> bytes:
    """Return the file with a DOVIDecoderConfigurationRecord in its first `hvc1` sample entry.

    The `moov` box must stand after the media data, as ffmpeg writes it: chunk offsets
    then stay right. Source: Dolby Vision Streams Within the ISO Base Media File Format, 2.2.
    """
    bits = (profile << 9) | (level << 3) | 0b101  # RPU and base layer, no enhancement layer
    record = struct.pack(">BBHB", 1, 0, bits, compatibility << 4) + bytes(19)
    box = struct.pack(">I4s", 8 + len(record), b"dvvC" if profile > 7 else b"dvcC") + record
    data = bytearray(mp4)
    entry = data.index(b"hvc1", data.index(b"stsd")) - 4
    (size,) = struct.unpack_from(">I", data, entry)
    data[entry + size : entry + size] = box
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"hvc1"):
        at = data.index(name, data.rindex(b"moov")) - 4
        (size,) = struct.unpack_from(">I", data, at)
        struct.pack_into(">I", data, at, size + len(box))
    return bytes(data)
