"""Prints what this project requires, as pip reads it: the nodes have it, the project itself not."""

import configparser
import sys

settings = configparser.ConfigParser()
settings.read(sys.argv[1], encoding="utf-8")
print(settings["options"]["install_requires"].strip())
