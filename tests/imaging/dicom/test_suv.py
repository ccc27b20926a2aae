"""Standardised uptake values of PET, on numbers that can be checked by hand.

Of a patient of 70 kg, who got 350 MBq: 1 Bq/ml is 70,000 g / 350,000,000 Bq = 0.0002 at the time of
the injection. The half life is 6588 s, 1 h 49 min 48 s; after it, 1 Bq/ml is 0.0004.
"""

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import CorruptImage, UnsuitableImage
from tests.imaging.dicoms import file_of, header_of, item
from tests.support import dicom, png, scan

STORED = np.uint16([[0, 1000, 5000]])
SLOPE = 2.5  # 0, 2500 and 12,500 Bq/ml
INJECTION = {
    "RadiopharmaceuticalStartTime": "120000",
    "RadionuclideTotalDose": 350_000_000,
    "RadionuclideHalfLife": 6588,
}
DOSE = "Radionuclide Total Dose (0018,1074)"
LATER = {"SeriesTime": "180000", "AcquisitionTime": "135500"}
ITEMS = "Radiopharmaceutical Information Sequence (0054,0016)"


def pet(injection=None, **elements):
    """Return the header of a PET image that was scanned a half life after the injection."""
    found = {
        "Modality": "PT",
        "Units": "BQML",
        "DecayCorrection": "START",
        "CorrectedImage": ["NORM", "ATTN", "SCAT", "DECY"],
        "SeriesDate": "20200302",
        "SeriesTime": "134948",
        "AcquisitionDate": "20200302",
        "AcquisitionTime": "135500",
        "PatientWeight": 70,
        "RescaleSlope": SLOPE,
        "RescaleIntercept": 0,
        "RadiopharmaceuticalInformationSequence": [item(**INJECTION, **(injection or {}))],
        **elements,
    }
    return header_of(STORED, **{name: value for name, value in found.items() if value is not None})


def philips(header, **scales):
    block = header.private_block(0x7053, "Philips PET Private Group", create=True)
    for name, value in scales.items():
        block.add_new({"suv": 0x00, "activity": 0x09}[name], "DS", value)
    return header


def suv(header, syntax=ExplicitVRLittleEndian):
    image = decode(file_of(header, syntax), values="suv")
    assert (image.pixels.dtype, image.bits, image.unit) == (np.float64, 64, "SUVbw")
    return image.pixels.ravel().tolist()


def refusal(header):
    with pytest.raises(UnsuitableImage) as caught:
        decode(file_of(header), values="suv")
    assert str(caught.value).startswith("it has no SUV: ")
    return str(caught.value)[15:]


class TestActivities:
    def test_a_half_life_after_the_injection_half_the_dose_is_left(self):
        # 2500 · 0.0004 and 12,500 · 0.0004
        assert suv(pet()) == pytest.approx([0, 1, 5])

    def test_corrected_to_the_injection_all_of_it_counts_whatever_the_times(self):
        header = pet(DecayCorrection="ADMIN", SeriesTime=None, AcquisitionDate=None)
        assert suv(header) == pytest.approx([0, 0.5, 2.5])

    def test_fractions_of_a_second(self):
        header = pet(SeriesTime="134948.500000")
        header.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartTime = "120000.5"
        assert suv(header) == pytest.approx([0, 1, 5], rel=1e-12)

    def test_an_intercept_counts(self):
        # 2.5 · 1000 + 500 = 3000 Bq/ml
        assert suv(pet(RescaleIntercept=500)) == pytest.approx([0.2, 1.2, 5.2])

    def test_values_stay_floats_where_all_are_whole(self):
        header = pet(Units="GML", RescaleSlope=1)
        assert suv(header) == [0, 1000, 5000]

    def test_padding_stays_padding(self):
        image = decode(file_of(pet(PixelPaddingValue=1000)), values="suv")
        assert image.padding.ravel().tolist() == [False, True, False]


class TestInjectionAtNight:
    def test_a_time_after_the_scan_is_of_the_day_before(self):
        """Injected at 23:00:12, scanned at 00:50:00, 1 h 49 min 48 s later."""
        header = pet(SeriesTime="005000", AcquisitionTime="005500")
        header.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartTime = "230012"
        assert suv(header) == pytest.approx([0, 1, 5])

    def test_a_date_and_time_says_it_itself(self):
        moment = {"RadiopharmaceuticalStartDateTime": "20200301230012.00"}
        header = pet(moment, SeriesTime="005000", AcquisitionTime="005500")
        assert suv(header) == pytest.approx([0, 1, 5])

    @pytest.mark.parametrize(
        ("moment", "zone"),
        [
            ("20200302120000+0200", None),  # the scanner's own clock
            ("20200302120000+0200", "+0200"),
            ("20200302100000+0000", "+0200"),
            ("20200302050000-0500", "+0200"),
        ],
    )
    def test_in_another_time_zone(self, moment, zone):
        header = pet({"RadiopharmaceuticalStartDateTime": moment}, TimezoneOffsetFromUTC=zone)
        assert suv(header) == pytest.approx([0, 1, 5])


class TestSeriesThatWereProcessedLater:
    def test_ge_says_when_the_scan_started(self):
        header = pet(**LATER)
        block = header.private_block(0x0009, "GEMS_PETD_01", create=True)
        block.add_new(0x0D, "DT", "20200302134948.00")
        assert suv(header) == pytest.approx([0, 1, 5])

    def test_else_the_mean_of_the_counts_does(self):
        """A frame of a half life: of the constant λ = ln 2 / T, λT is ln 2 = 0.693147.

        Its mean is at T / ln 2 · ln(ln 2 / (1 − 1/2)) = 9504.475 s · 0.326634 = 3104.487 s. By the
        reference time it was 3416.487 s after the start of the scan, so 13:55:00 was 312 s after
        it, 5 min 12 s after 13:49:48.
        """
        header = pet(**LATER, FrameReferenceTime="3416487", ActualFrameDuration=6588_000)
        assert suv(header) == pytest.approx([0, 1, 5], rel=1e-6)

    @pytest.mark.parametrize("times", [{}, {"FrameReferenceTime": 0, "ActualFrameDuration": 9}])
    def test_else_nothing_does(self, times):
        assert refusal(pet(**LATER, **times)) == (
            "its Series Time (0008,0031) is after its Acquisition Time (0008,0032), and nothing"
            " else says when the scan started: neither GE's (0009,xx0D), nor Frame Reference Time"
            " (0054,1300) with Actual Frame Duration (0018,1242)"
        )

    def test_the_dates_count_too(self):
        """Acquired at 23:59, in a series of the next day."""
        header = pet(AcquisitionDate="20200301", AcquisitionTime="235900")
        assert refusal(header).startswith("its Series Time (0008,0031) is after")


class TestPhilips:
    @pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
    def test_its_factor_makes_suv_of_counts(self, syntax):
        header = philips(pet(Units="CNTS", PatientWeight=None), suv="0.001", activity="9")
        assert suv(header, syntax) == pytest.approx([0, 2.5, 12.5])

    @pytest.mark.parametrize("scales", [{}, {"suv": "0"}, {"suv": ""}])
    def test_else_its_other_one_activities(self, scales):
        # 2500 counts · 4 Bq/ml · 0.0004
        header = philips(pet(Units="CNTS"), **scales, activity="4")
        assert suv(header) == pytest.approx([0, 4, 20])

    @pytest.mark.parametrize("scales", [{}, {"suv": "0", "activity": "0"}])
    def test_without_both_counts_are_none(self, scales):
        assert refusal(philips(pet(Units="CNTS"), **scales)) == (
            "its Units (0054,1001) is CNTS, and it has neither of Philips' scale factors"
            " (7053,xx00), (7053,xx09)"
        )


class TestSUVAlready:
    @pytest.mark.parametrize("kind", [None, "BW"])
    def test_by_body_weight(self, kind):
        header = pet(Units="GML", SUVType=kind, PatientWeight=None, RescaleSlope=0.5)
        assert suv(header) == [0, 500, 2500]

    @pytest.mark.parametrize("kind", ["LBM", "BSA", "IBW"])
    def test_by_something_else(self, kind):
        refused = refusal(pet(Units="GML", SUVType=kind))
        assert refused == f"its SUV Type (0054,1006) is {kind}, not BW"


class TestWhatHasNone:
    @pytest.mark.parametrize(
        ("elements", "reason"),
        [
            ({"Modality": "CT"}, "its Modality (0008,0060) is CT, not PT"),
            ({"Modality": None}, "its Modality (0008,0060) is CT, not PT"),
            ({"Units": None}, "its Units (0054,1001) is missing"),
            ({"Units": "PROPCPS"}, "its Units (0054,1001) is PROPCPS, not BQML, CNTS or GML"),
            ({"DecayCorrection": None}, "its Decay Correction (0054,1102) is missing"),
            (
                {"DecayCorrection": "NONE"},
                "its Decay Correction (0054,1102) is NONE, not START or ADMIN",
            ),
            ({"CorrectedImage": None}, "its Corrected Image (0028,0051) lacks ATTN"),
            ({"CorrectedImage": "DECY"}, "its Corrected Image (0028,0051) lacks ATTN"),
            ({"CorrectedImage": ["ATTN"]}, "its Corrected Image (0028,0051) lacks DECY"),
            ({"PatientWeight": None}, "its Patient's Weight (0010,1030) is missing"),
            ({"PatientWeight": ""}, "its Patient's Weight (0010,1030) is missing"),
            ({"PatientWeight": 0}, "its Patient's Weight (0010,1030) is 0, not above 0"),
            ({"SeriesDate": None}, "its Series Date (0008,0021) is missing"),
            ({"SeriesTime": ""}, "its Series Time (0008,0031) is missing"),
            ({"AcquisitionDate": None}, "its Acquisition Date (0008,0022) is missing"),
            ({"AcquisitionTime": None}, "its Acquisition Time (0008,0032) is missing"),
            (
                {"RescaleSlope": None, "RescaleIntercept": None},
                "its Rescale Slope (0028,1053) is missing",
            ),
            ({"RescaleSlope": 0}, "its Rescale Slope (0028,1053) is 0, not above 0"),
            ({"RadiopharmaceuticalInformationSequence": None}, f"its {ITEMS} has no items, not 1"),
            (
                {"RadiopharmaceuticalInformationSequence": [item(**INJECTION)] * 2},
                f"its {ITEMS} has 2 items, not 1",
            ),
            (
                {"PerFrameFunctionalGroupsSequence": [item()]},
                "it is of the enhanced kind, of which it is not computed",
            ),
        ],
    )
    def test_it_says_why(self, elements, reason):
        assert refusal(pet(**elements)) == reason

    @pytest.mark.parametrize(
        ("injection", "reason"),
        [
            ({"RadionuclideTotalDose": ""}, f"its {DOSE} is missing"),
            ({"RadionuclideTotalDose": 0}, f"its {DOSE} is 0, not above 0"),
            ({"RadionuclideTotalDose": 350}, f"its {DOSE} is 350, not a dose in Bq"),  # MBq
            ({"RadionuclideHalfLife": ""}, "its Radionuclide Half Life (0018,1075) is missing"),
            (
                {"RadionuclideHalfLife": "0.0"},
                "its Radionuclide Half Life (0018,1075) is 0, not above 0",
            ),
            (
                {"RadiopharmaceuticalStartTime": ""},
                "its Radiopharmaceutical Start Time (0018,1072) is missing",
            ),
            (
                {"RadiopharmaceuticalStartDateTime": "20200302"},
                "its Radiopharmaceutical Start DateTime (0018,1078) has no time",
            ),
            (
                {"RadiopharmaceuticalStartDateTime": "20200302140000"},
                "by its times the scan started -612 s after the injection, which is not from 0 to"
                " 10 half lives of 6588 s",
            ),
            (
                {"RadiopharmaceuticalStartDateTime": "20200301120000"},
                "by its times the scan started 92988 s after the injection, which is not from 0 to"
                " 10 half lives of 6588 s",
            ),
        ],
    )
    def test_nor_without_a_dose(self, injection, reason):
        header = pet(RadiopharmaceuticalInformationSequence=[item(**{**INJECTION, **injection})])
        assert refusal(header) == reason

    @pytest.mark.parametrize(
        ("written", "instead", "reason"),
        [
            (b"134948", b"noon  ", r"its Series Time \(0008,0031\) is unreadable, and cannot be"),
            (b"134948", b"254948", r"its Series Time \(0008,0031\) is 254948, and cannot be read"),
            (b"20200302", b"20201302", r"its Series Date \(0008,0021\) is 20201302, and cannot"),
        ],
    )
    def test_times_that_are_none(self, written, instead, reason):
        data = file_of(pet()).replace(written, instead)
        with pytest.raises(CorruptImage, match=reason):
            decode(data, values="suv")

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (png(scan(1)), "it is PNG, and not DICOM of PET"),
            (dicom("SC_rgb_small_odd.dcm"), "its pixels are colour"),
            (dicom("CT_small.dcm"), r"its Modality \(0008,0060\) is CT, not PT"),
        ],
    )
    def test_what_is_no_pet(self, data, reason):
        with pytest.raises(UnsuitableImage, match=f"^it has no SUV: {reason}$"):
            decode(data, values="suv")
