"""How something with a few facts to say is shown: in one line, and as a small table in a notebook."""

from __future__ import annotations

import html

__all__ = ["Shown"]


class Shown:
    """Mixin of classes that say what they are by `_facts`, pairs of what and how much."""

    def _facts(self) -> list[tuple[str, str]]:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name} {value}' for name, value in self._facts())})"

    def _repr_html_(self) -> str:
        cells = ((html.escape(name), html.escape(value)) for name, value in self._facts())
        return f"<table>{''.join(f'<tr><th>{name}</th><td>{value}</td></tr>' for name, value in cells)}</table>"
