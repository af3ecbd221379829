"""A store whose every name and text tries to run a script, or to break what stands around it."""

from __future__ import annotations

from pathlib import Path

from tests.analysis.stores import write_plan, write_task, write_trials

SCRIPT = "</script><script>window.ran = 'script'</script>"
IMAGE = "<img src=x onerror=\"window.ran = 'image'\">"
HANDLER = '" onmouseover="window.ran = \'handler\'" x="'
TEXTS = (
    SCRIPT,
    IMAGE,
    HANDLER,
    "<!-- <script> never closed",
    "line\u2028separator\u2029paragraph",
    "\u202eright to left, and back\u202c",
    "nul-like \ufffd, emoji \U0001f967, \x07 bell",
    "javascript:window.ran='address'",
    "{{ 7 * 7 }} ${7 * 7} </textarea></style></title>",
    "w" * 3_000,
)
TASK = "t<b onclick=window.ran=1>b"
CLASSES = [f"no {SCRIPT}", f"yes {IMAGE} {'long' * 40}"]
COLUMN = '<svg onload="window.ran=1">'
MODEL = f"m{IMAGE}"
STUDY = "s<i onclick=window.ran=1>"
METHOD = f"x{HANDLER}{IMAGE}"


def write_hostile_store(root: Path) -> Path:
    """Two pruned cells and the dense one; every example is a PIE of both."""
    examples = [
        {
            "split": "test",
            "example_id": number,
            "label": CLASSES[number % 2],
            "text": text,
            "text_pair": TEXTS[-1 - number],
            COLUMN: number / 7,
        }
        for number, text in enumerate(TEXTS)
    ]
    write_task(root, TASK, CLASSES, examples)
    rows = [
        {
            "task": TASK,
            "model": MODEL,
            "method": method,
            "sparsity": sparsity,
            "seed": 0,
            "split": "test",
            "example_id": row["example_id"],
            "label": row["label"] if method == "dense" else CLASSES[1 - CLASSES.index(row["label"])],
        }
        for method, sparsity in (("dense", 0.0), (METHOD, 0.5), (METHOD, 0.9))
        for row in examples
    ]
    write_trials(root, {TASK: CLASSES}, rows)
    write_plan(root, STUDY, rows[:1])
    return root
