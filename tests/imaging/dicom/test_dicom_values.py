"""What stored values mean and how they look, on numbers that can be checked by hand."""

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from mapreduce_jobs.imaging import errors
from mapreduce_jobs.imaging.decode import decode, decode_file
from tests.imaging.dicoms import dicom_of, file_of, header_of, item
from tests.support import dicom

RAMP = np.arange(-1024, 3072, dtype=np.int16).reshape(64, 64)
HOUNSFIELD = {"RescaleSlope": 1, "RescaleIntercept": 0}


def modality(pixels, **elements):
    return decode(dicom_of(pixels, **elements), values="modality")


def display(pixels, window=1, **elements):
    return decode(dicom_of(pixels, **elements), values="display", window=window)


class TestModality:
    @pytest.mark.parametrize(
        ("stored", "slope", "intercept", "expected", "dtype"),
        [
            (np.uint16([[0, 1024, 4095]]), 1, -1024, [-1024, 0, 3071], "int16"),
            (np.int16([[-2000, 0, 32767]]), 1, -1024, [-3024, -1024, 31743], "int16"),
            (np.uint16([[0, 65535]]), 1, -1024, [-1024, 64511], "int32"),
            (np.uint8([[0, 255]]), 100, 0, [0, 25500], "int16"),
            (np.uint16([[0, 65535]]), 65536, 0, [0, 65535 * 65536], "float64"),
            (np.int16([[-3, 3]]), -2, 1, [7, -5], "int16"),
            (np.uint16([[0, 3]]), 0.5, -1.25, [-1.25, 0.25], "float64"),
            (np.uint16([[0, 3]]), 1, 0, [0, 3], "uint16"),
            (np.float32([[0.5, 3]]), 2, 1, [2, 7], "float64"),
        ],
    )
    def test_integers_stay_integers_where_they_fit(self, stored, slope, intercept, expected, dtype):
        image = modality(stored, RescaleSlope=slope, RescaleIntercept=intercept)
        assert (image.pixels.ravel().tolist(), image.pixels.dtype) == (expected, dtype)
        bits = stored.dtype.itemsize * 8 if dtype == stored.dtype else image.pixels.itemsize * 8
        assert image.bits == bits

    def test_what_is_missing_is_1_and_0(self):
        assert modality(RAMP, RescaleIntercept=5).pixels.min() == -1019
        assert modality(RAMP, RescaleSlope=3).pixels.min() == -3072
        assert modality(RAMP, RescaleSlope=None, RescaleIntercept=None).unit == "stored"

    @pytest.mark.parametrize(
        ("elements", "unit"),
        [
            ({}, "stored"),
            (HOUNSFIELD, "HU"),
            ({**HOUNSFIELD, "RescaleType": "MGML"}, "MGML"),
            ({**HOUNSFIELD, "RescaleType": "US"}, "unspecified"),
            ({**HOUNSFIELD, "Modality": "PT", "Units": "BQML"}, "BQML"),
            ({**HOUNSFIELD, "Modality": "MR"}, "unspecified"),
        ],
    )
    def test_the_unit(self, elements, unit):
        image = modality(RAMP, **elements)
        assert image.unit == unit
        np.testing.assert_array_equal(image.pixels[0], RAMP)

    @pytest.mark.parametrize("syntax", [None, ExplicitVRBigEndian])
    @pytest.mark.parametrize("bits", [8, 16])
    def test_a_table_equals_pydicom(self, bits, syntax):
        entries = (np.arange(300) * 7 % (1 << bits)).astype(np.uint16)
        order = ">u2" if syntax else "<u2"
        table = item(
            LUTDescriptor=[300, 64, bits],
            ModalityLUTType="OD",
            LUTData=entries.astype(order).tobytes(),
        )
        table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "OW"
        stored = np.arange(512, dtype=np.uint16).reshape(16, 32)
        dataset = header_of(stored, ModalityLUTSequence=Sequence([table]))
        if syntax:
            dataset.PixelData = stored.astype(">u2").tobytes()
        image = decode(file_of(dataset, *([syntax] if syntax else [])), values="modality")
        assert (image.unit, image.bits, image.pixels.dtype) == ("OD", bits, f"u{bits // 8}")
        np.testing.assert_array_equal(image.pixels[0], entries[np.clip(stored, 64, 363) - 64])
        if not syntax:
            dataset.set_original_encoding(False, True)
            np.testing.assert_array_equal(image.pixels[0], apply_modality_lut(stored, dataset))

    def test_frames_have_slopes_of_their_own(self):
        stack = np.uint16([[[1, 2]], [[1, 2]], [[1, 2]]])
        own = [
            {"PixelValueTransformationSequence": [item(RescaleSlope=slope, RescaleIntercept=0)]}
            for slope in (2, 10)
        ]
        shared = item(RescaleSlope=100, RescaleIntercept=-1, RescaleType="HU")
        dataset = header_of(
            stack,
            PerFrameFunctionalGroupsSequence=[item(**group) for group in own] + [item()],
            SharedFunctionalGroupsSequence=[item(PixelValueTransformationSequence=[shared])],
        )
        image = decode(file_of(dataset), values="modality")
        assert image.pixels.tolist() == [[[2, 4]], [[10, 20]], [[99, 199]]]
        assert (image.pixels.dtype, image.unit) == (np.int16, "HU")

    @pytest.mark.parametrize(("value", "said"), [("1e400", "is inf"), ("steep", "cannot be read")])
    def test_a_slope_that_is_none(self, value, said):
        data = dicom_of(RAMP, RescaleSlope=1.2525).replace(b"1.2525", f"{value:6}".encode())
        with pytest.raises(errors.CorruptImage, match=rf"Rescale Slope \(0028,1053\) {said}"):
            decode(data, values="modality")
        assert decode(data).pixels.shape == (1, 64, 64)


FEW = np.uint16([[0, 1, 2, 5]])
LINE = {"RealWorldValueSlope": 0.5, "RealWorldValueIntercept": 1.0}
UNIT = {"MeasurementUnitsCodeSequence": [item(CodeValue="mm2/s")]}


class TestRealWorldValues:
    """PS3.3 C.7.6.16.2.11, and doses: C.8.8.3."""

    def mapped(self, first, last, *, pixels=FEW, double=False, **elements):
        prefix = "DoubleFloatRealWorldValue" if double else "RealWorldValue"
        ends = {f"{prefix}FirstValueMapped": first, f"{prefix}LastValueMapped": last}
        return modality(pixels, RealWorldValueMappingSequence=[item(**ends, **elements)])

    def test_by_slope_and_intercept_where_they_are_mapped(self):
        image = self.mapped(0, 4, **LINE, **UNIT)
        np.testing.assert_array_equal(image.pixels.ravel(), [1, 1.5, 2, np.nan])
        assert image.unit == "mm2/s"

    def test_by_a_table(self):
        image = self.mapped(1, 3, RealWorldValueLUTData=[10.0, 20.5, 30.0])
        np.testing.assert_array_equal(image.pixels.ravel(), [np.nan, 10, 20.5, np.nan])
        assert image.unit == "unspecified"

    @pytest.mark.parametrize(("vr", "first"), [("SS", -1), ("US", 65535)])
    def test_of_signed_numbers_whatever_they_are_written_as(self, vr, first):
        mapping = item(**LINE)
        mapping.add_new("RealWorldValueFirstValueMapped", vr, first)
        mapping.add_new("RealWorldValueLastValueMapped", vr, 2)
        pixels = np.int16([[-2, -1, 0, 2]])
        image = modality(pixels, RealWorldValueMappingSequence=[mapping])
        np.testing.assert_array_equal(image.pixels.ravel(), [np.nan, 0.5, 1, 2])

    def test_of_real_numbers(self):
        pixels = np.float32([[0.25, 0.5]])
        image = self.mapped(0.25, 0.5, pixels=pixels, double=True, **LINE)
        np.testing.assert_array_equal(image.pixels.ravel(), [1.125, 1.25])

    def test_of_each_frame(self):
        stack = np.uint8([[[1]], [[1]]])
        groups = [
            item(
                RealWorldValueMappingSequence=[
                    item(
                        RealWorldValueFirstValueMapped=0,
                        RealWorldValueLastValueMapped=255,
                        RealWorldValueSlope=slope,
                        RealWorldValueIntercept=0.0,
                    )
                ]
            )
            for slope in (2.0, 3.0)
        ]
        assert modality(stack, PerFrameFunctionalGroupsSequence=groups).pixels.ravel().tolist() == [
            *(2, 3)
        ]

    def test_a_rescale_is_the_modality_s_and_counts(self):
        mapping = item(RealWorldValueFirstValueMapped=0, RealWorldValueLastValueMapped=9, **LINE)
        elements = {**HOUNSFIELD, "RescaleSlope": 7, "RealWorldValueMappingSequence": [mapping]}
        assert modality(np.uint16([[2]]), **elements).pixels.item() == 14

    def test_are_not_what_is_displayed(self):
        window = {"WindowCenter": 2, "WindowWidth": 2, "VOILUTFunction": "LINEAR_EXACT"}
        mapping = item(RealWorldValueFirstValueMapped=0, RealWorldValueLastValueMapped=9, **LINE)
        pixels = np.uint8([[1, 3]])
        shown = display(pixels, RealWorldValueMappingSequence=[mapping], **window)
        assert shown.pixels.ravel().tolist() == [0, 255]

    @pytest.mark.parametrize(
        ("first", "last", "elements", "said"),
        [
            (4, 0, LINE, "maps no values: 4 to 0"),
            (0, 4, {}, "neither slope nor table"),
            (0, 4, {"RealWorldValueLUTData": [1.0]}, "has 1 entries for the values from 0 to 4"),
            (
                0,
                299,
                {"RealWorldValueLUTData": [*range(299), np.nan]},
                r"its Real World Value LUT Data \(0040,9212\) is nan$",
            ),
        ],
    )
    def test_that_are_none(self, first, last, elements, said):
        with pytest.raises(errors.CorruptImage, match=said):
            self.mapped(first, last, **elements)

    def test_doses(self):
        dataset = pydicom.dcmread(get_testdata_file("rtdose_1frame.dcm", download=False))
        image = decode(dicom("rtdose_1frame.dcm"), values="modality")
        doses = dataset.pixel_array * float(dataset.DoseGridScaling)
        np.testing.assert_array_equal(image.pixels[0], doses)
        assert image.unit == dataset.DoseUnits == "RELATIVE"


class TestWindow:
    """PS3.3 C.11.2.1.2; window 40/400 of LINEAR is −160 to 239."""

    def shown(self, values, centre, width, **elements):
        window = {"WindowCenter": centre, "WindowWidth": width, "BitsStored": 16}
        return display(np.int16([values]), **window, **HOUNSFIELD, **elements).pixels.ravel()

    def test_linear_at_its_borders(self):
        levels = self.shown([-161, -160, 39, 40, 238, 239, 240], 40, 400)
        # (39 − 39.5) / 399 + 0.5 = 0.498747, of 65535: 32685.4; one step is 164.25.
        assert levels.tolist() == [0, 0, 32685, 32850, 65371, 65535, 65535]

    def test_linear_exact_at_its_borders(self):
        levels = self.shown([-160, -159, 40, 240], 40, 400, VOILUTFunction="LINEAR_EXACT")
        assert levels.tolist() == [0, 164, 32768, 65535]  # 65535 / 400 = 163.8

    def test_sigmoid(self):
        levels = self.shown([-360, 40, 440], 40, 400, VOILUTFunction="SIGMOID")
        # 65535 / (1 + e⁴) = 1178.7
        assert levels.tolist() == [1179, 32768, 64356]

    def test_a_window_of_width_1_is_a_step(self):
        assert self.shown([39, 40], 40, 1).tolist() == [0, 65535]

    def test_a_narrower_one_is_exact(self):
        """LINEAR has no meaning for it; small values, as of PET, are windowed so."""
        window = {"WindowCenter": 0.5, "WindowWidth": 0.5}
        levels = display(np.uint8([[0, 1, 2, 3, 4]]), RescaleSlope=0.25, **window).pixels.ravel()
        # Of 0, 0.25, … 1 those between 0.25 and 0.75: (0.5 − 0.5) / 0.5 + 0.5, of 255.
        assert levels.tolist() == [0, 0, 128, 255, 255]

    @pytest.mark.parametrize(("bits", "dtype"), [(8, "uint8"), (12, "uint16"), (16, "uint16")])
    def test_the_bits_are_those_stored(self, bits, dtype):
        pixels = np.uint8([[0, 255]]) if bits == 8 else np.uint16([[0, 255]])
        image = display(pixels, BitsStored=bits, WindowCenter=100, WindowWidth=50)
        assert (image.bits, image.pixels.dtype, image.unit) == (bits, dtype, "display")
        assert image.pixels.tolist() == [[[0, 2**bits - 1]]]

    def test_one_of_several(self):
        windows = {"WindowCenter": [40, 400], "WindowWidth": [400, 2000], **HOUNSFIELD}
        first, second = (display(RAMP, number, **windows).pixels for number in (1, 2))
        assert (first == 65535).sum() > (second == 65535).sum() > 0
        with pytest.raises(errors.UnsuitableImage, match="has 2 windows, and none with the numb"):
            display(RAMP, 3, **windows)
        with pytest.raises(errors.UnsuitableImage, match="has no window, and none"):
            display(RAMP, 2)

    def test_without_a_window_from_the_least_to_the_greatest(self):
        image = display(np.int16([[-50, 0, 150]]), **HOUNSFIELD)
        assert image.pixels.tolist() == [[[0, 16384, 65535]]]  # a quarter: 16383.75

    def test_padding_does_not_widen_it(self):
        image = display(np.int16([[-2000, -50, 0, 150]]), PixelPaddingValue=-2000, **HOUNSFIELD)
        assert image.pixels.tolist() == [[[0, 0, 16384, 65535]]]

    def test_a_constant_image_is_black(self):
        assert display(np.full((3, 4), 7, np.int16)).pixels.max() == 0

    def test_where_0_is_white_the_last_step_inverts(self):
        ramp = np.uint16([[0, 1000, 4095]])
        elements = {"BitsStored": 12, "WindowCenter": 2048, "WindowWidth": 4096}
        inverse = {**elements, "PhotometricInterpretation": "MONOCHROME1"}
        assert display(ramp, **elements).pixels.tolist() == [ramp.tolist()]
        assert display(ramp, **inverse).pixels.tolist() == [[[4095, 3095, 0]]]
        assert modality(ramp, **inverse).pixels.tolist() == [ramp.tolist()]  # a value stays so

    def test_a_table_equals_pydicom(self):
        entries = (np.arange(1000) ** 2 // 244 % 4096).tolist()
        tables = [
            item(LUTDescriptor=[len(data), -100, 12], LUTData=data)
            for data in (entries, entries[::-1])
        ]
        for table in tables:
            table["LUTDescriptor"].VR, table["LUTData"].VR = "SS", "US"
        dataset = header_of(RAMP, VOILUTSequence=Sequence(tables), **HOUNSFIELD)
        dataset.WindowCenter, dataset.WindowWidth = 40, 400
        data = file_of(dataset)
        for number in (1, 2):
            image = decode(data, values="display", window=number)
            assert (image.bits, image.pixels.dtype) == (12, np.uint16)
            expected = apply_voi_lut(RAMP, dataset, number - 1)
            np.testing.assert_array_equal(image.pixels[0], expected)
        window = decode(data, values="display", window=3)  # behind the tables
        assert (window.bits, window.pixels.max()) == (16, 65535)

    def test_frames_have_windows_of_their_own(self):
        stack = np.int16([[[0, 99]], [[0, 99]]])
        groups = [
            item(FrameVOILUTSequence=[item(WindowCenter=centre, WindowWidth=1)])
            for centre in (50, 500)
        ]
        dataset = header_of(stack, PerFrameFunctionalGroupsSequence=groups)
        assert decode(file_of(dataset), values="display").pixels.tolist() == [
            [[0, 65535]],
            [[0, 0]],
        ]

    @pytest.mark.parametrize(
        ("elements", "error", "said"),
        [
            ({"WindowWidth": 0}, errors.CorruptImage, r"Window Width .* is 0, not above 0"),
            (
                {"WindowWidth": -1, "VOILUTFunction": "SIGMOID"},
                errors.CorruptImage,
                "not above 0",
            ),
            ({"WindowWidth": 9, "VOILUTFunction": "CUBIC"}, errors.Unsupported, "is CUBIC"),
        ],
    )
    def test_a_window_that_is_none(self, elements, error, said):
        with pytest.raises(error, match=said):
            display(RAMP, WindowCenter=40, **elements)

    def test_a_table_that_is_short(self):
        table = item(LUTDescriptor=[9, 0, 8], LUTData=[1, 2, 3])
        table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "US"
        with pytest.raises(errors.CorruptImage, match="has 3 of 9 entries"):
            display(RAMP, VOILUTSequence=Sequence([table]))


class TestTheSignOfTheFirstValueOfATable:
    """It is that of what the table maps, and not that of the VR it is written with.

    PS3.3 C.11.1.1 (modality), C.11.2.1.1 (values of interest), C.7.6.3.1.5 (palette).
    """

    ENTRIES = (0, 30, 60, 90, 120, 150, 180, 255)

    def table(self, first, vr, entries=ENTRIES):
        made = item(LUTData=np.array(entries, "<u2").tobytes(), ModalityLUTType="US")
        second = int(np.int64(first).astype({"US": np.uint16, "SS": np.int16}[vr]))
        said = [len(entries), second, 8]
        made.add_new("LUTDescriptor", vr, said)  # pydicom writes the first as US
        made["LUTData"].VR = "OW"
        return made

    @pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
    @pytest.mark.parametrize("vr", ["US", "SS"])
    @pytest.mark.parametrize(
        ("stored", "first", "elements"),
        [
            # Stored values from 0 to 7, and what a table maps first.
            ("u2", -1024, {"RescaleSlope": 1, "RescaleIntercept": -1024}),
            ("u1", -128, {"RescaleSlope": 1, "RescaleIntercept": -128}),
            ("u2", -7, {"RescaleSlope": -1, "RescaleIntercept": 0}),
            ("u2", 0, {"RescaleSlope": 1, "RescaleIntercept": 0}),
            ("i2", -4, {}),
            ("i2", -32768, {}),
            ("u2", 40000, {"RescaleSlope": 1, "RescaleIntercept": 40000, "Modality": "MR"}),
            ("u2", 40000, {"start": 40000, "Modality": "MR"}),
        ],
    )
    def test_values_of_interest(self, stored, first, elements, vr, syntax):
        start = elements.get("start", first if stored == "i2" else 0)
        pixels = (np.arange(8) + start).astype(stored)[np.newaxis]
        tables = Sequence([self.table(first, vr)])
        more = {name: value for name, value in elements.items() if name != "start"}
        data = file_of(header_of(pixels, VOILUTSequence=tables, **more), syntax)
        shown = decode(data, values="display").pixels.ravel().tolist()
        expected = list(self.ENTRIES)
        assert shown == (expected[::-1] if more.get("RescaleSlope") == -1 else expected)

    def test_no_pixel_needs_to_be_negative(self):
        """Stored values that begin at 1024, and a table that begins at -1024."""
        entries = [*range(1024), *([200] * 1024)]
        table = self.table(-1024, "US", entries)
        elements = {"RescaleSlope": 1, "RescaleIntercept": -1024}
        pixels = np.uint16([[1024, 1025]])
        shown = display(pixels, VOILUTSequence=Sequence([table]), **elements)
        assert shown.pixels.tolist() == [[[200, 200]]]

    def test_hounsfield_units_are_always_signed(self):
        """Even where no value can be negative (PS3.3 C.11.2.1.1)."""
        tables = Sequence([self.table(-5, "US")])
        shown = display(np.uint16([[0, 1, 2, 9]]), VOILUTSequence=tables, **HOUNSFIELD)
        assert shown.pixels.tolist() == [[[150, 180, 255, 255]]]

    def test_behind_a_modality_table_it_is_unsigned(self):
        """Whose entries are, whatever the pixels are."""
        meant = item(LUTDescriptor=[2, -1, 16], LUTData=np.uint16([40001, 40003]).tobytes())
        meant["LUTDescriptor"].VR, meant["LUTData"].VR = "SS", "OW"
        tables = {"ModalityLUTSequence": [meant], "VOILUTSequence": [self.table(40000, "US")]}
        shown = display(np.int16([[-1, 0]]), **tables)
        assert shown.pixels.tolist() == [[[30, 90]]]

    @pytest.mark.parametrize("vr", ["US", "SS"])
    @pytest.mark.parametrize(("stored", "first"), [("i2", -4), ("u2", 40000), ("u2", 0)])
    def test_modality(self, stored, first, vr):
        pixels = (np.arange(8) + first).astype(stored)[np.newaxis]
        image = modality(pixels, ModalityLUTSequence=Sequence([self.table(first, vr)]))
        assert image.pixels.ravel().tolist() == list(self.ENTRIES)

    def test_more_entries_than_a_signed_number_counts(self):
        entries = np.arange(40000) // 200
        table = self.table(-20000, "SS", entries)
        image = modality(np.int16([[-20000, 0, 19999]]), ModalityLUTSequence=Sequence([table]))
        assert image.pixels.tolist() == [[[0, 100, 199]]]

    @pytest.mark.parametrize("vr", ["US", "SS"])
    @pytest.mark.parametrize(("stored", "first"), [("i2", -4), ("i1", -128), ("u2", 40000)])
    @pytest.mark.parametrize("bits", [8, 16])
    def test_palette(self, stored, first, bits, vr):
        """Beyond its ends the first and the last colour count."""
        pixels = np.array([[first, first + 1, first + 7, first + 100]]).astype(stored)
        dataset = header_of(pixels, PhotometricInterpretation="PALETTE COLOR")
        entries = np.array(self.ENTRIES)
        for name, colour in {"Red": entries, "Green": entries // 2, "Blue": entries[::-1]}.items():
            made = self.table(first, vr)
            said = [*made.LUTDescriptor[:2], bits]
            dataset.add_new(f"{name}PaletteColorLookupTableDescriptor", vr, said)
            data = colour.astype(f"<u{bits // 8}").tobytes()
            dataset.add_new(f"{name}PaletteColorLookupTableData", "OW", data)
        found = decode_file(file_of(dataset))
        expected = [[0, 0, 255], [30, 15, 180], [255, 127, 0], [255, 127, 0]]
        assert found.image.pixels[0, 0].tolist() == expected
        said = found.header.RedPaletteColorLookupTableDescriptor  # as it is in the file
        assert said[1] == (first if vr == "SS" and first < 0 else said[1])
        assert said[0] == 8


class TestPadding:
    @pytest.mark.parametrize(
        ("pixels", "elements", "expected"),
        [
            (np.int16([[-2000, 5, -1999]]), {"PixelPaddingValue": -2000}, [1, 0, 0]),
            (np.uint16([[0, 5, 65535]]), {"PixelPaddingValue": 65535}, [0, 0, 1]),
            (
                np.int16([[-2000, -1500, -1024]]),
                {"PixelPaddingValue": -1500, "PixelPaddingRangeLimit": -2000},
                [1, 1, 0],
            ),
            (np.float32([[0.5, -1.5, 2]]), {"FloatPixelPaddingValue": -1.5}, [0, 1, 0]),
        ],
    )
    def test_compares_with_stored_values(self, pixels, elements, expected):
        dataset = header_of(pixels, RescaleSlope=1, RescaleIntercept=-1024)
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
            if not keyword.startswith("Float"):
                dataset[keyword].VR = "SS" if pixels.dtype.kind == "i" else "US"
        for values in ("stored", "modality", "display"):
            image = decode(file_of(dataset), values=values)
            assert image.padding.astype(int).tolist() == [[expected]]
            assert image.padding.shape == image.pixels.shape

    def test_a_negative_value_written_as_an_unsigned_one(self):
        dataset = header_of(np.int16([[-2000, 5]]), PixelPaddingValue=63536)
        dataset["PixelPaddingValue"].VR = "US"
        assert decode(file_of(dataset)).padding.tolist() == [[[True, False]]]

    def test_none_where_no_pixel_has_it(self):
        assert decode(dicom_of(RAMP, PixelPaddingValue=-2000)).padding is None
        assert decode(dicom_of(RAMP)).padding is None

    def test_padding_keeps_its_value_transformed(self):
        image = modality(np.int16([[-2000, 5]]), PixelPaddingValue=-2000, RescaleIntercept=-1024)
        assert image.pixels.tolist() == [[[-3024, -1019]]]
