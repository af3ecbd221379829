"""What a study needs of machines: checkpoints are at most as large as is said of them."""

from __future__ import annotations

import dataclasses

import pytest

from runner.footprint import Speed, _state_bytes
from runner.models import MODELS
from runner.training import Selection
from tests.runner.small_network import ARCHITECTURE
from tests.runner.small_trials import TRAINING, spec_of
from tests.runner.trial.test_trainer import trainer_of

CHOSEN = dataclasses.replace(TRAINING, selection=Selection(best="loss", every=1))


@pytest.mark.parametrize("training", [TRAINING, CHOSEN], ids=["last", "best"])
@pytest.mark.parametrize("method", ["dense", "rp-ai", "gmp", "mvp", "pins", "platon", "smvp", "l0"])
def test_a_checkpoint_is_at_most_as_large_as_is_said(monkeypatch, method, training):
    """Weights, moments, masks, and what scores, gates, removals and teachers remember; what is said is not far off."""
    monkeypatch.setitem(MODELS, "small", ARCHITECTURE)
    trainer = trainer_of(method, 0.7, training=training)
    trainer.train(lambda moment: moment.step < 20)
    tensors = {name: one for name, one in trainer.state()[0].items() if not name.startswith("generator.")}
    found = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    speed = Speed({}, {"small": sum(parameter.numel() for parameter in trainer.network.parameters())})
    said = _state_bytes(spec_of(method, training=training), speed)
    assert found - 400 <= said <= 2.5 * found, (found, said)  # steps and values of single numbers
