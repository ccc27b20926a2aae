"""The skeleton of a page that is one file: it opens from disk, and asks for nothing.

A page is made of a title and a body; what the body needs comes with it::

    from markupsafe import Markup
    from mapreduce_jobs.viewing.page import page

    text = page("Scans of May", Markup("<section>…</section>"), scripts=[…], styles=[…])
    path.write_text(text, encoding="utf-8")

The skeleton brings the head, a Content-Security-Policy that forbids every request and runs no
script and no style but those given here, the title as ``h1`` (sections begin at ``h2``), light and
dark by the reader's own setting with a button that changes it, a link that skips to the content,
and what all pages look like: see ``templates/page.css``. Its variables are ``--page`` and
``--panel`` (grounds), ``--ink`` and ``--muted`` (texts), ``--line``, ``--accent``, ``--bad``.
What the policy rules out for a body: ``style="…"`` and ``onclick="…"`` in markup. A script may set
``element.style``, and data in ``<script type="application/json">`` is not run and allowed.
"""

import base64
import functools
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mapreduce_jobs.imaging.errors import MissingExtra
from mapreduce_jobs.viewing.lettering import visible

try:
    import jinja2
    from markupsafe import Markup
except ImportError:
    raise MissingExtra("writing a page", "jinja2", "plots") from None

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["Markup", "data_block", "page", "safe", "source", "template"]

_DIRECTORY = Path(__file__).with_name("templates")
_NOT_ASCII = re.compile(r"[^ -~]")
# What would end the element that a text stands in.
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def page(
    title: str, body: Markup, *, scripts: Sequence[str] = (), styles: Sequence[str] = ()
) -> str:
    """Return a whole page.

    Parameters
    ----------
    title : str
        Any text; it is shown as text.
    body : Markup
        What stands below the title, escaped already: as a template gives it.
    scripts, styles : sequence of str
        JavaScript and CSS of the body, run and applied behind the page's own; each script has a
        scope of its own.

    Returns
    -------
    str
        The same for the same arguments; to be written as UTF-8.

    Examples
    --------
    >>> text = page("<b>", Markup("<p>Nothing</p>"))
    >>> "<title>&lt;b&gt;</title>" in text, "<p>Nothing</p>" in text, "script-src" in text
    (True, True, True)
    """
    all_scripts = [source("page.js"), *(f"(() => {{\n{script}\n}})();" for script in scripts)]
    style = "\n".join([source("page.css"), *styles])
    for text, end in (*((script, "</script") for script in all_scripts), (style, "</style")):
        if end in text.lower():
            raise ValueError(f"{end} in a text that it would end")
    policy = "; ".join(
        [
            "default-src 'none'",
            "img-src data:",
            f"style-src {_hash(style)}",
            f"script-src {' '.join(map(_hash, all_scripts))}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    return template("page.html.j2").render(
        title=title,
        body=body,
        policy=policy,
        style=Markup(style),  # noqa: S704  (ours, and looked through above)
        scripts=[Markup(script) for script in all_scripts],  # noqa: S704
    )


def template(name: str) -> "Template":
    """Return a template of this package; it escapes all texts, and knows the filter ``visible``."""
    return _environment().get_template(name)


def source(name: str) -> str:
    """Return the text of a style or script of this package."""
    return (_DIRECTORY / name).read_text(encoding="utf-8")


def data_block(name: str, value: Any) -> Markup:
    r"""Return data for a script of the page: an element that holds JSON, by its id.

    Parameters
    ----------
    name : str
        The element's id.
    value : JSON value
        Any; texts may hold anything.

    Examples
    --------
    >>> print(data_block("rows", ["</script>", 1.5]))
    <script type="application/json" id="rows">["\u003c/script\u003e",1.5]</script>
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = _NOT_ASCII.sub(_as_json, text).translate(_ESCAPES)
    return Markup('<script type="application/json" id="{}">{}</script>').format(
        name,
        Markup(text),  # noqa: S704  (nothing in it can end the element)
    )


def _as_json(letter: re.Match[str]) -> str:
    return letter[0] if letter[0].isprintable() else json.dumps(letter[0])[1:-1]


def safe(text: str) -> str:
    r"""Return a text with an escape for each character that shows nothing, or turns the text.

    >>> safe("a.png"), safe("\u202egnp.exe")
    ('a.png', '\\u202egnp.exe')
    """
    return text if text.isprintable() else visible(text)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_DIRECTORY),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    environment.finalize = _finalized
    return environment


def _finalized(value: Any) -> Any:
    """Return what a template shows of a value: of a text that is not markup, what can be seen."""
    return safe(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
