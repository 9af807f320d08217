"""Several scan ranges of a file become one curve where they are parts of one.

Repeated ranges are added up. Where ranges overlap, points at the same angles are added up; at other angles the range
that counted longer is kept (then the finer one, then the earlier). All else (a gap, another axis, other fixed angles,
the same angles in other steps) is not one curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from xrdlib.data.readers.ranges import Range, listed, numbers
from xrdlib.data.readers.raw import CurveFormatError

__all__ = ["combine"]

_ALIGNED = 0.05  # of a step: the same angle
_FIXED = 2e-3  # deg (or mm) by which other axes may differ


def combine(ranges: Sequence[Range]) -> Range:
    """One range; several are joined, rising, without those that were broken off if there are others.

    Raises
    ------
    CurveFormatError
        If the scans are not parts of one curve; they are named.
    """
    whole = [r for r in ranges if r.complete] or list(ranges)
    notes = tuple(f"{r} was left out: {r.status.lower()}" for r in ranges if r not in whole)
    for each in whole:
        each.check()
    _check_alike(whole)
    if len(whole) == 1:
        found = whole[0]
    else:
        parts = _added([r.rising() for r in whole])
        parts.sort(key=lambda r: (r.position[0], r.position[-1]))
        found = reduce(_joined, parts)
    return replace(found, warnings=(*found.warnings, *notes))


def _check_alike(ranges: Sequence[Range]) -> None:
    first = ranges[0]
    for other in ranges[1:]:
        if (other.axis, other.unit) != (first.axis, first.unit):
            raise CurveFormatError(f"scans of unlike axes or units; choose one with scan= (--scan): {listed(ranges)}")
        for name in first.fixed.keys() & other.fixed.keys():
            a, b = first.fixed[name], other.fixed[name]
            if not abs(a - b) <= _FIXED:
                raise CurveFormatError(
                    f"the scans are not parts of one curve: {name} is {a:g} in scan {first.numbers[0]} and {b:g} in "
                    f"scan {other.numbers[0]}; choose one with scan= (--scan), 1 to {len(ranges)}"
                )


def _added(ranges: Sequence[Range]) -> list[Range]:
    """Repeats of the same angles, added up."""
    found: list[Range] = []
    for each in ranges:
        for i, other in enumerate(found):
            if other.position.size == each.position.size and np.all(
                np.abs(other.position - each.position) <= _ALIGNED * other.step
            ):
                text = f"scans {numbers(other, each)} repeat the same angles: their counts were added up"
                whole = np.ones(other.position.size, bool)
                found[i] = _sum(other, each, whole, whole, text)
                break
        else:
            found.append(each)
    return found


def _joined(a: Range, b: Range) -> Range:
    """Two ranges, the first starting first, as one."""
    step = max(a.step, b.step)
    if b.position[0] - a.position[-1] > 2 * step:
        raise CurveFormatError(
            f"the scans leave a gap between {a.position[-1]:.4f} and {b.position[0]:.4f} deg; choose one with scan= "
            f"(--scan): {listed((a, b))}"
        )
    low, high = b.position[0], min(a.position[-1], b.position[-1])
    if low > high + _ALIGNED * step:
        text = f"scans {numbers(a, b)} follow each other and were joined at {low:.4f} deg"
        return a.beside(b, text)
    if high - low <= 1.5 * step:  # they touch; a point or two that counted twice as long would be a nuisance
        text = f"scans {numbers(a, b)} follow each other and were joined at {low:.4f} deg"
        return a.beside(b.picked(b.position > a.position[-1] + 0.25 * b.step), text)
    texts = _rates_agree(a, b, low, high)
    alike = abs(a.step - b.step) <= 0.01 * step
    shift = (b.position[0] - a.position[0]) / a.step
    if alike and abs(shift - round(shift)) <= _ALIGNED:
        near = np.minimum(np.searchsorted(b.position, a.position - 0.5 * step), b.position.size - 1)
        in_a = np.abs(b.position[near] - a.position) <= 2 * _ALIGNED * step
        in_b = np.zeros(b.position.size, bool)
        in_b[near[in_a]] = True
        if in_b.sum() == in_a.sum() > 0:
            text = f"scans {numbers(a, b)} overlap from {low:.4f} to {high:.4f} deg: their counts were added up there"
            return _sum(a, b, in_a, in_b, text, texts)
    shorter = min(np.ptp(a.position), np.ptp(b.position))
    if not alike and high - low > 0.5 * shorter:
        raise CurveFormatError(
            f"scans of different steps over the same angles; choose one with scan= (--scan): {listed((a, b))}"
        )
    times = np.nan_to_num([np.median(a.time), np.median(b.time)])
    first = (times[0], -a.step) >= (times[1], -b.step)
    kept, cut = (a, b) if first else (b, a)
    half = 0.5 * min(a.step, b.step)
    outside = (cut.position < kept.position[0] - half) | (cut.position > kept.position[-1] + half)
    text = (
        f"scans {numbers(a, b)} overlap from {low:.4f} to {high:.4f} deg at unlike angles: scan {numbers(kept)} was "
        "kept there, which counted longer or is finer"
    )
    return kept.beside(cut.picked(outside), text, texts)


def _rates_agree(a: Range, b: Range, low: float, high: float) -> tuple[str, ...]:
    """A warning where two ranges saw unlike intensities at the same angles."""
    inside = (a.position >= low) & (a.position <= high)
    if not inside.any() or np.isnan(a.time).any() or np.isnan(b.time).any():
        return ()
    rate_b = np.interp(a.position[inside], b.position, b.corrected / b.time)
    ours, theirs = float((a.corrected / a.time)[inside].sum()), float(rate_b.sum())
    enough = min(a.counted[inside].sum(), (rate_b * np.median(b.time)).sum()) > 400  # noise of at most 7 %
    if enough and not 0.8 <= ours / theirs <= 1.25:
        return (
            f"scans {numbers(a)} and {numbers(b)} count at unlike rates where they overlap ({ours / theirs:.3g} "
            "times as much in the former): were slits or attenuator changed between them?",
        )
    return ()


def _sum(
    a: Range, b: Range, in_a: NDArray[np.bool_], in_b: NDArray[np.bool_], text: str, warnings: tuple[str, ...] = ()
) -> Range:
    """Counts and times added up at shared points, the others beside them."""
    shared_a, shared_b = a.picked(in_a), b.picked(in_b)
    counted, corrected = shared_a.counted + shared_b.counted, shared_a.corrected + shared_b.corrected
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(counted > 0, corrected / counted, (shared_a.factor + shared_b.factor) / 2)
    added = replace(shared_a, counted=counted, corrected=corrected, factor=factor, time=shared_a.time + shared_b.time)
    return added.beside(a.picked(~in_a).beside(b.picked(~in_b), text, warnings))
