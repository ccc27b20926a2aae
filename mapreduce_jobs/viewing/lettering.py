"""Text in pictures: any name in one line, in letters that the font has."""

import functools
import os
import unicodedata

import PIL.ImageFont

from mapreduce_jobs.imaging.errors import MissingExtra

__all__ = ["Font", "cut", "font", "lines", "plain", "visible"]

Font = PIL.ImageFont.FreeTypeFont

# Control, format, surrogate, private and unassigned characters, ends of lines and paragraphs: some
# show nothing, some change how the others are read.
_JOINERS = "\u200c\u200d"  # of which words of some scripts are made
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


@functools.cache
def font(size: int) -> Font:
    """Return DejaVu Sans, which comes with matplotlib, in pixels.

    Raises
    ------
    MissingExtra
        matplotlib is not installed.
    """
    return PIL.ImageFont.truetype(_path(), size, layout_engine=PIL.ImageFont.Layout.BASIC)


def _path() -> str:
    try:
        from matplotlib import get_data_path
    except ImportError:
        raise MissingExtra("writing names into a picture", "matplotlib", "plots") from None
    return os.path.join(get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")


@functools.cache
def _letters() -> frozenset[int]:
    path = _path()
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(path).get_charmap())


def plain(text: str) -> str:
    r"""Return a text with an escape for each character that the font or the eye cannot show.

    >>> plain("Größe\n\u202egnp.胸\udcff")
    'Größe\\n\\u202egnp.\\u80f8\\udcff'
    """
    return "".join(
        letter
        if ord(letter) in _letters() and unicodedata.category(letter) not in _UNSEEN
        else _escape(letter)
        for letter in text
    )


def visible(text: str) -> str:
    r"""Return a text with an escape for each character that shows nothing in a page, or turns it.

    >>> visible("Größe\n\u202egnp.胸\udcff")
    'Größe\\n\\u202egnp.胸\\udcff'
    """
    return "".join(
        _escape(letter)
        if unicodedata.category(letter) in _UNSEEN and letter not in _JOINERS
        else letter
        for letter in text
    )


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape").decode()


def cut(text: str, width: int, letters: Font) -> str:
    """Return a text that has room in a width, its middle left out if it has not."""
    if letters.getlength(text) <= width:
        return text
    fits, beyond = 0, len(text)
    while beyond - fits > 1:
        kept = (fits + beyond) // 2
        if letters.getlength(_shortened(text, kept)) <= width:
            fits = kept
        else:
            beyond = kept
    return _shortened(text, fits)


def _shortened(text: str, kept: int) -> str:
    return f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"


def lines(text: str, width: int, letters: Font) -> list[str]:
    """Return a text in lines that have room in a width; a word that has none is cut."""
    found = [""]
    for word in text.split():
        longer = f"{found[-1]} {word}".lstrip()
        if found[-1] and letters.getlength(longer) > width:
            found.append(cut(word, width, letters))
        else:
            found[-1] = cut(longer, width, letters)
    return found
