"""Rows of CSV files: those of Python's csv module, wherever the text is cut."""

import csv
import io
from unittest import mock

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from mapreduce_jobs.core.inputs import csv_rows
from mapreduce_jobs.core.inputs.csv_rows import (
    columns_of,
    first_row,
    line_count,
    rows_of,
    whole_rows,
)

# What cells may hold, above all what means something between them.
PIECES = ["\r", "\n", "\r\n", '"', '""', ",", ";", "\t", "1", "a", "é", "🩻", "\ufeff", " ", "\x1c"]
CELLS = st.lists(st.sampled_from(PIECES), max_size=5).map("".join) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5
)
TABLES = st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[CELLS] * width), max_size=8))
DELIMITERS = st.sampled_from([",", ";", "\t"])
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
# Text of any kind, of which much is no table.
MESSES = st.lists(st.sampled_from([*PIECES, "\0"]), max_size=30).map("".join)
LENGTHS = st.lists(st.integers(1, 9), max_size=99)


def written(rows, delimiter, end):
    """Return rows as Python writes them; it leaves CR and LF that end no line without quotes."""
    text = io.StringIO()
    for row in rows:
        quoting = csv.QUOTE_ALL if {"\r", "\n"} & set("".join(row)) else csv.QUOTE_MINIMAL
        csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerow(row)
    return text.getvalue()


def cut(data, lengths):
    """Cut data into pieces of some lengths; what is left over is one."""
    pieces, start = [], 0
    for length in lengths:
        pieces.append(data[start : start + length])
        start += length
    return [piece for piece in [*pieces, data[start:]] if piece]


def numbered(blocks, delimiter):
    """Iterate over the rows of blocks, the lines of which are numbered in one go."""
    line = 1
    for block in blocks:
        yield from rows_of(block, delimiter, line)
        line += line_count(block)


@given(TABLES, DELIMITERS, ENDS, LENGTHS)
def test_any_text_in_cells_comes_back(rows, delimiter, end, lengths):
    text = written(rows, delimiter, end)
    expected = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert expected == [list(row) for row in rows]
    blocks = list(whole_rows(cut(text.encode(), lengths), delimiter))
    assert b"".join(blocks) == text.encode()
    found = []
    for block in blocks:
        for row, line in rows_of(block, delimiter):
            assert line is None
            found += csv.reader([row], delimiter=delimiter)
    assert found == expected


@given(MESSES, LENGTHS, st.sampled_from([3, 8, 1 << 20]))
@example('"a\r\n\r\nb', [2], 1 << 20)
def test_of_any_text_the_rows_do_not_depend_on_where_it_is_cut(text, lengths, limit):
    data = text.encode()
    with mock.patch.object(csv_rows, "MAX_ROW", limit):
        rows = list(rows_of(data, ","))
        assert "".join(row for row, _ in rows) == text
        assert list(numbered(whole_rows(cut(data, lengths), ","), ",")) == rows
        start = 0
        for number, (row, _) in enumerate(rows):  # whoever begins here, or ends
            assert [found for found, _ in rows_of(data[start:], ",")] == [
                r for r, _ in rows[number:]
            ]
            start += len(row.encode())
            assert list(rows_of(data[:start], ",")) == rows[: number + 1]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a,"b\nc,d\n', [('a,"b\n', 1), ("c,d\n", None)]),
        (
            'x\r\ry\r\na,"b\rc"d\n',
            [("x\r", None), ("\r", None), ("y\r\n", None), ('a,"b\r', 4), ('c"d\n', None)],
        ),
        ('ab"c,"ab"c\nx', [('ab"c,"ab"c\n', None), ("x", None)]),
        ('a,"b ""x""\n', [('a,"b ""x""\n', 1)]),
        ('a,"b ""x""\n"\n', [('a,"b ""x""\n"\n', None)]),
        ('a,"b\n', [('a,"b\n', 1)]),
        ('"a', [('"a', 1)]),
        ('""', [('""', None)]),
    ],
)
def test_a_quote_that_is_not_closed_takes_one_line(text, rows):
    assert list(rows_of(text.encode(), ",")) == rows


def test_a_row_longer_than_the_limit_is_not_read_beyond_its_line():
    fits = b'a,"' + b"x\n" * ((csv_rows.MAX_ROW - 4) // 2) + b'"'
    assert len(fits) == csv_rows.MAX_ROW
    assert len(list(rows_of(fits + b"\n", ","))) == 1
    longer = fits.replace(b"a,", b"ab,")
    assert next(rows_of(longer + b"\n", ",")) == ('ab,"x\n', 1)
    for data in (fits + b"\r\n", longer + b"\n"):
        pieces = [data[start : start + 4096] for start in range(0, len(data), 4096)]
        assert list(numbered(whole_rows(pieces, ","), ",")) == list(rows_of(data, ","))


class TestFirstRow:
    @given(st.lists(CELLS, min_size=1, max_size=4), ENDS, LENGTHS, st.booleans())
    def test_it_may_go_on_over_lines(self, names, end, lengths, marked):
        assume(marked or not names[0].startswith("\ufeff"))  # which is left out
        assume(not {";", "\t"} & set("".join(names)))  # which may be taken for the delimiter
        mark = b"\xef\xbb\xbf" if marked else b""
        head = mark + written([names], ",", end).encode()
        first, rest = first_row(cut(head + b"1,2\n", lengths))
        assert (first, b"".join(rest)) == (head, b"1,2\n")
        assert list(columns_of(first).names) == names

    def test_of_results_it_is_a_line_whatever_is_in_it(self):
        line = b'"a,b"\t{"note": "5\\" and more"}\n'
        head, rest = first_row([line[:3], line[3:], b"more"])
        assert (head, list(rest), columns_of(head)) == (line, [b"more"], None)

    def test_a_quote_that_is_not_closed_is_an_error(self):
        with pytest.raises(ValueError, match="line 1: a quote is not closed"):
            first_row([b'name,"age\na,1\n'])
