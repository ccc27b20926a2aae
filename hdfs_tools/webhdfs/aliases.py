"""Aliases of ``~/.hdfscli.cfg``, HdfsCLI's configuration."""

import configparser
import os

import hdfs

from hdfs_tools.errors import NoAddress

__all__ = ["client_of"]


def client_of(alias: str | None) -> hdfs.client.Client:
    """Return HdfsCLI's client for an alias: addresses, who asks, and how that is proved.

    Parameters
    ----------
    alias : str or None
        The alias; by default the one that ``default.alias`` names.

    Raises
    ------
    NoAddress
        The alias is unknown, or the file has a mistake; options are not shown, a token may be
        among them.
    """
    path = os.environ.get("HDFSCLI_CONFIG") or os.path.expanduser("~/.hdfscli.cfg")
    try:
        return hdfs.Config().get_client(alias)
    except SystemExit:  # HdfsCLI ends the process there, and says nothing
        raise NoAddress(
            f"{path}: what autoload.modules or autoload.paths names cannot be loaded; for"
            " hdfs.ext.kerberos: pip install 'mapreduce-imaging[kerberos]'"
        ) from None
    except configparser.Error as error:
        raise NoAddress(f"{path}: {str(error).splitlines()[0]}") from None
    except ValueError:
        raise NoAddress(f"{path}: an alias has a value that cannot be read, as timeout") from None
    except hdfs.HdfsError as error:
        raise NoAddress(str(error).partition(": {")[0]) from None
