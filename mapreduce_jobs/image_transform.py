"""Images in, images out: a chain of operations on each, and one image of several."""

import base64
import io
import math
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from hdfs_tools.bundles.failure import Failure
from mapreduce_jobs.core.inputs.image_reader import Item
from mapreduce_jobs.core.jobs.image_job import ImageJob
from mapreduce_jobs.core.options.transform_options import FORMATS, add_options
from mapreduce_jobs.core.results.protocols import ImageLineProtocol
from mapreduce_jobs.core.runners.mrjob_compat import MRStep

if TYPE_CHECKING:
    from mapreduce_jobs.imaging.dicom.header import Beginning
    from mapreduce_jobs.imaging.image import Image
    from mapreduce_jobs.imaging.pipelines.pipeline import Pipeline


class ImageTransform(ImageJob):
    """Prepare, process and tidy images; write them as a bundle that every job reads."""

    OUTPUT_PROTOCOL = ImageLineProtocol

    def configure_args(self) -> None:
        """Add the job's options."""
        super().configure_args()
        add_options(self.add_passthru_arg, self.arg_parser.add_argument)

    def load_args(self, args: list[str]) -> None:
        """Check the options; what can be known of the operations is known before the job runs."""
        super().load_args(args)
        self._is_together = bool(self.options.fuse or self.options.stack)
        if self._is_together:
            self.done = "prepared"  # measured is what is brought together
        if self.is_task():
            return
        if self.options.list_ops:
            from mapreduce_jobs.imaging.pipelines.listing import listing

            sys.stdout.write(listing())
            sys.exit(0)
        if self.options.ops and self.options.ops_file:
            self.arg_parser.error("--ops-file: does not go with --ops")
        if self.options.fuse and not self.options.match:
            self.arg_parser.error("--fuse: needs --match")
        for name in ("match", "register"):
            if getattr(self.options, name) and not self.options.fuse:
                self.arg_parser.error(f"--{name}: needs --fuse")
        if self.options.stack and self.options.fuse:
            self.arg_parser.error("--stack: does not go with --fuse")
        if self.options.stack and self.options.format != FORMATS[0]:
            self.arg_parser.error(f"--stack: needs --format {FORMATS[0]}, which holds many frames")
        self._check_match()
        self._check_operations()

    def _check_match(self) -> None:
        try:
            pattern = re.compile(self.options.match or "()")
        except re.error as error:
            self.arg_parser.error(f"--match: {self.options.match}: {error}")
        if not pattern.groups:
            self.arg_parser.error(
                f"--match: {self.options.match}: has no group, such as '(.*)-(?:ct|mr)\\.dcm'"
            )

    def _check_operations(self) -> None:
        """Say what is wrong with the operations or the format, wherever no image is needed."""
        from mapreduce_jobs.imaging import encode
        from mapreduce_jobs.imaging.errors import ImagingError, UnsuitableImage
        from mapreduce_jobs.imaging.registration import register

        options = self.options
        option = "--ops-file" if options.ops_file else "--ops"
        try:
            made = self._pipeline().check()
        except (ImagingError, OSError, UnicodeDecodeError) as error:
            self.arg_parser.error(f"{option}: {_sentence(error)}")
        try:
            if options.register:
                register.check(options.register)
            encode.check(options.format, options.quality, options.lossless)
        except ImagingError as error:
            self.arg_parser.error(str(error))
        reasons = []
        for image in [] if self._is_together else made:
            try:
                self._encode(image)
                return
            except UnsuitableImage as error:
                reasons.append(error)
        if reasons:
            self.arg_parser.error(f"--format {options.format}: {reasons[0]}")

    def _pipeline(self) -> "Pipeline":
        from mapreduce_jobs.imaging.pipelines.pipeline import Pipeline

        if self.options.ops_file:
            with open(self.options.ops_file, encoding="utf-8") as file:
                return Pipeline.load(file.read(), self.options.border)
        return Pipeline.parse(self.options.ops or "", self.options.border)

    def task_options(self) -> list[str]:
        """Hand tasks the operations, not the file, which lies on this machine alone."""
        return ["--ops", str(self._pipeline())] if self.options.ops_file else []

    def steps(self) -> list[MRStep]:
        """One step: map only, unless images are to be brought together."""
        if not self._is_together:
            return [self.map_step()]
        return [
            self.map_step(
                reducer_init=self.mapper_init,
                reducer=self.together,
                reducer_final=self.mapper_final,
            )
        ]

    # Tasks

    def mapper_init(self) -> None:
        """Read the operations once."""
        super().mapper_init()
        self._operations = self._pipeline()

    def outcome(self, name: str, item: Item) -> list[tuple[str, Any]]:
        """Return what one image becomes: a file, or what is to be brought together."""
        data, beginning = item.read(), item.beginning
        self.count("bytes read", len(data))
        if self.options.stack:
            return [self._slices(name, data, beginning)]
        image = self._operations(self.decode(data, beginning).image)
        if not self._is_together:
            return [(self._named(name), self._written(image))]
        return [(self._key(name), {"name": name, "file": _prepared(image)})]

    def _slices(
        self, name: str, data: bytes, beginning: "Beginning | None"
    ) -> tuple[str, dict[str, Any]]:
        """Return the series of a file, and its slices."""
        from mapreduce_jobs.imaging.dicom.header import read_beginning
        from mapreduce_jobs.imaging.dicom.series.slices import series_of, slices_of
        from mapreduce_jobs.imaging.errors import NotDicom

        beginning = beginning or read_beginning(io.BytesIO(data))
        header = beginning.header
        if header is None:
            raise NotDicom("it has no DICOM header, and so belongs to no series")
        series = series_of(header)
        slices = [
            {
                "file": _prepared(self._operations(one.image)),
                "position": asdict(one.position),
                "rescale": one.rescale,
                "frame": one.frame,
            }
            for one in slices_of(name, self.decode(data, beginning).image, header)
        ]
        return series, {"name": name, "slices": slices}

    def together(
        self, key: str, values: Iterable[dict[str, Any] | Failure]
    ) -> Iterator[tuple[str, Any]]:
        """Make one image of those of a key; what cannot be in it is an error under its own name."""
        members = []
        for value in values:
            if isinstance(value, Failure):
                yield key, value
            else:
                members.append(value)
        if not members:
            return
        members.sort(key=itemgetter("name"))
        left_out: Sequence[tuple[str, Exception]] = ()
        try:
            if self.options.stack:
                images, left_out = self._stacked(members)
            else:
                images = [self._fused([(member["name"], member["file"]) for member in members])]
            made = [(image.notes.get("part"), self._written(image)) for image in images]
        except Exception as error:
            for member in members:
                yield from self.failed(member["name"], error)
            return
        for name, reason in left_out:
            yield from self.failed(name, reason)
        self.count("measured", len(members) - len(left_out))
        for part, file in made:
            yield self._named(f"{key}-{part['number']}" if part else key), file

    def _stacked(
        self, members: list[dict[str, Any]]
    ) -> tuple[list["Image"], Sequence[tuple[str, Exception]]]:
        """Return the volumes, and which files are not whole in them."""
        from mapreduce_jobs.imaging.dicom.series.slice_position import SlicePosition
        from mapreduce_jobs.imaging.dicom.series.slices import Slice, by_file
        from mapreduce_jobs.imaging.dicom.series.volume import volumes
        from mapreduce_jobs.imaging.errors import TooManyPixels

        slices: list[Slice] = []
        pixels = 0
        for name, one in ((member["name"], one) for member in members for one in member["slices"]):
            image = self._kept(one["file"])
            pixels += math.prod(image.pixels.shape[:3])
            if pixels > self.options.max_pixels:
                raise TooManyPixels(
                    "the slices of its series have more pixels together than --max-pixels"
                    f" {self.options.max_pixels}"
                )
            position = SlicePosition(**one["position"])
            slices.append(Slice(name, image, position, tuple(one["rescale"]), one["frame"]))
        images, others = volumes(slices)
        return images, by_file(others)

    def _fused(self, images: list[tuple[str, str]]) -> "Image":
        from mapreduce_jobs.imaging.errors import NoPartner
        from mapreduce_jobs.imaging.registration.fusion import fuse
        from mapreduce_jobs.imaging.registration.register import register

        if len(images) < 2:
            raise NoPartner("no other image belongs to it, by --match")
        first, *others = (self._kept(text) for _, text in images)
        transforms = []
        if self.options.register:
            for index, moving in enumerate(others):
                others[index], found = register(first, moving, self.options.register)
                transforms.append(found)
        notes: dict[str, Any] = {"fused": [name for name, _ in images]}
        if transforms:
            notes["registered"] = transforms
        image = fuse([first, *others], self.options.fuse)
        return replace(image, notes={**image.notes, **notes})

    def _kept(self, text: str) -> "Image":
        """Return an image that a mapper has prepared."""
        from mapreduce_jobs.imaging.decode import decode
        from mapreduce_jobs.imaging.description import notes

        data = base64.b64decode(text)
        return replace(decode(data, self.options.max_pixels), notes=notes(data))

    def _written(self, image: "Image") -> bytes:
        data = self._encode(image)
        self.count("bytes written", len(data))
        return data

    def _encode(self, image: "Image") -> bytes:
        from mapreduce_jobs.imaging.encode import encode

        options = self.options
        return encode(image, options.format, options.quality, options.lossless)

    # Names

    def _named(self, name: str) -> str:
        """Return the name of a result: directories stay, and the ending says the format."""
        from mapreduce_jobs.imaging.encode import with_ending

        return with_ending(name, self.options.format)

    def _key(self, name: str) -> str:
        from mapreduce_jobs.imaging.errors import NoPartner

        found = re.search(self.options.match, name)
        if found is None:
            raise NoPartner("its name does not match --match")
        return "/".join(group or "" for group in found.groups())

    def finished(self, runner: Any) -> None:
        """Say how many bytes there were and are."""
        images = runner.counters()[0].get("images", {})
        if images.get("bytes written"):
            read, written = images["bytes read"], images["bytes written"]
            self.say(
                f"{read:,} bytes of images read, {written:,} written as {self.options.format}"
                f" ({written / read:.1%})"
            )
        super().finished(runner)


def _prepared(image: "Image") -> str:
    """Return an image as a mapper hands it to what brings images together."""
    from mapreduce_jobs.imaging.encode import encode

    return base64.b64encode(encode(image, "tiff")).decode()


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    return "not a text in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


if __name__ == "__main__":
    ImageTransform.run()
