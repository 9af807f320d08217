"""How a network is trained, and the seeds of what is random in it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

__all__ = ["Seeds", "StudyError", "TrainingConfig"]


class StudyError(ValueError):
    """A study folder or configuration that cannot be used; the text says why and what to do."""


_WHOLE = ("epochs", "batch_size", "test_size", "threads")


@dataclass(frozen=True)
class TrainingConfig:
    """How the network is trained.

    Attributes
    ----------
    epochs, batch_size : int
    learning_rate : float
        Highest rate of a cosine schedule that rises over the first ``warmup`` of all steps and falls to 0.
    warmup : float
    weight_decay : float
    loss : {"l1", "mse"}
        On parameters as fractions of their ranges.
    parameter_weights : tuple of 7 floats
        Weight of each parameter in the loss; their mean need not be 1.
    validation_fraction : float
        Of the dataset, split off at random; its loss defines the final epoch.
    test_size : int
        Curves in each of the two test sets.
    floor : float
        See ``Preprocess``.
    checkpoint_precision : {"float32", "float16"}
        Of the stored weights. Predictions and validation loss are always those of the stored weights.
    threads : int
        Torch threads while training: sums depend on their number, so it is part of the configuration.
    epoch_size : int or None
        Curves of one epoch, drawn anew from the training set for each; None takes all of them. It keeps the cost of a
        training the same however large the training set is.
    fresh : bool
        Every epoch has new curves, sampled like the dataset: none is seen twice.
    pool : int or None
        Curves in memory at a time, of a dataset that is larger: its chunks are drawn in random order, and their curves
        are shuffled within pools of about this size. With ``fresh``, ``epoch_size`` may then exceed the dataset's size.
        None holds all of them.
    passes : int or None
        How often the curves of a pool are trained on before the next (None: once): more steps for the same
        simulations. ``epoch_size`` counts the curves, not the passes.
    muon : bool
        Muon for the matrices inside the network instead of AdamW (see ``Optimiser``): fewer curves for the same error,
        more work in each step.
    bfloat16 : bool
        The products inside the network in bfloat16 while it is trained (weights, last layer and predictions stay
        float32): a fraction of the time on processors that have instructions for it.
    """

    epochs: int = 60
    batch_size: int = 128
    learning_rate: float = 2e-3
    warmup: float = 0.1
    weight_decay: float = 0.0
    loss: str = "l1"
    parameter_weights: tuple[float, ...] = (1.0,) * 7
    validation_fraction: float = 0.1
    test_size: int = 2000
    floor: float = 1e-8
    checkpoint_precision: str = "float32"
    threads: int = 1
    epoch_size: int | None = None
    fresh: bool = False
    pool: int | None = None
    passes: int | None = None
    muon: bool = False
    bfloat16: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameter_weights", tuple(float(w) for w in self.parameter_weights))
        for name, allowed, what in (
            ("epochs", self.epochs >= 1, "at least 1"),
            ("batch_size", self.batch_size >= 2, "at least 2"),
            ("learning_rate", self.learning_rate >= 0, "a number, 0 or more,"),
            ("warmup", 0 <= self.warmup < 1, "a fraction below 1"),
            ("passes", self.passes is None or (self.pool is not None and self.passes >= 1), "at least 1, and a pool,"),
            ("muon", isinstance(self.muon, bool), "true or false"),
            ("bfloat16", isinstance(self.bfloat16, bool), "true or false"),
            ("loss", self.loss in ("l1", "mse"), "l1 or mse"),
            (
                "parameter_weights",
                len(self.parameter_weights) == 7 and min(self.parameter_weights) >= 0 < max(self.parameter_weights),
                "seven weights, none negative, not all 0",
            ),
            ("validation_fraction", 0 < self.validation_fraction < 1, "a fraction between 0 and 1"),
            ("test_size", self.test_size >= 1, "at least 1"),
            ("floor", 0 < self.floor < 1, "a fraction of the peak"),
            (
                "checkpoint_precision",
                self.checkpoint_precision in ("float32", "float16"),
                "float32 or float16",
            ),
            ("threads", self.threads >= 1, "at least 1"),
            ("epoch_size", self.epoch_size is None or self.epoch_size >= 1, "at least 1"),
            ("fresh", isinstance(self.fresh, bool), "true or false"),
            ("pool", self.pool is None or self.pool >= self.batch_size, "at least a batch"),
            *((name, isinstance(getattr(self, name), int), "a whole number") for name in _WHOLE),
        ):
            if not allowed:
                raise StudyError(f"training: {name} = {getattr(self, name)} given, {what} expected")


@dataclass(frozen=True)
class Seeds:
    """Seeds of what differs between two trainings on the same curves; None takes the study's ``seed``.

    Attributes
    ----------
    weights, order, dropout : int or None
        Of the initial weights, of the order of batches, and of the neurons dropped.
    """

    weights: int | None = None
    order: int | None = None
    dropout: int | None = None

    def __post_init__(self) -> None:
        for name, seed in asdict(self).items():
            if seed is not None and (not isinstance(seed, int) or seed < 0):
                raise StudyError(f"seeds: {name} = {seed} given, a whole number, 0 or more, expected")
