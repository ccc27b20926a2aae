"""Images in, images out: a chain of operations on each image, or on images that are fused."""

import base64
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mrjob.step import MRStep

from mapreduce_jobs.core.image_job import ImageJob
from mapreduce_jobs.core.protocols import ImageLineProtocol

if TYPE_CHECKING:
    from mapreduce_jobs.imaging.image import Image
    from mapreduce_jobs.imaging.pipeline import Pipeline

_FORMATS = ("tiff", "png", "jp2", "jpeg", "webp")
_BORDERS = ("reflect", "symmetric", "edge", "wrap", "constant")


class ImageTransform(ImageJob):
    """Prepare, process and tidy images; write them as a bundle that every job reads."""

    OUTPUT_PROTOCOL = ImageLineProtocol

    def configure_args(self) -> None:
        """Add the job's options."""
        super().configure_args()
        self.add_passthru_arg(
            "--ops",
            metavar="TEXT",
            help="the operations, in their order: NAME KEY=VALUE … | NAME …, as in"
            " 'scale factor=0.5 | gaussian sigma=1.5'",
        )
        self.arg_parser.add_argument(
            "--ops-file",
            metavar="FILE",
            help="the operations from a YAML or JSON file: a list of names, of such texts, or of"
            " {NAME: {KEY: VALUE}}",
        )
        self.arg_parser.add_argument(
            "--list-ops",
            action="store_true",
            help="show the operations and their parameters, and exit",
        )
        self.add_passthru_arg(
            "--border",
            choices=_BORDERS,
            help="what lies outside an image, for each operation that does not say border=…;"
            " names are those of numpy.pad (by default each operation has its own)",
        )
        self.add_passthru_arg(
            "--format",
            choices=_FORMATS,
            default=_FORMATS[0],
            help="what to write; pixels that a format cannot hold are errors"
            " (default: %(default)s, which holds everything)",
        )
        self.add_passthru_arg(
            "--quality",
            type=int,
            metavar="1…100",
            help="of --format jpeg, webp or jp2",
        )
        self.add_passthru_arg(
            "--lossless",
            action="store_true",
            help="of --format webp or jp2: keep every pixel",
        )
        self.add_passthru_arg(
            "--fuse",
            choices=("mean", "maximum", "pyramid"),
            help="make one image of those that --match brings together, after --ops",
        )
        self.add_passthru_arg(
            "--match",
            metavar="REGEX",
            help="images in whose names its groups match the same text belong together; that text"
            " is the name of the result",
        )
        self.add_passthru_arg(
            "--register",
            choices=("translation", "rigid", "affine"),
            help="align images with the first of them, by name, before they are fused",
        )

    def load_args(self, args: list[str]) -> None:
        """Check the options; what can be known of the operations is known before the job runs."""
        super().load_args(args)
        if self.options.fuse:
            self.done = "prepared"  # measured is what is fused
        if self.is_task():
            return
        if self.options.list_ops:
            from mapreduce_jobs.imaging.listing import listing

            sys.stdout.write(listing())
            sys.exit(0)
        if self.options.ops and self.options.ops_file:
            self.arg_parser.error("--ops-file: does not go with --ops")
        if self.options.fuse and not self.options.match:
            self.arg_parser.error("--fuse: needs --match")
        for name in ("match", "register"):
            if getattr(self.options, name) and not self.options.fuse:
                self.arg_parser.error(f"--{name}: needs --fuse")
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
        from mapreduce_jobs.imaging import encode, registration
        from mapreduce_jobs.imaging.errors import ImagingError, UnsuitableImage

        options = self.options
        option = "--ops-file" if options.ops_file else "--ops"
        try:
            made = self._pipeline().check()
        except (ImagingError, OSError, UnicodeDecodeError) as error:
            self.arg_parser.error(f"{option}: {_sentence(error)}")
        try:
            if options.register:
                registration.check(options.register)
            encode.check(options.format, options.quality, options.lossless)
        except ImagingError as error:
            self.arg_parser.error(str(error))
        reasons = []
        for image in [] if options.fuse else made:
            try:
                self._encode(image)
                return
            except UnsuitableImage as error:
                reasons.append(error)
        if reasons:
            self.arg_parser.error(f"--format {options.format}: {reasons[0]}")

    def _pipeline(self) -> "Pipeline":
        from mapreduce_jobs.imaging.pipeline import Pipeline

        if self.options.ops_file:
            with open(self.options.ops_file, encoding="utf-8") as file:
                return Pipeline.load(file.read(), self.options.border)
        return Pipeline.parse(self.options.ops or "", self.options.border)

    def task_options(self) -> list[str]:
        """Hand tasks the operations, not the file, which lies on this machine alone."""
        return ["--ops", str(self._pipeline())] if self.options.ops_file else []

    def steps(self) -> list[MRStep]:
        """One step: map only, unless images are to be brought together."""
        if not self.options.fuse:
            return [self.map_step()]
        return [
            self.map_step(
                reducer_init=self.mapper_init,
                reducer=self.fuse,
                reducer_final=self.mapper_final,
            )
        ]

    # Tasks

    def mapper_init(self) -> None:
        """Read the operations once."""
        super().mapper_init()
        self._operations = self._pipeline()

    def outcome(self, name: str, data: bytes) -> tuple[str, Any]:
        """Return what one image becomes: a file, or what is to be fused."""
        from mapreduce_jobs.imaging.decode import decode
        from mapreduce_jobs.imaging.encode import encode

        self.count("bytes read", len(data))
        image = self._operations(decode(data, self.options.max_pixels))
        if not self.options.fuse:
            return self._named(name), self._written(image)
        file = base64.b64encode(encode(image, "tiff")).decode()
        return self._key(name), {"name": name, "file": file}

    def fuse(self, key: str, values: Iterable[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
        """Fuse the images of a key; those that cannot be are errors, each under its own name."""
        images = []
        for value in values:
            if "error" in value:
                yield key, value
            else:
                images.append((value["name"], value["file"]))
        if not images:
            return
        images.sort()
        try:
            fused = self._written(self._fused(images))
        except Exception as error:
            for name, _ in images:
                yield from self.failed(name, error)
            return
        self.count("measured", len(images))
        yield self._named(key), fused

    def _fused(self, images: list[tuple[str, str]]) -> "Image":
        from mapreduce_jobs.imaging.errors import NoPartner
        from mapreduce_jobs.imaging.fusion import fuse
        from mapreduce_jobs.imaging.registration import register

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
        from mapreduce_jobs.imaging.encode import notes

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
        """Return the name of a result: folders stay, and the ending tells the format."""
        from mapreduce_jobs.imaging.encode import ENDINGS

        endings = ENDINGS[self.options.format]
        return name if name.lower().endswith(endings) else f"{name}{endings[0]}"

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


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    return "not a text in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


if __name__ == "__main__":
    ImageTransform.run()
