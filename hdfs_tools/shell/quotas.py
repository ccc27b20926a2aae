"""Quotas as ``hdfs dfs -count -q`` writes them."""

from typing import TYPE_CHECKING

from hdfs_tools.shell.output import size_text

if TYPE_CHECKING:
    from hdfs_tools.status import Quota

__all__ = ["QUOTA_HEADER", "quota_cells"]

QUOTA_HEADER = f"{'QUOTA':>12} {'REM_QUOTA':>15} {'SPACE_QUOTA':>15} {'REM_SPACE_QUOTA':>15} "


def quota_cells(quota: "Quota", for_people: bool) -> str:
    """Return a directory's quotas and what of them is left, in columns.

    >>> from hdfs_tools.status import Quota
    >>> quota_cells(Quota(10, 4, None, 9), False)
    '          10               6            none             inf '
    """
    files, files_left = _limit(quota.quota, quota.used, for_people)
    space, space_left = _limit(quota.space_quota, quota.space_used, for_people)
    return f"{files:>12} {files_left:>15} {space:>15} {space_left:>15} "


def _limit(limit: int | None, used: int, for_people: bool) -> tuple[str, str]:
    if limit is None:
        return "none", "inf"
    return size_text(limit, for_people), size_text(limit - used, for_people)
