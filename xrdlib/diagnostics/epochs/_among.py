"""Shares of test samples for which something holds, set by set, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrdlib.diagnostics._intervals import Interval, percent, share

__all__ = ["CHANCE", "Among", "in_words", "left_out"]

CHANCE = "up to 5 % by chance"


@dataclass(frozen=True)
class Among:
    """For which samples of a test set something holds.

    Attributes
    ----------
    test_set : str
    which : ndarray of bool, shape (n,)
    """

    test_set: str
    which: NDArray[np.bool_]

    @property
    def share(self) -> Interval:
        """In %, with Wilson's interval; not defined without samples."""
        return share(self.which)


def in_words(sets: Sequence[Among]) -> str:
    """Such as "24 (21 to 28) % of 500 uniform and 8 (6 to 11) % of 500 grid test samples"; empty without samples."""
    some = [f"{percent(s.share)} of {s.which.size} {s.test_set}".rstrip() for s in sets if s.which.size]
    return f"{' and '.join(some)} test samples" if some else ""


def left_out(missing: int, test_set: str) -> list[str]:
    """A sentence on samples that cannot be compared, where there are some."""
    if not missing:
        return []
    one = missing == 1
    return [
        f"{missing} {test_set} test sample{'' if one else 's'} with a prediction that is not finite "
        f"{'is' if one else 'are'} left out."
    ]
