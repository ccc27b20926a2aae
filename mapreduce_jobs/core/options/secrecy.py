"""Command lines without keys and passwords, which may be written down."""

import re
from collections.abc import Iterable
from typing import Any

__all__ = ["HIDDEN", "is_secret", "without_secrets", "words_without_secrets"]

HIDDEN = "…"
"""What stands in the place of a secret."""

_SENSITIVE = (
    r"(?:(?<![A-Za-z])(?:key|KEY)(?![a-z])|Key(?![a-z])"
    r"|(?i:passw|passphrase|secret|token|credential|delegation))"
)
_OPTION = re.compile(rf"--[\w-]*{_SENSITIVE}")
_SETTING = re.compile(rf"({_SENSITIVE}[\w.-]*=).+", re.DOTALL)  # as after -D, --cmdenv, in a query
_USER = re.compile(r"(://)[^/\s@;]*:[^/\s]*@")


def is_secret(option: str) -> bool:
    """Return whether an option gives a secret, or names the file of one, by its name.

    >>> is_secret("--key-file"), is_secret("--group-by")
    (True, False)
    """
    return _OPTION.match(option) is not None


def without_secrets(value: Any) -> Any:
    """Return a value of an option without the passwords and keys that stand in it.

    >>> without_secrets("http://me:word@namenode:9870/scans?delegation=QAbc")
    'http://…@namenode:9870/scans?delegation=…'
    >>> without_secrets("fs.s3a.secret.key=abc"), without_secrets("hdfs://nn:8020/a@b")
    ('fs.s3a.secret.key=…', 'hdfs://nn:8020/a@b')
    """
    if isinstance(value, str):
        return _SETTING.sub(rf"\1{HIDDEN}", _USER.sub(rf"\1{HIDDEN}@", value))
    if isinstance(value, (list, tuple)):
        return [without_secrets(part) for part in value]
    return value


def words_without_secrets(words: Iterable[str], options: Iterable[str]) -> list[str]:
    """Return a command without the secrets that stand in it.

    Parameters
    ----------
    words : iterable of str
        The command.
    options : iterable of str
        The options that it may have, which may be cut short as long as they differ.

    Examples
    --------
    >>> words_without_secrets(["--key", "k.txt", "--keep", "a"], ["--key-file", "--keep"])
    ['--key', '…', '--keep', 'a']
    >>> words_without_secrets(["--key-file=k.txt", "scans"], ["--key-file"])
    ['--key-file=…', 'scans']
    """
    known = list(options)
    safe = []
    hide_next = False
    for word in words:
        option, equals, _ = word.partition("=")
        meant = [option] if option in known else [name for name in known if name.startswith(option)]
        is_hidden = option.startswith("--") and len(option) > 2 and any(map(is_secret, meant))
        if hide_next:
            safe.append(HIDDEN)
            hide_next = False
        elif is_hidden:
            safe.append(f"{option}={HIDDEN}" if equals else option)
            hide_next = not equals
        else:
            safe.append(without_secrets(word))
    return safe
