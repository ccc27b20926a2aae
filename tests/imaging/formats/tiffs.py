"""A writer of TIFF files that have exactly the tags and the bytes that a test gives."""

import itertools
import struct

TAGS = {
    "subfile": 254,
    "old_subfile": 255,
    "columns": 256,
    "rows": 257,
    "bits": 258,
    "compression": 259,
    "photometric": 262,
    "fill_order": 266,
    "description": 270,
    "offsets": 273,
    "samples": 277,
    "strip_rows": 278,
    "counts": 279,
    "planar": 284,
    "predictor": 317,
    "colour_map": 320,
    "tile_columns": 322,
    "tile_rows": 323,
    "inks": 332,
    "extra": 338,
    "sample_format": 339,
    "coefficients": 529,
    "subsampling": 530,
    "reference": 532,
    "depth": 32997,
    "planes": 33629,
}


def page(columns, rows, *parts, **tags):
    """Return what `tiff` makes a page of: strips, or tiles if there are `tile_rows`.

    A tag that is None is not written.
    """
    given = {"bits": 8, "compression": 1, "photometric": 1, "samples": 1, **tags}
    written = {name: value for name, value in given.items() if value is not None}
    return {"columns": columns, "rows": rows, **written}, parts


def tiff(*pages, order="<", behind=b""):
    """Return a file of pages; what is behind the pixels of each follows them without a gap."""
    written = b"II*\0" if order == "<" else b"MM\0*"
    written += bytes(4)
    link = 4
    for given, parts in pages:
        starts = list(itertools.accumulate(map(len, parts), initial=len(written)))[:-1]
        written += b"".join(parts) + behind
        written += bytes(len(written) % 2)
        start, length = (324, 325) if "tile_rows" in given else (273, 279)
        tags = {start: tuple(starts), length: tuple(map(len, parts))}
        tags |= {TAGS[name]: value for name, value in given.items()}
        entries = b""
        for tag, value in sorted(tags.items()):
            if isinstance(value, str):
                kind, count, content = 2, len(value) + 1, value.encode() + b"\0"
            else:
                numbers = value if isinstance(value, tuple) else (value,)
                kind, count = 4, len(numbers)
                content = struct.pack(f"{order}{count}I", *numbers)
            if len(content) > 4:
                written += content + bytes(len(content) % 2)
                content = struct.pack(order + "I", len(written) - len(content) - len(content) % 2)
            entries += struct.pack(order + "HHI", tag, kind, count) + content.ljust(4, b"\0")
        written = written[:link] + struct.pack(order + "I", len(written)) + written[link + 4 :]
        written += struct.pack(order + "H", len(tags)) + entries + bytes(4)
        link = len(written) - 4
    return written
