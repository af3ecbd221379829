"""Images as networks read them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import nn

from runner.models import ModelError, convnet, images, require_readable
from runner.models.images import MARGIN, EncodedImages, Scaling, drawn, varied
from tasks.images import Images
from tasks.pictures import as_column
from tests.runner.models.conftest import Contexts

COLOUR = Images(height=9, width=8, channels=3, mean=(0.1, 0.2, 0.3), deviation=(0.5, 0.25, 2.0))


def pixels_of(count: int = 5) -> np.ndarray:
    """Random images [n, height, width, channels]."""
    return np.random.default_rng(0).integers(0, 256, (count, 9, 8, 3), dtype=np.uint8)


def encoded(context: Contexts, pixels: np.ndarray, **fields: object) -> EncodedImages:
    """What a network is given of these images."""
    whole = dataclasses.replace(context("convnet"), images=COLOUR, **fields)
    return images.encode(whole, pa.table({"pixels": as_column(pixels)}))


def test_images_are_mapped_bytes_that_trials_share(context: Contexts) -> None:
    """Two trials of a node map one file, which is written once and whose rows a batch takes as they are."""
    pixels = pixels_of()
    first, second = encoded(context, pixels), encoded(context, pixels)
    (folder,) = (context("convnet").cache / "images").iterdir()
    assert [path.name for path in sorted(folder.iterdir())] == ["manifest.json", "pixels.npy"]
    assert first.pixels.base is not second.pixels.base
    assert not first.pixels.flags.writeable
    given = second.inputs(np.array([3, 1]))
    assert given["pixels"].dtype == torch.uint8
    np.testing.assert_array_equal(given["pixels"][0].permute(1, 2, 0).numpy(), pixels[3])
    assert given.keys() == {"pixels"}


def test_a_slice_of_the_column_is_its_own(context: Contexts) -> None:
    """Bytes before a slice are not those of its images."""
    pixels = pixels_of()
    whole = dataclasses.replace(context("convnet"), images=COLOUR)
    part = images.encode(whole, pa.table({"pixels": as_column(pixels)}).slice(2, 2))
    np.testing.assert_array_equal(part.pixels.transpose(0, 2, 3, 1), pixels[2:4])


def test_bytes_are_scaled_by_the_constants() -> None:
    """(byte / 255 - mean) / deviation, a channel at a time; numbers stay as they are."""
    pixels = torch.from_numpy(pixels_of().transpose(0, 3, 1, 2).copy())
    seen = Scaling(COLOUR)(pixels)
    for channel, (mean, deviation) in enumerate(zip(COLOUR.mean, COLOUR.deviation, strict=True)):
        torch.testing.assert_close(seen[:, channel], (pixels[:, channel].float() / 255 - mean) / deviation)
    assert Scaling(COLOUR).state_dict() == {}
    numbers = torch.rand(2, 1, 8, 8)
    assert Scaling(None)(numbers) is numbers


def test_a_draw_flips_and_crops_each_image_by_itself(context: Contexts) -> None:
    """Against a loop over images: padded with black, cropped at its corner, turned where it is flipped."""
    pixels = pixels_of(40)
    given = encoded(context, pixels, variations=("flip", "crop")).inputs(np.arange(40), draw=7)
    flips, corners = given["flips"], given["corners"]
    assert 0 < int(flips.sum()) < 40
    assert (int(corners.min()), int(corners.max())) == (0, 2 * MARGIN)
    found = varied(given["pixels"], flips, corners)
    for row, image in enumerate(given["pixels"]):
        top, left = corners[row].tolist()
        crop = nn.functional.pad(image, (MARGIN,) * 4)[:, top : top + 9, left : left + 8]
        assert torch.equal(found[row], crop.flip(-1) if flips[row] else crop)


def test_a_draw_belongs_to_the_row(context: Contexts) -> None:
    """However rows are batched, each is varied alike within an epoch, and otherwise in another one."""
    whole = encoded(context, pixels_of(40), variations=("flip", "crop"))
    together, alone = whole.inputs(np.arange(40), draw=1), whole.inputs(np.array([9]), draw=1)
    assert torch.equal(together["corners"][9], alone["corners"][0])
    assert not torch.equal(together["corners"], whole.inputs(np.arange(40), draw=2)["corners"])
    assert whole.inputs(np.arange(2)).keys() == {"pixels"}
    crops = encoded(context, pixels_of(40), variations=("crop",)).inputs(np.arange(40), draw=1)
    assert torch.equal(crops["corners"], together["corners"])
    assert "flips" not in crops


def test_draws_never_change() -> None:
    """The variations of a seed are part of what a trial's id names."""
    flips, corners = drawn(3, 8)
    assert flips.tolist() == [True, True, True, True, True, True, False, False]
    assert corners.tolist() == [[7, 1], [7, 0], [2, 2], [0, 4], [3, 6], [8, 8], [0, 5], [6, 1]]


def test_a_convnet_reads_images_of_any_shape(context: Contexts) -> None:
    """Of three channels and of unequal sides."""
    whole = dataclasses.replace(context("convnet"), images=COLOUR)
    logits = convnet.build(whole)(**encoded(context, pixels_of()).inputs(np.arange(2), draw=1))
    assert logits.shape == (2, 3)
    assert convnet.shape(whole).first.weight.shape[1] == 3


def test_small_images_are_refused() -> None:
    """The message has both sizes."""
    small = Images(height=7, width=9, channels=1, mean=(0.0,), deviation=(1.0,))
    with pytest.raises(ModelError, match="images of 9 x 7 pixels, and model 'convnet' reads those of 8 x 8 or more"):
        require_readable("convnet", "mine", small)
