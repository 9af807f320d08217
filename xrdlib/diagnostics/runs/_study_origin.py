"""What compared studies are called, in what their configurations differ, and what a remedy made them from."""

from __future__ import annotations

from collections.abc import Sequence

from xrdlib.training import Study

__all__ = ["changes", "origin", "shares_chance", "study_names"]

_ELSEWHERE = ("name", "parent")  # said in other sentences


def study_names(studies: Sequence[Study]) -> tuple[str, ...]:
    """Names as configured; the folder's where they would not differ, and numbered where that does not help."""
    names = [s.config.name for s in studies]
    names = [s.path.name if names.count(n) > 1 else n for s, n in zip(studies, names, strict=True)]
    return tuple(f"{n} ({names[: i + 1].count(n)})" if n in names[:i] else n for i, n in enumerate(names))


def changes(first: Study, other: Study, name: str) -> tuple[str, ...]:
    """In what a study's configuration differs from the first's, whose value is in parentheses under its name."""
    texts = first.config.differences(other.config.to_dict())
    keys = [text.split(" ")[0].split(".")[0] for text in texts]
    return tuple(
        text.removesuffix(" differ").replace(" (asked: ", f" ({name}: ")
        for text, key in zip(texts, keys, strict=True)
        if key not in _ELSEWHERE
    )


def origin(study: Study) -> str:
    """What a remedy made a study from, in words; empty for one that was trained for itself."""
    parent = getattr(study.config, "parent", None)
    if parent is None:
        return ""
    n = len(parent.epochs)
    from_weights = "" if n == 0 else f", epoch {parent.epochs[0]}" if n == 1 else f", {n} of its epochs"
    return f"study {parent.study} ({parent.remedy}{from_weights})"


def shares_chance(study: Study) -> bool:
    """Whether a study holds or started from the weights of another, so that the same seeds made both."""
    parent = getattr(study.config, "parent", None)
    return parent is not None and (parent.continued or not parent.trained)
