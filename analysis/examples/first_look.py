"""The notebook `first_look.ipynb`: its cells, and their running.

`python -m analysis.examples.first_look` runs them and writes the notebook with what they print.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).with_suffix(".ipynb")
SECONDS = 300

Kind = Literal["markdown", "code"]

CELLS: tuple[tuple[Kind, str], ...] = (
    (
        "markdown",
        """# A first look: who pays when a network is pruned?

Predictions may come from anywhere. Here scikit-learn trains five small networks on its images of handwritten digits;
from a copy of each the smallest weights are removed, without any training afterwards. `piesweep ingest` takes what all
of them answer, and the views say which images pay.""",
    ),
    (
        "code",
        """import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

digits = load_digits()
known, images, known_labels, labels = train_test_split(digits.data / 16, digits.target, test_size=0.3, random_state=0)


def pruned(network, sparsity):
    weights = network.coefs_
    threshold = np.quantile(np.abs(np.concatenate([layer.ravel() for layer in weights])), sparsity)
    network.coefs_ = [np.where(np.abs(layer) > threshold, layer, 0) for layer in weights]
    answers = network.predict(images)
    network.coefs_ = weights
    return answers


answers = {}
for seed in range(5):
    network = MLPClassifier([32], learning_rate_init=0.01, max_iter=400, random_state=seed).fit(known, known_labels)
    answers["dense", 0.0, seed] = network.predict(images)
    for sparsity in (0.5, 0.8):
        answers["magnitude", sparsity, seed] = pruned(network, sparsity)""",
    ),
    (
        "markdown",
        """## Into a store

One row a prediction, one row an example. The images go along as text, eight lines of eight characters.""",
    ),
    (
        "code",
        """folder = Path(tempfile.mkdtemp())
cells = pd.concat(
    pd.DataFrame(
        {"task": "digits", "model": "mlp", "method": method, "sparsity": sparsity, "seed": seed, "split": "test"}
        | {"example_id": range(len(labels)), "label": said}
    )
    for (method, sparsity, seed), said in answers.items()
)
cells.to_csv(folder / "predictions.csv", index=False)


def drawn(image):
    return "\\n".join("".join(" .:-=+*#%@"[round(9 * value)] for value in row).rstrip() for row in image.reshape(8, 8))


examples = pd.DataFrame({"task": "digits", "split": "test", "example_id": range(len(labels)), "label": labels})
examples["text"] = [drawn(image) for image in images]
examples.to_csv(folder / "examples.csv", index=False)

words = ["--predictions", folder / "predictions.csv", "--examples", folder / "examples.csv"]
done = subprocess.run([sys.executable, "-m", "piesweep", "ingest", folder / "store", *words], capture_output=True)
assert done.returncode == 0, done.stderr.decode()""",
    ),
    (
        "markdown",
        """## PIE rates

An image is a PIE where most of the pruned networks answer otherwise than most of the dense ones. Some differ by seed
alone: `piesweep report` shows how many (the noise floor), and what a cell has beyond.""",
    ),
    (
        "code",
        """import piesweep

store = piesweep.open(folder / "store")
store.pie_rate.df()""",
    ),
    (
        "markdown",
        """Accuracy beside it: what the mean says, and what it does not.""",
    ),
    (
        "code",
        """store.sql("SELECT sparsity, avg(value) AS accuracy FROM effectiveness GROUP BY ALL ORDER BY ALL").df()""",
    ),
    (
        "markdown",
        """## One example's life

An image that all five dense networks get right, and most pruned ones do not.""",
    ),
    (
        "code",
        '''answers = store.sql("""
    SELECT example_id, method, sparsity, predictions.label AS answer, count(*) AS networks
    FROM predictions JOIN trials USING (trial_id) GROUP BY ALL
""").df()
broken = store.sql("""
    SELECT * FROM pies JOIN examples USING (task, split, example_id) WHERE is_pie AND dense_vote = label
""").df()
sure = answers[(answers.method == "dense") & (answers.networks == 5)]
first = broken[broken.example_id.isin(sure.example_id)].sort_values(["sparsity", "example_id"]).iloc[0]
print(first.text, "\\na", first.label)
answers[answers.example_id == first.example_id].sort_values(["sparsity", "networks"]).drop(columns="example_id")''',
    ),
    (
        "markdown",
        """## A slice

Which digits pay? The share of PIEs among the images of each. `pie_rate_by` has every column of the examples.""",
    ),
    (
        "code",
        '''store.sql("""
    PIVOT (FROM pie_rate_by WHERE feature = 'label') ON sparsity USING any_value(rate) GROUP BY value ORDER BY value
""").df().round(3)''',
    ),
    (
        "markdown",
        """`dir(store)` lists the other views, `store.pies?` says what one holds, `piesweep report` makes a page.""",
    ),
)


def notebook() -> nbformat.NotebookNode:
    """The cells, as yet without answers."""
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    cells = [make[kind](source, id=f"cell-{number}") for number, (kind, source) in enumerate(CELLS)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def answered(folder: Path) -> nbformat.NotebookNode:
    """The notebook with what its cells print; a cell that fails raises its error. It runs in a folder."""
    found = notebook()
    NotebookClient(found, timeout=SECONDS, record_timing=False, resources={"metadata": {"path": str(folder)}}).execute()
    return found


if __name__ == "__main__":
    nbformat.write(answered(NOTEBOOK.parent), NOTEBOOK)
