"""HdfsCLI: ``hdfscli_copy.py put|get URL SOURCE TARGET THREADS``."""

import sys

import hdfs


def main() -> None:
    action, url, source, target, threads = sys.argv[1:]
    client = hdfs.InsecureClient(url)
    if action == "put":
        client.upload(target, source, n_threads=int(threads))
    else:
        client.download(source, target, n_threads=int(threads))


if __name__ == "__main__":
    main()
