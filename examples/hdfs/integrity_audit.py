"""Compares the checksums of all files in a directory with those that were noted the last time.

integrity_audit.py /data/archive archive.jsonl

Changed and missing files are named, and the exit status is 1; then the record stays as it is. New
files are added to it. HDFS computes the checksums where the blocks are, so nothing is downloaded.
"""

import json
import os
import sys
from pathlib import Path

from hdfs_tools import connect
from hdfs_tools.errors import HdfsToolsError


def main(directory: str, record: Path) -> int:
    """Audit a directory."""
    fs = connect()
    noted = {}
    if record.exists():
        noted = dict(json.loads(line) for line in record.read_text().splitlines())
    now = {entry.path: fs.checksum(entry.path).digest for entry in fs.walk(directory)}
    bad = [
        f"changed: {path}" for path in sorted(noted) if now.get(path, noted[path]) != noted[path]
    ]
    bad += [f"missing: {path}" for path in sorted(noted.keys() - now.keys())]
    print(f"{len(now)} files, {len(now.keys() - noted.keys())} of them new, {len(bad)} bad")
    if bad:
        print("\n".join(bad), file=sys.stderr)
        return 1
    lines = [json.dumps(item) for item in sorted(now.items())]
    whole = record.with_name(f".{record.name}.new")
    whole.write_text("".join(f"{line}\n" for line in lines))
    os.replace(whole, record)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], Path(sys.argv[2])))
    except HdfsToolsError as error:
        sys.exit(f"integrity_audit: {error}")
