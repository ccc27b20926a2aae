"""Naive Bayes over a collection: beside scikit-learn, whatever the tasks, and what fails."""

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from sklearn.naive_bayes import GaussianNB, MultinomialNB

from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.estimation.evaluation import fold_of
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.measures.features import features
from mapreduce_jobs.recognise import Recognise
from tests.support import dicom, item, png, results, scan

FAMILIES = ["moments", "binary-patterns", "hog"]
COUNT = 120


@pytest.fixture(scope="module")
def digits():
    """Scikit-learn's images of handwritten digits, by class and number."""
    data = load_digits()
    return {
        f"{data.target[n]}/{n}.png": png(
            cv2.resize((data.images[n] * 15.9).astype(np.uint8), (32, 32))
        )
        for n in range(COUNT)
    }


@pytest.fixture
def folder(tree, tmp_path, digits):
    return tree(tmp_path / "digits", digits)


def table(digits, families):
    return np.array([features(decode(data), families) for data in digits.values()])


def labels(digits):
    return np.array([name.partition("/")[0] for name in digits])


def test_learns_tells_and_validates_as_scikit_learn_does(job, folder, digits, tmp_path):
    options = ["--labels", "folder", "--features", ",".join(FAMILIES), "--folds", 4]
    options += ["--smoothing", "0.001"]
    ran = job("recognise", *options, folder)
    assert (ran.status, ran.stderr) == (0, "")
    rows, truth = table(digits, FAMILIES), labels(digits)
    theirs = GaussianNB(var_smoothing=0.001).fit(rows, truth)
    model = results(ran)["model"]
    assert [one["class"] for one in model["classes"]] == theirs.classes_.tolist()
    for number, one in enumerate(model["classes"]):
        np.testing.assert_allclose(one["means"], theirs.theta_[number], rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(one["variances"], theirs.var_[number], rtol=1e-9)
        assert one["images"] == theirs.class_count_[number]

    (tmp_path / "model.json").write_bytes(ran.stdout)
    told = results(job("recognise", "--model", "model.json", folder))
    assert set(told) == set(digits)
    logs = [list(told[name]["log_posteriors"].values()) for name in digits]
    np.testing.assert_allclose(logs, theirs.predict_log_proba(rows), rtol=1e-9, atol=1e-9)
    assert [told[name]["class"] for name in digits] == theirs.predict(rows).tolist()
    assert sum(told["0/0.png"]["posteriors"].values()) == pytest.approx(1)

    folds = np.array([fold_of(name, 4) for name in digits])
    expected = truth.copy()
    for fold in range(4):
        without = GaussianNB(var_smoothing=0.001).fit(rows[folds != fold], truth[folds != fold])
        expected[folds == fold] = without.predict(rows[folds == fold])
    found = results(ran)["evaluation"]
    counted = [list(row.values()) for row in found["confusion"].values()]
    assert counted == confusion_matrix(truth, expected).tolist()
    assert found["accuracy"] == (truth == expected).mean() > 0.6


def test_multinomial(job, folder, digits):
    ran = job(
        "recognise", "--labels", "folder", "--features", "histogram", "--distribution",
        "multinomial", folder,
    )  # fmt: skip
    theirs = MultinomialNB().fit(table(digits, ["histogram"]), labels(digits))
    found = [one["log_probabilities"] for one in results(ran)["model"]["classes"]]
    np.testing.assert_allclose(found, theirs.feature_log_prob_, rtol=1e-9)


def test_whatever_the_tasks(job, folder, tmp_path):
    options = ["--labels", "folder", "--features", "histogram,hog", "--folds", 3, folder]
    inline = job("recognise", *options)
    tasks = ["-D", "mapreduce.job.maps=5", "-D", "mapreduce.job.reduces=3"]
    assert job("recognise", "-r", "local", *tasks, *options).lines == inline.lines
    (tmp_path / "model.json").write_bytes(inline.stdout)
    options = ["--model", "model.json", folder]
    assert job("recognise", "-r", "local", *options).lines == job("recognise", *options).lines


def test_labels_in_a_table(job, tree, tmp_path, digits):
    flat = {name.replace("/", "-"): data for name, data in digits.items() if name[0] in "01"}
    tree(tmp_path / "flat", {**flat, "who.png": png(scan(1)), "text.png": b"Patient was seen"})
    lines = [f'"{name}";{"zero, or so" if name[0] == "0" else "one"}' for name in flat]
    (tmp_path / "labels.csv").write_text("\n".join(["image;label", *lines, "text.png;one"]))
    ran = job("recognise", "--labels", "labels.csv", "flat")
    found = results(ran)
    counts = {one["class"]: one["images"] for one in found["model"]["classes"]}
    expected = sum(name[0] == "0" for name in flat)
    assert counts == {"zero, or so": expected, "one": len(flat) - expected}
    assert found["who.png"] == {
        "error": "NoLabel",
        "message": "the table of labels does not name it",
    }
    assert found["text.png"]["error"] == "UnknownFormat"
    assert ran.status == 1
    assert f"2 of {len(flat) + 2} images failed: 1 NoLabel, 1 UnknownFormat" in ran.stderr


def test_deeper_images_are_converted_as_for_the_model(job, tree, tmp_path):
    folder = tree(
        tmp_path / "scans",
        {
            "ct/1.dcm": dicom("CT_small.dcm"),
            "ct/2.dcm": dicom("693_J2KI.dcm"),
            "png/1.png": png(scan(1)),
            "png/2.png": png(scan(2)),
        },
    )
    ran = job("recognise", "--labels", "folder", folder)
    assert "nothing is learnt: all have one label, png" in ran.stderr
    assert "2 of 4 images failed: 2 UnsuitableImage" in ran.stderr
    failed = results(ran)
    assert {name: value["error"] for name, value in failed.items()} == {
        "ct/1.dcm": "UnsuitableImage",
        "ct/2.dcm": "UnsuitableImage",
        "model": "CannotLearn",
    }
    options = ["--labels", "folder", "--to-8bit", "minmax", "--values", "modality"]
    ran = job("recognise", *options, folder)
    assert ran.status == 0
    (tmp_path / "model.json").write_bytes(ran.stdout)
    told = results(job("recognise", "-r", "local", "--model", "model.json", folder))
    assert {name: value["class"] for name, value in told.items()} == {
        name: name.partition("/")[0] for name in told
    }
    refused = job("recognise", "--model", "model.json", "--values", "display", folder)
    assert refused.status == 2
    assert "--values: the model was made of images with --values modality" in refused.stderr


def test_what_goes_between_tasks_does_not_grow_with_pixels():
    lengths = []
    for side in (64, 512):
        job = Recognise(["--labels", "folder", "--features", "histogram,hog", "--folds", "2"])
        job.mapper_init()
        ((_, value),) = job.outcome("a/1.png", item(png(scan(1, (side, side)))))
        lengths.append(len(value["row"]))
    assert lengths == [356, 356]


@pytest.mark.parametrize(
    ("files", "options", "sentence"),
    [
        (["a/1.png", "a/2.png"], [], "all have one label, a: two or more classes are needed"),
        (["a/1.png", "a/2.png", "b/3.png"], [], "the class b has one image, and a variance needs"),
        (
            ["a/1.png", "a/2.png", "b/3.png", "b/4.png"],
            ["--priors", "a=0.5,c=0.5"],
            "priors are needed of these classes: a, b",
        ),
        (
            ["a/0.png", "a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png"],
            ["--folds", "2"],
            "all images of the class b are in one fold, and none is left to learn from",
        ),
    ],
)
def test_what_cannot_be_learnt(job, tree, tmp_path, files, options, sentence):
    tree(tmp_path / "scans", {name: png(scan(n)) for n, name in enumerate(files)})
    ran = job("recognise", "--labels", "folder", *options, "scans")
    assert ran.status == 1
    assert ran.stderr.startswith(f"nothing is learnt: {sentence}")
    assert ran.stderr.count("\n") == 1
    (error,) = results(ran).values()
    assert error["error"] == "CannotLearn"


def test_images_in_no_folder_and_no_images(job, tree, tmp_path):
    tree(tmp_path / "flat", {"1.png": png(scan(1))})
    ran = job("recognise", "--labels", "folder", "flat")
    assert results(ran)["1.png"]["error"] == "NoLabel"
    assert ran.status == 1
    (tmp_path / "empty").mkdir()
    ran = job("recognise", "--labels", "folder", "empty")
    assert (ran.status, ran.stdout, ran.stderr) == (0, b"", "no images in the input\n")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "--labels to learn, or --model to predict classes: one is needed"),
        (["--labels", "folder", "--model", "x"], "--labels to learn, or --model"),
        (["--labels", "gone.csv"], "--labels: gone.csv: No such file or directory"),
        (["--model", "gone.json"], "--model: gone.json: No such file or directory"),
        (["--model", "x", "--folds", "5"], "--folds: is part of the model, and goes with"),
        (["--labels", "folder", "--folds", "1"], "--folds: must be from 2 to 100"),
        (["--labels", "folder", "--smoothing", "nan"], "--smoothing: must be a number, 0 or more"),
        (["--labels", "folder", "--features", ""], "--features: : must be of histogram"),
        (["--labels", "folder", "--features", "colour"], "--features: colour: must be of"),
        (["--labels", "folder", "--priors", "a"], "--priors: a: must be frequency, uniform, or"),
        (
            ["--labels", "folder", "--distribution", "multinomial"],
            "--features: moments: can be below 0, and --distribution multinomial counts",
        ),
    ],
)
def test_what_is_refused_before_an_image_is_read(options, sentence):
    with pytest.raises((ValueError, UsageError)) as error:
        Recognise([*options, "a.png"])
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("option", "text", "sentence"),
    [
        ("--labels", "a.png\n", "must have two columns and a line of headings"),
        ("--labels", "name,label\na.png,x\na.png,y\n", "a.png: has two labels"),
        ("--labels", "name,label\na.png,\n", "a.png: there is no label"),
        ("--labels", "name,label\na.png\n", "a.png: it has 1 values, and the table 2 columns"),
        ("--model", '"a.png"\t{"images": 1}\n', "holds no model: give what this job wrote"),
        ("--model", '"model"\t{"error": "EmptyFile", "message": ""}\n', "holds no model"),
        ("--model", '"model"\t{"model": "naive', "the model is damaged"),
        ("--model", '"model"\t{"model": "naive Bayes"}', "the model is damaged"),
    ],
)
def test_a_file_that_is_not_what_it_should_be(tmp_path, option, text, sentence):
    (tmp_path / "file").write_text(text)
    with pytest.raises(UsageError) as error:
        Recognise([option, str(tmp_path / "file"), "a.png"])
    assert str(error.value).startswith(f"{option}: {tmp_path}/file: ")
    assert sentence in str(error.value)
