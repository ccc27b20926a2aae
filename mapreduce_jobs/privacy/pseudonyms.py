"""Pseudonyms made with a secret: new UIDs, pseudonyms, names and shifts of dates.

Each is HMAC-SHA-256 of a label and the original, so that the same key gives the same everywhere,
another key something else, and without the key nothing leads back.
"""

import base64
import hmac

from mapreduce_jobs.imaging.errors import BadParameter

__all__ = ["MIN_KEY", "Pseudonymiser"]

MIN_KEY = 16
"""Bytes that a key must have."""

_MAX_DAYS = 3650  # some ten years
_NAME_BYTES = 10  # 80 bits: by chance the same among a million names once in 10¹² collections


class Pseudonymiser:
    """Makes pseudonyms of identifiers, with a secret.

    Parameters
    ----------
    secret : bytes
        At least 16 bytes; white space around them is not part of it.

    Raises
    ------
    BadParameter
        The secret is shorter.

    Examples
    --------
    >>> pseudonymiser = Pseudonymiser(b"not a secret, only an example")
    >>> pseudonymiser.uid("1.2.3")
    '2.25.47057017836690638525957305746298819586'
    >>> pseudonymiser.pseudonym("4711")
    'lhhskejps6enz7re'
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret.strip()
        if len(self._secret) < MIN_KEY:
            raise BadParameter(
                f"the key has {len(self._secret)} bytes and must have {MIN_KEY} or more: make one"
                " with: openssl rand -hex 32 > key"
            )

    def uid(self, uid: str) -> str:
        """Return the UID that stands for another: ``2.25.`` and a UUID, PS3.5 B.2.

        The UUID is of version 8 (RFC 9562), its other bits are from the HMAC.
        """
        number = int.from_bytes(self._digest("uid", uid)[:16], "big")
        number = number & ~(0xF << 76) | 0x8 << 76  # version
        number = number & ~(0x3 << 62) | 0x2 << 62  # variant
        return f"2.25.{number}"

    def pseudonym(self, patient: str) -> str:
        """Return the pseudonym of a patient: 16 characters of a to z and 2 to 7."""
        return self.name("patient", patient)

    def name(self, of: str, text: str) -> str:
        """Return a name for a thing of some kind: 16 characters of a to z and 2 to 7.

        Parameters
        ----------
        of : str
            The kind, so that things of two kinds never share a name.
        text : str
            What identifies the thing.
        """
        digest = self._digest(of, text)
        return base64.b32encode(digest[:_NAME_BYTES]).decode().lower()

    def days(self, patient: str) -> int:
        """Return by how many days a patient's dates move: back, by 1 to 3650.

        >>> Pseudonymiser(b"not a secret, only an example").days("4711")
        -3445
        """
        number = int.from_bytes(self._digest("days", patient)[:8], "big")
        return -1 - number % _MAX_DAYS

    def _digest(self, label: str, text: str) -> bytes:
        message = f"{label}\0{text}".encode("utf-8", "surrogateescape")
        return hmac.digest(self._secret, message, "sha256")
