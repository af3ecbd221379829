"""A program in which a toy kind of answer is registered, one line each, before a trial of it is run and reported."""

from __future__ import annotations

import importlib
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import torch

import tasks.columns
from tasks.kinds import KINDS
from tasks.kinds.regression import Regression


class Grades(Regression):
    """Numbers again, in columns of their own."""

    name = "toy-kind"
    answer = "grade"
    gold = {"gold_grade": pa.float32()}  # noqa: RUF012


KINDS["toy-kind"] = Grades()  # before anything derives its columns and views from the registry
importlib.reload(tasks.columns)  # which the tasks themselves have done already

import analysis.relations.database  # noqa: E402
from analysis.relations.database import connect  # noqa: E402
from analysis.report import write_report  # noqa: E402
from runner.heads import HEADS  # noqa: E402
from runner.heads.regression import RegressionHead  # noqa: E402
from runner.models import MODELS  # noqa: E402
from runner.spec import Record, TrialSpec  # noqa: E402
from runner.store.compaction.compact import compact  # noqa: E402
from runner.store.ingest import ingest  # noqa: E402
from runner.store.verify import broken_invariants  # noqa: E402
from runner.store.writer import save_task  # noqa: E402
from runner.training import Training  # noqa: E402
from runner.trial.run import run_trial  # noqa: E402
from runner.trial.workplace import Workplace  # noqa: E402
from tasks.base import TaskData  # noqa: E402
from tests.runner.small_network import ARCHITECTURE, small_task  # noqa: E402


@dataclass(frozen=True)
class GradesHead(RegressionHead):
    """Squared errors of the grades."""

    def targets(self, examples: pa.Table) -> torch.Tensor:
        return torch.from_numpy(examples["gold_grade"].to_numpy().copy())


def graded() -> TaskData:
    """Points whose grade is the first of their numbers."""
    examples = small_task().examples
    grades = pa.array([row[0] for row in examples["pixels"].to_pylist()], pa.float32())
    examples = examples.drop_columns(["label"]).append_column("gold_grade", grades)
    return TaskData(task="points", kind="toy-kind", inputs="image", classes=(), max_tokens=1, examples=examples)


def taken_in(folder: Path) -> Path:
    """A store with two grades that were given elsewhere."""
    (folder / "examples.csv").write_text("task,split,example_id,text,gold_grade\nt,test,0,a,1.5\nt,test,1,b,2.5\n")
    rows = "".join(f"t,m,dense,0,0,test,{number},{number + 1}\n" for number in range(2))
    (folder / "given.csv").write_text(f"task,model,method,sparsity,seed,split,example_id,grade\n{rows}")
    ingest(folder / "elsewhere", folder / "given.csv", folder / "examples.csv")
    return folder / "elsewhere"


def main(folder: Path) -> None:
    """Run two seeds to a report."""
    HEADS["toy-kind"] = lambda data: GradesHead(mean=0.0, deviation=1.0, kind=KINDS["toy-kind"])
    MODELS["toy-network"] = ARCHITECTURE
    sql = folder / "sql"
    shutil.copytree(analysis.relations.database.SQL, sql)
    (sql / "kinds" / "toy-kind").mkdir()
    for path in (sql / "kinds" / "regression").iterdir():
        text = path.read_text(encoding="utf-8").replace("r.value", "r.grade").replace("gold_value", "gold_grade")
        text = text.replace("value_rows", "grade_rows").replace("min(value)", "min(grade)")
        text = text.replace("max(value)", "max(grade)").replace("isfinite(value), value", "isfinite(grade), grade")
        if path.name != "scores.sql":
            (sql / "kinds" / "toy-kind" / path.name).write_text(text, encoding="utf-8")
    (sql / "kinds" / "toy-kind" / "scores.sql").write_text(
        """-- Needs: trial, grade_rows, gold_grades
        SELECT t.trial_no, t.cell_no, r.split, corr(r.grade, g.gold_grade) AS value
        FROM internal.grade_rows AS r JOIN internal.trial AS t USING (trial_id)
        JOIN internal.gold_grades AS g USING (task_no, split, example_id) GROUP BY ALL""",
        encoding="utf-8",
    )
    analysis.relations.database.SQL = sql
    data, store = graded(), folder / "store"
    workplace = Workplace(root=store, cache=folder / "cache", threads=1)
    save_task(store, data)
    dense = TrialSpec(
        task="points",
        data=data.fingerprint,
        model="toy-network",
        architecture="toy-network",
        method="dense",
        sparsity=0.0,
        seed=0,
        training=Training(epochs=20, batch_size=16, learning_rate=0.02),
        record=Record(splits=("test",)),
    )
    for seed in range(2):
        run_trial(replace(dense, seed=seed), workplace=workplace, data=data, keep_state=True)
        run_trial(replace(dense, seed=seed, method="imp-ft", sparsity=0.5), workplace=workplace, data=data)
    compact(store)
    assert not [one for one in broken_invariants(store) if "no study of this store planned it" not in one]
    values = connect(store).execute("SELECT metric, value FROM effectiveness WHERE method = 'dense'").fetchall()
    assert all(metric == "pearson" and value > 0.9 for metric, value in values), values
    assert connect(store).execute("SELECT seeds, dense_seeds FROM drift").fetchall() == [(2, 2)]
    assert connect(store).execute("SELECT gold_grade FROM examples LIMIT 1").fetchall()
    asked = "SELECT count(*) FROM predictions WHERE isfinite(grade) AND isfinite(gold_grade) AND value IS NULL"
    assert (
        connect(store).execute(asked).fetchall()
        == connect(store).execute("SELECT count(*) FROM predictions").fetchall()
    )
    assert connect(taken_in(folder)).execute("SELECT grade, gold_grade FROM predictions ORDER BY ALL").fetchall() == [
        (1.0, 1.5),
        (2.0, 2.5),
    ]
    print("toy-network" in write_report(store, folder / "report").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
