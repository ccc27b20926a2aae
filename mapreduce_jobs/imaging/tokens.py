"""The words, numbers, texts and signs of a condition, and where each of them stands."""

import re
from typing import NamedTuple, NoReturn

from mapreduce_jobs.imaging.errors import BadParameter

__all__ = ["Token", "tokens_of", "wrong"]

_TOKEN = re.compile(
    r"""(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<text>'[^']*'|"[^"]*")
      | (?P<word>\b(?:and|or|not|in|None)\b)
      | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
      | (?P<sign>==|!=|<=|>=|<|>|\(|\)|,)
      | (?P<blank>\s+)""",
    re.VERBOSE | re.ASCII,
)


class Token(NamedTuple):
    """A part of a condition.

    Attributes
    ----------
    kind : str
        ``"number"``, ``"text"``, ``"word"``, ``"name"``, ``"sign"``, or ``"end"`` behind the last.
    text : str
        As it stands there.
    at : int
        Its first character; that of the condition is 1.
    """

    kind: str
    text: str
    at: int


def wrong(token: Token, what: str) -> NoReturn:
    """Raise `BadParameter` for what is wrong at a token."""
    raise BadParameter(f"at character {token.at}: {what}")


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of a condition, and the end.

    Raises
    ------
    BadParameter
        Something in it is none.

    Examples
    --------
    >>> [token.text for token in tokens_of("Rows<=512 or Modality=='CT'")]
    ['Rows', '<=', '512', 'or', 'Modality', '==', "'CT'", 'the end']
    """
    tokens, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            sign = text[position]
            what = f"{sign} is not understood"
            if sign in "'\"":
                what = "the quote is not closed"
            elif sign == "=":
                what += "; to compare, write =="
            wrong(Token("", "", position + 1), what)
        if match.lastgroup != "blank":
            tokens.append(Token(str(match.lastgroup), match[0], position + 1))
        position = match.end()
    tokens.append(Token("end", "the end", len(text) + 1))
    return tokens
