"""De-identified copies of images: DICOM by the standard's profile, others without metadata."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mapreduce_jobs.core.inputs.image_reader import Item
from mapreduce_jobs.core.jobs.image_job import ImageJob
from mapreduce_jobs.core.results.protocols import ImageLineProtocol
from mapreduce_jobs.core.runners.shipping import shipped

if TYPE_CHECKING:
    from mapreduce_jobs.imaging.dicom.header import Beginning
    from mapreduce_jobs.privacy.pixels.blanking import Blanking
    from mapreduce_jobs.privacy.settings import Settings

_KEY_VARIABLE = "DEIDENTIFY_KEY"
_RETAIN = ("uids", "device", "institution", "patient", "dates", "safe-private")
_CLEAN = ("descriptors", "structured", "graphics", "pixels")
_HERE = ("inline", "local")
# As tasks have them, whatever they are called here.
_KEY_FILE, _RULES_FILE = "deidentify.key", "pixel-rules.yaml"


class Deidentify(ImageJob):
    """Remove from images what identifies the patient; write them as a bundle, with an audit."""

    OUTPUT_PROTOCOL = ImageLineProtocol
    notes_images = False  # a node's logs are no place for names
    done = "de-identified"

    def configure_args(self) -> None:
        """Add the job's options."""
        super().configure_args()
        self.arg_parser.add_argument(
            "--key-file",
            metavar="FILE",
            help="the secret that UIDs, pseudonyms and names are made with, 16 bytes or more; else"
            f" the variable {_KEY_VARIABLE}. Make one with: openssl rand -hex 32 > key",
        )
        self.add_passthru_arg(
            "--retain",
            metavar="LIST",
            default="",
            help=f"what stays, with commas between: {', '.join(_RETAIN)}",
        )
        self.add_passthru_arg(
            "--shift-dates",
            action="store_true",
            help="keep dates, each patient's moved by a number of days; times stay",
        )
        self.add_passthru_arg(
            "--clean",
            metavar="LIST",
            default="",
            help="what is cleaned in place of being removed, with commas between:"
            " descriptors (known words stay), structured (reports without their texts),"
            " graphics (annotations without their texts), pixels (text that a device writes is"
            " blanked)",
        )
        self.arg_parser.add_argument(
            "--pixel-rules",
            metavar="FILE",
            help="where devices write text, for --clean pixels, in place of the rules that come"
            " with this project",
        )
        self.add_passthru_arg(
            "--find-text",
            action="store_true",
            help="with --clean pixels: look for text in images that may hold some, and blank it;"
            " needs the extra ocr",
        )
        self.add_passthru_arg(
            "--keep-names",
            action="store_true",
            help="name the results as the images are; for names that identify nobody",
        )
        self.add_passthru_arg(
            "--list-names",
            action="store_true",
            help="only show which image each result or error is of: the last part of the new name,"
            " without its ending, and the old name",
        )
        self.add_passthru_arg(
            "--check",
            action="store_true",
            help="only show what would still identify the patient, attributes and no values;"
            " needs no key",
        )

    def load_args(self, args: list[str]) -> None:
        """Check the options, and the key, before the job runs."""
        super().load_args(args)
        if self.options.list_names:
            self.done = "listed"
        elif self.options.check:
            self.done = "checked"
        if self.is_task():
            return
        for name, known in (("retain", _RETAIN), ("clean", _CLEAN)):
            for word in _words(getattr(self.options, name)):
                if word not in known:
                    self.arg_parser.error(f"--{name}: {word}: must be of {', '.join(known)}")
        if self.options.shift_dates and "dates" in _words(self.options.retain):
            self.arg_parser.error("--shift-dates: does not go with --retain dates")
        for name in ("pixel_rules", "find_text"):
            if getattr(self.options, name) and "pixels" not in _words(self.options.clean):
                self.arg_parser.error(f"--{name.replace('_', '-')}: needs --clean pixels")
        for name in ("values", "window"):
            if getattr(self.options, name) not in (None, "stored"):
                self.arg_parser.error(f"--{name}: pixels pass through as they are stored")
        if self.options.list_names:
            self._check_list_names()
        self._check_rules()
        self._key = b"" if self.options.check else self._secret()

    def _check_list_names(self) -> None:
        for name in ("check", "keep_names"):
            if getattr(self.options, name):
                self.arg_parser.error(f"--list-names: does not go with --{name.replace('_', '-')}")
        if (self.options.runner or "inline") not in _HERE:
            self.arg_parser.error(
                f"--list-names: only with -r {' or '.join(_HERE)}: names stay on this machine"
            )

    def _secret(self) -> bytes:
        from mapreduce_jobs.core.options.secrets import read_secret
        from mapreduce_jobs.imaging.errors import BadParameter
        from mapreduce_jobs.privacy.pseudonyms import Pseudonymiser

        path = self.options.key_file
        secret = read_secret(path, _KEY_VARIABLE, self.say)
        try:
            Pseudonymiser(secret)
        except BadParameter as error:
            self.arg_parser.error(f"{'--key-file' if path else _KEY_VARIABLE}: {error}")
        return secret

    def _check_rules(self) -> None:
        from mapreduce_jobs.imaging.errors import ImagingError

        if self.options.find_text:
            from mapreduce_jobs.privacy.pixels import text_detector

            try:
                text_detector.check()
            except ImagingError as error:
                self.arg_parser.error(f"--find-text: {error}")
        path = self.options.pixel_rules
        if not path:
            return
        try:
            self._blanking()
        except OSError as error:
            self.arg_parser.error(f"--pixel-rules: {path}: {error.strerror}")
        except UnicodeDecodeError:
            self.arg_parser.error(f"--pixel-rules: {path}: not a text in UTF-8")
        except ImagingError as error:
            self.arg_parser.error(f"--pixel-rules: {path}: {error}")

    # What tasks get

    def run_job(self) -> None:
        """Run the job; the key lies in a file that only this user can read, until it has run."""
        if self.options.check:
            super().run_job()
            return
        from mapreduce_jobs.core.options.secrets import private_file

        with private_file(_KEY_FILE, self._key) as self._key_path:
            super().run_job()

    def task_options(self) -> list[Any]:
        """Hand tasks the key and the rules, as files beside them."""
        if self.options.check:
            return []
        options: list[Any] = ["--key-file", shipped(self._key_path, _KEY_FILE)]
        if self.options.pixel_rules:
            options += ["--pixel-rules", shipped(self.options.pixel_rules, _RULES_FILE)]
        return options

    # Tasks

    def mapper_init(self) -> None:
        """Read the key and the rules once."""
        super().mapper_init()
        self._settings = self._made_settings()
        if self.options.check:
            return
        from mapreduce_jobs.privacy.pseudonyms import Pseudonymiser

        with open(self.options.key_file, "rb") as file:
            self._pseudonymiser = Pseudonymiser(file.read())
        self._text_in_pixels = self._blanking()

    def _made_settings(self) -> "Settings":
        from mapreduce_jobs.privacy.settings import Settings

        options = self.options
        return Settings(
            frozenset(_words(options.retain)), options.shift_dates, frozenset(_words(options.clean))
        )

    def _blanking(self) -> "Blanking | None":
        if "pixels" not in _words(self.options.clean):
            return None
        from mapreduce_jobs.privacy.pixels.blanking import Blanking
        from mapreduce_jobs.privacy.pixels.burned_in import Rules

        if self.options.pixel_rules:
            with open(self.options.pixel_rules, encoding="utf-8") as file:
                rules = Rules.parse(file.read())
        else:
            rules = Rules.default()
        return Blanking(rules, self.options.find_text, self.options.max_pixels)

    def outcome(self, name: str, item: Item) -> list[tuple[str, Any]]:
        """Return the new name, with the new file and its audit; or what is asked for instead."""
        if self.options.list_names:
            return [(self._token(name), name)]
        from mapreduce_jobs.imaging.formats.file_formats import format_of

        data, beginning = item.read(), item.beginning
        kind = beginning.format if beginning else format_of(data)
        if self.options.check:
            found = self._findings(name, data, kind, beginning)
            self.count("to be looked at", bool(found))
            return [(name, {"findings": found})]
        if kind == "DICOM":
            from mapreduce_jobs.privacy.dicom.dataset import deidentify
            from mapreduce_jobs.privacy.file_names import name_of_dicom

            made = deidentify(
                data, self._settings, self._pseudonymiser, self._text_in_pixels, beginning
            )
            new = name_of_dicom(self._pseudonymiser, name, made.source_ids)
            written, audit = made.data, made.audit.result()
        else:
            from mapreduce_jobs.privacy.audit import audit_of_raster
            from mapreduce_jobs.privacy.file_names import name_of_raster
            from mapreduce_jobs.privacy.metadata.removal import strip

            written, removed = strip(data, kind)
            new = name_of_raster(self._pseudonymiser, name, kind, written)
            audit = audit_of_raster(kind, removed)
        self.count("to be looked at", bool(audit["review"]))
        if self.options.keep_names:
            new = name
        return [(new, written), (new, {"audit": audit})]

    def _findings(
        self, name: str, data: bytes, kind: str, beginning: "Beginning | None"
    ) -> list[dict[str, Any]]:
        if kind == "DICOM":
            from mapreduce_jobs.privacy.dicom.check import findings

            return findings(data, self._settings, name, beginning)
        from mapreduce_jobs.privacy.metadata.removal import metadata

        return [{"what": what, "kind": "metadata", "count": 1} for what in metadata(data, kind)]

    # What is said of images that fail: neither their names nor anything of their content

    def failed(self, name: str, error: Exception) -> Iterator[tuple[Any, Any]]:
        """Apply ``--on-error`` to an image that failed, in words that identify nobody."""
        from mapreduce_jobs.core.jobs.refusals import refusal

        yield from super().failed(self._token(name), refusal(error))

    def _token(self, name: str) -> str:
        if self.options.check or self.options.keep_names:
            return name
        from mapreduce_jobs.privacy.file_names import token_of

        return token_of(self._pseudonymiser, name)

    def finished(self, runner: Any) -> None:
        """Say how many images a person must look at."""
        images = runner.counters()[0].get("images", {})
        if number := images.get("to be looked at"):
            where = "their findings" if self.options.check else "'review' in their audit lines"
            self.say(f"{number} of {images['read']} images are to be looked at: {where} say why")
        super().finished(runner)

    def log_traceback(self, about: str) -> None:
        """Write where the exception being handled came from, without its message."""
        from mapreduce_jobs.core.jobs.refusals import traceback_without_values

        self.stderr.write(f"{about}:\n{traceback_without_values()}\n".encode())
        self.stderr.flush()


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


if __name__ == "__main__":
    Deidentify.run()
