"""An encoder of lossless JPEG (ITU-T T.81, Annex H), slow and plain."""

import struct

LENGTHS = {0: 2, 1: 3, 2: 3, **dict.fromkeys(range(3, 17), 5)}
"""Bits of the code of each size of a difference; together they take 29 of 32 codes of 5 bits."""


def _codes(lengths):
    """Return the code of each symbol, as T.81, Annex C, deals them out."""
    code, before, codes = 0, 0, {}
    for symbol, length in sorted(lengths.items(), key=lambda pair: (pair[1], pair[0])):
        code <<= length - before
        codes[symbol] = f"{code:0{length}b}"
        code, before = code + 1, length
    return codes


def _segment(marker, content):
    return bytes([0xFF, marker]) + struct.pack(">H", 2 + len(content)) + content


def _table(number, lengths):
    order = sorted(lengths, key=lambda symbol: (lengths[symbol], symbol))
    counts = bytes(list(lengths.values()).count(length) for length in range(1, 17))
    return _segment(0xC4, bytes([number]) + counts + bytes(order))


def predicted(plane, row, column, predictor, first):
    """Return what is predicted for a sample (Table H.1)."""
    if row == first:
        return plane[row][column - 1] if column else None
    above = plane[row - 1][column]
    if column == 0:
        return above
    left, corner = plane[row][column - 1], plane[row - 1][column - 1]
    return {
        1: left,
        2: above,
        3: corner,
        4: left + above - corner,
        5: left + (above - corner >> 1),
        6: above + (left - corner >> 1),
        7: left + above >> 1,
    }[predictor]


def _bits(difference, codes):
    difference = (difference + (1 << 15) - 1) % (1 << 16) - (1 << 15) + 1  # −32767 … 32768
    size = abs(difference).bit_length() if difference < 1 << 15 else 16
    if size in (0, 16):
        return codes[size]
    low = difference if difference > 0 else difference + (1 << size) - 1
    return codes[size] + f"{low:0{size}b}"


def encode(pixels, bits, predictor=1, shift=0, rows_each=0, tables=1, scans=False) -> bytes:
    """Return the codestream of pixels, rows × columns × samples.

    `rows_each` rows are between two restarts; samples take turns with so many `tables`; `scans`
    tells that each sample has a scan of its own.
    """
    rows, columns, samples = pixels.shape
    planes = [(pixels[..., sample].astype(int) >> shift).tolist() for sample in range(samples)]
    lengths = [LENGTHS, {**LENGTHS, 0: 5, 16: 2}][:tables]
    frame = struct.pack(">BHHB", bits, rows, columns, samples)
    frame += b"".join(bytes([sample + 1, 0x11, 0]) for sample in range(samples))
    stream = b"\xff\xd8" + _segment(0xC3, frame)
    stream += b"".join(_table(number, table) for number, table in enumerate(lengths))
    if rows_each:
        stream += _segment(0xDD, struct.pack(">H", rows_each * columns))
    codes = [_codes(table) for table in lengths]
    every = list(range(samples))
    for together in [[sample] for sample in every] if scans else [every]:
        header = bytes([len(together)])
        header += b"".join(bytes([sample + 1, sample % tables << 4]) for sample in together)
        stream += _segment(0xDA, header + bytes([predictor, 0, shift]))
        for number, first in enumerate(range(0, rows, rows_each or rows)):
            text = ""
            for row in range(first, min(first + (rows_each or rows), rows)):
                for column in range(columns):
                    for sample in together:
                        plane = planes[sample]
                        guess = predicted(plane, row, column, predictor, first)
                        guess = 1 << bits - shift - 1 if guess is None else guess
                        text += _bits(plane[row][column] - guess, codes[sample % tables])
            text += "1" * (-len(text) % 8)
            data = int(text, 2).to_bytes(len(text) // 8, "big")
            restart = bytes([0xFF, 0xD0 + (number - 1) % 8]) if number else b""
            stream += restart + data.replace(b"\xff", b"\xff\0")
    return stream + b"\xff\xd9"
