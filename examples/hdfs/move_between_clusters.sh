#!/bin/sh
# Moves a directory from one cluster to another; what is interrupted goes on when it is run again:
#
#   move_between_clusters.sh webhdfs://old:9870/data/scans webhdfs://new:9870/data/scans
#
# Only when every file is there and verified does the old directory go to the trash of its cluster.
set -eu

from=${1:?the directory to move, a URI} to=${2:?where to, a URI}

hdfs-tools cp --sync -p --quiet "$from" "$to"
hdfs-tools rm -r --yes "$from"
