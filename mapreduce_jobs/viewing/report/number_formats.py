"""Numbers as a page has them: the same from here and from templates/report.js."""

from decimal import ROUND_HALF_UP, Context, Decimal

__all__ = ["MISSING", "bytes_text", "number_text", "numeric", "rounded", "share_text"]

MISSING = "–"
"""What stands where there is no value."""

_DIGITS = Context(prec=4, rounding=ROUND_HALF_UP)
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_EXACT = 1 << 53  # up to which a float, and a number of a script, holds every integer
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def numeric(value: object) -> int | float:
    """Return a value that has to be a finite number; else a ValueError says what it is.

    >>> numeric(3), numeric(0.5)
    (3, 0.5)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{str(value)[:40]!r} is no number")
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise ValueError(f"{value} is not finite")
    return value


def number_text(value: float | None) -> str:
    """Return a number: integers in full, others with four digits.

    >>> [number_text(value) for value in (1234567, 0.75, -1234.5, 999.96, 1.0835e16, None)]
    ['1,234,567', '0.7500', '−1,235', '1,000', '1.084 × 10¹⁶', '–']
    """
    if value is None:
        return MISSING
    if isinstance(value, int) or (value.is_integer() and abs(value) < _EXACT):
        return f"{int(value):,}".replace("-", "−")
    size = abs(value)
    exact = Decimal(size)
    if size >= 1e6 or size < 1e-3:
        mantissa, _, exponent = f"{_DIGITS.create_decimal(exact):.3e}".partition("e")
        text = f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    elif size >= 1000:
        text = f"{exact.quantize(Decimal(1), ROUND_HALF_UP):,}"
    else:
        short = _DIGITS.create_decimal(exact)
        text = f"{short.quantize(Decimal(1).scaleb(short.adjusted() - 3)):,f}"
    return f"−{text}" if value < 0 else text


def share_text(value: float | None) -> str:
    """Return a part of 1 in percent.

    >>> share_text(0.12345), share_text(1)
    ('12.3 %', '100.0 %')
    """
    if value is None:
        return MISSING
    exact = Decimal(value) * 100
    return f"{exact.quantize(Decimal('0.1'), ROUND_HALF_UP):,} %".replace("-", "−")


def bytes_text(value: int) -> str:
    """Return a number of bytes, in a unit that suits it.

    >>> bytes_text(999), bytes_text(6601040)
    ('999 bytes', '6.601 MB')
    """
    size, unit = float(value), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{number_text(value if not unit else float(f'{size:.4g}'))} {_UNITS[unit]}"


def rounded(value: float | None) -> float | str | None:
    """Return a number as it travels in a page: six digits; integers in full, if need be as text.

    >>> rounded(0.123456789), rounded(2**60), rounded(3.0)
    (0.123457, '1152921504606846976', 3)
    """
    if value is None:
        return None
    if isinstance(value, int):
        return value if abs(value) <= _EXACT else str(value)
    short = float(f"{value:.6g}")
    return int(short) if short.is_integer() and abs(short) < _EXACT else short
