"""Code that the subcommands of ``hdfs-tools`` share; all are imported at each start."""
