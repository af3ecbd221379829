"""Watch a trial between its steps: measure, report, save, stop."""

from __future__ import annotations

from runner.pruning.moment import Moment
from runner.trial.assembly import Assembled
from runner.trial.checkpoint_interval import Interval
from runner.trial.evaluation import el2n_epoch
from runner.trial.history import History
from runner.trial.states import States
from runner.trial.workplace import Hooks


class Watch:
    """Is asked after every step whether to go on; measures at the ends of epochs, saves when it is time."""

    def __init__(self, trial: Assembled, history: History, states: States, hooks: Hooks) -> None:
        self.trial = trial
        self.history = history
        self.states = states
        self.hooks = hooks
        self.processes = trial.training_set.compute.processes
        # Weights, and for each of them two moments of the optimizer.
        self.interval = Interval(12 * sum(parameter.numel() for parameter in trial.trainer.network.parameters()))

    def after_step(self, moment: Moment) -> bool:
        """True to go on. Where several processes compute, they are of one mind after every step."""
        if moment.begins_epoch:
            return self._after_epoch(moment)
        if self.processes.count == 1 and not self.interval.is_time_to_ask():
            return True
        return self._goes_on(moment, is_due=self.interval.is_due_within_an_epoch())

    def _after_epoch(self, moment: Moment) -> bool:
        spec, trainer, given = self.trial.spec, self.trial.trainer, self.trial.training_set
        if spec.measures_el2n and moment.epoch == el2n_epoch(spec.training.epochs, spec.protocol):
            logits = self.trial.logits(given.encoded)
            self.history.el2n = given.head.influence(logits, given.targets)
            # Where the best network answers, that is not the one of this moment.
            self.history.trained_logits = logits if moment.is_end and not trainer.best else None
        if trainer.last_logits is not None:
            self.history.threshold = given.head.best_threshold(trainer.last_logits, given.targets)
        self.hooks.on_epoch(moment.epoch, spec.epochs)
        return self._goes_on(moment, is_due=self.interval.is_due())

    def _goes_on(self, moment: Moment, *, is_due: bool) -> bool:
        """Save if it is due or if told to stop; True to go on. At the end evaluation and commit follow at once."""
        stop, due, superseded = self.processes.agreed(self.hooks.should_stop(), is_due, self.hooks.superseded())
        if superseded:
            return False
        if moment.is_end:
            return True
        if stop or due:
            with self.interval.writing():
                self.states.save()
        return not stop
