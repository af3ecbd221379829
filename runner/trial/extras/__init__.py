"""What a trial keeps beside its answers: one module each, named by its line of EXTRAS."""

from __future__ import annotations

import importlib

from runner.extras import EXTRAS
from runner.trial.extras.base import Observed, Recorder


def recorders(observed: Observed) -> list[Recorder]:
    """Those of the extras that the trial asks for, in the order of their names."""
    return [importlib.import_module(EXTRAS[name].module).recorder(observed) for name in observed.spec.record.extras]
