"""Types of the parameters of operations, from which their texts are read and checked."""

from dataclasses import dataclass
from typing import Annotated, Literal

__all__ = [
    "SHARED_TEXTS",
    "Between",
    "Border",
    "Fraction01",
    "NotNegative",
    "Odd",
    "Positive",
    "Rows",
    "Size",
]

SHARED_TEXTS = {
    "border": "What lies outside the image",
    "fill": "The value outside for ``constant``",
    "size": "Rows and columns of the structuring element",
    "shape": "Shape of the structuring element, as for ``erode``",
}
"""What parameters mean whose name alone stands in the docstring of an operation."""


@dataclass(frozen=True)
class Between:
    """Limits of a number.

    Attributes
    ----------
    least, most : float or None
        The limits, which are themselves allowed.
    above : float or None
        A limit that is not itself allowed.
    odd : bool
        Whether the number must be odd.
    """

    least: float | None = None
    most: float | None = None
    above: float | None = None
    odd: bool = False


Positive = Annotated[float, Between(above=0)]
NotNegative = Annotated[float, Between(least=0)]
Fraction01 = Annotated[float, Between(least=0, most=1)]
Size = Annotated[int, Between(least=1)]
Odd = Annotated[int, Between(least=1, odd=True)]

Rows = tuple[tuple[float, ...], ...]
"""Numbers in rows, as text ``0,1,0;1,-4,1;0,1,0``; one number a row: ``10;80;200``."""

Border = Literal["reflect", "symmetric", "edge", "wrap", "constant"]
"""What lies outside an image, by the names of `numpy.pad` and scikit-image.

============= ============================ ============= ====================
name          a row ``a b c d`` goes on    scipy.ndimage OpenCV
============= ============================ ============= ====================
``reflect``   ``d c b | a b c d | c b a``  mirror        BORDER_REFLECT_101
``symmetric`` ``c b a | a b c d | d c b``  reflect       BORDER_REFLECT
``edge``      ``a a a | a b c d | d d d``  nearest       BORDER_REPLICATE
``wrap``      ``b c d | a b c d | a b c``  wrap          BORDER_WRAP
``constant``  ``k k k | a b c d | k k k``  constant      BORDER_CONSTANT
============= ============================ ============= ====================
"""
