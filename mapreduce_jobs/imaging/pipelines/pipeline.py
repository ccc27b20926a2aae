"""Operations one after the other, from a text or a file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mapreduce_jobs.imaging.errors import BadParameter, OutsideImage, UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.pipelines.operation import Operation, text_of
from mapreduce_jobs.imaging.pipelines.registry import OPERATIONS

__all__ = ["Pipeline", "Step"]

# Of each kind that the decoders give; the sides are no multiples of anything.
_PROBES = [
    Image(np.linspace(low, high, 37 * 53 * samples).astype(dtype).reshape(shape), bits)
    for dtype, low, high, bits in (
        (np.uint8, 0, 255, 8),
        (np.uint16, 0, 4095, 12),
        (np.int16, -1024, 3071, 16),
        (np.float32, 0, 1, 32),
    )
    for samples, shape in ((1, (1, 37, 53)), (3, (1, 37, 53, 3)))
]


@dataclass(frozen=True)
class Step:
    """An operation with the values of its parameters."""

    operation: Operation
    values: Mapping[str, Any]

    def __call__(self, image: Image) -> Image:
        """Return what the operation makes of an image."""
        return self.operation.function(image, **self.values)

    def __str__(self) -> str:
        pairs = [f"{name}={text_of(value)}" for name, value in self.values.items()]
        return " ".join([self.operation.name, *pairs])


@dataclass(frozen=True)
class Pipeline:
    """A chain of operations: ``Pipeline.parse(text)(image)``.

    Attributes
    ----------
    steps : tuple of Step
        In the order in which they are done; none leaves an image as it is.

    Examples
    --------
    >>> chain = Pipeline.parse("flip axis=horizontal | invert")
    >>> chain(Image(np.uint8([[[0, 1, 2]]]), 8)).pixels.tolist()
    [[[253, 254, 255]]]
    >>> str(chain)
    'flip axis=horizontal | invert'
    """

    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str, border: str | None = None) -> "Pipeline":
        """Read a chain from text: ``NAME KEY=VALUE … | NAME …``.

        Parameters
        ----------
        text : str
            The operations. Numbers in rows are ``1,2;3,4``; no value holds a space.
        border : str, optional
            What lies outside an image, for each step that has a border and does not say.

        Returns
        -------
        Pipeline
            The chain.

        Raises
        ------
        BadParameter
            An operation or parameter is not known, or a value is not allowed.
        """
        if not text.strip():
            return cls(())
        described = []
        for part in text.split("|"):
            name, *pairs = part.split() or [""]
            if not name:
                raise BadParameter("an operation is missing before or behind a |")
            parameters: dict[str, str] = {}
            for pair in pairs:
                key, equals, value = pair.partition("=")
                if not (key and equals and value):
                    raise BadParameter(f"{name}: {pair}: parameters are given as KEY=VALUE")
                if key in parameters:
                    raise BadParameter(f"{name}: {key} is given twice")
                parameters[key] = value
            described.append((name, parameters))
        return cls._of(described, border)

    @classmethod
    def load(cls, text: str, border: str | None = None) -> "Pipeline":
        """Read a chain from YAML or JSON: a list of operations.

        An item is a name, a text as `parse` takes, or a mapping of one name to a mapping of
        parameters.

        Parameters
        ----------
        text : str
            The content of the file.
        border : str, optional
            As `parse` has it.

        Returns
        -------
        Pipeline
            The chain.

        Raises
        ------
        BadParameter
            It is not such a list, or something in it is not allowed.

        Examples
        --------
        >>> str(Pipeline.load("[{scale: {factor: 0.5}}, invert]"))
        'scale factor=0.5 | invert'
        """
        import yaml  # JSON is YAML

        try:
            items = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise BadParameter(f"not YAML or JSON: {' '.join(str(error).split())}") from None
        if not isinstance(items, list):
            raise BadParameter("must be a list of operations")
        steps: list[Step] = []
        for item in items:
            if isinstance(item, str):
                steps += cls.parse(item, border).steps
                continue
            if not isinstance(item, dict) or len(item) != 1:
                raise BadParameter(
                    f"{_short(item)}: an operation is a name, or a name with a mapping of"
                    " parameters"
                )
            ((name, parameters),) = item.items()
            if not isinstance(parameters or {}, dict):
                raise BadParameter(f"{name}: {_short(parameters)}: must be a mapping of parameters")
            steps += cls._of([(str(name), parameters or {})], border).steps
        return cls(tuple(steps))

    @classmethod
    def _of(
        cls, described: Iterable[tuple[str, Mapping[str, Any]]], border: str | None
    ) -> "Pipeline":
        steps = []
        for name, parameters in described:
            operation = OPERATIONS.get(name)
            if operation is None:
                raise BadParameter(f"{name}: no such operation{_like(name)}")
            values = operation.read(parameters)
            if (
                border is not None
                and "border" in operation.parameters
                and "border" not in parameters
            ):
                values["border"] = operation.parameters["border"].read(border)
            steps.append(Step(operation, values))
        return cls(tuple(steps))

    def __call__(self, image: Image) -> Image:
        """Return what the chain makes of an image."""
        for step in self.steps:
            image = step(image)
        return image

    def __str__(self) -> str:
        return " | ".join(map(str, self.steps))

    def check(self) -> list[Image]:
        """Try the chain on small images of each kind; return what it makes of them.

        So what holds for no image at all is known before the first is read: parameters that
        exclude each other, Canny on floats.

        Raises
        ------
        BadParameter
            A step's parameters do not go together, or a step takes nothing that the steps before
            it can give.
        MissingExtra
            A step needs a package that is not installed.
        """
        states: Sequence[Image] = _PROBES
        for step in self.steps:
            results: list[Image] = []
            reason: UnsuitableImage | None = None
            for image in states:
                try:
                    results.append(step(image))
                except OutsideImage:
                    return []  # these are too small to tell
                except BadParameter as error:
                    raise BadParameter(f"{step.operation.name}: {error}") from error
                except UnsuitableImage as error:
                    reason = reason or error
            if not results:
                raise BadParameter(f"{step.operation.name}: {reason}")
            states = results
        return list(states)


def _like(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, OPERATIONS, 3)
    return f": did you mean {' or '.join(near)}?" if near else "; --list-ops shows them"


def _short(item: Any) -> str:
    text = json.dumps(item, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"
