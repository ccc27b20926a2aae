"""Chains of operations from text: what is read, what is refused and how."""

import json
from typing import Annotated, Literal, get_args, get_origin

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mapreduce_jobs.imaging.arrays.parameters import Between, Odd, Positive, Rows
from mapreduce_jobs.imaging.errors import BadParameter
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.pipelines.operation import Operation, Parameter, _choices
from mapreduce_jobs.imaging.pipelines.pipeline import Pipeline, Step
from mapreduce_jobs.imaging.pipelines.registry import OPERATIONS

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


def values(kind):
    """Return a strategy of what a parameter of a type may be."""
    if get_origin(kind) is Annotated:
        base, limits = get_args(kind)[:2]
        least = limits.least if limits.least is not None else limits.above
        if base is int:
            whole = st.integers(int(least or 0), int(limits.most or 99))
            return whole.filter(lambda n: n % 2 == 1 or not limits.odd)
        open_end = limits.above is not None
        return st.floats(least, limits.most or 1e6, exclude_min=open_end, allow_nan=False)
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if kind == Rows:
        row = st.lists(FINITE, min_size=1, max_size=4).map(tuple)
        return st.lists(row, min_size=1, max_size=3).map(tuple)
    return {bool: st.booleans(), int: st.integers(-99, 99), float: FINITE}[kind]


@st.composite
def steps(draw):
    """Draw an operation with values for some of its parameters."""
    operation = draw(st.sampled_from(list(OPERATIONS.values())))
    chosen = {}
    for parameter in operation.parameters.values():
        if parameter.is_required or draw(st.booleans()):
            choices = [values(kind) for kind in _choices(parameter.kind)]
            chosen[parameter.name] = draw(st.one_of(choices))
    return Step(operation, chosen)


pipelines = st.lists(steps(), max_size=4).map(lambda found: Pipeline(tuple(found)))


class TestText:
    @given(pipelines)
    def test_is_read_back(self, pipeline):
        assert Pipeline.parse(str(pipeline)) == pipeline

    @given(pipelines)
    def test_is_what_yaml_and_json_say(self, pipeline):
        items = [{step.operation.name: dict(step.values)} for step in pipeline.steps]
        assert Pipeline.load(json.dumps(items)) == pipeline
        texts = [str(step) for step in pipeline.steps]
        assert Pipeline.load(yaml.safe_dump(texts)) == pipeline

    def test_white_space_does_not_matter(self):
        assert Pipeline.parse(" invert|flip  axis=both ") == Pipeline.parse(
            "invert | flip axis=both"
        )

    def test_nothing_is_a_chain_that_leaves_images_alone(self):
        image = Image(np.zeros((1, 2, 3), np.uint16), 12)
        assert Pipeline.parse(" ")(image) is image

    def test_operations_come_in_their_order(self):
        image = Image(np.uint8([[[1, 2, 3]]]), 8)
        done = Pipeline.parse("crop left=0 top=0 width=2 height=1 | flip axis=horizontal")(image)
        assert done.pixels.tolist() == [[[2, 1]]]

    def test_a_border_for_all_that_do_not_say(self):
        chain = Pipeline.parse("gaussian sigma=1 | mean size=3 border=wrap | invert", "edge")
        assert str(chain) == "gaussian sigma=1 border=edge | mean size=3 border=wrap | invert"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gausian sigma=1", "gausian: no such operation: did you mean gaussian"),
        ("xyzzy", "xyzzy: no such operation; --list-ops shows them"),
        ("invert |", "an operation is missing before or behind a |"),
        ("gaussian", r"gaussian: sigma=… is missing: a number above 0"),
        ("gaussian sigma=-1", "gaussian: sigma=-1: must be a number above 0"),
        ("gaussian sigma=nan", "gaussian: sigma=nan: must be a number above 0"),
        ("gaussian sigma=wide", "gaussian: sigma=wide: must be a number above 0"),
        ("gaussian sigma", "gaussian: sigma: parameters are given as KEY=VALUE"),
        ("gaussian sigma=1 sigma=2", "gaussian: sigma is given twice"),
        ("gaussian size=3", "gaussian: size is not known: it has sigma, "),
        ("invert a=1", "invert: a is not known: it has no parameters"),
        ("median size=4", "median: size=4: must be an odd whole number, 1 or more"),
        ("flip axis=up", "flip: axis=up: must be horizontal, vertical or both"),
        ("convolve kernel=1,x", "convolve: kernel=1,x: must be identity, mean"),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(BadParameter) as refused:
        Pipeline.parse(text)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scale: 2", "must be a list of operations"),
        ("[", "not YAML or JSON: "),
        ("[1]", "1: an operation is a name, or a name with a mapping of parameters"),
        ("[{a: {}, b: {}}]", '{"a": {}, "b": {}}: an operation is a name'),
        ("[{flip: both}]", 'flip: "both": must be a mapping of parameters'),
        ("[{gaussian: {sigma: true}}]", "gaussian: sigma=true: must be a number above 0"),
        ("[{gaussian: {sigma: [1]}}]", "gaussian: sigma=1: must be a number above 0"),
    ],
)
def test_what_is_refused_in_a_file(text, message):
    with pytest.raises(BadParameter) as refused:
        Pipeline.load(text)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("canny low=200 high=100", "canny: "),
        ("normalise method=zscore | canny low=1 high=2", "canny: "),
        ("scale factor=2 rows=10", "scale: "),
    ],
)
def test_what_no_image_can_mend_is_known_before_the_first(text, message):
    with pytest.raises(BadParameter) as refused:
        Pipeline.parse(text).check()
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "canny low=100 high=200",  # 8-bit images have edges
        "crop left=5000 top=0 width=9 height=9",  # there may be images that large
        "normalise bits=8 | canny low=1 high=2",
    ],
)
def test_what_an_image_may_allow_is_left_to_it(text):
    Pipeline.parse(text).check()


class TestOperationsAreReadFromTheirFunctions:
    def test_one(self):
        def blur(image: Image, *, sigma: Positive = 1.0, size: Odd | None = None) -> Image:
            """Blur
            it.

            With care.

            Parameters
            ----------
            image : Image
                Any.
            sigma, size : float
                How much;
                in pixels.
            """
            return image

        operation = Operation.of(blur, "Process")
        assert (operation.name, operation.summary, operation.description) == (
            "blur",
            "Blur it.",
            "With care.",
        )
        assert list(operation.parameters) == ["sigma", "size"]
        assert operation.parameters["size"].about == "How much; in pixels"
        assert operation.read({"size": "3"}) == {"size": 3}

    @pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda found: found.name)
    def test_each_says_what_it_does_and_what_its_parameters_are(self, operation):
        assert operation.summary.endswith(".")
        assert all(parameter.about for parameter in operation.parameters.values())

    def test_limits(self):
        limited = Parameter("x", Annotated[int, Between(least=2, most=4)], 2, "")
        assert [limited.read(text) for text in ("2", 4, "3.0")] == [2, 4, 3]
        for wrong in ("1", "5", "2.5", True, None, "1e99"):
            with pytest.raises(BadParameter, match="a whole number from 2 to 4"):
                limited.read(wrong)
