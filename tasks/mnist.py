"""MNIST and Fashion-MNIST: handwritten digits, and articles of clothing, in 28 x 28 grey pixels."""

from __future__ import annotations

from pathlib import Path

from tasks.image_copies import Published, as_task
from tasks.images import Images

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts its files."""

MNIST = Published(
    name="mnist",
    images=Images(height=28, width=28, channels=1, mean=(0.1307,), deviation=(0.3081,)),
    classes=tuple("0123456789"),
    sizes={"train": 60_000, "test": 10_000},
    hub="ylecun/mnist",
    picture="image",
    label="label",
)
FASHION = Published(
    name="fashion-mnist",
    images=Images(height=28, width=28, channels=1, mean=(0.5,), deviation=(0.5,)),
    classes=(
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    sizes={"train": 60_000, "test": 10_000},
    hub="zalando-datasets/fashion_mnist",
    picture="image",
    label="label",
    installed=DEBIAN,
)
TASKS = {
    "mnist": as_task(
        MNIST,
        title="Handwritten digits (MNIST), 28x28 pixels",
        source="the four idx files of MNIST, or `datasets` name ylecun/mnist",
        licence="CC BY-SA 3.0",
        reference="LeCun et al. 1998, Gradient-based learning applied to document recognition, Proceedings of the IEEE",
    ),
    "fashion-mnist": as_task(
        FASHION,
        title="Articles of clothing (Fashion-MNIST), 28x28 pixels",
        source="the four idx files, from Debian's package dataset-fashion-mnist, your copy, or `datasets` name "
        "zalando-datasets/fashion_mnist",
        licence="MIT",
        reference="Xiao et al. 2017, arXiv:1708.07747",
    ),
}
