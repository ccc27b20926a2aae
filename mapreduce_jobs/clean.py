"""Duplicate, blank, blurred and clipped images of a collection."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from hdfs_tools.bundles.failure import Failure
from hdfs_tools.bundles.record import Record, bundle_line, encode_name, reference_line
from mapreduce_jobs.core.inputs.image_reader import Item
from mapreduce_jobs.core.jobs.image_job import ImageJob
from mapreduce_jobs.core.results.protocols import JSONLineProtocol
from mapreduce_jobs.core.results.result_sums import result_and_sums
from mapreduce_jobs.core.runners.mrjob_compat import MRStep

if TYPE_CHECKING:
    from mapreduce_jobs.imaging.image import Image

_MAX_DISTANCE = 10  # of 64 bits; above, images that have nothing in common come near
_CONTENT, _BAND, _PAIRS, _IMAGE = "content:", "band:", "pairs", "image:"
_FIELDS = ("reasons", "duplicate_of", "contrast", "sharpness", "clipped")

Message = tuple[str, dict[str, Any] | Failure]


class _RecordOrJSONProtocol:
    r"""Lines as they are, which a mapper has made, and what JSON has.

    >>> _RecordOrJSONProtocol().write("a.png", b"/data/./a.png")
    b'/data/./a.png'
    """

    def write(self, name: str, value: bytes | Failure | dict[str, Any]) -> bytes:
        """Return the line."""
        return value if isinstance(value, bytes) else JSONLineProtocol().write(name, value)


class Clean(ImageJob):
    """Flag duplicate, blank, blurred and clipped images; or write lists of what to keep or reject.

    An image is rejected if it is blank, out of focus or clipped, by the options; if an image with
    the same pixels comes before it by name; or if an image that looks much the same does, of those
    that are not rejected for anything else.
    """

    OUTPUT_PROTOCOL = _RecordOrJSONProtocol

    def configure_args(self) -> None:
        """Add the job's options."""
        super().configure_args()
        self.add_passthru_arg(
            "--min-contrast",
            type=float,
            default=0.0,
            metavar="T",
            help="reject as blank what has a standard deviation of grey levels below it, and in any"
            " case what has the same everywhere (default: %(default)s)",
        )
        self.add_passthru_arg(
            "--min-sharpness",
            type=float,
            metavar="T",
            help="reject as out of focus what has a variance of the Laplacian, in squares of grey"
            " levels, below it; by default nothing",
        )
        self.add_passthru_arg(
            "--max-clipped",
            type=float,
            metavar="SHARE",
            help="reject as clipped what has more than this share of its pixels at the least or the"
            " greatest value that its bits can hold, 0 to 1; by default nothing",
        )
        self.add_passthru_arg(
            "--near-distance",
            type=int,
            metavar="BITS",
            help="reject near duplicates, too: what differs in so many of 64 bits of a perceptual"
            f" hash from an image before it by name, 0 to {_MAX_DISTANCE}, or is connected with it"
            " by images that do; neighbouring slices of a volume may be such",
        )
        self.add_passthru_arg(
            "--output",
            choices=("verdicts", "kept", "rejected"),
            default="verdicts",
            help="one JSON line an image (the default); or a list, for other jobs to read, of the"
            " images to keep or of the others, with the verdict of each: references as they were"
            " given, images of bundles as a bundle",
        )

    def load_args(self, args: list[str]) -> None:
        """Check the options."""
        super().load_args(args)
        options = self.options
        for name in ("min_contrast", "min_sharpness"):
            value = getattr(options, name)
            if value is not None and not 0 <= value < 1e300:
                self.arg_parser.error(f"--{name.replace('_', '-')}: must be a number, 0 or more")
        if options.max_clipped is not None and not 0 <= options.max_clipped <= 1:
            self.arg_parser.error("--max-clipped: must be a number from 0 to 1")
        if options.near_distance is None:
            return
        if not 0 <= options.near_distance <= _MAX_DISTANCE:
            self.arg_parser.error(f"--near-distance: must be 0 to {_MAX_DISTANCE}")
        if not self.is_task():
            self._check_package()

    def _check_package(self) -> None:
        from mapreduce_jobs.imaging.errors import MissingExtra
        from mapreduce_jobs.imaging.measures.hashes import check

        try:
            check()
        except MissingExtra as error:
            self.arg_parser.error(f"--near-distance: {error}")

    def steps(self) -> list[MRStep]:
        """Equal pixels; hashes of which a band is equal, and what they connect; verdicts."""
        near = [MRStep(reducer=self.bands_reducer), MRStep(reducer=self.pairs_reducer)]
        return [
            self.map_step(reducer=self.content_reducer),
            *(near if self.options.near_distance is not None else []),
            MRStep(reducer=self.images_reducer, reducer_final=self.mapper_final),
        ]

    # What travels between the steps: messages about an image, in the end under its identity, which
    # is its name and the hash of its pixels, since bundles may hold a name twice

    def outcome(self, name: str, item: Item) -> list[Message]:
        """Return what is to be known of an image, under the hash of its pixels."""
        from mapreduce_jobs.imaging.measures.hashes import content_hash, perceptual_hash

        image = self.decode(item.read(), item.beginning).image
        found = {"name": name, **self._judged(image), "code": None}
        if self.options.near_distance is not None and not found["reasons"]:
            found["code"] = perceptual_hash(image)
        content = content_hash(image)
        messages: list[Message] = [(_CONTENT + content, found)]
        if self.options.output != "verdicts":
            line = _line_of(item).decode("utf-8", "surrogateescape")
            messages.append((_identity(name, content), {"line": line}))
        return messages

    def failed_image(self, name: str, item: Item, error: Exception) -> Iterator[Message]:
        """Send the failure to where the image's verdict would be."""
        for _, failure in super().failed_image(name, item, error):
            yield _identity(name, ""), failure

    def _judged(self, image: "Image") -> dict[str, Any]:
        """Return what is wrong with an image by itself, and the measures that show it."""
        from mapreduce_jobs.imaging.measures.grey_levels import levels_of
        from mapreduce_jobs.imaging.measures.quality import clipped, rms_contrast, sharpness

        options = self.options
        levels = levels_of(image)
        contrast, detail = rms_contrast(levels), sharpness(image)
        at_ends = None if image.pixels.dtype.kind == "f" else clipped(image, levels)
        reasons = []
        if not contrast or contrast < options.min_contrast:
            reasons.append("blank")
        if options.min_sharpness is not None and detail < options.min_sharpness:
            reasons.append("out of focus")
        if None not in (options.max_clipped, at_ends) and at_ends > options.max_clipped:
            reasons.append("clipped")
        return {"contrast": contrast, "sharpness": detail, "clipped": at_ends, "reasons": reasons}

    def content_reducer(self, key: str, values: Iterable[dict[str, Any]]) -> Iterator[Message]:
        """Keep the first by name of images with the same pixels."""
        if not key.startswith(_CONTENT):
            yield from ((key, value) for value in values)
            return
        content = key.removeprefix(_CONTENT)
        first: str | None = None
        for value in sorted(values, key=itemgetter("name")):
            name, code = value.pop("name"), value.pop("code")
            identity = _identity(name, content)
            if self.keeps_sums():
                value["alone"] = {"code": code, "reasons": list(value["reasons"])}
            if first is not None:
                value["reasons"].append("duplicate")
            yield identity, {**value, "duplicate_of": first}
            if first is None:
                first = name
                yield from self._bands_of(identity, code)

    def _bands_of(self, identity: str, code: int | None) -> Iterator[Message]:
        from mapreduce_jobs.imaging.measures.hashes import bands

        if code is None:
            return
        for number, band in enumerate(bands(code, self.options.near_distance)):
            yield f"{_BAND}{number}:{band:x}", {"identity": identity, "code": code}

    def bands_reducer(self, key: str, values: Iterable[dict[str, Any]]) -> Iterator[Message]:
        """Find which of the images that share a band are near each other."""
        from mapreduce_jobs.imaging.measures.hashes import near_pairs

        if not key.startswith(_BAND):
            yield from ((key, value) for value in values)
            return
        found = [(value["code"], value["identity"]) for value in values]
        codes, identities = zip(*found, strict=True)
        for pair in near_pairs(codes, identities, self.options.near_distance):
            yield _PAIRS, {"pair": pair}

    def pairs_reducer(self, key: str, values: Iterable[dict[str, Any]]) -> Iterator[Message]:
        """Find what all pairs together connect."""
        from mapreduce_jobs.imaging.measures.hashes import firsts

        if key != _PAIRS:
            yield from ((key, value) for value in values)
            return
        for identity, first in firsts(value["pair"] for value in values).items():
            yield identity, {"near": _name_in(first)}

    def images_reducer(self, key: str, values: Iterable[dict[str, Any] | Failure]) -> Iterator[Any]:
        """Bring together what is known of an image, or of several with one name and content."""
        name = _name_in(key)
        verdicts, lines, near = [], [], None
        for value in values:
            if isinstance(value, Failure):
                if self.options.output != "kept":
                    yield name, value
            elif "line" in value:
                lines.append(value["line"].encode("utf-8", "surrogateescape"))
            elif "near" in value:
                near = value["near"]
            else:
                verdicts.append(value)
        verdicts.sort(key=lambda verdict: "duplicate" in verdict["reasons"])
        if near is not None:
            verdicts[0]["reasons"].append("near duplicate")
            verdicts[0]["duplicate_of"] = near
        for verdict, line in zip_longest(verdicts, sorted(lines)):
            yield from self._output_of(key, verdict, line)

    def _output_of(
        self, identity: str, verdict: dict[str, Any], line: bytes | None
    ) -> Iterator[Any]:
        """Yield what ``--output`` asks for of one image."""
        name, reasons = _name_in(identity), verdict["reasons"]
        self.count("rejected" if reasons else "kept")
        for reason in reasons:
            self.count(f"rejected: {reason}")
        record = {"kept": not reasons, **{key: verdict[key] for key in _FIELDS}}
        if self.options.output == "verdicts":
            content = identity.rpartition("\0")[2]
            yield name, self.with_sums(record, {"content": content, **verdict.get("alone", {})})
        elif (self.options.output == "kept") == (not reasons):
            yield name, line
            if reasons:
                yield name, {"audit": record}

    # Incremental verdicts

    @classmethod
    def is_incremental(cls) -> bool:
        """Return True: verdicts may hold what they were made of."""
        return True

    def why_not_incremental(self) -> str | None:
        """Return why lists cannot be incremental."""
        return None if self.options.output == "verdicts" else "goes with --output verdicts"

    def pass_through(self, key: Any, value: Any) -> Iterator[Message]:
        """Pass through what is known of an image of a previous result, as the mapper does."""
        result, sums = result_and_sums(value)
        if sums is None:
            yield _identity(key, ""), result
            return
        totals = sums["totals"]
        measures = {name: value[name] for name in ("contrast", "sharpness", "clipped")}
        known = {"reasons": totals["reasons"], "code": totals["code"]}
        yield _CONTENT + totals["content"], {"name": key, **measures, **known}

    def finished(self, runner: Any) -> None:
        """Say how many images were rejected, and why."""
        counted: Counter[str] = Counter()
        for step in runner.counters():
            counted.update(step.get("images", {}))
        if counted["rejected"]:
            prefix = "rejected: "
            reasons = sorted(name for name in counted if name.startswith(prefix))
            each = ", ".join(f"{counted[name]} {name.removeprefix(prefix)}" for name in reasons)
            total = counted["kept"] + counted["rejected"]
            self.say(f"{counted['rejected']} of {total} images rejected: {each}")
        super().finished(runner)


def _identity(name: str, content: str) -> str:
    return f"{_IMAGE}{name}\0{content}"


def _name_in(identity: str) -> str:
    return identity.removeprefix(_IMAGE).rpartition("\0")[0]


def _line_of(item: Item) -> bytes:
    """Return the line that an image came as, without its end."""
    source = item.source
    if isinstance(source, Record):
        return encode_name(source.name).encode() + b"\t" + source.encoded
    if source.is_stored:  # on HDFS, where it is deleted when the job is done
        return bundle_line(source.name, item.read()).rstrip(b"\n")
    return reference_line(source).rstrip(b"\n")


if __name__ == "__main__":
    Clean.run()
