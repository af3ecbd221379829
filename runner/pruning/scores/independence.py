"""Independence: filters matter least whose feature maps the others of their convolution can do without."""

from __future__ import annotations

import torch
from torch import Tensor

from runner.pruning.scores.base import Score, Signals


class Independence(Score):
    """score(filter c) = |A|_* - |A without row c|_*, the mean over images; A has a row for each filter's feature map.

    Feature maps are what the next layer reads, after normalisation and ReLU, as in the authors' code. Every weight of a
    filter has the filter's score.
    """

    reference = "Sui et al. 2021, Eq. 3 and algorithm 1, arXiv:2110.13981"

    def importance(self, signals: Signals) -> dict[str, Tensor]:
        """The mean independence of each filter over all images that there are feature maps of."""
        totals: dict[str, Tensor] = {}
        count = 0
        for maps in signals.feature_maps():
            for name, of_images in maps.items():
                found = independence(of_images).sum(0)
                totals[name] = totals[name] + found if name in totals else found
            count += len(of_images)
        return {
            name: (totals[name] / count).view(-1, *[1] * (weight.ndim - 1)).expand_as(weight)
            for name, weight in signals.weights.items()
        }


def independence(maps: Tensor) -> Tensor:
    """[n, filters] of feature maps [n, filters, ...], on the CPU in double precision.

    Singular values are the roots of the eigenvalues of A A', a matrix of filters rather than pixels; without a row of
    A that row and column of it are zero.
    """
    rows = maps.flatten(2).cpu().double()
    products = rows @ rows.mT
    whole = _nuclear(products)
    lost = []
    for place in range(products.shape[1]):
        without = products.clone()
        without[:, place], without[:, :, place] = 0, 0
        lost.append(whole - _nuclear(without))
    return torch.stack(lost, dim=1)


def _nuclear(products: Tensor) -> Tensor:
    """The nuclear norms of matrices A, of A A'; rounding may leave an eigenvalue below zero."""
    values: Tensor = torch.linalg.eigvalsh(products)
    return values.clamp(min=0).sqrt().sum(-1)
