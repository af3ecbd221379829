"""Attention with dropout on a CPU: the function of torch's scaled dot product attention."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from runner.models import attention as fast
from runner.models.attention import attention

SHAPE = (3, 2, 7, 4)


class Reading(nn.Module):
    """A layer whose positions read all others."""

    is_causal = False


def given(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    """Query, key and value of 3 examples, 2 heads, 7 positions, width 4."""
    generator = torch.Generator().manual_seed(5)
    query, key, value = (torch.randn(SHAPE, generator=generator).to(dtype).requires_grad_() for _ in range(3))
    return query, key, value


def expected_of(inputs: tuple[Tensor, Tensor, Tensor], mask: Tensor | None = None, *, causal: bool = False) -> Tensor:
    """torch's attention, with positions before heads."""
    query, key, value = inputs
    return scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal).transpose(1, 2)


def read_mask() -> Tensor:
    """Which keys each example reads: its first 7, 5 and 1."""
    return (torch.arange(7) < torch.tensor([7, 5, 1])[:, None])[:, None, None, :]


@pytest.fixture
def _undropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "bit_dropout", lambda values, probability, training: values)


@pytest.mark.usefixtures("_undropped")
@pytest.mark.parametrize("mask", [None, read_mask(), torch.zeros(3, 1, 1, 7).masked_fill(~read_mask(), -1e9)])
def test_without_its_dropout_it_is_torchs_attention(mask: Tensor | None) -> None:
    """Outputs and all three gradients are those of scaled_dot_product_attention, whatever kind of mask is given."""
    ours, theirs = given(), given()
    output, _ = attention(Reading(), *ours, mask, dropout=0.1)
    expected = expected_of(theirs, mask)
    torch.testing.assert_close(output, expected)
    torch.autograd.backward(output.square().sum())
    torch.autograd.backward(expected.square().sum())
    for mine, reference in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, reference.grad)


@pytest.mark.usefixtures("_undropped")
def test_sixteen_bits_give_the_same_to_their_precision() -> None:
    """In bfloat16 the output stays within its rounding of the 32-bit one."""
    output, _ = attention(Reading(), *given(torch.bfloat16), read_mask(), dropout=0.1)
    assert output.dtype == torch.bfloat16
    expected = expected_of(given(), read_mask())
    torch.testing.assert_close(output.float(), expected, atol=3e-2, rtol=3e-2)


def test_dropout_keeps_the_mean() -> None:
    """Over many draws the mean of the outputs is attention without dropout."""
    torch.manual_seed(0)
    with torch.no_grad():
        draws = torch.stack([attention(Reading(), *given(), None, dropout=0.3)[0] for _ in range(3000)])
        expected = expected_of(given())
    torch.testing.assert_close(draws.mean(0), expected, atol=0.06, rtol=0.0)
    assert draws.std(0).min() > 0


@pytest.mark.parametrize("options", [{}, {"is_causal": True}])
def test_evaluation_and_causal_attention_are_torchs_own(options: dict[str, Any]) -> None:
    """Without dropout to speed up, the call goes to transformers' function and gives its very bytes."""
    module = Reading().eval()
    output, _ = attention(module, *given(), None, dropout=0.0, **options)
    expected = expected_of(given(), causal=options.get("is_causal", False))
    assert torch.equal(output, expected)
