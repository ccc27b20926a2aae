"""A file of rules, in YAML or JSON: a list of mappings, and the line that each thing stands in."""

from typing import Any, NamedTuple

import yaml  # JSON is YAML

from mapreduce_jobs.imaging.errors import BadParameter

__all__ = ["Entry", "Item", "items"]

# What PyYAML raises for a text, among them for a date that there is not, such as 2023-02-30.
_YAML_ERRORS = (yaml.YAMLError, ValueError, RecursionError)


class Entry(NamedTuple):
    """The value of a key, and its line; the first is 1."""

    value: Any
    line: int


class Item(NamedTuple):
    """A mapping, and the line in which it begins."""

    entries: dict[str, Entry]
    line: int


def items(text: str) -> list[Item]:
    r"""Read a list of mappings.

    Raises
    ------
    BadParameter
        The text is not one; the message names the line.

    Examples
    --------
    >>> items("- name: a\n  when: Rows > 1\n")
    [Item(entries={'name': Entry(value='a', line=1), 'when': Entry(value='Rows > 1', line=2)},
    line=1)]
    """
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if not isinstance(root, yaml.SequenceNode):
            line = _line(root) if root else 1
            raise BadParameter(f"line {line}: a list of rules is expected, each beginning with -")
        return [_item(loader, node) for node in root.value]
    except BadParameter:
        raise
    except _YAML_ERRORS as error:
        raise BadParameter(_reason(error)) from error


def _item(loader: yaml.SafeLoader, node: yaml.Node) -> Item:
    if not isinstance(node, yaml.MappingNode):
        raise BadParameter(f"line {_line(node)}: a rule is expected, such as name: …")
    entries: dict[str, Entry] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in entries:
            raise BadParameter(f"line {_line(key_node)}: {key} stands there twice")
        entries[key] = Entry(loader.construct_object(value_node, deep=True), _line(key_node))
    return Item(entries, _line(node))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "its brackets are nested too deeply"
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"line {mark.line + 1}: {problem}" if mark else problem
