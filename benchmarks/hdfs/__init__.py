"""Files and folders on HDFS: ``hdfs-tools`` beside the other clients."""
