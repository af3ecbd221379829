"""Images of the user's own: folders of pictures, and tables with a column of them."""

from __future__ import annotations

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from runner.studies.checks import problems
from runner.studies.study import Study
from tasks import files
from tasks.base import TaskChoice, TaskError
from tasks.catalogue import open_task, planned_sizes
from tasks.examples import split_sizes
from tests.tasks.image_samples import images, png, write_folders

SPLITS = {"train": images(12, 3, (10, 8, 3)), "test": images(6, 3, (10, 8, 3), seed=1)}
NAMES = ("cat", "dog", "owl")


def in_folders(folder, **fields):
    """A choice of folders."""
    write_folders(folder, SPLITS, NAMES)
    return TaskChoice(**{"name": "pets", "train": str(folder / "train"), "test": str(folder / "test"), **fields})


def bytes_of(data, split):
    """The images of a split."""
    return [bytes(one) for one in data.split(split)["pixels"].to_pylist()]


def test_folders_need_no_code(tmp_path):
    """Classes are the folders, in order; size, channels, mean and deviation are those of the pictures."""
    data = open_task(in_folders(tmp_path))
    assert (data.classes, data.inputs, data.max_tokens) == (NAMES, "image", 240)
    assert (data.images.height, data.images.width, data.images.channels) == (10, 8, 3)
    pixels, labels = SPLITS["train"]
    assert data.images.mean == pytest.approx((pixels / 255).mean((0, 1, 2)), abs=1e-4)
    assert data.images.deviation == pytest.approx((pixels / 255).std((0, 1, 2)), abs=1e-4)
    assert data.images.variations == ()
    order = np.argsort(labels, kind="stable")
    assert bytes_of(data, "train") == [pixels[row].tobytes() for row in order]
    assert planned_sizes(in_folders(tmp_path)) == {"train": 12, "test": 6}


def test_a_fraction_of_folders_is_held_out(tmp_path):
    """A quarter of each class, which the images alone decide."""
    data = open_task(in_folders(tmp_path, test=0.25))
    assert split_sizes(data.examples) == {"train": 9, "test": 3}
    assert sorted(data.split("test")["label"].to_pylist()) == [0, 1, 2]


def table(folder, *, as_paths):
    """A table of pictures: their bytes as the hub has them, or names of files beside it."""
    for split, (pixels, labels) in SPLITS.items():
        names = [NAMES[label] for label in labels]
        if as_paths:
            for number, one in enumerate(pixels):
                (folder / f"{split}{number}.png").write_bytes(png(one))
            rows = [f"{split}{number}.png,{name},field" for number, name in enumerate(names)]
            (folder / f"{split}.csv").write_text("\n".join(["file,what,source", *rows]))
        else:
            records = [{"bytes": png(one), "path": None} for one in pixels]
            pq.write_table(pa.table({"file": records, "what": names}), folder / f"{split}.parquet")
    ending = "csv" if as_paths else "parquet"
    places = {split: str(folder / f"{split}.{ending}") for split in SPLITS}
    return TaskChoice(name="pets", image="file", label="what", **places)


@pytest.mark.parametrize("as_paths", [True, False])
def test_a_table_with_a_column_of_pictures(tmp_path, as_paths):
    """Paths relative to the table and records of bytes are the same images; other columns are kept."""
    data = open_task(table(tmp_path, as_paths=as_paths))
    assert bytes_of(data, "test") == [one.tobytes() for one in SPLITS["test"][0]]
    assert [data.classes[label] for label in data.split("test")["label"].to_pylist()][:3] == list(NAMES)
    assert ("source" in data.examples.column_names) is as_paths


def test_a_changed_picture_is_seen(tmp_path):
    """The table's own time of change says nothing of the files it names."""
    choice = table(tmp_path, as_paths=True)
    before = open_task(choice).fingerprint
    (tmp_path / "test0.png").write_bytes(png(SPLITS["train"][0][0]))
    assert open_task(choice).fingerprint != before


def test_a_saved_data_set(tmp_path):
    """A feature of images of `datasets`, with declared classes; one of which there is no image is refused."""
    features = datasets.Features({"img": datasets.Image(), "label": datasets.ClassLabel(names=[*NAMES, "yak"])})
    made = {
        split: datasets.Dataset.from_dict(
            {"img": [{"bytes": png(one), "path": None} for one in pixels], "label": labels.tolist()}, features=features
        )
        for split, (pixels, labels) in SPLITS.items()
    }
    datasets.DatasetDict(made).save_to_disk(str(tmp_path / "saved"))
    choice = TaskChoice(name="pets", dataset=str(tmp_path / "saved"), image="img", label="label")
    with pytest.raises(TaskError, match="train has no image of the class 'yak'"):
        open_task(choice)
    features["label"] = datasets.ClassLabel(names=list(NAMES))
    made = {split: one.cast(features) for split, one in made.items()}
    datasets.DatasetDict(made).save_to_disk(str(tmp_path / "whole"))
    data = open_task(choice.model_copy(update={"dataset": str(tmp_path / "whole")}))
    assert (data.classes, bytes_of(data, "train")[0]) == (NAMES, SPLITS["train"][0][0].tobytes())


def test_grey_pictures_have_one_channel(tmp_path):
    """Where one picture has colours all have three channels."""
    grey = {split: images(4, 2, (9, 9, 1)) for split in ("train", "test")}
    write_folders(tmp_path, grey, NAMES)
    choice = TaskChoice(name="pets", train=str(tmp_path / "train"), test=str(tmp_path / "test"))
    assert open_task(choice).images.channels == 1
    (tmp_path / "test" / "cat" / "colour.png").write_bytes(png(images(1, shape=(9, 9, 3))[0][0]))
    data = open_task(choice)
    assert data.images.channels == 3
    assert bytes_of(data, "train")[0] == np.repeat(grey["train"][0][0], 3, axis=-1).tobytes()


def save(path, picture, **options):
    """A picture in place of another file's."""
    picture.save(path, **options)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda cat: save(cat / "0000.png", Image.new("RGB", (9, 8))),
            "0003.png has 8 x 10 pixels and .*0000.png has 9 x 8",
        ),
        (lambda cat: (cat / "0000.png").write_bytes(b"no picture"), "0000.png is no picture that can be read"),
        (lambda cat: (cat / "0000.png").write_bytes((cat / "0000.png").read_bytes()[:90]), "0000.png cannot be read"),
        (lambda cat: save(cat / "0000.png", Image.new("I;16", (8, 10))), "more than 8 bits a channel"),
        (lambda cat: save(cat / "0000.png", Image.new("RGBA", (8, 10))), "is transparent in places"),
        (
            lambda cat: save(cat / "0000.png", Image.new("L", (1025, 8))),
            "has 1025 x 8 pixels; allowed: sides up to 1024",
        ),
        (lambda cat: [path.unlink() for path in cat.iterdir()], "has the class 'cat' without a single image"),
        (lambda cat: (cat.parent / "yak").mkdir(), "has the class 'yak' without a single image"),
        (lambda cat: cat.rename(cat.parent / "Cat"), "has no folder 'cat', and .*test has one"),
    ],
)
def test_pictures_that_are_refused(tmp_path, spoil, words):
    """Each is named in one line."""
    choice = in_folders(tmp_path)
    spoil(tmp_path / "train" / "cat")
    with pytest.raises(TaskError, match=words) as caught:
        open_task(choice)
    assert len(str(caught.value).splitlines()) == 1


def test_what_is_plain_is_read(tmp_path):
    """A palette, an opaque alpha channel and a grey JPEG are images as others; files that are none are said."""
    choice = in_folders(tmp_path)
    cat = tmp_path / "train" / "cat"
    save(cat / "a.gif", Image.new("P", (8, 10)))
    save(cat / "b.png", Image.new("RGBA", (8, 10), (1, 2, 3, 255)))
    save(cat / "c.JPG", Image.new("L", (8, 10)), format="JPEG")
    (cat / "notes.txt").write_text("of cats")
    (cat / ".DS_Store").write_text("")
    data = open_task(choice)
    assert bytes([1, 2, 3] * 80) in bytes_of(data, "train")
    assert [one for one in data.warnings if "no pictures" in one] == [
        f"{tmp_path / 'train'}: 1 files that are no pictures are left out: cat/notes.txt"
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"train": "nowhere"}, "does not exist"),
        ({"train": "empty"}, "has no folders; images lie in a folder for each class"),
        ({"text": "text", "label": "label"}, "unknown kind of file"),
        ({"id": "id"}, "folders of images have no columns"),
        ({"max_tokens": 12}, "max_tokens is for texts"),
        ({"train": "t.csv", "test": "t.csv"}, "text is missing"),
        ({"train": "t.csv", "test": "t.csv", "image": "a"}, "exactly one of label"),
        ({"train": "t.csv", "test": "t.csv", "image": "a", "text": "b", "label": "c"}, "image stands for text"),
    ],
)
def test_fields_that_do_not_fit(tmp_path, fields, words):
    """A study is told before anything is read."""
    choice = in_folders(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "t.csv").write_text("a,b,c\n1,2,3\n")
    places = {key: str(tmp_path / value) for key, value in fields.items() if key in ("train", "test")}
    with pytest.raises(TaskError, match=words):
        files.check(choice.model_copy(update={**fields, **places}))


def test_a_study_of_folders(tmp_path):
    """A study gives the folder alone; a network of texts is refused for it."""
    choice = in_folders(tmp_path)
    given = {
        "name": "own",
        "tasks": [{"name": "pets", "train": choice.train, "test": choice.test}],
        "models": ["convnet"],
        "methods": ["mp-ai"],
        "sparsities": [0.5],
        "seeds": 2,
        "training": {"epochs": 1, "batch_size": 4, "learning_rate": 0.01},
    }
    assert problems(Study.model_validate(given)) == []
    assert "reads" in problems(Study.model_validate({**given, "models": ["bilstm"]}))[0].message
