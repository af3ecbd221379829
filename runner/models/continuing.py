"""A causal decoder that goes on with a text: the likelihood of what follows, and what it would write itself."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, DynamicCache

from runner.models import ModelError
from runner.models.places import ABSENT
from runner.models.pretrained import loaded_network


class ContinuingDecoder(nn.Module):
    """A causal decoder and the output layer over its vocabulary: the checkpoint's, or a copy of its embeddings.

    is_taught: whether its outputs in training are those of `whole`, which another network's can be held against.
    """

    def __init__(
        self, decoder: nn.Module, config: Any, output: Tensor | None = None, *, is_taught: bool = False
    ) -> None:
        super().__init__()
        self.decoder = decoder
        self.is_taught = is_taught
        self.classifier = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        if output is not None:
            self.classifier.weight = nn.Parameter(output.detach().clone())

    def forward(self, input_ids: Tensor, places: Tensor) -> Tensor:
        """Log-likelihoods [n, tokens, 1] of the tokens after these places [n, tokens]; -inf where there is none."""
        if self.training and self.is_taught:
            return self.whole(input_ids, places)
        likely, following = self._after(input_ids, places)
        return masked(likely.gather(-1, following), places)

    def whole(self, input_ids: Tensor, places: Tensor) -> Tensor:
        """Those of `forward`, and beside each that of every token of the vocabulary: [n, tokens, 1 + tokens known]."""
        likely, following = self._after(input_ids, places)
        return masked(torch.cat([likely.gather(-1, following), likely], dim=-1), places)

    def _after(self, input_ids: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """The log-likelihood of every token of the vocabulary after these places, and which one follows [n, t, 1]."""
        states = self.decoder(input_ids=input_ids).last_hidden_state
        rows = torch.arange(len(places), device=places.device)[:, None]
        at = places.clamp(min=0)
        likely = self.classifier(states[rows, at]).float().log_softmax(-1)
        return likely, input_ids[rows, at + 1][..., None]

    def write(self, input_ids: Tensor, most: int, end: int, beams: int = 1) -> Tensor:
        """The likeliest next token, again and again, of texts of one length: [n, at most `most`], `end` once ended.

        beams: so many beginnings are kept of each, and the text is taken whose tokens are likeliest on the average.
        """
        if beams > 1:
            return self._searched(input_ids, most, end, beams)
        cache, written = DynamicCache(), [input_ids[:, :0]]
        has_ended = torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)
        given = input_ids
        while len(written) <= most and not has_ended.all():
            made = self.decoder(input_ids=given, past_key_values=cache, use_cache=True)
            given = self.classifier(made.last_hidden_state[:, -1]).float().argmax(-1, keepdim=True)
            given = given.masked_fill(has_ended[:, None], end)
            has_ended = has_ended | (given[:, 0] == end)
            written.append(given)
        return torch.cat(written, dim=1)

    def _searched(self, input_ids: Tensor, most: int, end: int, beams: int) -> Tensor:
        """The beam search of transformers, with this decoder and this output layer."""
        with torch.device("meta"):
            whole: Any = AutoModelForCausalLM.from_config(self.decoder.config)  # type: ignore[no-untyped-call]
        setattr(whole, whole.base_model_prefix, self.decoder)
        whole.set_output_embeddings(self.classifier)
        made: Tensor = whole.eval().generate(
            input_ids,
            attention_mask=torch.ones_like(input_ids),
            num_beams=beams,
            max_new_tokens=most,
            do_sample=False,
            eos_token_id=end,
            pad_token_id=end,
            use_cache=True,
        )
        return made[:, input_ids.shape[1] :]


def masked(likely: Tensor, places: Tensor) -> Tensor:
    """Log-likelihoods, -inf at places that are not there."""
    found: Tensor = likely.masked_fill((places == ABSENT)[..., None], -torch.inf)
    return found


def pretrained(name: str) -> tuple[Any, Tensor]:
    """The fp32 decoder of a checkpoint and its output layer's weights; ModelError where it has none."""
    whole = loaded_network(name, AutoModelForCausalLM)
    decoder, output = getattr(whole, whole.base_model_prefix, None), whole.get_output_embeddings()
    if decoder is None or output is None or getattr(output, "bias", None) is not None:
        raise ModelError(f"checkpoint '{name}' has no plain output layer over its vocabulary; choose one like Llama's")
    return decoder, output.weight
