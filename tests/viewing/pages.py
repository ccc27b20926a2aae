"""What a page of a comparison, or a picture of one, holds."""

import base64
import io
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

MARGIN = 24  # around the pictures of a figure


class Page(HTMLParser):
    """What tests ask of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: list[str] = []
        self.images: list[dict] = []
        self.values: list[np.ndarray] = []
        self.text = ""
        self._attributes: dict = {}
        self._tag = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self._tag, self._attributes = tag, dict(attributes)
        if tag == "img":
            self.images.append(self._attributes)
        if self._attributes.get("class") == "name":
            self.names.append("")

    def handle_endtag(self, tag):
        self._tag, self._attributes = "", {}

    def handle_data(self, data):
        kind = self._attributes.get("class")
        if kind == "values":
            about = self._attributes
            shape = [int(about[f"data-{name}"]) for name in ("rows", "columns", "channels")]
            inflated = zlib.decompress(base64.b64decode(data))
            dtype = np.dtype(about["data-dtype"]).newbyteorder("<")
            self.values.append(np.frombuffer(inflated, dtype).reshape(-1, *shape))
        elif kind == "name":
            self.names[-1] += data
        elif self._tag not in ("script", "style"):
            self.text += data

    def pixels(self, index: int) -> np.ndarray:
        return pixels_of(self.images[index]["src"])


def pixels_of(uri: str) -> np.ndarray:
    """Decode a data: URI of a picture."""
    return np.asarray(PillowImage.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def figure_panel(path: Path, left: int, top: int, shape: tuple[int, int]) -> np.ndarray:
    """Return a part of a figure, which must be grey."""
    with PillowImage.open(path) as figure:
        assert figure.mode == "RGB"
        part = np.asarray(figure.crop((left, top, left + shape[1], top + shape[0])))
    assert (part == part[..., :1]).all()
    return part[..., 0]
