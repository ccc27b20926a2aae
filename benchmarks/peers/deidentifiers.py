"""Other de-identifiers: ``python -m benchmarks.peers.deidentifiers PEER DIRECTORY``."""

import io
import os
import sys
import warnings
from functools import cache
from typing import Any

import pydicom

from benchmarks.peers.images import names
from hdfs_tools.bundles.record import bundle_line


def main() -> None:
    """Write bundle records as they come."""
    peer, directory = sys.argv[1:]
    for name in names(directory):
        sys.stdout.buffer.write(file_line(peer, directory, name))


def file_line(peer: str, directory: str, name: str) -> bytes:
    """Return the bundle record of what a peer makes of a file."""
    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = _PEERS[peer](os.path.join(directory, name))
        dataset.save_as(made, enforce_file_format=False)  # deid leaves out what is needed for it
    return bundle_line(name, made.getvalue())


def _by_deid(path: str) -> Any:
    from deid.dicom import replace_identifiers

    return replace_identifiers([path], deid=_recipe(), save=False, remove_private=True)[0]


@cache
def _recipe() -> Any:
    from deid.config import DeidRecipe

    return DeidRecipe()


def _by_dicognito(path: str) -> Any:
    dataset = pydicom.dcmread(path)
    _anonymizer().anonymize(dataset)
    return dataset


@cache
def _anonymizer() -> Any:
    from dicognito.anonymizer import Anonymizer

    return Anonymizer(seed="benchmark")


_PEERS = {"deid": _by_deid, "dicognito": _by_dicognito}

if __name__ == "__main__":
    main()
