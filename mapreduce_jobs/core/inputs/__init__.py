"""From what a user names to record lines, and to the input files of map tasks."""
