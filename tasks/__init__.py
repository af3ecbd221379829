"""Tasks to learn and to be scored on: one file here and one line below each. No torch."""

from __future__ import annotations

from tasks import (
    aapd,
    cifar,
    conll2003,
    dart,
    digits,
    e2e,
    glue,
    imdb,
    mnist,
    movie_snippets,
    reuters,
    snli,
    squad,
    webnlg,
)
from tasks.base import Task

TASKS: dict[str, Task] = {
    "movie-snippets": movie_snippets.TASK,
    "reuters": reuters.TASK,
    "imdb": imdb.TASK,
    "snli": snli.TASK,
    "aapd": aapd.TASK,
    "digits": digits.TASK,
    "mnist": mnist.TASKS["mnist"],
    "fashion-mnist": mnist.TASKS["fashion-mnist"],
    "cifar10": cifar.TASKS["cifar10"],
    "cifar100": cifar.TASKS["cifar100"],
    **glue.TASKS,
    "squad": squad.TASK,
    "conll2003": conll2003.TASK,
    "e2e": e2e.TASK,
    "dart": dart.TASK,
    "webnlg": webnlg.TASK,
}
