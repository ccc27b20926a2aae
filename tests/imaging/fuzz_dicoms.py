"""DICOM of kinds that pydicom's own files are not: small, so that damage meets the header."""

import numpy as np
import pydicom
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    RLELossless,
)

from tests.imaging.dicom.test_character_sets import (
    CHARACTER_SET,
    COMMENTS,
    NAME,
    NAMES,
    SINGLE_BYTE,
    element,
)
from tests.imaging.dicom.test_suv import pet, philips
from tests.imaging.dicoms import elements_of, enhanced, file_of, header_of, item
from tests.imaging.lossless import encode as encode_lossless
from tests.support import scan

SMALL = scan(3, (8, 8), np.uint16)
FRAMES = np.stack([SMALL, SMALL // 2, SMALL // 4])
LARGE = FRAMES.repeat(4, 1).repeat(4, 2)  # which have the resolutions of JPEG 2000
LINE = {"RealWorldValueSlope": 0.5, "RealWorldValueIntercept": 1.0}
MAPPED = {"RealWorldValueFirstValueMapped": 0, "RealWorldValueLastValueMapped": 63}


def table(first=-1024, bits=8, vr="SS", **elements):
    """Return an item with a table of 64 entries."""
    found = item(LUTDescriptor=[64, first, bits], LUTData=bytes(range(128)), **elements)
    found["LUTDescriptor"].VR, found["LUTData"].VR = vr, "OW"
    return found


def dicoms() -> dict[str, bytes]:
    """Return all of them, by name."""
    return {
        **grey_values(),
        **functional_groups(),
        **of_pet(),
        **texts(),
        **layouts(),
    }


def grey_values() -> dict[str, bytes]:
    """Return tables, windows, mappings, doses and palettes."""
    deep = scan(1, (64, 64), np.uint16)
    high = header_of(deep, BitsStored=12, RescaleSlope=1, RescaleIntercept=-1024)
    high.HighBit, high.SpecificCharacterSet = 15, ["", "ISO 2022 IR 58"]
    high.PatientName, high.PatientComments = "Zhang^XiaoDong=张^小东", "第一行\r\n第二行"
    long = item(LUTDescriptor=[4096, -1024, 8], LUTData=bytes(4096))
    long["LUTDescriptor"].VR, long["LUTData"].VR = "SS", "OW"
    high.VOILUTSequence = [long]
    indices = header_of(
        scan(2, (64, 64)).astype(np.int16), PhotometricInterpretation="PALETTE COLOR"
    )
    for colour in ("Red", "Green", "Blue"):
        indices.add_new(f"{colour}PaletteColorLookupTableDescriptor", "SS", [256, -20, 16])
        indices.add_new(f"{colour}PaletteColorLookupTableData", "OW", bytes(range(256)) * 2)
    several = header_of(SMALL, RescaleSlope=2, RescaleIntercept=-100, RescaleType="HU")
    several.WindowCenter, several.WindowWidth = [40, 450], [400, 0.5]
    several.VOILUTFunction = "SIGMOID"
    several.VOILUTSequence = [table(), table(0, 16, "US")]
    modality = header_of(SMALL // 1024, PhotometricInterpretation="MONOCHROME1")
    modality.ModalityLUTSequence = [table(0, 16, "US", ModalityLUTType="OD")]
    modality.PixelPaddingValue, modality.PixelPaddingRangeLimit = 3, 9
    unit = item(CodeValue="mm2/s", CodingSchemeDesignator="UCUM", CodeMeaning="mm2/s")
    mapped = header_of(
        SMALL // 1024,
        RealWorldValueMappingSequence=[item(**MAPPED, **LINE, MeasurementUnitsCodeSequence=[unit])],
    )
    entries = header_of(
        SMALL // 1024,
        RealWorldValueMappingSequence=[
            item(**MAPPED, RealWorldValueLUTData=[float(number) for number in range(64)])
        ],
    )
    real = header_of(
        np.linspace(-1, 1, 64).reshape(8, 8),
        RealWorldValueMappingSequence=[
            item(
                DoubleFloatRealWorldValueFirstValueMapped=-0.5,
                DoubleFloatRealWorldValueLastValueMapped=0.5,
                **LINE,
            )
        ],
    )
    dose = header_of(FRAMES.astype(np.uint32) << 10, Modality="RTDOSE", DoseGridScaling="0.00025")
    dose.DoseUnits, dose.GridFrameOffsetVector = "GY", [0, 2.5, 5]
    return {
        "high bit and table": file_of(high),
        "palette of signed indices": file_of(indices),
        "windows and tables": file_of(several),
        "windows and tables, implicit": file_of(several, ImplicitVRLittleEndian),
        "modality table": file_of(modality),
        "real world values": file_of(mapped),
        "real world table": file_of(entries),
        "real world values of floats": file_of(real),
        "dose": file_of(dose),
        "floats": file_of(header_of(np.linspace(-9, 9, 64, dtype=np.float32).reshape(8, 8))),
    }


def functional_groups() -> dict[str, bytes]:
    """Return files of the enhanced kind."""
    deep = scan(1, (64, 64), np.uint16)
    plain = header_of(np.stack([deep, deep]))
    place, plane = item(ImagePositionPatient=[1, 2, 3]), item(StackID="1")
    plain.PerFrameFunctionalGroupsSequence = [
        item(PlanePositionSequence=[place], FrameContentSequence=[plane]),
        item(PixelMeasuresSequence=[item(PixelSpacing=[1, 2])]),
    ]
    groups = [
        {
            "FrameContentSequence": item(StackID="1", TemporalPositionIndex=1 + index % 2),
            "PixelValueTransformationSequence": item(
                RescaleSlope=index + 1, RescaleIntercept=-index, RescaleType="US"
            ),
            "FrameVOILUTSequence": item(WindowCenter=40 * index, WindowWidth=400),
            "RealWorldValueMappingSequence": item(**MAPPED, **LINE),
        }
        for index in range(3)
    ]
    shuffled = enhanced(FRAMES, [(0, 0, 5), (0, 0, 0), (0, 0, 2.5)], groups, Modality="MR")
    mapped = enhanced(
        FRAMES // 1024,
        [(0, 0, 0)] * 3,
        [{"RealWorldValueMappingSequence": item(**MAPPED, **LINE)} for _ in range(3)],
    )
    return {
        "enhanced": file_of(plain),
        "enhanced, shuffled": file_of(shuffled),
        "enhanced, implicit": file_of(shuffled, ImplicitVRLittleEndian),
        "enhanced, deflated": file_of(shuffled, DeflatedExplicitVRLittleEndian),
        "enhanced, mapped": file_of(mapped),
    }


def of_pet() -> dict[str, bytes]:
    """Return PET that has standardised uptake values."""
    later = pet(SeriesTime="180000", FrameReferenceTime="3416487", ActualFrameDuration=6588_000)
    general_electric = pet(SeriesTime="180000")
    block = general_electric.private_block(0x0009, "GEMS_PETD_01", create=True)
    block.add_new(0x0D, "DT", "20200302134948.00")
    zoned = pet(
        {"RadiopharmaceuticalStartDateTime": "20200302100000+0000"}, TimezoneOffsetFromUTC="+0200"
    )
    counts = philips(pet(Units="CNTS"), suv="0.001", activity="4")
    return {
        "PET": file_of(pet()),
        "PET corrected to the injection": file_of(pet(DecayCorrection="ADMIN")),
        "PET processed later": file_of(later),
        "PET of GE": file_of(general_electric),
        "PET in another time zone": file_of(zoned),
        "PET of Philips": file_of(counts),
        "PET of Philips, implicit": file_of(counts, ImplicitVRLittleEndian),
        "PET that is SUV": file_of(pet(Units="GML", SUVType="BW")),
    }


def texts() -> dict[str, bytes]:
    """Return text in every character set, of which damage may touch the escape sequences."""
    whole = file_of(header_of(SMALL))
    rest = elements_of(whole)
    head = whole[: -len(rest)]
    examples = {
        f"text of PS3.5 {name}": ("\\".join(terms), value)
        for name, (terms, value, _) in NAMES.items()
    }
    for number, byte, _, sequence in SINGLE_BYTE:
        extended = b"A^b\x1b" + sequence + bytes([byte]) + b"c"
        examples[f"text of ISO 2022 IR {number}"] = f"ISO 2022 IR 6\\ISO 2022 IR {number}", extended
    examples["text of ISO 2022 IR 159"] = (
        "\\ISO 2022 IR 87\\ISO 2022 IR 159",
        b"A^\x1b$(D\x22\x77\x30\x21\x1b(B^\x1b$B;3\x1b(B",
    )
    return {
        name: head
        + element(CHARACTER_SET, "CS", terms.encode())
        + element(NAME, "PN", value)
        + element(COMMENTS, "LT", value * 3)
        + rest
        for name, (terms, value) in examples.items()
    }


def layouts() -> dict[str, bytes]:
    """Return pixels in other bits, orders, planes and fragments, and more of them than are said."""
    overlay = header_of(SMALL | 0xF000, BitsStored=12)
    for group in (0x6000, 0x6002):
        overlay.add_new((group, 0x0010), "US", 8)
        overlay.add_new((group, 0x0011), "US", 8)
        overlay.add_new((group, 0x0040), "CS", "G")
        overlay.add_new((group, 0x0050), "SS", [1, 1])
        overlay.add_new((group, 0x0100), "US", 16)
        overlay.add_new((group, 0x0102), "US", 12 + group % 4)
    upper = header_of(SMALL << 4, BitsStored=12)
    upper.HighBit = 15
    bits = header_of(np.packbits(scan(4, (8, 8)) > 99).reshape(1, 8))
    bits.Rows = bits.Columns = 8
    bits.BitsAllocated, bits.BitsStored, bits.HighBit = 1, 1, 0
    big = header_of(SMALL)
    big.PixelData = SMALL.astype(">u2").tobytes()
    planes = header_of(np.stack([SMALL.astype(np.uint8)] * 3))
    planes.SamplesPerPixel, planes.PlanarConfiguration, planes.NumberOfFrames = 3, 1, 1
    planes.PhotometricInterpretation = "RGB"
    lossless = [encode_lossless(frame[..., np.newaxis], 16) for frame in FRAMES]
    runs = packed(FRAMES, RLELossless)
    wavelets = packed(LARGE, JPEG2000Lossless)
    content, offsets, lengths = encapsulate_extended(wavelets)
    return {
        "overlays in high bits": file_of(overlay),
        "upper bits": file_of(upper),
        "1 bit": file_of(bits),
        "big endian": file_of(big, ExplicitVRBigEndian),
        "planes": file_of(planes),
        "more pixels than rows": file_of(header_of(FRAMES, NumberOfFrames=2)),
        "RLE": compressed(encapsulate(runs), RLELossless),
        "RLE, fragments": compressed(encapsulate(runs, fragments_per_frame=2), RLELossless),
        "JPEG lossless": compressed(encapsulate(lossless), JPEGLosslessSV1),
        "JPEG lossless, frames left out": compressed(
            encapsulate(lossless), JPEGLosslessSV1, NumberOfFrames=2
        ),
        "JPEG 2000, no table": compressed(
            encapsulate(wavelets, has_bot=False), JPEG2000Lossless, LARGE
        ),
        "JPEG 2000, extended table": compressed(
            content,
            JPEG2000Lossless,
            LARGE,
            ExtendedOffsetTable=offsets,
            ExtendedOffsetTableLengths=lengths,
        ),
    }


def packed(frames, syntax) -> list[bytes]:
    """Return each frame compressed."""
    found = []
    for frame in frames:
        dataset = header_of(frame)
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.compress(syntax)
        found += pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
    return found


def compressed(content, syntax, like=FRAMES, **elements) -> bytes:
    """Return a file of encapsulated pixels."""
    dataset = header_of(like, **elements)
    dataset.PixelData = content
    dataset["PixelData"].is_undefined_length = True
    return file_of(dataset, syntax)
