"""The small convnet."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import torch

from runner.models import ModelError, convnet
from tests.runner.models.conftest import Contexts


@pytest.mark.parametrize("side", [8, 9, 28])
def test_any_square_image(context: Contexts, side: int) -> None:
    """Images of any side from 8 on give logits, and every parameter a gradient."""
    torch.manual_seed(0)
    net = convnet.build(context("convnet"))
    pixels = np.random.default_rng(0).random((5, side * side))
    images = convnet.encode(context("convnet"), pa.table({"pixels": pa.array(pixels.tolist())}))
    inputs = images.inputs(np.array([3, 1]))
    np.testing.assert_allclose(inputs["pixels"][0, 0].numpy(), pixels[3].reshape(side, side), rtol=1e-6)
    logits = net(**inputs)
    logits.sum().backward()
    assert logits.shape == (2, 3)
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in net.parameters())


def test_grid_is_adaptive_average_pooling() -> None:
    """On sides that four divides, the two matrix products are torch's adaptive pooling."""
    images = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(convnet._grid(images), torch.nn.functional.adaptive_avg_pool2d(images, 4))


@pytest.mark.parametrize("sizes", [[64, 49], [60]])
def test_other_images_are_refused(context: Contexts, sizes: list[int]) -> None:
    """Images that are not square or not of one size are named by their pixels."""
    table = pa.table({"pixels": pa.array([[0.0] * size for size in sizes])})
    with pytest.raises(ModelError, match="pixels; allowed: one square size for all"):
        convnet.encode(context("convnet"), table)
