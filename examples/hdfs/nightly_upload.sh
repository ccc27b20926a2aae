#!/bin/sh
# Uploads what is new in a directory, each night, from cron:
#
#   15 2 * * *  HDFS_URL=http://namenode:9870 nightly_upload.sh /archive/scans /data/scans
#
# Only what is new or differs is sent, and each file is verified. A night that is interrupted, or in
# which files fail, is made up for by the next one. cron mails what is written to standard error.
set -eu

directory=${1:?the directory to upload} target=${2:?the directory on HDFS}

hdfs-tools put --sync -p --quiet "$directory" "$target"
hdfs-tools count --json "$target"
