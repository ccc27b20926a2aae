"""The jobs on a real Hadoop cluster, beside what one would run there without this project."""
