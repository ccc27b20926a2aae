"""``python -m hdfs_tools``."""

import sys

from hdfs_tools.cli import main

if __name__ == "__main__":
    sys.exit(main())
