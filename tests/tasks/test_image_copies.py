"""Published image data sets, from every form of a copy."""

from __future__ import annotations

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks import TASKS, mnist
from tasks.base import TaskChoice, TaskError
from tasks.catalogue import open_task, planned_sizes
from tasks.cifar import CIFAR10, CIFAR100
from tasks.examples import split_sizes
from tasks.mnist import MNIST
from tests.tasks.conftest import shared
from tests.tasks.image_samples import images, png, write_binary, write_folders, write_idx

GREY = {"train": images(40), "test": images(20, seed=1)}
COLOUR = {"train": images(40, shape=(32, 32, 3)), "test": images(20, shape=(32, 32, 3), seed=1)}
HUNDRED = {"train": images(200, 100, (32, 32, 3)), "test": images(100, 100, (32, 32, 3), seed=1)}


def parquet(folder, splits, picture, label):
    """The files of the hub: records of bytes and path."""
    folder.mkdir(parents=True)
    for split, (pixels, labels) in splits.items():
        records = [{"bytes": png(one), "path": f"{number}.png"} for number, one in enumerate(pixels)]
        pq.write_table(pa.table({picture: records, label: labels}), folder / f"{split}-00000-of-00001.parquet")


def saved(folder, splits, picture, label):
    """What `save_to_disk` leaves of a data set with a feature of images."""
    features = datasets.Features({picture: datasets.Image(), label: datasets.ClassLabel(num_classes=10)})
    made = {
        split: datasets.Dataset.from_dict(
            {picture: [{"bytes": png(one), "path": None} for one in pixels], label: labels.tolist()}, features=features
        )
        for split, (pixels, labels) in splits.items()
    }
    datasets.DatasetDict(made).save_to_disk(str(folder))


def test_every_form_of_mnist_is_the_same(tmp_path):
    """idx files plain and packed, Parquet, folders in another order, and a saved data set give one fingerprint."""
    write_idx(tmp_path / "plain", GREY)
    write_idx(tmp_path / "packed", GREY, packed=True)
    parquet(tmp_path / "parquet", GREY, "image", "label")
    write_folders(tmp_path / "folders", GREY, MNIST.classes)
    saved(tmp_path / "saved", GREY, "image", "label")
    found = {name: MNIST.load(tmp_path / name) for name in ("plain", "packed", "parquet", "folders", "saved")}
    assert len({one.fingerprint for one in found.values()}) == 1
    data = found["plain"]
    assert split_sizes(data.examples) == {"train": 36, "validation": 4, "test": 20}
    assert data.note == "the copy is not the whole: train 40 of 60000, test 20 of 10000"
    held = {bytes(one) for one in data.split("train")["pixels"].to_pylist()}
    held |= {bytes(one) for one in data.split("validation")["pixels"].to_pylist()}
    assert held == {one.tobytes() for one in GREY["train"][0]}


@pytest.mark.parametrize(("published", "splits", "coarse"), [(CIFAR10, COLOUR, False), (CIFAR100, HUNDRED, True)])
def test_forms_of_cifar(tmp_path, published, splits, coarse):
    """The binary version, Parquet and folders are one; of CIFAR-100 the fine label is the class."""
    write_binary(tmp_path / "binary", splits, coarse=coarse)
    parquet(tmp_path / "parquet", splits, "img", published.label)
    write_folders(tmp_path / "folders", splits, published.classes)
    found = [published.load(tmp_path / name) for name in ("binary", "parquet", "folders")]
    assert len({one.fingerprint for one in found}) == 1
    pixels, labels = splits["test"]
    rows = found[0].split("test")
    there = {
        bytes(image): label for image, label in zip(rows["pixels"].to_pylist(), rows["label"].to_pylist(), strict=True)
    }
    assert there == {one.tobytes(): label for one, label in zip(pixels, labels.tolist(), strict=True)}


def test_validation_is_a_share_of_every_class(tmp_path):
    """A tenth of each class of train, told by the images alone; `validation: 0` trains on all of them and says so."""
    pixels, labels = images(200)
    write_idx(tmp_path / "one", {"train": (pixels, labels), "test": GREY["test"]})
    write_idx(tmp_path / "two", {"train": (pixels[::-1], labels[::-1]), "test": GREY["test"]})
    first, second = MNIST.load(tmp_path / "one"), MNIST.load(tmp_path / "two")
    assert first.fingerprint == second.fingerprint
    assert np.bincount(first.split("validation")["label"].to_numpy()).tolist() == [2] * 10
    choice = TaskChoice(name="mnist", data=str(tmp_path / "one"), validation=0)
    whole = open_task(choice)
    assert split_sizes(whole.examples) == {"train": 200, "test": 20}
    assert "all published training images are trained on" in whole.note
    assert planned_sizes(choice) == {"train": 60_000, "test": 10_000}
    assert planned_sizes(choice.model_copy(update={"validation": None}))["validation"] == 6_000


def spoil_packed(folder):
    """Have a packed file that is none, in place of the plain one."""
    (folder / "train-images-idx3-ubyte").rename(folder / "train-images-idx3-ubyte.gz")


def cut(path):
    """Take the last byte away."""
    path.write_bytes(path.read_bytes()[:-1])


def change(path, place, value):
    """Set one byte."""
    content = bytearray(path.read_bytes())
    content[place] = value
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "t10k-labels-idx1-ubyte").unlink(), "no t10k-labels file"),
        (lambda folder: cut(folder / "train-images-idx3-ubyte"), "its header says 40 x 28 x 28"),
        (lambda folder: change(folder / "train-images-idx3-ubyte", 2, 9), "no idx file of bytes in 3 dimensions"),
        (lambda folder: change(folder / "train-labels-idx1-ubyte", 8, 200), "labels from 0 to 200; allowed: 0 to 9"),
        (lambda folder: change(folder / "t10k-labels-idx1-ubyte", 7, 19), "header says 19"),
        (spoil_packed, "cannot be unpacked"),
    ],
)
def test_damaged_idx_files(tmp_path, spoil, words):
    """A missing, cut or wrong file is named, with what is wrong."""
    spoil(write_idx(tmp_path, GREY))
    with pytest.raises(TaskError, match=words) as caught:
        MNIST.load(tmp_path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_class_without_examples(tmp_path):
    """A copy that lacks a class in a split is refused."""
    write_idx(tmp_path, {"train": GREY["train"], "test": images(5)})
    with pytest.raises(TaskError, match="test has no image of 5, 6, 7, 8, 9"):
        MNIST.load(tmp_path)


def test_what_is_no_copy(tmp_path):
    """A cut batch, a pickle and an empty folder are refused; the pickle is not opened."""
    write_binary(tmp_path / "cut", COLOUR)
    cut(tmp_path / "cut" / "test_batch.bin")
    with pytest.raises(TaskError, match=r"test_batch\.bin holds 61459 bytes, no whole number of images of 3073"):
        CIFAR10.load(tmp_path / "cut")
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "data_batch_1").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(TaskError, match="data_batch_1 is a pickle, which is never opened"):
        CIFAR10.load(tmp_path / "python")
    (tmp_path / "empty").mkdir()
    with pytest.raises(TaskError, match="allowed: the four idx files"):
        MNIST.load(tmp_path / "empty")
    write_folders(tmp_path / "odd", GREY, [*MNIST.classes[:9], "nine"])
    with pytest.raises(TaskError, match="has the folder 'nine'; its classes are 0, 1"):
        MNIST.load(tmp_path / "odd")


def test_debians_copy_is_found(tmp_path, monkeypatch):
    """Without data, fashion-mnist is read where Debian's package puts it."""
    write_idx(tmp_path, GREY, packed=True)
    monkeypatch.setattr(mnist, "DEBIAN", tmp_path)
    found = mnist.FASHION.__class__(**{**vars(mnist.FASHION), "installed": tmp_path}).load()
    assert split_sizes(found.examples)["test"] == 20
    assert str(mnist.FASHION.installed) == "/usr/share/datasets/fashion-mnist"


def test_an_archive_is_read_in_memory(tmp_path):
    """The binary version as it is published, a tar.gz."""
    import tarfile

    write_binary(tmp_path / "cifar-10-batches-bin", COLOUR)
    with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "cifar-10-batches-bin", "cifar-10-batches-bin")
    data = CIFAR10.load(tmp_path / "cifar-10-binary.tar.gz")
    assert data.fingerprint == CIFAR10.load(tmp_path / "cifar-10-batches-bin").fingerprint


def test_mnist_is_known():
    """The real MNIST: means and deviations are the constants by which it is scaled."""
    data = open_task(TaskChoice(name="mnist", data=str(shared("mnist"))))
    pixels = np.frombuffer(data.split("train")["pixels"].combine_chunks().buffers()[1], np.uint8)[: 54_000 * 784] / 255
    assert data.images.mean == pytest.approx([pixels.mean()], abs=5e-4)
    assert data.images.deviation == pytest.approx([pixels.std()], abs=5e-4)
    assert np.bincount(data.split("test")["label"].to_numpy()).tolist() == [
        *(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)
    ]


def test_hundred_classes():
    """CIFAR-100's names are in the order of the alphabet, which is that of its indices."""
    assert len(set(TASKS["cifar100"].classes)) == 100
    assert list(TASKS["cifar100"].classes) == sorted(TASKS["cifar100"].classes)
