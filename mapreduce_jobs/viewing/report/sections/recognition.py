"""Models of classes of images, their evaluation, and the predicted classes of images."""

from collections import Counter
from typing import Any

from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup
from mapreduce_jobs.viewing.report import plots
from mapreduce_jobs.viewing.report.long_tables import Column, Rows
from mapreduce_jobs.viewing.report.number_formats import MISSING, number_text, numeric, share_text
from mapreduce_jobs.viewing.report.sections.part import Part, Tools, counted, texts

__all__ = ["Models", "Predictions"]

_HEATS = 9
_MIN_CERTAIN = 6
_MAX_CURVES = 12
_RATES = ("false_positive_rate", "true_positive_rate")


class Models(Part):
    """Models of one result, and what leaving folds out showed of them."""

    kinds = ("model", "evaluation")

    def __init__(self) -> None:
        self._models: list[dict[str, Any]] = []
        self._evaluations: list[dict[str, Any]] = []

    def add(self, line: Line) -> None:
        """Take a model or an evaluation."""
        value = line.value
        if line.kind == "model":
            for one in value["classes"]:
                numeric(one["images"]), numeric(one["prior"]), str(one["class"])
            self._models.append(value)
            return
        for name in ("images", "folds", "accuracy", "auc"):
            numeric(value[name])
        classes = list(value["confusion"])
        for row in value["confusion"].values():
            [int(numeric(row[name])) for name in classes]
        [numeric(area) for area in value["auc_of_class"].values() if area is not None]
        for curve in (value.get("roc_of_class") or {}).values():
            if curve is not None:
                rates = [list(map(numeric, curve[name])) for name in _RATES]
                if len(rates[0]) != len(rates[1]) or len(rates[0]) < 2:
                    raise ValueError("a ROC curve is not whole")
        if not classes:
            raise ValueError("it has no classes")
        self._evaluations.append(value)

    def markup(self, tools: Tools) -> Markup:
        """Return evaluations, then what the models are."""
        evaluations = (_evaluation(tools, one) for one in sorted(self._evaluations, key=repr))
        models = (_model(tools, one) for one in sorted(self._models, key=repr))
        return Markup().join([*evaluations, *models])


def _evaluation(tools: Tools, value: dict[str, Any]) -> Markup:
    confusion, areas = value["confusion"], value["auc_of_class"]
    classes = list(confusion)
    most = max(max(row.values()) for row in confusion.values()) or 1
    rows, listed = [], []
    for one in classes:
        row = [confusion[one][predicted] for predicted in classes]
        of_class, predicted_as = sum(row), sum(confusion[true][one] for true in classes)
        right = confusion[one][one]
        cells = [
            (number_text(count), round(_HEATS * count / most), predicted == one)
            for predicted, count in zip(classes, row, strict=True)
        ]
        sensitivity = share_text(right / of_class) if of_class else MISSING
        precision = share_text(right / predicted_as) if predicted_as else MISSING
        rows.append((one, cells, sensitivity))
        area = number_text(areas.get(one))
        listed.append([one, number_text(of_class), sensitivity, precision, area])
    head = [
        ("class", "text"),
        ("images", "n"),
        ("sensitivity", "n"),
        ("precision", "n"),
        ("area under the ROC curve", "n"),
    ]
    parts = [
        tools.tiles(
            [
                ("Accuracy", share_text(value["accuracy"])),
                ("Mean AUC", number_text(value["auc"])),
                ("Images", number_text(value["images"])),
                ("Folds", number_text(value["folds"])),
            ]
        ),
        tools.confusion("Images by true class (rows) and predicted class (columns)", classes, rows),
        tools.listing("Scores of each class", head, listed),
    ]
    curves = value.get("roc_of_class") or {}
    drawn = [_curve(tools, one, curves[one], areas.get(one)) for one in classes if curves.get(one)]
    if drawn:
        parts.append(tools.plots(drawn[:_MAX_CURVES]))
    if len(drawn) > _MAX_CURVES:
        parts.append(tools.words(f"The ROC curves of the first {_MAX_CURVES} classes are drawn."))
    parts.append(
        tools.words("Each image is classified by a model that was learnt without its fold.")
    )
    return Markup().join(parts)


def _curve(tools: Tools, name: str, curve: dict[str, Any], area: float | None) -> Markup:
    said = f"ROC curve of {name} against all other classes"
    if area is not None:
        said += f"; area {number_text(area)}"
    wrong, right = (list(map(numeric, curve[rates])) for rates in _RATES)
    x, y = (rates.replace("_", " ") for rates in _RATES)
    svg = plots.curve(tools.figures, wrong, right, x, y, said)
    return tools.figure(svg, said)


def _model(tools: Tools, value: dict[str, Any]) -> Markup:
    features = value.get("features")
    facts = texts(
        [
            ("Model", str(value["model"])),
            ("Distribution", str(value["distribution"])),
            ("Smoothing", value.get("smoothing")),
            ("Features", ", ".join(map(str, features)) if isinstance(features, list) else None),
            ("Values", value.get("values")),
            ("To 8 bits by", value.get("to_8bit")),
            ("Images", value.get("images")),
        ]
    )
    listed = [
        [str(one["class"]), number_text(one["images"]), share_text(one["prior"])]
        for one in value["classes"]
    ]
    head = [("class", "text"), ("images", "n"), ("prior probability", "n")]
    return tools.facts(facts) + tools.listing("Classes that were learnt", head, listed)


class Predictions(Part):
    """Classes that one result predicts for images."""

    kinds = ("prediction",)

    def __init__(self) -> None:
        self._classes: Counter[str] = Counter()
        self._least_certain: list[tuple[float, str, str]] = []
        self._rows = Rows(
            "Images",
            "image",
            [
                Column("predicted class", "text", "class"),
                Column("its probability", "share"),
                Column("next", "text"),
                Column("its probability", "share"),
            ],
        )

    def add(self, line: Line) -> None:
        """Take the prediction for an image."""
        predicted = str(line.value["class"])
        found = {str(name): numeric(p) for name, p in line.value["posteriors"].items()}
        probability = found[predicted]
        others = sorted((-p, name) for name, p in found.items() if name != predicted)
        second, p = (others[0][1], -others[0][0]) if others else (None, None)
        self._rows.add(line.key, [predicted, probability, second, p])
        self._classes[predicted] += 1
        key = "(none)" if line.key is None else line.key
        says = f"{predicted}: {share_text(probability)}"
        listed = [*self._least_certain, (probability, key, says)]
        self._least_certain = sorted(listed)[:_MIN_CERTAIN]

    def tables(self) -> list[Rows]:
        """Return the table of images."""
        return [self._rows]

    def markup(self, tools: Tools) -> Markup:
        """Return the classes, the least certain images, and all of them."""
        unsure = [(name, says) for p, name, says in self._least_certain if p < 0.99]
        return Markup().join(
            [
                counted(tools, "Images by predicted class", "class", dict(self._classes)),
                tools.gallery_of("Least certain", unsure),
                tools.rows(self._rows),
            ]
        )
