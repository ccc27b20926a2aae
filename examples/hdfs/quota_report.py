"""Says how full the directories are that have quotas; exit status 1 if one is nearly full.

quota_report.py /user 80
"""

import sys

from hdfs_tools import connect
from hdfs_tools.errors import HdfsToolsError


def main(directory: str, most: int) -> int:
    """Print a line for each directory with a quota, the fullest first."""
    fs = connect()
    rows = []
    for entry in fs.list(directory):
        if not entry.is_directory:
            continue
        quota = fs.quota(entry.path)
        for what, used, limit in (
            ("files", quota.used, quota.quota),
            ("bytes", quota.space_used, quota.space_quota),
        ):
            if limit is not None:
                share = 100 * used / limit if limit else 100.0
                rows.append((share, entry.path, what, used, limit))
    for share, path, what, used, limit in sorted(rows, reverse=True):
        print(f"{share:6.1f} %  {path}  {used:,} of {limit:,} {what}")
    return int(any(share >= most for share, *_ in rows))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], int(sys.argv[2])))
    except HdfsToolsError as error:
        sys.exit(f"quota_report: {error}")
