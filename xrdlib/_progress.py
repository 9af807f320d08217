"""One progress bar for terminal and notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

__all__ = ["progress_bar"]

Advance = Callable[[int, str], None]


@contextmanager
def progress_bar(title: str, total: int, *, done: int = 0, show: bool = True) -> Iterator[Advance]:
    """Show a bar while the block runs; the block calls ``advance(n, note)`` after n more steps."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=12),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, disable=not show) as bar:
        task = bar.add_task(title, total=total, completed=done, note="")

        def advance(n: int, note: str = "") -> None:
            bar.update(task, advance=n, note=note)

        try:
            yield advance
        finally:
            bar.refresh()  # rich's own last one is left out in notebooks: a bar would stop short of its end
