"""Attention with dropout for training on a CPU: the same function as torch's, several times as fast.

While attention weights drop out, torch has no kernel of its own on a CPU: it computes in 32 bits whatever it is given,
guards every row against being masked whole, and draws one Bernoulli variable a weight. Here products stay in the
precision of their inputs (their sums are in 32 bits inside both), and dropout comes from raw bits. Everything else,
evaluation, other devices, causal attention and grouped keys among it, is torch's own.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from runner.models.dropout import dropout as bit_dropout

NAME = "piesweep"


def attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    **options: Any,
) -> tuple[Tensor, None]:
    """Dropout(softmax(scaling Q K^T + mask)) V, as [n, positions, heads, width] (Vaswani et al. 2017).

    The signature is that of transformers' attention functions; `scaling`, width^-1/2 if it is not given, comes among
    the options.

    query, key, value: [n, heads, positions, width]. attention_mask: True where a key is read, or a number to add,
    [n, 1 or heads, 1 or positions, positions].
    """
    causal = options.get("is_causal")
    causal = getattr(module, "is_causal", True) if causal is None else causal
    plain = query.shape == key.shape == value.shape and options.get("position_bias") is None and not causal
    if not plain or not module.training or dropout == 0.0 or query.device.type != "cpu":
        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout=dropout, **options)
    with torch.autocast("cpu", enabled=False):
        scaling = options.get("scaling") or query.shape[-1] ** -0.5
        scores = (query * scaling) @ key.transpose(-1, -2)
        if attention_mask is not None:
            # in place: no gradient needs the scores themselves
            scores += _added(attention_mask, scores.dtype)
        weights = bit_dropout(scores.softmax(-1), dropout, training=True)
        return (weights @ value).transpose(1, 2).contiguous(), None


def _added(mask: Tensor, dtype: torch.dtype) -> Tensor:
    if mask.dtype != torch.bool:
        return mask.to(dtype)
    return torch.zeros(mask.shape, dtype=dtype).masked_fill_(~mask, torch.finfo(dtype).min)


def use_fast_attention(encoder: PreTrainedModel) -> None:
    """Let an encoder that calls torch's scaled dot product attention call this one; others are left as they are."""
    if encoder.config._attn_implementation == "sdpa" and encoder._supports_attention_backend:
        AttentionInterface.register(NAME, attention)
        AttentionMaskInterface.register(NAME, sdpa_mask)
        encoder.set_attn_implementation(NAME)
