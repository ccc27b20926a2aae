"""Paths that lead into a bundle: ``/data/scans.bundle/ct/1.dcm``."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hdfs_tools.bundles.bundle import is_bundle_name
from hdfs_tools.errors import NotFound
from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.session import Session

if TYPE_CHECKING:
    from hdfs_tools.location import Location

__all__ = ["Inside", "inside"]


@dataclass(frozen=True)
class Inside:
    """What a path in a bundle stands for.

    Attributes
    ----------
    bundle : Found
        The bundle.
    name : str
        The path in it: an image, or a directory of images; empty for all.
    """

    bundle: Found
    name: str

    @property
    def _location(self) -> "Location":
        from hdfs_tools.location import Location  # what is behind it is slow to import

        return Location(self.bundle.shown, self.bundle.path, filesystem=self.bundle.storage)

    def images(self) -> Iterator[Found]:
        """Iterate over the images; their owner and times are the bundle's."""
        from hdfs_tools.bundles.bundle_index import members

        nothing = bool(self.name)
        for member in members(self._location):
            if not self.name or f"{member.name}/".startswith(f"{self.name}/"):
                nothing = False
                path = f"{self.bundle.path}/{member.name}"
                yield self.bundle.having(
                    replace(self.bundle.status, path=path, size=member.size or 0)
                )
        if nothing:
            raise NotFound(f"{self.bundle.shown}/{self.name}")

    def pieces(self) -> Iterator[bytes]:
        """Iterate over the bytes of the image, in pieces."""
        from hdfs_tools.bundles.bundle_index import read_member

        return read_member(self._location, self.name)


def inside(session: Session, argument: str) -> Inside | None:
    """Return what a path stands for if it leads into a bundle, else None."""
    if not any(is_bundle_name(part) for part in argument.split("/")[:-1]):
        return None
    from hdfs_tools.bundles.bundle_index import splits

    for bundle, name in splits(argument):
        found = session.named_path(bundle).look()
        if found is not None and not found.is_directory:
            return Inside(found, name.rstrip("/"))
    return None
