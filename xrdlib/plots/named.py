"""How the named epochs (final, ideal, chosen) look in every figure; equal epochs share one label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.axes import Axes
from numpy.typing import NDArray

from xrdlib.plots.style import COLOURS

if TYPE_CHECKING:
    from xrdlib.diagnostics import Checkpoints

__all__ = ["NamedEpoch", "mark_epochs", "named_epochs"]

# colour, marker and line: told apart in grey too
_LOOK = {"final": ("vermillion", "o", "-"), "ideal": ("blue", "s", "--"), "chosen": ("green", "^", "-.")}


class NamedEpoch(NamedTuple):
    """An epoch, its names in one label such as ``"ideal, chosen (epoch 60)"``, and its look."""

    epoch: int
    label: str
    colour: str
    marker: str
    line: str

    @property
    def point(self) -> dict[str, Any]:
        """Keywords of ``Axes.plot`` for one marker."""
        return {"color": self.colour, "marker": self.marker, "linestyle": "none", "label": self.label}


def named_epochs(checkpoints: Checkpoints) -> list[NamedEpoch]:
    """The named epochs in the order final, ideal, chosen, identical ones merged."""
    names: dict[int, list[str]] = {}
    for name, epoch in checkpoints.named.items():
        names.setdefault(epoch, []).append(name)
    found = []
    for epoch, same in names.items():
        colour, marker, line = _LOOK[same[0]]
        found.append(NamedEpoch(epoch, f"{', '.join(same)} (epoch {epoch})", COLOURS[colour], marker, line))
    return found


def mark_epochs(ax: Axes, checkpoints: Checkpoints, values: NDArray[Any]) -> None:
    """A marker on a trace (one value per epoch of ``checkpoints``) at each named epoch, and a line down the panel."""
    for named in named_epochs(checkpoints):
        ax.axvline(named.epoch, color=named.colour, linestyle=named.line, linewidth=0.6, alpha=0.6, zorder=1)
        value = values[checkpoints.row(named.epoch)]
        ax.plot([named.epoch], [value], markersize=5, zorder=3, **named.point)
