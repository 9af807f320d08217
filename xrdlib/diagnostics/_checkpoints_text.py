"""What the named epochs of a study say, in sentences; and how an RMSE is held against its limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xrdlib.data import SPACE

if TYPE_CHECKING:
    from xrdlib.diagnostics.checkpoints import Checkpoints

__all__ = ["beside", "sentences"]


def sentences(c: Checkpoints) -> list[str]:
    """How the named epochs differ."""
    n = c.nuisances
    origin = "fitted to the curve" if n.fitted else "known"
    if edges := n.at_edge:
        origin += f", at the edge of what was tried: {', '.join(edges)}"
    said = []
    f, best = c.row(c.final), c.row(c.chosen)
    if c.only is not None:
        error = "" if c.error is None else f" Its parameters err by {c.error[f]:.2f} % of range."
        said.append(
            f"Epoch {c.final} is {c.only}: there is no epoch to choose, final and chosen are one. Its "
            "re-simulated prediction misses the curve by an RMSE of log10 intensity of "
            f"{c.curve_rmse[f]:.4f}.{error}"
        )
    elif c.error is not None and c.ideal is not None and c.regret is not None:
        i = c.row(c.ideal)
        said.append(
            f"final is epoch {c.final} ({c.why_final}), ideal is epoch {c.ideal} (lowest error on "
            f"this experiment): {c.error[f]:.2f} against {c.error[i]:.2f} % of range, a regret of "
            f"{c.regret:.2f}."
        )
        if c.ideal != c.final:
            said.append(
                f"ideal is the best of {c.epochs.size} epochs, picked with the truth in hand: part of its "
                "advantage may be luck."
            )
        less, more = c.error[best] < c.error[f], c.error[best] > c.error[f]
        compared = "less than" if less else "more than" if more else "the same as"
        said.append(
            f"chosen is what one can pick without the truth: epoch {c.chosen}, whose re-simulated prediction "
            f"comes closest to the curve. Its parameters err by {c.error[best]:.2f} % of range, {compared} "
            "those of final."
        )
    else:
        said.append(
            "True parameters unknown: chosen is the epoch whose re-simulated prediction comes closest to the "
            f"curve, {c.chosen}; RMSE of log10 intensity {c.curve_rmse[best]:.4f}, at final (epoch "
            f"{c.final}) {c.curve_rmse[f]:.4f}. The closest curve need not have the best parameters."
        )
    said.append(
        f"Re-simulated with a resolution of {n.fwhm:g} arcsec, Lorentz fraction {n.lorentz_fraction:g}, disorder "
        f"{n.disorder:g} ({origin}); scale and background fitted at every epoch."
    )
    if c.n_trained > c.epochs.size > 1:
        said.append(
            f"Of {c.n_trained} epochs the {c.epochs.size} with stored weights are compared; final is the best of these."
        )
    outside = ((c.predictions < SPACE.minimum) | (c.predictions > SPACE.maximum)).any(axis=1)
    if outside.any():
        where = f"At {outside.sum()} of {outside.size} epochs a" if c.only is None else "A"
        said.append(f"{where} predicted parameter is outside its range; it is re-simulated at the edge.")
    return said


def beside(value: float, limit: float) -> tuple[str, str]:
    """An RMSE and the limit it is held against as texts, with so many digits that they do not look equal."""
    for digits in (3, 4, 5, 6):
        texts = f"{value:.{digits}f}", f"{limit:.{digits}g}"
        if float(texts[0]) != float(texts[1]):
            break
    return texts
