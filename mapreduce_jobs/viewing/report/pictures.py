"""Small pictures of the images of a report, by the names that results have for them."""

import os
from collections.abc import Iterable

from hdfs_tools.errors import HdfsToolsError
from mapreduce_jobs.core.job_errors import words_of
from mapreduce_jobs.imaging.errors import ImagingError
from mapreduce_jobs.viewing.display_range import picture
from mapreduce_jobs.viewing.pairs import Source, sources
from mapreduce_jobs.viewing.thumbnails import thumbnail

__all__ = ["Pictures"]

_MAX_BYTES = 8_000  # of a thumbnail
_MAX_PIXELS = 1 << 30


class Pictures:
    """The images that results are of; each is read when it is looked at.

    Parameters
    ----------
    inputs : iterable of str
        Images, directories, globs, bundles, manifests, on this machine or on HDFS.
    directory : str
        An empty directory, for what can be read only once; it must outlive this.

    Raises
    ------
    UsageError
        There is nothing of such a name, or no image in it.
    """

    def __init__(self, inputs: Iterable[str], directory: str) -> None:
        self._sources: dict[str, Source] = {}
        for number, named in enumerate(inputs):
            spool = os.path.join(directory, str(number))
            os.mkdir(spool)
            for source in sources(named, spool):
                self._sources.setdefault(source.name, source)
        self._looks: dict[str, tuple[str, str]] = {}
        self.failed: dict[str, str] = {}
        self.absent: set[str] = set()

    def look(self, name: str) -> tuple[str, str]:
        """Return an image's picture as a ``data:`` URI, or an empty text and why there is none."""
        if name not in self._looks:
            self._looks[name] = self._look(name)
        return self._looks[name]

    def _look(self, name: str) -> tuple[str, str]:
        source = self._sources.get(name)
        if source is None:
            self.absent.add(name)
            return "", "not among the images given"
        try:
            image = picture(source.read(), _MAX_PIXELS)
            return thumbnail(image.levels(image.middle, image.own), _MAX_BYTES), ""
        except (ImagingError, HdfsToolsError, OSError) as error:
            kind, message = words_of(error)
            self.failed[name] = f"{kind}: {message}"
            return "", message

    @property
    def found(self) -> int:
        """How many of the images that were looked for are among those given."""
        return len(self._looks) - len(self.absent)
