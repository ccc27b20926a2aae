"""Makes the directories of HDFS that every user may write to, as soon as HDFS can be written to."""

import getpass
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

DIRECTORIES = {  # of HDFS
    "/tmp": "1777",  # noqa: S108
    "/tmp/hadoop-yarn": "1777",  # noqa: S108
    "/tmp/hadoop-yarn/staging": "1777",  # noqa: S108
    "/tmp/logs": "1777",  # noqa: S108
    "/user": "1777",
    "/mapreduce-history": "1777",
    "/mapreduce-history/intermediate": "1777",
    "/mapreduce-history/done": "0770",
}


def main() -> None:
    """Make them; wait for the NameNode, and for the end of safe mode."""
    namenode, user = sys.argv[1], getpass.getuser()
    for path, mode in DIRECTORIES.items():
        for operation in "MKDIRS", "SETPERMISSION":
            query = urllib.parse.urlencode({"op": operation, "permission": mode, "user.name": user})
            put(f"http://{namenode}/webhdfs/v1{path}?{query}")


# Daemons are asked directly, whatever proxy there is to the world outside.
open_url = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def put(url: str) -> None:
    """Send a request until it is granted."""
    reported = ""
    while True:
        try:
            request = urllib.request.Request(url, method="PUT")  # noqa: S310
            open_url(request, timeout=10).close()
            return
        except OSError as error:
            reason = str(error)
            if isinstance(error, urllib.error.HTTPError):
                reason += f": {error.read().decode(errors='replace')}"
        if reason != reported:
            print(f"waiting: {url}: {reason}", file=sys.stderr, flush=True)
            reported = reason
        time.sleep(0.2)


if __name__ == "__main__":
    main()
