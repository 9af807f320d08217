"""Run notebooks and store their outputs as they are kept in the repository.

``python tests/notebooks/execute.py [FILE ...]`` after a change of the library or of the reference studies; then read
the difference and the prose around it, and commit.

Stored are outputs without times; figures with few colours, which is a third of the size; of a widget its picture only,
because a widget without its kernel is an empty box.
"""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
COLOURS = 64
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WIDGET = "application/vnd.jupyter.widget-view+json"


def execute(path: Path) -> None:
    """Run a notebook from top to bottom in a fresh kernel and write it back."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            data.pop(WIDGET, None)
            if "image/png" in data:
                data["image/png"] = smaller(data["image/png"])
    nbformat.write(notebook, path)


def smaller(png: str) -> str:
    """The same picture with a palette, base64."""
    picture = Image.open(BytesIO(b64decode(png))).convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    buffer = BytesIO()
    picture.save(buffer, format="png", optimize=True)
    return b64encode(buffer.getvalue()).decode()


if __name__ == "__main__":
    for file in [Path(name) for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb")):
        execute(file)
        print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")
