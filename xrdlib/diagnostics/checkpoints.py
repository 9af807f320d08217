"""Final, ideal and chosen epoch of one target, and what each makes of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, by_parameter
from xrdlib.data import SPACE
from xrdlib.data.space import PARAMETER_UNITS
from xrdlib.diagnostics._checkpoints_text import sentences
from xrdlib.diagnostics.target import Nuisances, Target, fit_nuisances, resimulate
from xrdlib.metrics import curve_error, parameter_error
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Study

__all__ = ["NEARLY", "Checkpoints", "checkpoints", "checkpoints_at", "row_label"]

FloatArray = NDArray[np.float64]

_FAIR = 0.1  # RMSE of log10 intensity; an expert's fit of measured curve A reaches 0.04
NEARLY = 1.5  # times the limit: so close that a fit may well start from there


@dataclass(frozen=True, repr=False)
class Checkpoints(Section):
    """One target at every epoch of a study.

    Attributes
    ----------
    study, target : str
        Names.
    epochs : ndarray of int, shape (n,)
        Those whose predictions are known: all for a tracked experiment, else those with stored weights.
    predictions : ndarray, shape (n, 7)
        Lengths in A.
    val_loss : ndarray, shape (n,)
    errors : ndarray of shape (n, 7), or None
        % of range; None where the true parameters are unknown.
    curve_rmse, curve_mae : ndarray, shape (n,)
        Of log10 intensity, prediction re-simulated, scale and background fitted.
    curves : ndarray, shape (n, m)
        The re-simulated curves with that scale and background.
    nuisances : Nuisances
        Used to re-simulate.
    true : ndarray of shape (7,), or None
    noise : float
        Scatter of the observed curve from point to point, log10 intensity, RMS: no model can come closer.
    n_trained : int
        Epochs of the study.
    final : int
        Epoch with the lowest validation loss (among ``epochs``), of a fine-tuning the last.
    continued : bool
        Whether the study is a fine-tuning.
    """

    study: str
    target: str
    epochs: NDArray[np.int64]
    predictions: FloatArray
    val_loss: FloatArray
    errors: FloatArray | None
    curve_rmse: FloatArray
    curve_mae: FloatArray
    curves: FloatArray
    nuisances: Nuisances
    true: FloatArray | None
    noise: float
    n_trained: int
    final: int
    continued: bool = False

    name = "checkpoints"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading."""
        return f"Checkpoints of study {self.study} for {self.target}"

    @property
    def fair(self) -> float:
        """RMSE of log10 intensity below which a curve counts as reproduced: 0.1, or twice the noise."""
        return max(_FAIR, 2 * self.noise)

    @property
    def reproduced(self) -> bool:
        """Whether some epoch comes as close to the curve as a fair fit."""
        return bool(self.curve_rmse.min() < self.fair)

    @property
    def only(self) -> str | None:
        """Of a single epoch that there is none to compare with, a clause after "it is"; None where there are more."""
        if self.epochs.size > 1:
            return None
        return "the only one" + (f" of {self.n_trained} with stored weights" if self.n_trained > 1 else "")

    @property
    def error(self) -> FloatArray | None:
        """Mean error of the seven parameters at each epoch, % of range; None where the truth is unknown."""
        return None if self.errors is None else self.errors.mean(axis=1)

    @property
    def ideal(self) -> int | None:
        """Epoch with the lowest mean parameter error; None where the truth is unknown."""
        return None if self.error is None else int(self.epochs[self.error.argmin()])

    @property
    def chosen(self) -> int:
        """Epoch whose re-simulated prediction comes closest to the curve."""
        return int(self.epochs[self.curve_rmse.argmin()])

    @property
    def point(self) -> FloatArray:
        """True parameters, shape (7,), lengths in A; where unknown, the chosen prediction clipped to the ranges."""
        if self.true is not None:
            return self.true
        return np.asarray(np.clip(self.predictions[self.row(self.chosen)], SPACE.minimum, SPACE.maximum))

    @property
    def regret(self) -> float | None:
        """Error at ``final`` minus error at ``ideal``, % of range; None where the truth is unknown."""
        return None if self.error is None else float(self.error[self.row(self.final)] - self.error.min())

    @property
    def why_final(self) -> str:
        """What makes an epoch final, in words."""
        return "the last of the fine-tuning" if self.continued else "lowest validation loss"

    def row(self, epoch: int) -> int:
        """Index of an epoch."""
        return int(np.flatnonzero(self.epochs == epoch)[0])

    @property
    def named(self) -> dict[str, int]:
        """The epochs that have a name."""
        ideal = {} if self.ideal is None else {"ideal": self.ideal}
        return {"final": self.final, **ideal, "chosen": self.chosen}

    @property
    def frame(self) -> pd.DataFrame:
        """One row per epoch: losses, curve errors, predicted parameters (A) and their errors (% of range)."""
        frame = pd.DataFrame(
            {
                "epoch": self.epochs,
                "val_loss": self.val_loss,
                "curve_rmse": self.curve_rmse,
                "curve_mae": self.curve_mae,
            }
        )
        for i, name in enumerate(PARAMETERS):
            frame[name] = self.predictions[:, i]
            if self.errors is not None:
                frame[f"{name}_error"] = self.errors[:, i]
        return frame

    @property
    def table(self) -> pd.DataFrame:
        """The named epochs side by side."""
        table = {}
        for name, epoch in self.named.items():
            i = self.row(epoch)
            cells = {
                "epoch": str(epoch),
                "validation loss": f"{self.val_loss[i]:.5f}",
                "curve RMSE (log10)": f"{self.curve_rmse[i]:.4f}",
                "curve MAE (log10)": f"{self.curve_mae[i]:.4f}",
            }
            if self.error is not None:
                cells["mean error (%)"] = f"{self.error[i]:.2f}"
            for k, parameter in enumerate(PARAMETERS):
                text = _cell(parameter, self.predictions[i, k])
                cells[row_label(parameter)] = text if self.errors is None else f"{text} ({self.errors[i, k]:.1f} %)"
            table[name] = cells
        if self.true is not None:
            table["true"] = {row_label(p): _cell(p, v) for p, v in zip(PARAMETERS, self.true, strict=True)}
        return pd.DataFrame(table).fillna("")

    def to_dict(self) -> dict[str, Any]:
        """Named epochs, nuisances, and every epoch."""
        epochs = [self._epoch(i) for i in range(self.epochs.size)]
        named = {name: epochs[self.row(epoch)] for name, epoch in self.named.items()}
        return {"ideal": None, **named, "nuisances": asdict(self.nuisances), "epochs": epochs}

    def _epoch(self, i: int) -> dict[str, Any]:
        return {
            "epoch": int(self.epochs[i]),
            "parameters": by_parameter(self.predictions[i]),
            "validation_loss": float(self.val_loss[i]),
            "error_percent": None if self.errors is None else by_parameter(self.errors[i]),
            "curve_rmse": float(self.curve_rmse[i]),
            "curve_mae": float(self.curve_mae[i]),
        }

    @property
    def every_epoch(self) -> pd.DataFrame:
        """All epochs as text: losses, predicted parameters (strains in 1e-3, lengths in A)."""
        rows = self.frame
        table = pd.DataFrame(
            {
                "val. loss": rows["val_loss"].map("{:.4f}".format),
                "curve RMSE": rows["curve_rmse"].map("{:.3f}".format),
            }
        )
        for name in PARAMETERS:
            table[row_label(name)] = [_cell(name, value) for value in rows[name]]
        if self.error is not None:
            table["error /%"] = [f"{e:.2f}" for e in self.error]
        return table.set_index(pd.Index(rows["epoch"], name="epoch"))

    @property
    def sentences(self) -> list[str]:
        """How the named epochs differ."""
        return sentences(self)


def checkpoints(study: Study, target: Target) -> Checkpoints:
    """What every epoch makes of a target.

    Parameters
    ----------
    study : Study
    target : Target

    Returns
    -------
    Checkpoints
    """
    if target.tracked_in(study):
        return checkpoints_at(
            study, target, study.history["epoch"].to_numpy(), study.experiment_predictions(target.name)
        )
    return checkpoints_at(study, target, np.array(study.checkpoints), study.predict(target.inputs(study))[:, 0])


def checkpoints_at(study: Study, target: Target, epochs: NDArray[np.int64], predictions: FloatArray) -> Checkpoints:
    """As `checkpoints`, of what is predicted already.

    Parameters
    ----------
    study : Study
    target : Target
    epochs : ndarray of int, shape (n,)
    predictions : ndarray, shape (n, 7)
        What each epoch read off the target's curve, lengths in A.

    Returns
    -------
    Checkpoints
    """
    nuisances = target.nuisances
    if nuisances is None:
        nuisances, _ = fit_nuisances(predictions, target.angle, target.intensity, study.config.dataset)
    simulated = resimulate(predictions, target.angle, nuisances, study.config.dataset)
    misfit = curve_error(simulated, target.intensity)
    val_loss = study.history["val_loss"].to_numpy()[epochs - 1]
    return Checkpoints(
        study=study.config.name,
        target=target.name,
        epochs=epochs,
        predictions=predictions,
        val_loss=val_loss,
        errors=None if target.true is None else parameter_error(predictions, target.true, SPACE.range),
        curve_rmse=misfit.rmse,
        curve_mae=misfit.mae,
        curves=misfit.scale[:, None] * simulated + misfit.background[:, None],
        nuisances=nuisances,
        true=target.true,
        noise=_noise(target.intensity),
        n_trained=study.n_epochs,
        final=study.final_among(epochs),
        continued=study.continued,
    )


def row_label(parameter: str) -> str:
    """A parameter with the unit of its column or row: strains in 1e-3, lengths in A."""
    return f"{parameter} /A" if PARAMETER_UNITS[parameter] else f"{parameter} /1e-3"


def _cell(parameter: str, value: float) -> str:
    return f"{value:.0f}" if PARAMETER_UNITS[parameter] else f"{1e3 * value:.2f}"


def _noise(intensity: FloatArray) -> float:
    """RMS scatter of log10 intensity, from its second differences (which a smooth curve hardly has)."""
    positive = intensity[intensity > 0]
    logs = np.log10(np.where(intensity > 0, intensity, positive.min() / 2))
    return float(np.sqrt(np.mean(np.diff(logs, 2) ** 2) / 6))
