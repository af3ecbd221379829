"""Cut one network's weights and optimizer into shards that DeepSpeed's ZeRO keeps on several devices."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any

import deepspeed
import torch
from deepspeed.utils import (
    lazy_init_hp_params_optimizer_state,
    safe_get_full_fp32_param,
    safe_get_full_grad,
    safe_get_full_optimizer_state,
    safe_set_full_optimizer_state,
    safe_set_local_optimizer_state,
)
from torch import Tensor, nn
from torch.optim import Optimizer

from runner.optimizers import OPTIMIZERS
from runner.pruning.masks import Masks
from runner.training import Training
from runner.trial.devices import Compute
from runner.trial.engine import optimizer_over
from runner.trial.training_set import TrainingSet

BUCKET = 50_000_000
"""Numbers whose gradients are summed at once, at most: 200 MB."""

RESIDENT = 10_000
"""Parameters of fewer numbers (biases, gains) stay whole in stage 3: fetching them would cost more than it saves."""


class InTrialPrecision(nn.Module):
    """A network in the precision of a trial; DeepSpeed switches off any that is set around its engine.

    is_exact: fp32 whatever the trial's, as scores want their gradients.
    """

    def __init__(self, network: nn.Module, compute: Compute) -> None:
        super().__init__()
        self.network = network
        self.compute = compute
        self.is_exact = False

    def forward(self, **inputs: Tensor) -> Tensor:
        """fp32 logits."""
        with nullcontext() if self.is_exact else self.compute.autocast():
            return self.network(**inputs).float()  # type: ignore[no-any-return]


class Shards:
    """A network in training on all processes, each holding its share (Rajbhandari et al. 2020, arXiv:1910.02054).

    Stage 1 shards the optimizer's moments and the fp32 master weights that it updates, 2 the gradients too, 3 the
    weights too. Weights are fp32 in every stage. Made from the whole network and optimizer of the first process;
    the other processes give theirs for the shapes. Masks must already hold in the weights given: a mask multiplied in
    after a step would be undone by the master copy at the next one. From then on removed weights stay zero because
    their gradients and moments are: every optimizer of torch leaves such a weight where it is.
    """

    def __init__(
        self, network: nn.Module, optimizer: Optimizer, masks: Masks, training_set: TrainingSet, stage: int
    ) -> None:
        self.processes = training_set.compute.processes
        self.stage = stage
        self.moments = OPTIMIZERS[training_set.training.optimizer].moments
        self.network = InTrialPrecision(solid_copy(network), training_set.compute)
        settings = configuration(training_set.training, stage, sum(weight.numel() for weight in network.parameters()))
        if stage == 3:
            deepspeed.zero.Init(module=self.network, config_dict_or_path=settings)
        self.engine: Any = deepspeed.initialize(
            model=self.network,
            optimizer=optimizer_over(self.network.parameters(), training_set.training),
            config=settings,
            dist_init_required=False,
        )[0]
        self._hold(masks)
        self._take_moments(network, optimizer)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """fp32 logits, from which `backward` can go back."""
        return self.engine(**inputs)  # type: ignore[no-any-return]

    def backward(self, loss: Tensor, *, last: bool) -> None:
        """Adds the gradients of this process's share of the loss; after the last share they are whole."""
        self.engine.set_gradient_accumulation_boundary(last)
        # DeepSpeed takes the mean over processes, and shares are meant to be added.
        self.engine.backward(loss * self.processes.count, scale_wrt_gas=False)

    def step(self, learning_rate: float) -> None:
        """One step of the optimizer on the clipped gradients; none if one of these is not finite."""
        for group in self.engine.optimizer.param_groups:
            group["lr"] = learning_rate
        self.engine.step()

    def gradients(self, names: Mapping[str, object]) -> dict[str, Tensor]:
        """The whole gradients of these weights after the last `backward`, on the CPU. Spoils them for a step."""
        weights = dict(self.network.network.named_parameters())
        found: dict[str, Tensor] = {}
        for name in names:
            whole = safe_get_full_grad(weights[name]).float()
            if self.processes.is_first:
                found[name] = whole.to("cpu", copy=True)
        return found

    @torch.no_grad()
    def gather(self, network: nn.Module, optimizer: Optimizer) -> None:
        """Puts the fp32 master weights and the moments of all shards into the first process's whole network."""
        step = self._steps()
        for whole, part in zip(network.parameters(), self.network.parameters(), strict=True):
            weight = safe_get_full_fp32_param(part)
            moments = {key: safe_get_full_optimizer_state(part, key) for key in self.moments} if step else {}
            if not self.processes.is_first:
                continue
            whole.copy_(weight)
            if step:
                optimizer.state[whole] = {key: moment.to("cpu", copy=True) for key, moment in moments.items()}
                if "step" in step:
                    optimizer.state[whole]["step"] = step["step"].to("cpu", copy=True)

    def destroy(self) -> None:
        """Lets go of the shards and of DeepSpeed's hooks."""
        self.engine.destroy()

    def _hold(self, masks: Masks) -> None:
        """Keeps the gradients of removed weights at zero, before they are summed, clipped or used."""
        weights = dict(self.network.network.named_parameters())
        for name, mask in masks.items():
            removed = self.processes.shared((~mask).view(torch.uint8)).bool()
            weights[name].register_hook(partial(_without, removed))  # type: ignore[no-untyped-call]

    def _flats(self) -> list[Tensor]:
        """The fp32 vectors of this process's shards, which the optimizer updates."""
        zero = self.engine.optimizer
        return list(zero.fp32_partitioned_groups_flat if self.stage == 3 else zero.single_partition_of_fp32_groups)

    def _steps(self) -> dict[str, Tensor]:
        """What the optimizer remembers of one shard; empty while it has made no step."""
        state: dict[str, Tensor] = self.engine.optimizer.optimizer.state.get(self._flats()[0], {})
        return state

    def _take_moments(self, network: nn.Module, optimizer: Optimizer) -> None:
        """Cuts the first process's moments into the shards; nothing if its optimizer is new."""
        known: Mapping[str, Tensor] = next(iter(optimizer.state.values()), {})
        count = int(known["step"]) if "step" in known else 0
        begun, count = self.processes.agreed(int(bool(known)), count)
        if not begun:
            return
        self._make_room(count)
        for whole, part in zip(network.parameters(), self.network.parameters(), strict=True):
            for key in self.moments:
                moment = optimizer.state[whole][key] if self.processes.is_first else torch.zeros(whole.shape)
                self._place(part, self.processes.shared(moment).to(self.processes.device), key)

    def _make_room(self, count: int) -> None:
        """Moments of zero after `count` steps, which the optimizer would make at its first one."""
        zero = self.engine.optimizer
        for index, flat in enumerate(self._flats()):
            state = {key: torch.zeros_like(flat) for key in self.moments}
            if "exp_avg" in state:
                state["step"] = torch.tensor(float(count), device=flat.device)
            zero.optimizer.state[flat] = state
            if self.stage < 3:
                lazy_init_hp_params_optimizer_state(zero.bit16_groups[index], flat, zero.optimizer.state)

    def _place(self, part: Tensor, moment: Tensor, key: str) -> None:
        """Puts this process's share of a moment where the optimizer finds it."""
        if self.stage < 3:
            safe_set_full_optimizer_state(part, moment, key)
            return
        # Shares are of equal size, so the last one may reach beyond the end; DeepSpeed's own cut would fail there.
        size: int = part.ds_tensor.numel()  # type: ignore[attr-defined]
        padded = moment.new_zeros(size * self.processes.count)
        padded[: moment.numel()] = moment.flatten()
        safe_set_local_optimizer_state(part, padded.narrow(0, size * self.processes.rank, size), key)


def _without(removed: Tensor, gradient: Tensor) -> Tensor:
    """The gradient with zeros where weights are removed."""
    return gradient.masked_fill(removed, 0.0)


def configuration(training: Training, stage: int, parameters: int) -> dict[str, Any]:
    """DeepSpeed's settings: fp32, our optimizer and batches, its clipping, which sees the norm over all shards."""
    return {
        "train_micro_batch_size_per_gpu": 1,  # batches are ours; this one only appears in DeepSpeed's own log
        "gradient_clipping": training.clip_norm,
        "zero_allow_untested_optimizer": True,
        "zero_optimization": {
            "stage": stage,
            "overlap_comm": False,
            "reduce_bucket_size": min(parameters, BUCKET),
            "stage3_param_persistence_threshold": RESIDENT,
        },
    }


def solid_copy(network: nn.Module) -> nn.Module:
    """A copy whose weights have memory of their own, even where the network has lost its own, with dense gradients."""
    made = copy.deepcopy(network)
    for weight in made.parameters():
        weight.data = weight.data.contiguous()
    for module in made.modules():
        if isinstance(module, nn.Embedding):
            module.sparse = False
    return made


def drop_weights(network: nn.Module) -> None:
    """Lets go of the memory of a network's weights and keeps their shapes."""
    for weight in network.parameters():
        weight.data = weight.data.new_zeros(()).expand(weight.shape)
