"""What every file system does in the same way; each backend gives `fs`, `folder`, `as_user`.

`fs` is the superuser's file system, `folder` a fresh folder on it that everybody may write to
nothing in but the superuser, and `as_user` returns the same storage for another user.
"""

from tests.contracts.acls import TestAccessControlLists, TestInheritedLists
from tests.contracts.checksum import TestChecksums
from tests.contracts.deleting import TestDeleting
from tests.contracts.looking import TestListing, TestLooking, TestSummaries
from tests.contracts.names import TestNames
from tests.contracts.permissions import TestOwners, TestPermissions, TestStickyFolders
from tests.contracts.reading import TestReading
from tests.contracts.relative_paths import TestRelativePaths
from tests.contracts.renaming import TestRenaming
from tests.contracts.times import TestReplication, TestTimes
from tests.contracts.trash_root import TestTrashRoot
from tests.contracts.writing import TestMakingFolders, TestWriting
from tests.contracts.xattrs import TestExtendedAttributes

__all__ = [
    "TestAccessControlLists",
    "TestChecksums",
    "TestDeleting",
    "TestExtendedAttributes",
    "TestInheritedLists",
    "TestListing",
    "TestLooking",
    "TestMakingFolders",
    "TestNames",
    "TestOwners",
    "TestPermissions",
    "TestReading",
    "TestRelativePaths",
    "TestRenaming",
    "TestReplication",
    "TestStickyFolders",
    "TestSummaries",
    "TestTimes",
    "TestTrashRoot",
    "TestWriting",
]
