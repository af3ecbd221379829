"""A trial that writes texts, from training to its report, and what is taken in from elsewhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import AutoModelForCausalLM, LlamaConfig, TokenizersBackend
from typer.testing import CliRunner

from analysis.export import export
from analysis.relations.database import connect
from analysis.report import write_report
from runner.command_line import app
from runner.heads import head_for
from runner.models import decoder
from runner.models.base import ModelContext
from runner.spec import Protocol, Record, TrialSpec
from runner.store import reader
from runner.store.ingest import ingest
from runner.store.verify import broken_invariants
from runner.store.writer import save_task
from runner.training import Training
from runner.trial.run import run_trial
from runner.trial.workplace import Workplace
from tasks.base import TaskData
from tasks.kinds import KINDS
from tests.analysis.stores import require_compaction_changes_no_view
from tests.runner.store.test_ingest import write
from tests.runner.trial.test_tagging import committed

NAMES = ("Aromi", "Cocum", "Giraffe", "Zizzi", "Strada")
FOODS = ("French", "Indian", "Chinese", "English")
OTHERS = ("name", "food", "serves", "dishes", "is", "a", "place", "[UNK]", "[END]")


def restaurants(count: int, seed: int) -> dict[str, list[Any]]:
    """What is known of a place, and what is to be said of it."""
    random = np.random.default_rng(seed)
    pairs = [(str(random.choice(NAMES)), str(random.choice(FOODS))) for _ in range(count)]
    return {
        "text": [f"name {name} food {food}" for name, food in pairs],
        "gold_texts": [[f"{name} serves {food} dishes", f"{name} is a {food} place"] for name, food in pairs],
    }


def task(**held_out: int) -> TaskData:
    """80 texts to learn and 20 to write, and others besides."""
    tables = []
    for split, count in {"train": 80, **held_out, "test": 20}.items():
        places = {"split": [split] * count, "example_id": pa.array(range(count), pa.int32())}
        tables.append(pa.table({**places, **restaurants(count, len(split))}))
    examples = pa.concat_tables(tables)
    return TaskData(task="places", kind="generation", inputs="text", classes=(), max_tokens=16, examples=examples)


DATA = task()
HELD_OUT = task(validation=10)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small Llama with random weights, and a word for each token."""
    folder = tmp_path_factory.mktemp("checkpoints") / "decoder"
    vocabulary = {word: row for row, word in enumerate((*OTHERS, *NAMES, *FOODS))}
    words = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    TokenizersBackend(tokenizer_object=words, eos_token="[END]", model_max_length=32).save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=32,
        tie_word_embeddings=True,
    )
    torch.manual_seed(3)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return str(folder)


def spec_of(checkpoint: str, method: str = "dense", seed: int = 1) -> TrialSpec:
    """A trial of the small decoder."""
    return TrialSpec(
        task="places",
        data=DATA.fingerprint,
        model="decoder",
        architecture="decoder",
        options=(("checkpoint", checkpoint),),
        method=method,
        sparsity=0.0 if method == "dense" else 0.5,
        seed=seed,
        training=Training(epochs=12, batch_size=16, learning_rate=0.01),
        protocol=Protocol(),
        record=Record(splits=("test",)),
    )


def test_texts_are_learned_written_and_told(checkpoint: str, workplace: Workplace, tmp_path: Path) -> None:
    """Two seeds, dense and pruned, to the store, the views, a compaction, the export and the report."""
    save_task(workplace.root, DATA)
    for seed in (1, 2):
        run_trial(spec_of(checkpoint, seed=seed), workplace=workplace, data=DATA, keep_state=True)
        run_trial(spec_of(checkpoint, "imp-ft", seed=seed), workplace=workplace, data=DATA)
    assert [one for one in broken_invariants(workplace.root) if "no study of this store planned it" not in one] == []
    record, rows = committed(workplace, spec_of(checkpoint))
    metrics = record["facts"]["metrics"]["test"]
    gold = KINDS["generation"].codes(DATA.split("test")["gold_texts"].combine_chunks(), 0)
    said = KINDS["generation"].codes(rows["answer"].combine_chunks(), 0)
    assert {name: metrics[name] for name in ("bleu", "chrf", "rouge-l")} == pytest.approx(
        KINDS["generation"].measured(gold, said, 0)
    )
    assert metrics["bleu"] > 0.9
    assert metrics["cut_answers"] == metrics["nan_rows"] == 0
    assert "cut_words" not in metrics
    connection = connect(workplace.root)
    query = "SELECT metric, value FROM effectiveness WHERE method = 'dense' AND seed = 1 AND split = 'test'"
    assert connection.execute(query).fetchall() == [("bleu", pytest.approx(metrics["bleu"]))]
    query = "SELECT answer, correct, quality FROM predictions WHERE trial_id = ? ORDER BY example_id"
    found = connection.execute(query, [spec_of(checkpoint).trial_id]).fetchall()
    assert [row[0] for row in found] == rows["answer"].to_pylist()
    assert all(correct == (quality == 1.0) for _, correct, quality in found)
    assert connection.execute("SELECT count(*) FROM pies").fetchall() == [(0,)]
    assert connection.execute("SELECT seeds, dense_seeds FROM drift").fetchall() == [(2, 2)]
    told = CliRunner().invoke(app, ["example", str(workplace.root), "places:test:0"])
    assert told.exit_code == 0, told.output
    assert "of written texts there are none" in " ".join(told.stdout.split())
    assert export(workplace.root, tmp_path / "export").rows["predictions"] == 80
    assert "drift" in write_report(workplace.root, tmp_path / "report").read_text()


def test_writing_is_the_likeliest_token_again_and_again(checkpoint: str, tmp_path: Path) -> None:
    """With the cache of keys and values as without it, up to the end, or to the longest length."""
    network, encoded = writer(checkpoint, tmp_path)
    given = cast("Any", encoded).given(np.arange(3))
    assert given.tolist() == encoded.inputs(np.arange(3))["input_ids"][:, :4].tolist()
    written = network.write(given, 6, end=-1)
    assert written.shape == (3, 6)
    ids = given
    for place in range(6):
        states = network.decoder(input_ids=ids).last_hidden_state[:, -1]
        following = network.classifier(states).argmax(-1)
        assert written[:, place].tolist() == following.tolist()
        ids = torch.cat([ids, following[:, None]], dim=1)
    outputs = network(**encoded.inputs(np.arange(3)))
    assert outputs.shape == (3, 5, 1)
    likely = network.classifier(network.decoder(input_ids=given).last_hidden_state[:, -1]).log_softmax(-1)
    first = encoded.inputs(np.arange(3))["input_ids"][:, 4]
    torch.testing.assert_close(outputs[:, 0, 0], likely[torch.arange(3), first])


def context_for(checkpoint: str, cache: Path) -> ModelContext:
    """What the small decoder is told."""
    return ModelContext(
        options={"checkpoint": checkpoint},
        classes=1,
        kind="generation",
        inputs="text",
        max_tokens=16,
        switches=Protocol(),
        seed=0,
        cache=cache,
        reads="continuation",
    )


def writer(checkpoint: str, cache: Path):
    """The small decoder with its first weights, and what it is given."""
    context = context_for(checkpoint, cache)
    return decoder.build(context).eval(), decoder.encode(context, DATA.split("test"))


def test_beams_find_the_likeliest_text_of_all(checkpoint: str, tmp_path: Path) -> None:
    """As many beams as tokens: of all texts of two tokens the likeliest on the average; one beam is greedy."""
    network, encoded = writer(checkpoint, tmp_path)
    given = encoded.given(np.arange(4))
    end, size = encoded.end, network.classifier.out_features
    written = network.write(given, 2, end, beams=size)
    assert network.decoder.config.use_cache is False
    for row in range(4):
        ids = given[row : row + 1]
        first = network.classifier(network.decoder(input_ids=ids).last_hidden_state[0, -1]).log_softmax(-1)
        after = torch.cat([ids.expand(size, -1), torch.arange(size)[:, None]], dim=1)
        second = network.classifier(network.decoder(input_ids=after).last_hidden_state[:, -1]).log_softmax(-1)
        means = (first[:, None] + second) / 2
        means[end] = -torch.inf
        best = divmod(int(means.argmax()), size)
        wanted = [end] if first[end] > means.max() else list(best)
        assert written[row, : len(wanted)].tolist() == wanted
    one = network.write(given, 6, end, beams=1)
    assert one.tolist() == network.write(given, 6, end).tolist()


def test_a_search_of_beams_is_that_of_transformers(checkpoint: str, tmp_path: Path) -> None:
    """With the checkpoint's own weights, what `generate` of its own class writes."""
    network, encoded = writer(checkpoint, tmp_path)
    given = encoded.given(np.arange(5))
    whole = AutoModelForCausalLM.from_pretrained(checkpoint).eval()
    for beams in (2, 4):
        wanted = whole.generate(
            given,
            attention_mask=torch.ones_like(given),
            num_beams=beams,
            max_new_tokens=7,
            do_sample=False,
            eos_token_id=encoded.end,
            pad_token_id=encoded.end,
        )
        assert network.write(given, 7, encoded.end, beams).tolist() == wanted[:, given.shape[1] :].tolist()


def test_beams_are_part_of_a_trial(checkpoint: str, workplace: Workplace) -> None:
    """They have an id of their own, greedy trials keep theirs, and what they write is committed."""
    greedy, searched = spec_of(checkpoint), dataclasses.replace(spec_of(checkpoint), beams=3)
    assert greedy.trial_id != searched.trial_id
    assert "beams" not in greedy.settings()
    assert TrialSpec.from_settings(searched.settings()) == searched
    save_task(workplace.root, DATA)
    run_trial(searched, workplace=workplace, data=DATA)
    record, rows = committed(workplace, searched)
    assert record["settings"]["beams"] == 3
    assert rows.num_rows == 20
    assert record["facts"]["metrics"]["test"]["bleu"] > 0.5


def test_texts_that_were_written_elsewhere(tmp_path: Path) -> None:
    """They are judged when they are taken in: quality by row, metrics by trial."""
    examples = [
        {"task": "g", "split": "test", "example_id": 0, "text": "a", "gold_texts": ["the cat sat", "a cat"]},
        {"task": "g", "split": "test", "example_id": 1, "text": "b", "gold_texts": ["no"]},
    ]
    said = {("dense", 0.0): ["the cat sat", "no"], ("wanda", 0.5): ["a dog", ""]}
    predictions = [
        {"task": "g", "model": "m", "method": method, "sparsity": sparsity, "seed": 0, "split": "test"}
        | {"example_id": at, "answer": text}
        for (method, sparsity), texts in said.items()
        for at, text in enumerate(texts)
    ]
    store = tmp_path / "store"
    ingest(store, write(tmp_path / "p.jsonl", predictions), write(tmp_path / "e.jsonl", examples))
    assert broken_invariants(store) == []
    assert reader.task_data(store, "g").kind == "generation"
    found = connect(store).execute("SELECT method, value FROM effectiveness ORDER BY method").fetchall()
    kind = KINDS["generation"]
    gold = kind.codes(pa.array([one["gold_texts"] for one in examples]), 0)
    assert found == [
        (method, pytest.approx(kind.measured(gold, kind.codes(pa.array(texts), 0), 0)["bleu"]))
        for (method, _), texts in said.items()
    ]
    assert connect(store).execute("SELECT kind FROM collapsed").fetchall() == []
    require_compaction_changes_no_view(store)


def test_a_text_is_learned_from_another_network(checkpoint: str, tmp_path: Path) -> None:
    """The loss against a teacher is the divergence from its next tokens, by a plain loop, and a trial ends by it."""
    context = context_for(checkpoint, tmp_path)
    torch.manual_seed(5)
    student = decoder.build(dataclasses.replace(context, is_taught=True))
    teacher = decoder.build(context)
    for weight in teacher.parameters():
        weight.data += 0.2 * torch.randn(weight.shape)
    head = head_for(DATA)
    inputs = decoder.encode(context, DATA.split("train")).inputs(np.arange(6))
    outputs, taught = student(**inputs), cast("Any", teacher.eval()).whole(**inputs)
    losses = head.loss_rows(outputs / 2, head.soft(taught / 2))
    for row, (ids, places) in enumerate(zip(inputs["input_ids"], inputs["places"], strict=True)):
        at = places[places >= 0]
        knows, learns = (
            (one.classifier(one.decoder(input_ids=ids[None]).last_hidden_state[0, at]) / 2).log_softmax(-1)
            for one in (cast("Any", teacher), cast("Any", student))
        )
        assert losses[row].item() == pytest.approx(-(knows.exp() * learns).sum(-1).mean().item(), rel=1e-5)
    plain = decoder.build(context)
    plain.load_state_dict(student.state_dict())
    assert torch.equal(head.loss_rows(outputs, torch.zeros(6)), head.loss_rows(plain(**inputs), torch.zeros(6)))


@pytest.mark.parametrize("method", ["imp-kd", "pins"])
def test_methods_with_teachers_write_texts(checkpoint: str, workplace: Workplace, method: str) -> None:
    """A dense parent teaches a decoder, and the best network so far, which is judged by its loss on held-out texts."""
    save_task(workplace.root, HELD_OUT)
    dense, spec = (
        dataclasses.replace(spec_of(checkpoint, one), data=HELD_OUT.fingerprint) for one in ("dense", method)
    )
    run_trial(dense, workplace=workplace, data=HELD_OUT, keep_state=True)
    run_trial(spec, workplace=workplace, data=HELD_OUT)
    record, _ = committed(workplace, spec)
    assert record["facts"]["metrics"]["test"]["bleu"] > 0.5
    assert record["facts"]["achieved_sparsity"] == pytest.approx(0.5, abs=1e-3)
