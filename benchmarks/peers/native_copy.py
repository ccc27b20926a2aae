"""hdfs-native: ``native_copy.py put|get URL SOURCE TARGET THREADS``.

Files are written straight to their final names, and nothing is compared in the end.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from hdfs_native import Client

_CHUNK = 1 << 20


def main() -> None:
    action, url, source, target, threads = sys.argv[1:]
    client = Client(url)
    names = [""]  # of a file alone
    if action == "put" and os.path.isdir(source):
        client.mkdirs(target, create_parent=True)
        names = [f"/{name}" for name in os.listdir(source)]
    elif action == "get" and client.get_file_info(source).isdir:
        os.mkdir(target)
        names = [f"/{os.path.basename(found.path)}" for found in client.list_status(source)]
    one = partial(put if action == "put" else get, client)
    with ThreadPoolExecutor(int(threads)) as pool:
        for _ in pool.map(
            one, [source + name for name in names], [target + name for name in names]
        ):
            pass


def put(client: Client, source: str, target: str) -> None:
    with open(source, "rb") as file, client.create(target) as writer:
        while chunk := file.read(_CHUNK):
            writer.write(chunk)


def get(client: Client, source: str, target: str) -> None:
    with client.read(source) as reader, open(target, "wb") as file:
        for chunk in reader.read_range_stream(0, len(reader)):
            file.write(chunk)


if __name__ == "__main__":
    main()
