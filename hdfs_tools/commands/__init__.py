"""The subcommands of ``hdfs-tools``, one module each."""
