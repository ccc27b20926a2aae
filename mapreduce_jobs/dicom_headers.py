"""A catalogue of DICOM images: elements of their headers, one JSON line an image."""

from typing import TYPE_CHECKING, Any

from mapreduce_jobs.core.inputs.image_reader import Item
from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.core.jobs.image_job import ImageJob

if TYPE_CHECKING:  # slow to import
    from mapreduce_jobs.imaging.dicom.keywords import Element

_ALL = "all"
# What a catalogue needs; nothing that names a patient, and no text that somebody typed.
_DEFAULT = (
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "TransferSyntaxUID",
    "Modality",
    "BodyPartExamined",
    "Manufacturer",
    "ManufacturerModelName",
    "ImageType",
    "SeriesNumber",
    "InstanceNumber",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsStored",
    "PhotometricInterpretation",
    "PixelSpacing",
    "SliceThickness",
    "ImagePositionPatient",
    "ImageOrientationPatient",
)


class DicomHeaders(ImageJob):
    """List elements of the headers of DICOM images; their pixels are not read."""

    reads_pixels = False

    def configure_args(self) -> None:
        """Add the job's options."""
        super().configure_args()
        self.add_passthru_arg(
            "--tags",
            dest="elements",  # mrjob has options of its own by the name tags
            metavar="NAMES",
            default=",".join(_DEFAULT),
            help="keywords of elements, with commas between, what lies in a sequence behind a dot:"
            " Modality,RequestAttributesSequence.ScheduledProcedureStepID; or all, which is"
            " everything but pixels and binary values of more than 64 bytes, names of patients"
            f" too; by default {len(_DEFAULT)} that describe the image and not the patient",
        )

    def load_args(self, args: list[str]) -> None:
        """Check the options."""
        super().load_args(args)
        if not self.is_task():
            self._elements()  # what is wrong with them is best said now

    def _elements(self) -> "tuple[Element, ...] | None":
        """Return what to list; None for everything."""
        from mapreduce_jobs.imaging.dicom.keywords import Element
        from mapreduce_jobs.imaging.errors import BadParameter

        if self.options.elements == _ALL:
            return None
        names = dict.fromkeys(name.strip() for name in self.options.elements.split(","))
        try:
            return tuple(map(Element.named, names))
        except BadParameter as error:
            raise UsageError(f"--tags: {error}") from None

    # Tasks

    def mapper_init(self) -> None:
        """Find the elements once."""
        super().mapper_init()
        self._listed = self._elements()

    def keywords(self) -> tuple[str, ...] | None:
        """Return which elements of a header are needed."""
        elements = self._elements()
        return None if elements is None else tuple(element.keyword for element in elements)

    def outcome(self, name: str, item: Item) -> list[tuple[str, dict[str, Any]]]:
        """Return what is listed of an image."""
        from mapreduce_jobs.imaging.dicom.keywords import everything
        from mapreduce_jobs.imaging.errors import NotDicom

        if item.error is not None:
            raise item.error
        if item.header is None:
            raise NotDicom("an image of another format, without a DICOM header")
        if self._listed is None:
            return [(name, everything(item.header))]
        return [(name, {element.name: element.plain(item.header) for element in self._listed})]


if __name__ == "__main__":
    DicomHeaders.run()
