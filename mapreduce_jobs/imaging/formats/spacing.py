"""Millimetres between pixels, from the densities that file formats have."""

import math

__all__ = [
    "CENTIMETRE",
    "INCH",
    "METRE",
    "Spacing",
    "spacing_of",
    "spacing_of_density",
    "turned",
    "whole_density",
]

Spacing = tuple[float, float]
"""Millimetres between the centres of neighbouring rows, and of neighbouring columns."""

METRE, CENTIMETRE, INCH = 1000.0, 10.0, 25.4
"""Millimetres in the units of density: of PNG and JPEG 2000, of TIFF and JPEG."""


def spacing_of(rows: object, columns: object) -> Spacing | None:
    """Return a spacing, or None if the two are not positive finite numbers.

    >>> spacing_of("0.5", 0.75)
    (0.5, 0.75)
    >>> spacing_of(0, 0.75) is None
    True
    """
    try:
        spacing = float(rows), float(columns)  # type: ignore[arg-type]
    except (ValueError, TypeError, ArithmeticError):
        return None
    return spacing if all(math.isfinite(value) and value > 0 for value in spacing) else None


def spacing_of_density(unit: float, across: float, down: float) -> Spacing | None:
    """Return the spacing of so many pixels in a unit of so many millimetres; None if there is none.

    >>> spacing_of_density(CENTIMETRE, across=20, down=25)
    (0.4, 0.5)
    """
    try:
        return spacing_of(unit / down, unit / across)
    except ArithmeticError:
        return None


def whole_density(unit: float, spacing: Spacing, most: int) -> tuple[int, int] | None:
    """Return whole pixels in a unit, across and down; None if they would state another spacing.

    Parameters
    ----------
    unit : float
        Its millimetres.
    spacing : tuple of float
        The spacing to be written.
    most : int
        The greatest number that the file can hold.

    Returns
    -------
    tuple of int or None
        None if a number is too great, or wrong by more than 1 in 200: a ruler that is wrong is
        worse than none.

    Examples
    --------
    >>> whole_density(METRE, (0.5, 0.7), 65535)  # 1 m / 0.7 mm = 1428.6
    (1429, 2000)
    >>> whole_density(CENTIMETRE, (0.5, 0.7), 65535) is None  # 14.3, and 14 is wrong by 2 %
    True
    """
    exact = [unit / millimetres for millimetres in reversed(spacing)]
    if max(exact) > most or any(abs(round(value) - value) > value / 200 for value in exact):
        return None
    across, down = map(round, exact)
    return across, down


def turned(spacing: Spacing | None, orientation: int) -> Spacing | None:
    """Return the spacing of an image that an EXIF orientation has turned.

    >>> turned((0.4, 0.5), 6)
    (0.5, 0.4)
    """
    return spacing[::-1] if spacing and orientation in (5, 6, 7, 8) else spacing
