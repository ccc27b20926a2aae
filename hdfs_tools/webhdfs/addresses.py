"""HTTP addresses of the NameNodes of HDFS.

An address is what `hdfs_tools.connect` takes: ``http://namenode:9870``, several NameNodes of one
file system separated by ``;``.
"""

import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from hdfs_tools.errors import NoAddress

__all__ = ["address_of", "hadoop_configuration", "web_addresses"]

Setting = Callable[[str], str | None]

_FILES = ("core-site.xml", "hdfs-site.xml")
_DEFAULT_PORTS = {"http": 9870, "https": 9871}


def address_of(authority: str = "", environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the address of a file system, or None where nothing is configured.

    Taken from, in this order: the variable ``HDFS_URL``; in a task of Hadoop's, the job's
    configuration; the default alias of ``~/.hdfscli.cfg`` (then the result is empty: the alias
    is more than an address); the Hadoop configuration in ``HADOOP_CONF_DIR`` or
    ``HADOOP_HOME/etc/hadoop``.

    Parameters
    ----------
    authority : str, optional
        What stands in ``hdfs://AUTHORITY/path``, if anything does.
    environ : mapping, optional
        Environment variables.
    """
    if environ.get("HDFS_URL"):
        return environ["HDFS_URL"]
    if "mapreduce_task_attempt_id" in environ:
        # Streaming hands the configuration to its tasks, with what is no letter or digit as "_".
        return web_addresses(lambda name: environ.get(re.sub(r"\W", "_", name)), authority)
    configuration = hadoop_configuration(environ)
    if not authority and _has_default_alias(environ):
        return ""
    return web_addresses(configuration.get, authority)


def web_addresses(setting: Setting, authority: str = "") -> str | None:
    """Return the address that a Hadoop configuration gives a file system.

    Parameters
    ----------
    setting : callable
        From the name of a setting to its value, or None.
    authority : str, optional
        What stands in ``hdfs://AUTHORITY/path``; by default, that of ``fs.defaultFS``.

    Examples
    --------
    >>> settings = {"fs.defaultFS": "hdfs://nn:8020", "dfs.namenode.http-address": "0.0.0.0:9870"}
    >>> web_addresses(settings.get)
    'http://nn:9870'
    """
    default = urlsplit(setting("fs.defaultFS") or "")
    name = authority or (default.netloc if default.scheme == "hdfs" else "")
    if not name:
        return None
    scheme = "https" if setting("dfs.http.policy") == "HTTPS_ONLY" else "http"
    prefix = f"dfs.namenode.{scheme}-address"
    namenodes = setting(f"dfs.ha.namenodes.{name}")
    if namenodes:
        found = [setting(f"{prefix}.{name}.{part.strip()}") for part in namenodes.split(",")]
        return ";".join(f"{scheme}://{address}" for address in found if address) or None
    host, _, port = (setting(prefix) or f"0.0.0.0:{_DEFAULT_PORTS[scheme]}").rpartition(":")
    if host in ("", "0.0.0.0") or name != default.netloc:  # noqa: S104  (not to listen there)
        host = name.partition(":")[0]
    return f"{scheme}://{host}:{port}"


def hadoop_configuration(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the settings of ``core-site.xml`` and ``hdfs-site.xml``; none where they are not."""
    directory = environ.get("HADOOP_CONF_DIR")
    if not directory and environ.get("HADOOP_HOME"):
        directory = os.path.join(environ["HADOOP_HOME"], "etc", "hadoop")
    settings: dict[str, str] = {}
    for name in _FILES if directory else ():
        path = os.path.join(str(directory), name)
        try:
            tree = ElementTree.parse(path)  # noqa: S314  (the cluster's own configuration)
        except FileNotFoundError:
            continue
        except (OSError, ElementTree.ParseError) as error:
            raise NoAddress(f"{path}: cannot be read: {error}") from None
        for entry in tree.iter("property"):
            key, value = entry.findtext("name"), entry.findtext("value")
            if key and value is not None:
                settings[key.strip()] = _substitute(value.strip(), environ)
    return settings


def _substitute(value: str, environ: Mapping[str, str]) -> str:
    """Replace ``${env.NAME}`` and ``${env.NAME:-default}`` as Hadoop does."""
    pattern = r"\$\{env\.(\w+)(?::?-([^}]*))?\}"
    return re.sub(pattern, lambda found: environ.get(found[1]) or found[2] or "", value)


def _has_default_alias(environ: Mapping[str, str]) -> bool:
    path = environ.get("HDFSCLI_CONFIG") or os.path.expanduser("~/.hdfscli.cfg")
    try:
        with open(path, encoding="utf-8") as lines:
            return any(line.startswith("default.alias") for line in lines)
    except OSError:
        return False
