"""The data of a scan of a JPEG (ITU-T T.81, B.1.1.5): where codes are in it, and where restarts.

In the data 0xFF stands before a zero, which is no data, or is the beginning of a marker.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.errors import Truncated

__all__ = ["ScanData"]

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ScanData:
    """Where things are in the data of a scan.

    Attributes
    ----------
    data : bytes
        The whole codestream.
    start, end : int
        Of the data of the scan in it; at the end is a marker that is no restart.
    stuffed : ndarray of int64
        Where 0xFF is with a zero behind it.
    restarts : ndarray of int64
        Where markers of restarts are.
    has_markers : bool
        Whether there are restarts, or more of 0xFF than stand before a zero.
    """

    data: bytes
    start: int
    end: int
    stuffed: Places
    restarts: Places
    has_markers: bool

    @classmethod
    def of(cls, data: bytes, start: int) -> "ScanData":
        """Find where data end that begin at `start`, and what in them is no code.

        Raises
        ------
        Truncated
            They do not end.
        """
        content = np.frombuffer(data, np.uint8)[start:]
        places = np.flatnonzero(content[:-1] == 0xFF)
        following = content[places + 1]
        is_restart = following & 0xF8 == 0xD0
        ends = places[(following != 0) & (following != 0xFF) & ~is_restart]
        if not len(ends):
            raise Truncated("its JPEG ends before its pixels do")
        marker = end = start + int(ends[0])
        while end > start and data[end - 1] == 0xFF:
            end -= 1
        count = int(np.searchsorted(places, end - start))
        places, following = places[:count] + start, following[:count]
        has_markers = end < marker or bool(following.any())
        restarts = places[is_restart[:count]]
        return cls(data, start, end, places[following == 0], restarts, has_markers)

    def parts(self) -> list[bytes]:
        """Return what is between restarts, as it was before zeros were put behind 0xFF."""
        starts = [self.start, *(self.restarts + 2).tolist()]
        ends = [*self.restarts.tolist(), self.end]
        return [
            self.data[start:end].rstrip(b"\xff").replace(b"\xff\0", b"\xff")
            for start, end in zip(starts, ends, strict=True)
        ]

    def behind(self, count: int) -> bytes:
        """Return what is behind so many bytes, likewise; of data without restarts."""
        # Zeros behind 0xFF do not count.
        counted = self.stuffed - self.start - np.arange(len(self.stuffed))
        first = self.start + count + int(np.searchsorted(counted, count))
        return self.data[first : self.end].replace(b"\xff\0", b"\xff")
