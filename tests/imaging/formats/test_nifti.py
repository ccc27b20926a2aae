"""NIfTI gives what nibabel gives, its axes brought to those of an axial DICOM image."""

import gzip
import itertools
import sys
from pathlib import Path
from typing import ClassVar

import nibabel
import numpy as np
import pytest
from nibabel.orientations import aff2axcodes, axcodes2ornt, io_orientation, ornt_transform

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import (
    DecodeError,
    UnsuitableImage,
    Unsupported,
)
from mapreduce_jobs.imaging.formats.file_formats import sniff
from tests.support import ROOT, run, write_tree

AXES = [
    "".join(letters)
    for order in itertools.permutations(("RL", "AP", "IS"))
    for letters in itertools.product(*order)
]
TOWARDS = {  # millimetres to the right, the front and the head
    "R": (2, 0, 0), "A": (0, 3, 0), "S": (0, 0, 4),
    "L": (-2, 0, 0), "P": (0, -3, 0), "I": (0, 0, -4),
}  # fmt: skip
DTYPES = ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]
INSTALLED = Path(nibabel.__file__).parent / "tests/data"
READ = {
    "anatomical.nii", "example4d.nii.gz", "example_nifti2.nii.gz", "functional.nii",
    "reoriented_anat_moved.nii", "resampled_anat_moved.nii", "standard.nii.gz",
}  # fmt: skip
REFUSED = {
    "nifti1.hdr": "whose voxels are in another file",
    "nifti2.hdr": "whose voxels are in another file",
    "row_major.dconn.nii": "more than four dimensions: 1 × 1 × 1 × 1 × 10 × 10",
}


def voxels_of(dtype="i2", shape=(5, 4, 3), seed=3):
    random = np.random.default_rng(seed)
    if dtype.startswith("f"):
        return random.normal(0, 300, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return random.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def nifti(voxels, affine=None, version=1, order="<", unit="mm", **fields):
    """Return a file as nibabel writes it; fields of its header are overwritten."""
    kind, header = {
        1: (nibabel.Nifti1Image, nibabel.Nifti1Header),
        2: (nibabel.Nifti2Image, nibabel.Nifti2Header),
    }[version]
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) if affine is None else affine
    image = kind(voxels, affine, header(endianness=order))
    image.set_data_dtype(voxels.dtype.newbyteorder(order))
    image.header.set_slope_inter(1, 0)
    image.header.set_xyzt_units(unit)
    image.header["vox_offset"] = 544 if version == 2 else 352
    for name, value in fields.items():
        image.header[name] = value
    return image.header.binaryblock + bytes(4) + image.dataobj.tobytes("F")


def expected(data):
    """Return what nibabel reads: the scaled numbers, times × frames × rows × columns as one."""
    kind = (
        nibabel.Nifti2Image if data[:4] in (b"\x1c\2\0\0", b"\0\0\2\x1c") else nibabel.Nifti1Image
    )
    image = kind.from_bytes(data)
    turn = ornt_transform(io_orientation(image.affine), axcodes2ornt("LPS"))
    turned = image.as_reoriented(turn)
    assert aff2axcodes(turned.affine) == ("L", "P", "S")
    return np.asarray(turned.dataobj).T.reshape(-1, *turned.shape[1::-1])


@pytest.mark.parametrize("axes", AXES)
def test_whatever_the_order_and_direction_of_the_axes(axes):
    affine = np.eye(4)
    affine[:3, :3] = np.transpose([TOWARDS[letter] for letter in axes])
    assert "".join(aff2axcodes(affine)) == axes
    data = nifti(voxels_of(), affine)
    image = decode(data)
    np.testing.assert_array_equal(image.pixels, expected(data))
    assert image.spacing == (3.0, 2.0)  # millimetres along back and left


def test_one_voxel_in_front_on_the_left_at_the_top():
    """By hand: the affine's axes are left, front, head; the voxel ends up in row 0 at the right."""
    voxels = np.zeros((3, 4, 2), np.uint8)
    voxels[2, 3, 1] = 7
    image = decode(nifti(voxels, np.diag([-1.0, 1.0, 1.0, 1.0])))
    assert image.pixels.shape == (2, 4, 3)
    assert np.argwhere(image.pixels == 7).tolist() == [[1, 0, 2]]


def test_oblique_axes_are_brought_to_the_closest():
    angle = np.radians(20)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([-0.5, 0.7, 2.0])
    data = nifti(voxels_of(), affine)
    np.testing.assert_array_equal(decode(data).pixels, expected(data))
    assert decode(data).spacing == (0.7, 0.5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_stored_numbers_keep_value_and_dtype(dtype, order, version, wrap):
    data = nifti(voxels_of(dtype), version=version, order=order)
    image = decode(wrap(data))
    assert sniff(wrap(data)) == "NIfTI"
    assert image.pixels.dtype == np.dtype(dtype)
    assert image.pixels.dtype.isnative
    assert (image.bits, image.unit) == (8 * int(dtype[1]), "stored")
    np.testing.assert_array_equal(image.pixels, expected(data))
    image.pixels[...] = 0  # it may be written to


@pytest.mark.parametrize("dtype", DTYPES)
def test_modality_is_scaled_as_nibabel_does(dtype):
    data = nifti(voxels_of(dtype), scl_slope=0.3, scl_inter=-7)
    stored, modality = decode(data), decode(data, values="modality")
    np.testing.assert_array_equal(modality.pixels, expected(data))
    assert (modality.pixels.dtype, modality.bits, modality.unit) == (np.float64, 64, "unspecified")
    np.testing.assert_array_equal(stored.pixels, expected(nifti(voxels_of(dtype))))


@pytest.mark.parametrize("slope", [(1, 0), (0, 5), (np.nan, 3)])
def test_without_a_scale_modality_is_what_is_stored(slope):
    data = nifti(voxels_of(), scl_slope=slope[0], scl_inter=slope[1])
    image = decode(data, values="modality")
    assert (image.pixels.dtype, image.unit) == (np.int16, "stored")


class TestDisplay:
    LINE = np.int16([-100, 0, 50, 100, 200]).reshape(5, 1, 1)

    def shown(self, voxels, **fields):
        return decode(nifti(voxels, **fields), values="display")

    def test_the_least_and_the_greatest_value_are_the_ends_of_16_bits(self):
        image = self.shown(self.LINE)
        assert (image.pixels.dtype, image.bits) == (np.uint16, 16)
        # (0 + 100) / 300 · 65535 = 21845, 150 / 300 · 65535 = 32767.5 (to even)
        assert image.pixels.ravel().tolist() == [0, 21845, 32768, 43690, 65535]

    def test_a_window_of_the_header_is_of_scaled_values(self):
        image = self.shown(self.LINE, scl_slope=2, scl_inter=10, cal_min=10, cal_max=210)
        assert image.pixels.ravel().tolist() == [0, 0, 32768, 65535, 65535]

    def test_8_bits_stay_8_bits(self):
        image = self.shown(np.uint8([10, 15, 20]).reshape(3, 1, 1))
        assert (image.pixels.dtype, image.pixels.ravel().tolist()) == (np.uint8, [0, 128, 255])

    def test_what_is_no_number_is_dark(self):
        voxels = np.float32([np.nan, -np.inf, 1, 2, np.inf]).reshape(5, 1, 1)
        assert self.shown(voxels).pixels.ravel().tolist() == [0, 0, 0, 65535, 65535]
        for values in ("stored", "modality"):
            kept = decode(nifti(voxels), values=values).pixels
            np.testing.assert_array_equal(kept.ravel(), voxels.ravel())

    def test_a_constant_is_dark(self):
        assert not self.shown(np.full((2, 2, 2), 9, np.int16)).pixels.any()

    def test_nothing_to_be_seen(self):
        with pytest.raises(Unsupported, match="no voxel is a finite number"):
            self.shown(np.full((2, 2, 2), np.nan, np.float32))

    def test_there_is_one_window(self):
        with pytest.raises(UnsuitableImage, match="none with the number 2"):
            decode(nifti(self.LINE), values="display", window=2)


class TestAffines:
    """Which of sform, qform and pixdim counts."""

    VOXELS = voxels_of(shape=(5, 4, 3))
    # Half a turn about the third axis: to the left, the back and the head, in 2, 3 and 4 mm.
    QFORM: ClassVar = {
        "qform_code": 1, "quatern_b": 0, "quatern_c": 0, "quatern_d": 1,
        "pixdim": [1, 2, 3, 4, 1, 1, 1, 1],
    }  # fmt: skip
    ZERO: ClassVar = {"srow_x": [0] * 4, "srow_y": [0] * 4, "srow_z": [0] * 4}
    AS_STORED = VOXELS.transpose(2, 1, 0)

    def read(self, **fields):
        return decode(nifti(self.VOXELS, **fields))

    @pytest.mark.parametrize(
        "sform",
        [
            ZERO,
            {"srow_x": [0, 0, 0, 7]},
            {"srow_y": [np.nan, 1, 0, 0]},
            {"srow_z": [1, 1, 0, 0], "srow_x": [1, 1, 0, 0]},
            {"sform_code": 0},
            {"sform_code": -1},
        ],
    )
    def test_qform_where_sform_tells_no_three_axes(self, sform):
        image = self.read(**self.QFORM, **{"sform_code": 2, **sform})
        np.testing.assert_array_equal(image.pixels, self.AS_STORED)
        assert image.spacing == (3, 2)

    @pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1), (5, 4, 1, 2)])
    def test_an_axis_of_one_voxel_needs_no_direction(self, shape):
        voxels = voxels_of(shape=shape)
        rows = {"srow_x": [-2, 0, 0, 0], "srow_y": [0, -3, 0, 0], "srow_z": [0, 0, 0, 0]}
        image = decode(nifti(voxels, **rows))
        np.testing.assert_array_equal(image.pixels.ravel(), voxels.ravel("F"))
        assert image.spacing == (3, 2)

    def test_sform_where_both_tell_them(self):
        image = self.read(**self.QFORM, srow_x=[6, 0, 0, 0], srow_y=[0, 5, 0, 0])
        np.testing.assert_array_equal(image.pixels, self.AS_STORED[:, ::-1, ::-1])
        assert image.spacing == (5, 6)

    def test_where_the_volume_is_does_not_matter(self):
        image = self.read(srow_x=[-2, 0, 0, np.nan], srow_y=[0, -3, 0, np.inf])
        np.testing.assert_array_equal(image.pixels, self.AS_STORED)
        assert image.spacing == (3, 2)

    @pytest.mark.parametrize(("first", "turned"), [(0, False), (np.nan, False), (-1, True)])
    def test_of_pixdim_0_the_sign_counts(self, first, turned):
        """nifti1.h: qfac, −1 where the third axis is reversed, and 1 where it is 0."""
        fields = {**self.QFORM, "pixdim": [first, 2, 3, 4, 1, 1, 1, 1]}
        image = self.read(**fields, sform_code=0)
        np.testing.assert_array_equal(image.pixels, self.AS_STORED[:: -1 if turned else 1])

    @pytest.mark.parametrize("code", [0, 1])
    @pytest.mark.parametrize(
        ("lengths", "spacing"),
        [([2, 3, 0], (3, 2)), ([-2, 3, np.nan], (3, 2)), ([2, 0, 4], None), ([np.nan, 3, 4], None)],
    )
    def test_lengths_that_are_unknown(self, code, lengths, spacing):
        """Without a qform nibabel takes the first axis for one to the left, the others as here."""
        fields = {**self.QFORM, "qform_code": code, "pixdim": [1, *lengths, 1, 1, 1, 1]}
        image = self.read(**fields, sform_code=0)
        np.testing.assert_array_equal(image.pixels, self.AS_STORED[:, :: 1 if code else -1])
        assert image.spacing == spacing

    @pytest.mark.parametrize("code", [0, 1])
    def test_none_that_tells_them(self, code):
        with pytest.raises(DecodeError, match="does not tell three axes"):
            self.read(**self.ZERO, **{**self.QFORM, "quatern_d": np.nan, "qform_code": code})


class TestDimensions:
    @pytest.mark.parametrize(
        ("shape", "result"),
        [
            ((6,), (1, 1, 6)),
            ((6, 5), (1, 5, 6)),
            ((6, 5, 4), (4, 5, 6)),
            ((6, 5, 4, 3), (12, 5, 6)),
            ((6, 5, 1, 3), (3, 5, 6)),
            ((6, 5, 4, 3, 1, 1), (12, 5, 6)),
        ],
    )
    @pytest.mark.parametrize("version", [1, 2])
    def test_frames_are_slices_through_one_time_after_the_other(self, shape, result, version):
        voxels = voxels_of(shape=shape)
        image = decode(nifti(voxels, np.diag([-1.0, -1, 1, 1]), version))
        assert image.pixels.shape == result
        np.testing.assert_array_equal(image.pixels.ravel(), voxels.ravel("F"))

    def test_several_values_a_voxel_are_refused(self):
        with pytest.raises(Unsupported, match="more than four dimensions: 6 × 5 × 4 × 1 × 3"):
            decode(nifti(voxels_of(shape=(6, 5, 4, 1, 3))))

    @pytest.mark.parametrize("names", [["R", "G", "B"], ["R", "G", "B", "A"]])
    def test_colour(self, names):
        values = voxels_of("u1", (4, 3, 2, len(names)))
        voxels = np.zeros(values.shape[:3], [(name, "u1") for name in names])
        for channel, name in enumerate(names):
            voxels[name] = values[..., channel]
        for values_kind in ("stored", "modality", "display"):
            image = decode(nifti(voxels, scl_slope=3), values=values_kind)
            np.testing.assert_array_equal(image.pixels, values.transpose(2, 1, 0, 3)[..., :3])
            assert (image.is_colour, image.bits, image.unit) == (True, 8, "stored")


@pytest.mark.parametrize(
    ("unit", "factor"), [("unknown", 1), ("mm", 1), ("meter", 1000), ("micron", 0.001)]
)
def test_spacing_is_in_millimetres(unit, factor):
    affine = np.diag([-0.7, -0.5, 2, 1])
    rows, columns = decode(nifti(voxels_of(), affine, unit=unit)).spacing
    assert (rows, columns) == pytest.approx((0.5 * factor, 0.7 * factor), rel=1e-12)


@pytest.mark.parametrize("path", sorted(INSTALLED.glob("*.*")), ids=lambda path: path.name)
def test_every_file_that_nibabel_brings(path):
    """Those of NIfTI are read as nibabel reads them, or are refused for the true reason."""
    data = path.read_bytes()
    if path.name in READ:
        np.testing.assert_array_equal(decode(data, values="modality").pixels, expected_of(path))
    elif path.suffix == ".dcm":
        assert decode(data).pixels.shape == (1, 256, 256)
    else:
        reason = REFUSED.get(path.name, "not an image of a known format|the file is empty")
        with pytest.raises(DecodeError, match=reason):
            decode(data)


def expected_of(path):
    data = path.read_bytes()
    return expected(gzip.decompress(data) if path.suffix == ".gz" else data)


def test_without_nibabel_the_extra_is_named(tmp_path):
    (tmp_path / "without/nibabel").mkdir(parents=True)
    (tmp_path / "without/nibabel/__init__.py").write_text("raise ImportError('not here')")
    (tmp_path / "scan.nii.gz").write_bytes(gzip.compress(nifti(voxels_of())))
    job = ROOT / "mapreduce_jobs/image_histogram.py"
    without = {"PYTHONPATH": str(tmp_path / "without")}
    ran = run(sys.executable, job, "scan.nii.gz", cwd=tmp_path, env=without)
    assert ran.status == 1
    assert (
        b"needs nibabel, which is not installed: pip install 'mapreduce-imaging[nifti]'"
        in ran.stdout
    )
    assert "Traceback" not in ran.stderr
    assert run(sys.executable, job, "scan.nii.gz", cwd=tmp_path).status == 0


@pytest.mark.parametrize("options", [[], ["-r", "local"]])
def test_files_of_a_folder_are_images_by_content(tmp_path, options):
    folder = write_tree(
        tmp_path / "scans",
        {"a/t1.nii.gz": gzip.compress(nifti(voxels_of())), "t2.nii": nifti(voxels_of("f4"))},
    )
    ran = run(sys.executable, ROOT / "mapreduce_jobs/image_histogram.py", *options, folder)
    assert (ran.status, len(ran.lines)) == (0, 2), ran.stderr
    assert ran.lines[0].startswith(b'"a/t1.nii.gz"\t{"images": 1, "pixels": 60, ')
