"""Tables: quality by task, method and sparsity, in the shapes of Tables 1 to 6, 8 and 9 of Ren and Zhu 2023."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from analysis.display_names import method_key, method_name, percent
from analysis.results import Results, Row
from analysis.statistics.qualities import CellKey, Measured, Qualities, as_printed, decimals, qualities
from analysis.tables.layout import MISSING
from analysis.tables.table import Line, Mark, Table, Value
from runner.methods import DENSE
from tasks.bleurt import BLEURT

LEGEND: dict[Mark, str] = {
    "best": "the best method at this sparsity, by the first figure",
    "incomplete": "fewer seeds committed than planned",
    "undefined": "some seeds have no value: correlations with answers that are all the same, or no numbers",
}
AVERAGE, ALL = "average", "glue"
"""What the mean over all tasks of a shape is called, as a metric and as a task."""
OBJECTIVES = ("pins-erm", "pins-kd", "pins")
"""The methods of Table 6, which differ in what is learned from: names of METHODS."""
LineKey = tuple[str, float, str]
"""Model, sparsity and method."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """The figures of one task: metric -> how the paper or the task's own score prints it, the paper's first."""

    title: str
    task: str
    metrics: Mapping[str, str]

    @property
    def heading(self) -> str:
        return f"{self.title} {' / '.join(self.metrics.values())}".strip()


GLUE = (
    Column(title="RTE", task="glue/rte", metrics={"accuracy": "Acc"}),
    Column(title="MRPC", task="glue/mrpc", metrics={"f1:equivalent": "F1", "accuracy": "Acc"}),
    Column(title="STS-B", task="glue/stsb", metrics={"pearson": "Pearson", "spearman": "Spearman"}),
    Column(title="CoLA", task="glue/cola", metrics={"matthews": "Mcc"}),
    Column(title="SST-2", task="glue/sst2", metrics={"accuracy": "Acc"}),
    Column(title="QNLI", task="glue/qnli", metrics={"accuracy": "Acc"}),
    Column(title="MNLI", task="glue/mnli", metrics={"accuracy-by-part": "Acc"}),
    Column(title="QQP", task="glue/qqp", metrics={"accuracy": "Acc", "f1:duplicate": "F1"}),
)
WRITTEN = {"bleu": "BLEU", "rouge-l": "ROUGE-L", "meteor": "METEOR", BLEURT: "BLEURT"}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One table: its columns, what is said under it, whether all columns have a mean, and whose methods' it is."""

    title: str
    said: str
    columns: Sequence[Column]
    has_average: bool = False
    methods: Collection[str] | None = None


SHAPES: dict[str, Shape] = {
    "quality_glue": Shape(
        title="Quality on GLUE",
        said="The official dev sets, as percentages: accuracy, F1 of the positive class (MRPC, QQP), correlations "
        "(STS-B), Matthews' correlation (CoLA), the mean of the accuracies on both dev sets (MNLI). Avg.: of the first "
        "figure of each task, where all eight are there.",
        columns=GLUE,
        has_average=True,
    ),
    "quality_squad": Shape(
        title="Quality on SQuAD",
        said="SQuAD 1.1, the official dev set, as percentages: F1 of words and exact matches.",
        columns=(Column(title="SQuAD", task="squad", metrics={"f1": "F1", "exact": "EM"}),),
    ),
    "quality_conll2003": Shape(
        title="Quality on CoNLL-2003",
        said="Entities of the test set, as percentages.",
        columns=tuple(
            Column(title="", task="conll2003", metrics={f"entity-{name}": title})
            for name, title in (("precision", "P"), ("recall", "R"), ("f1", "F1"))
        ),
    ),
    "quality_data_to_text": Shape(
        title="Quality of texts from data",
        said="As percentages: BLEU by sacrebleu of all texts together, the mean ROUGE-L, and Meteor 1.5 where the "
        "study asks for it; BLEURT as it is, the mean of the best over the references, where the study names a "
        "checkpoint.",
        columns=tuple(
            Column(title=title, task=task, metrics={name: told})
            for title, task in (("E2E", "e2e"), ("DART", "dart"), ("WebNLG", "webnlg"))
            for name, told in WRITTEN.items()
        ),
    ),
    "quality_objectives": Shape(
        title="What is learned from",
        said="The same score and schedule, learned from the labels alone, from the dense model too, or from the best "
        "network so far too; percentages as in the table of GLUE.",
        columns=GLUE,
        methods=OBJECTIVES,
    ),
}


def of_shape(name: str) -> Callable[[Results], Table]:
    """The builder of one of SHAPES."""

    def build(results: Results) -> Table:
        found = chosen(results, SHAPES[name])
        columns = [one for one in SHAPES[name].columns if _is_there(one, found)]
        return _table(name, results, found, columns)

    build.__doc__ = f"{SHAPES[name].title}: one line per model, sparsity and method, a column per task."
    return build


def bases(results: Results, method: str) -> set[str]:
    """The lines of METHODS behind a method's name in this store."""
    return {DENSE} if method == DENSE else {one.name for one in results.variants.get(method, ())}


def chosen(results: Results, shape: Shape) -> Qualities:
    """The cells of a shape's tasks and methods; none where it is about methods that the store has one of at most."""
    tasks = {column.task for column in shape.columns}
    found = {key: value for key, value in qualities(results).items() if key[0] in tasks}
    if shape.methods is None:
        return found
    own = {key: value for key, value in found.items() if bases(results, key[2]) & set(shape.methods)}
    others = {(*key[:2], key[3]) for key in own if OBJECTIVES[-1] not in bases(results, key[2])}
    return {key: value for key, value in own.items() if (*key[:2], key[3]) in others}


def averaged(key: LineKey, found: Qualities) -> float | None:
    """The mean over the tasks of GLUE of the first figure of each; None unless all are there."""
    model, sparsity, method = key
    means = []
    for column in GLUE:
        one = found.get((column.task, model, method, sparsity), {}).get(next(iter(column.metrics)))
        if one is None or one.mean is None:
            return None
        means.append(one.mean)
    return fmean(means)


def _is_there(column: Column, found: Qualities) -> bool:
    """True if any cell of the task has a figure of the column."""
    return any(key[0] == column.task and value.keys() & column.metrics.keys() for key, value in found.items())


def _table(name: str, results: Results, found: Qualities, columns: Sequence[Column]) -> Table:
    shape = SHAPES[name]
    keys = sorted({(key[1], key[3], key[2]) for key in found}, key=lambda key: (key[0], key[1], method_key(key[2])))
    keys = keys if columns else []
    best = _best(found, columns)
    lines = tuple(
        Line(
            keys=(key[0], percent(key[1]), key[2] if key[2] == DENSE else method_name(key[2])),
            values=(
                *((_value(results, found, column, key, best),) for column in columns),
                *([(_average(key, found),)] if shape.has_average else []),
            ),
        )
        for key in keys
    )
    return Table(
        name=name,
        title=shape.title,
        caption=f"{shape.said} {seeds_told(found)} {results.longer_training}".strip(),
        keys=("model", "removed", "method"),
        columns=(*(column.heading for column in columns), *(["Avg."] if shape.has_average else [])),
        parts=("",),
        lines=lines,
        legend=LEGEND,
        records=tuple(_records(results, found, columns, keys if shape.has_average else [])) if lines else (),
        views=("metrics",),
    )


def seeds_told(found: Qualities) -> str:
    """How many seeds the means are of, as a sentence."""
    counts = sorted({one.seeds for value in found.values() for one in value.values() if one.seeds})
    if not counts:
        return ""
    if len(counts) == 1:
        return f"Means of {counts[0]} seeds." if counts[0] > 1 else "Of one seed."
    return f"Means of {counts[0]} to {counts[-1]} seeds: unequally many, each cell's number is in the CSV."


def _cell(column: Column, key: LineKey) -> CellKey:
    return column.task, key[0], key[2], key[1]


def _best(found: Qualities, columns: Sequence[Column]) -> set[tuple[CellKey, str]]:
    """The cells whose first figure, as printed, is the highest of several methods at their sparsity."""
    best: set[tuple[CellKey, str]] = set()
    for column in columns:
        groups: dict[tuple[str, float], dict[CellKey, float]] = {}
        metric = next(iter(column.metrics))
        for key, value in found.items():
            mean = value[metric].mean if key[0] == column.task and metric in value else None
            if mean is not None and key[2] != DENSE:
                groups.setdefault((key[1], key[3]), {})[key] = round(as_printed(metric, mean), decimals(metric))
        for group in groups.values():
            if min(group.values()) < max(group.values()):
                best |= {(key, metric) for key, mean in group.items() if mean == max(group.values())}
    return best


def _value(results: Results, found: Qualities, column: Column, key: LineKey, best: set[tuple[CellKey, str]]) -> Value:
    cell = _cell(column, key)
    measured = found.get(cell)
    if measured is None:
        return MISSING
    shown = [measured.get(metric) for metric in column.metrics]
    marks: set[Mark] = {"best"} if (cell, next(iter(column.metrics))) in best else set()
    if results.is_incomplete(dict(zip(("task", "model", "method", "sparsity"), cell, strict=True))):
        marks.add("incomplete")
    if any(one is not None and one.undefined for one in shown):
        marks.add("undefined")
    texts = (_text(metric, one) for metric, one in zip(column.metrics, shown, strict=True))
    return Value(" / ".join(texts), frozenset(marks))


def _text(metric: str, one: Measured | None) -> str:
    if one is None or one.mean is None:
        return MISSING.text
    return f"{as_printed(metric, one.mean):.{decimals(metric)}f}"


def _average(key: LineKey, found: Qualities) -> Value:
    mean = averaged(key, found)
    return MISSING if mean is None else Value(f"{mean * 100:.1f}")


def _records(results: Results, found: Qualities, columns: Sequence[Column], averages: Sequence[LineKey]) -> list[Row]:
    """One row a cell and metric, fractions unrounded; then the averages."""
    wanted: dict[str, set[str]] = {}
    for column in columns:
        wanted.setdefault(column.task, set()).update(column.metrics)
    rows: list[Row] = []
    for key, value in found.items():
        place = dict(zip(("task", "model", "method", "sparsity"), key, strict=True))
        incomplete = results.is_incomplete(place)
        for metric, one in value.items():
            if metric in wanted.get(key[0], ()):
                numbers = {"mean": one.mean, "std": one.deviation, "seeds": one.seeds, "undefined": one.undefined}
                rows.append({**place, "metric": metric, **numbers, "incomplete": incomplete})
    for line in averages:
        if (mean := averaged(line, found)) is not None:
            place = {"task": ALL, "model": line[0], "method": line[2], "sparsity": line[1], "metric": AVERAGE}
            cells = [found[_cell(column, line)][next(iter(column.metrics))] for column in GLUE]
            numbers = {"mean": mean, "std": None, "seeds": min(one.seeds for one in cells), "undefined": 0}
            rows.append({**place, **numbers, "incomplete": False})
    return rows


BUILDERS: dict[str, Callable[[Results], Table]] = {name: of_shape(name) for name in SHAPES}
