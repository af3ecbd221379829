"""CIFAR-10 and CIFAR-100: small photographs of things and animals, in 32 x 32 pixels of three colours."""

from __future__ import annotations

from tasks.image_copies import Published, as_task
from tasks.images import Images

FINE = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish
forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale
willow_tree wolf woman worm
"""
"""The classes of CIFAR-100, in index order."""


def _photographs(mean: tuple[float, ...], deviation: tuple[float, ...]) -> Images:
    """Of 32 x 32 pixels in three colours, flipped and cropped in training."""
    return Images(height=32, width=32, channels=3, mean=mean, deviation=deviation, variations=("flip", "crop"))


CIFAR10 = Published(
    name="cifar10",
    images=_photographs(mean=(0.491, 0.482, 0.447), deviation=(0.247, 0.243, 0.262)),
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    sizes={"train": 50_000, "test": 10_000},
    hub="uoft-cs/cifar10",
    picture="img",
    label="label",
)
CIFAR100 = Published(
    name="cifar100",
    images=_photographs(mean=(0.507, 0.487, 0.441), deviation=(0.267, 0.256, 0.276)),
    classes=tuple(FINE.split()),
    sizes={"train": 50_000, "test": 10_000},
    hub="uoft-cs/cifar100",
    picture="img",
    label="fine_label",
)
LICENCE = "none stated by the authors; research use"
REFERENCE = "Krizhevsky 2009, Learning multiple layers of features from tiny images"
TASKS = {
    "cifar10": as_task(
        CIFAR10,
        title="Photographs of ten kinds of things and animals (CIFAR-10), 32x32 pixels",
        source="CIFAR-10's binary version as folder or archive, Parquet or folders of images, or `datasets` name "
        "uoft-cs/cifar10",
        licence=LICENCE,
        reference=REFERENCE,
    ),
    "cifar100": as_task(
        CIFAR100,
        title="Photographs of a hundred kinds of things and animals (CIFAR-100), 32x32 pixels",
        source="CIFAR-100's binary version as folder or archive, Parquet or folders of images, or `datasets` name "
        "uoft-cs/cifar100",
        licence=LICENCE,
        reference=REFERENCE,
    ),
}
