"""A bare loop over a Counter: ``python -m benchmarks.peers.counter_loop TEXT``."""

import json
import sys
from collections import Counter


def main() -> None:
    """Count the words of a text, one line after the other."""
    counts: Counter[bytes] = Counter()
    with open(sys.argv[1], "rb") as lines:
        for line in lines:
            counts.update(line.split())
    for word, count in counts.items():
        sys.stdout.write(f"{json.dumps(word.decode(), ensure_ascii=False)}\t{count}\n")


if __name__ == "__main__":
    main()
