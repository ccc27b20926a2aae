"""Standardised uptake values of PET, by body weight.

What a file says of patient, dose and times turns its concentrations of activity into them, as the
vendor-neutral pseudo-code of QIBA's FDG-PET profile does ("SUV Calculation").
"""

import math
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydicom.dataset import Dataset
from pydicom.valuerep import DA, DT, TM

from mapreduce_jobs.imaging.dicom.element_values import READ_ERRORS, named, numbers, shown
from mapreduce_jobs.imaging.dicom.header import FUNCTIONAL_GROUPS
from mapreduce_jobs.imaging.dicom.modality_steps import Rescale
from mapreduce_jobs.imaging.errors import CorruptImage, UnsuitableImage
from mapreduce_jobs.imaging.image import Image

__all__ = ["suv"]

_UNIT = "SUVbw"
_RADIOPHARMACEUTICALS = "RadiopharmaceuticalInformationSequence"
_PHILIPS = 0x7053, "Philips PET Private Group"
_TO_SUV, _TO_ACTIVITY = 0x00, 0x09  # elements of it
_GE = 0x0009, "GEMS_PETD_01"
_SCAN_START = 0x0D
_MIN_DOSE = 1e4  # Bq, below which a file has it in MBq
_MAX_HALF_LIVES = 10  # from the injection to the scan, at which a thousandth is left
_WITH_A_TIME = re.compile(r"\d{10}")  # of a date and time, which may be a date alone


def suv(image: Image, dataset: Dataset) -> Image:
    """Return standardised uptake values by body weight.

    SUVbw = activity [Bq/ml] · weight [g] / dose [Bq], with the dose that is left of the injected
    one at the time that the activity is corrected to: 2^(−t / half life) of it, t seconds after
    the injection. Decay Correction (0054,1102) says which time this is (PS3.3 C.8.9.1.1.5): START
    the start of the scan, ADMIN that of the injection. The scan starts at Series Date and Time,
    unless these are after Acquisition Date and Time, as of series that were processed later; then
    at GE's own (0009,xx0D), else by Frame Reference Time (0054,1300) before the time within the
    frame at which its counts have their mean (PS3.3 C.8.9.4.1.5).

    Of Units (0054,1001) BQML are activities; CNTS become SUV by Philips' own factor (7053,xx00),
    else activities by (7053,xx09); GML are SUV already, unless SUV Type (0054,1006) is not BW.

    Parameters
    ----------
    image : Image
        Grey, as stored.
    dataset : Dataset
        The header.

    Returns
    -------
    Image
        float64, in the unit ``"SUVbw"``, g/ml.

    Raises
    ------
    UnsuitableImage
        It is no PET image of a single frame, attenuation and decay are not corrected, or an element
        that it takes is missing, zero, or says what cannot be.
    CorruptImage
        An element cannot be read.

    Examples
    --------
    Of 70 kg and 350 MBq, corrected to the injection: 10,000 Bq/ml · 70,000 g / 350,000,000 Bq.

    >>> import numpy as np
    >>> header = Dataset()
    >>> header.Modality, header.Units, header.DecayCorrection = "PT", "BQML", "ADMIN"
    >>> header.CorrectedImage, header.PatientWeight = ["ATTN", "DECY"], 70
    >>> header.RescaleSlope, header.RescaleIntercept = 2, 0
    >>> header.RadiopharmaceuticalInformationSequence = [Dataset()]
    >>> header.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = 350_000_000
    >>> made = suv(Image(np.uint16([[[0, 5000]]]), bits=16), header)
    >>> made.pixels.round(9).tolist(), made.unit
    ([[[0.0, 2.0]]], 'SUVbw')
    """
    _check(dataset)
    slope, factor = _positive(dataset, "RescaleSlope"), _factor(dataset)
    intercept = (numbers(dataset, "RescaleIntercept") or [0.0])[0]
    step = Rescale(slope * factor, intercept * factor, _UNIT)
    return replace(image, pixels=step(image.pixels), bits=64, unit=_UNIT)


def _check(dataset: Dataset) -> None:
    """Raise `UnsuitableImage` unless this is a PET image with its corrections."""
    if dataset.get("Modality") != "PT":
        raise _unsuitable(dataset, "Modality", "PT")
    if any(tag in dataset for tag in FUNCTIONAL_GROUPS):
        raise _without("it is of the enhanced kind, of which it is not computed")
    corrections = dataset.get("CorrectedImage") or ()
    corrections = [corrections] if isinstance(corrections, str) else [*corrections]
    for correction in ("ATTN", "DECY"):
        if correction not in corrections:
            raise _without(f"its {named('CorrectedImage')} lacks {correction}")
    if dataset.get("DecayCorrection") not in ("START", "ADMIN"):
        raise _unsuitable(dataset, "DecayCorrection", "START or ADMIN")


def _factor(dataset: Dataset) -> float:
    """Return what the values of the modality are to be multiplied by."""
    units = dataset.get("Units")
    if units == "BQML":
        return _of_activity(dataset)
    if units == "CNTS":
        factor = _scale_factor(dataset, _TO_SUV)
        if factor is not None:
            return factor
        factor = _scale_factor(dataset, _TO_ACTIVITY)
        if factor is not None:
            return factor * _of_activity(dataset)
        raise _without(
            f"its {named('Units')} is CNTS, and it has neither of Philips' scale factors"
            " (7053,xx00), (7053,xx09)"
        )
    if units != "GML":
        raise _unsuitable(dataset, "Units", "BQML, CNTS or GML")
    if dataset.get("SUVType") not in (None, "", "BW"):
        raise _unsuitable(dataset, "SUVType", "BW")
    return 1.0


def _scale_factor(dataset: Dataset, element: int) -> float | None:
    value = _private(dataset, _PHILIPS, element)
    factor = float(value) if value else 0.0
    return factor if 0 < factor < math.inf else None


def _of_activity(dataset: Dataset) -> float:
    """Return the SUV of 1 Bq/ml."""
    weight = _positive(dataset, "PatientWeight") * 1000
    items: list[Dataset] = list(dataset.get(_RADIOPHARMACEUTICALS) or ())
    if len(items) != 1:
        count = len(items) or "no"
        raise _without(f"its {named(_RADIOPHARMACEUTICALS)} has {count} items, not 1")
    (radiopharmaceutical,) = items
    dose = _positive(radiopharmaceutical, "RadionuclideTotalDose")
    if dose < _MIN_DOSE:
        raise _unsuitable(radiopharmaceutical, "RadionuclideTotalDose", "a dose in Bq")
    if dataset.DecayCorrection == "ADMIN":
        return weight / dose
    half_life = _positive(radiopharmaceutical, "RadionuclideHalfLife")
    start = _scan_start(dataset, half_life)
    elapsed = (start - _injection(dataset, radiopharmaceutical, start)).total_seconds()
    if not 0 <= elapsed <= _MAX_HALF_LIVES * half_life:
        raise _without(
            f"by its times the scan started {elapsed:.0f} s after the injection, which is not from"
            f" 0 to {_MAX_HALF_LIVES} half lives of {half_life:g} s"
        )
    return weight / (dose * 2 ** (-elapsed / half_life))


# Times


def _scan_start(dataset: Dataset, half_life: float) -> datetime:
    """Return the time that decay is corrected to."""
    series, acquisition = _moment(dataset, "Series"), _moment(dataset, "Acquisition")
    if series <= acquisition:
        return series
    own = _private(dataset, _GE, _SCAN_START)
    if own:
        return _local(own, dataset, "GE's scan start (0009,xx0D)")
    reference, duration = (
        (numbers(dataset, keyword) or [0.0])[0] / 1000
        for keyword in ("FrameReferenceTime", "ActualFrameDuration")
    )
    if reference > 0 and duration > 0:
        decay = math.log(2) * duration / half_life  # during the frame
        mean = duration / decay * math.log(decay / -math.expm1(-decay))
        return acquisition + timedelta(seconds=mean - reference)
    raise _without(
        f"its {named('SeriesTime')} is after its {named('AcquisitionTime')}, and nothing else says"
        f" when the scan started: neither GE's (0009,xx0D), nor {named('FrameReferenceTime')} with"
        f" {named('ActualFrameDuration')}"
    )


def _injection(dataset: Dataset, radiopharmaceutical: Dataset, scan: datetime) -> datetime:
    """Return when the dose was injected; a time without a date is the last one before the scan."""
    whole = radiopharmaceutical.get("RadiopharmaceuticalStartDateTime")
    if whole:
        return _local(whole, dataset, named("RadiopharmaceuticalStartDateTime"))
    time = _read(TM, radiopharmaceutical, "RadiopharmaceuticalStartTime")
    start = datetime.combine(scan.date(), time)
    return start if start <= scan else start - timedelta(days=1)


def _moment(dataset: Dataset, of: str) -> datetime:
    date, time = _read(DA, dataset, f"{of}Date"), _read(TM, dataset, f"{of}Time")
    return datetime.combine(date, time)


def _read(kind: Any, holder: Dataset, keyword: str) -> Any:
    """Return a date or time."""
    text = holder.get(keyword)
    if not text:
        raise _unsuitable(holder, keyword)
    try:
        return kind(str(text))
    except READ_ERRORS:
        raise CorruptImage(f"its {named(keyword)} is {shown(text)}, and cannot be read") from None


def _local(value: Any, dataset: Dataset, name: str) -> datetime:
    """Return a date and time as the clock had it that dates and times of the header are of."""
    text = str(value).strip(" \0")
    offset = dataset.get("TimezoneOffsetFromUTC")
    try:
        if not _WITH_A_TIME.match(text):
            raise _without(f"its {name} has no time")
        moment: datetime = DT(text)
        if moment.tzinfo and offset:
            moment = moment.astimezone(datetime.strptime(str(offset), "%z").tzinfo)
        return moment.replace(tzinfo=None)
    except READ_ERRORS:
        raise CorruptImage(f"its {name} is {shown(text)}, and cannot be read") from None


# Elements


def _private(dataset: Dataset, block: tuple[int, str], element: int) -> Any:
    """Return the value of a private element; None if there is no such element."""
    try:
        return dataset.private_block(*block)[element].value
    except KeyError:
        return None


def _positive(holder: Dataset, keyword: str) -> float:
    found = numbers(holder, keyword)
    if not found or found[0] <= 0:
        raise _unsuitable(holder, keyword, "above 0")
    return found[0]


def _unsuitable(holder: Dataset, keyword: str, expected: str = "") -> UnsuitableImage:
    """Return the error of an element that is missing, or not what is expected."""
    value = holder.get(keyword)
    if value is None or value == "":
        return _without(f"its {named(keyword)} is missing")
    has = f"{value:g}" if isinstance(value, float) else shown(value)
    return _without(f"its {named(keyword)} is {has}, not {expected}")


def _without(reason: str) -> UnsuitableImage:
    return UnsuitableImage(f"it has no SUV: {reason}")
