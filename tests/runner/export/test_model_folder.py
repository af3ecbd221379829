"""Exported networks: loaded by plain transformers they say what the trial said, and nothing half written stays."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from runner.command_line import app
from runner.export.kept_network import kept_network, kept_record
from runner.export.model_card import model_card
from runner.export.model_folder import SPARSE, WEIGHTS, ModelFolderError, export_model, load_model
from runner.export.quantized import dequantized
from runner.spec import Record
from runner.store import reader
from runner.store.rows import read_parquet
from tests.runner import small_sentences
from tests.runner.small_trials import DATA, spec_of
from tests.runner.store import samples

LOADED = """
import json, sys
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
folder, texts = sys.argv[1], json.loads(sys.argv[2])
network, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
with torch.inference_mode():
    given = tokenizer(texts, padding=True, truncation=True, max_length=14, return_tensors="pt")
    found = network(**given).logits.softmax(-1)
parts = (network.bert.encoder, network.bert.pooler)
zeros = sum(int((weight == 0).sum()) for part in parts for weight in part.parameters())
assert not any(name.split(".")[0] in ("piesweep", "runner", "tasks") for name in sys.modules)
print(json.dumps({"probabilities": found.tolist(), "labels": network.config.id2label, "zeros": zeros}))
"""


def test_plain_transformers_loads_it_in_a_fresh_process(encoder_store, tmp_path):
    """A process that knows nothing of us gets the stored probabilities, class names and zeros."""
    root, spec = encoder_store
    done = export_model(root, spec.trial_id, tmp_path / "out")
    assert done.loaded_by == 'transformers.AutoModelForSequenceClassification.from_pretrained("DIR")'
    record = reader.commit_record(root, spec.trial_id)
    rows = read_parquet(root, record.files[0]).to_pylist()
    examples = small_sentences.sentences().split("test")
    texts = json.dumps(examples["text"].to_pylist())
    answer = subprocess.run(
        [sys.executable, "-c", LOADED, str(tmp_path / "out"), texts],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )
    assert answer.returncode == 0, answer.stderr
    said = json.loads(answer.stdout.splitlines()[-1])
    assert np.allclose(said["probabilities"], [row["probabilities"] for row in rows], atol=1e-5)
    assert said["labels"] == {"0": "no", "1": "yes"}
    assert said["zeros"] >= round(record.facts.achieved_sparsity * record.facts.prunable)


def test_the_card_says_what_it_is(encoder_store, tmp_path):
    """Task, sparsity, scores, and the hash of the masks, which is that of the same masks alone."""
    root, spec = encoder_store
    export_model(root, spec.trial_id[:6], tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    facts = reader.commit_record(root, spec.trial_id).facts
    for told in ("sentences", "mp-ai", "0.7 asked for", f"{facts.metrics['test']['accuracy']:.6g}", spec.trial_id):
        assert told in card
    masks = next(line for line in card.splitlines() if line.startswith("| masks"))
    assert len(masks.split("|")[2].strip()) == 64
    assert len({path.stat().st_mode for path in (tmp_path / "out").iterdir()}) == 1  # whoever may read one, reads all


def test_the_card_says_when_answers_were_in_bf16(encoder_store, tmp_path):
    """A user who loads the network computes in fp32, and is told why a few answers differ."""
    root, spec = encoder_store
    kept = kept_network(root, kept_record(root, spec.trial_id), tmp_path)
    assert "bf16" not in model_card(kept, "transformers")
    facts = kept.record.facts.model_copy(update={"precision": "bf16"})
    told = dataclasses.replace(kept, record=kept.record.model_copy(update={"facts": facts}))
    assert "in fp32 examples on the brink may be answered otherwise" in model_card(told, "transformers")


@pytest.mark.parametrize("form", ["dense", "sparse-int8"])
def test_our_loader_gives_the_same_logits(encoder_store, tmp_path, form):
    """Dense: those of the kept network. sparse-int8: exactly those of the kept network with its weights dequantised."""
    root, spec = encoder_store
    export_model(root, spec.trial_id, tmp_path / "out", form)
    kept = kept_network(root, kept_record(root, spec.trial_id), tmp_path / "cache")
    given = kept.inputs(8)
    loaded = load_model(tmp_path / "out")
    with torch.inference_mode():
        found = loaded(**given).logits
        if form == "dense":
            assert torch.allclose(found, kept.network(**given), atol=1e-5)
            return
        dense = load_of(tmp_path, root, spec)
        exact = {name: tensor.clone() for name, tensor in dense.state_dict().items()}
        dense.load_state_dict(dequantized(exact))
        assert torch.equal(found, dense(**given).logits)
        assert not torch.equal(found, kept.network(**given))
    assert (tmp_path / "out" / SPARSE).stat().st_size < (tmp_path / "dense" / WEIGHTS).stat().st_size / 3


def load_of(folder: Path, root: Path, spec):
    """The same network exported with full weights."""
    export_model(root, spec.trial_id, folder / "dense")
    return load_model(folder / "dense")


@pytest.mark.parametrize("form", ["dense", "sparse-int8"])
def test_a_network_that_transformers_does_not_know(small_model, storing, tmp_path, form):
    """Another architecture has safetensors, a config, and words on how to load it; the logits are the same."""
    root, spec = storing(tmp_path, spec_of("mp-ai"), DATA)
    done = export_model(root, spec.trial_id, tmp_path / "out", form)
    assert done.loaded_by == 'piesweep.load_model("DIR")'
    assert 'network = piesweep.load_model("DIR")' in (tmp_path / "out" / "README.md").read_text()
    kept = kept_network(root, kept_record(root, spec.trial_id), tmp_path / "cache2")
    if form != "dense":
        kept.network.load_state_dict(dequantized(kept.model.state))
    given = kept.inputs(50)
    with torch.inference_mode():
        assert torch.equal(load_model(tmp_path / "out")(**given), kept.network(**given))


def test_a_decoder_that_writes_on_is_one_of_transformers(storing, tmp_path):
    """A causal language model; and a decoder that classifies by a layer with biases, which transformers has not."""
    checkpoint = small_sentences.small_decoder(tmp_path / "checkpoint")
    classifying = small_sentences.spec_of(checkpoint, "mp-ai", architecture="decoder")
    root, spec = storing(tmp_path, classifying, small_sentences.sentences())
    assert export_model(root, spec.trial_id, tmp_path / "out").loaded_by == 'piesweep.load_model("DIR")'
    kept = kept_network(root, kept_record(root, spec.trial_id), tmp_path / "cache2")
    given = kept.inputs(4)
    with torch.inference_mode():
        assert torch.equal(load_model(tmp_path / "out")(**given), kept.network(**given))


def refused(*arguments: str) -> str:
    """The one line that a command is refused with."""
    result = CliRunner().invoke(app, ["export-model", *arguments])
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.strip().splitlines()
    return line


def test_bad_input_is_one_line_and_writes_nothing(encoder_store, tmp_path):
    """Another store, another trial, a trial without a model, a folder in use, one inside the store, damaged bytes."""
    root, spec = encoder_store
    out = tmp_path / "out"
    assert "does not exist" in refused(str(tmp_path / "none"), "abcd", "--out", str(out))
    assert "is the id of no committed trial" in refused(str(root), "abcdef", "--out", str(out))
    assert "is the id of no committed trial" in refused(str(root), spec.trial_id[:3], "--out", str(out))
    samples.store(tmp_path / "plain", seeds=1)
    plain = reader.commits(tmp_path / "plain")[0].trial_id
    assert "has kept no model" in refused(str(tmp_path / "plain"), plain, "--out", str(out))
    assert "is inside the store" in refused(str(root), spec.trial_id, "--out", str(root / "out"))
    assert not out.exists()
    out.mkdir()
    (out / "mine").write_text("kept")
    assert "is not empty" in refused(str(root), spec.trial_id, "--out", str(out))
    assert [path.name for path in out.iterdir()] == ["mine"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "plain"]


def test_damaged_weights_are_not_exported(small_model, storing, tmp_path):
    """One flipped byte: the file is named, and there is no folder."""
    root, spec = storing(tmp_path, spec_of("mp-ai"), DATA)
    path = root / reader.commit_record(root, spec.trial_id).extras[0].path
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    assert "differs from its recorded checksum" in refused(str(root), spec.trial_id, "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_folder_of_others_is_refused(tmp_path):
    """No config, one of others, or one that names a class of its own choice."""
    for content in (None, "{}", "[]", '{"piesweep": {"format": "dense", "auto": "Trainer"}}'):
        if content is not None:
            (tmp_path / "config.json").write_text(content)
        with pytest.raises(ModelFolderError):
            load_model(tmp_path)


def test_a_dense_trial_is_exported_too(small_model, storing, tmp_path):
    """Without masks, which the card says."""
    root, spec = storing(tmp_path, dataclasses.replace(spec_of(), record=Record()), DATA)
    export_model(root, spec.trial_id, tmp_path / "out")
    assert "none: nothing was removed" in (tmp_path / "out" / "README.md").read_text()
