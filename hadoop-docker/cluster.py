"""Starts, stops and looks at a Hadoop cluster, in containers or as processes of this machine."""

import argparse
import sys
from pathlib import Path

import containers
import processes
from common import HERE, ClusterError, locked

FORMS = {"containers": containers, "processes": processes}


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    up = actions.add_parser("up", help="start what is not running, and wait until a job can run")
    down = actions.add_parser("down", help="stop everything; the data stays")
    status = actions.add_parser("status", help="say what runs; exit status 0 if a job can run")
    for action in up, down, status:
        action.add_argument(
            "--form", choices=FORMS, default="containers", help="default: containers"
        )
        action.add_argument(
            "--folder",
            dest="directory",
            metavar="DIRECTORY",
            type=Path,
            help="where the cluster is described, and the processes have their data "
            "(default: hadoop-docker/.cluster/FORM)",
        )
    for name in "datanodes", "nodemanagers":
        up.add_argument(f"--{name}", type=count, metavar="N", help="default: 2, or as it was")
    down.add_argument("--purge", action="store_true", help="delete the data, too")
    arguments = parser.parse_args()

    form = FORMS[arguments.form]
    directory = (arguments.directory or HERE / ".cluster" / arguments.form).resolve()
    try:
        if arguments.action == "status":
            return 0 if form.status(directory) else 1
        with locked(directory):
            if arguments.action == "up":
                form.up(directory, arguments.datanodes, arguments.nodemanagers)
            else:
                form.down(directory, arguments.purge)
    except ClusterError as error:
        print(f"cluster.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cluster.py: interrupted; `down` stops what was started", file=sys.stderr)
        return 130
    return 0


def count(text: str) -> int:
    """Read a number of nodes."""
    if not (text.isdecimal() and 1 <= int(text) <= 99):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of nodes, 1 to 99")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
