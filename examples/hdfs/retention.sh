#!/bin/sh
# Moves to the trash what lies in a directory and was not changed for so many days:
#
#   retention.sh /data/incoming 90
#
# With --dry-run as the third argument it only says what it would do.
set -eu

directory=${1:?the directory on HDFS} days=${2:?the number of days}
shift 2

hdfs-tools find "$directory" -mindepth 1 -maxdepth 1 -mtime "+$days" -print0 |
    xargs -0 -r hdfs-tools rm -r --yes "$@"
