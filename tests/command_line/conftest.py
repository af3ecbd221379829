"""A store with a few ingested predictions, and the verbs run in this process."""

from __future__ import annotations

import shutil

import pytest
from typer.testing import CliRunner

from runner.command_line import app

LABELS = ("no", "yes")


@pytest.fixture(scope="session")
def ingested(tmp_path_factory):
    """Two dense and two pruned trials that disagree on one example."""
    folder = tmp_path_factory.mktemp("ingested")
    rows = ["task,model,method,sparsity,seed,split,example_id,label"]
    for method, sparsity in (("dense", 0.0), ("imp-ft", 0.9)):
        for seed in (0, 1):
            for example in range(4):
                label = LABELS[example % 2 if (method, example) != ("imp-ft", 3) else 0]
                rows.append(f"films,net,{method},{sparsity},{seed},test,{example},{label}")
    (folder / "predictions.csv").write_text("\n".join(rows) + "\n")
    examples = ["task,split,example_id,label,text", *(f"films,test,{i},{LABELS[i % 2]},text {i}" for i in range(4))]
    (folder / "examples.csv").write_text("\n".join(examples) + "\n")
    arguments = ["--predictions", str(folder / "predictions.csv"), "--examples", str(folder / "examples.csv")]
    result = CliRunner().invoke(app, ["ingest", str(folder / "store"), *arguments])
    assert result.exit_code == 0, result.output
    return folder / "store"


@pytest.fixture(scope="module")
def store(ingested, tmp_path_factory):
    """The same for every file of tests: verbs that answer keep scores of readability in a store."""
    return shutil.copytree(ingested, tmp_path_factory.mktemp("copied") / "store")


@pytest.fixture
def piesweep():
    """Run a command line in this process."""

    def run(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run
