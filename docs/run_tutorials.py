"""Run the tutorials: ``python docs/run_tutorials.py`` writes what blocks print into their pages, pictures beside them.

A page's blocks of Python run in their order, in one namespace, in a folder of their own. What a block prints belongs
into the block of text right below it (none: it prints nothing). tests/test_tutorials.py runs the same and compares.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PAGES = sorted(Path(__file__).parent.glob("tutorials/*.md"))
_BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```\n)?", re.DOTALL | re.MULTILINE)


def run(page: Path, folder: Path) -> str:
    """The page with what its blocks print now; files that they write are in the folder afterwards."""
    names: dict[str, object] = {"__name__": "__main__"}

    def again(block: re.Match[str]) -> str:
        line = text.count("\n", 0, block.start()) + 1
        code = compile("\n" * line + block["code"], str(page), "exec")  # a traceback has the page's lines
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(code, names)
        printed = "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())
        shown = f"\n```text\n{printed}\n```\n" if printed else ""
        return f"```python\n{block['code']}```\n{shown}"

    text = page.read_text(encoding="utf-8")
    before = Path.cwd()
    os.chdir(folder)
    try:
        return _BLOCK.sub(again, text)
    finally:
        os.chdir(before)


def main() -> None:
    """Write the pages named, or all, and their pictures beside them."""
    import matplotlib

    matplotlib.use("Agg")
    for page in [Path(name).resolve() for name in sys.argv[1:]] or PAGES:
        with TemporaryDirectory() as folder:
            text = run(page, Path(folder))
            for picture in Path(folder).glob("*.png"):
                (page.parent / picture.name).write_bytes(picture.read_bytes())
        page.write_text(text, encoding="utf-8")
        print(f"{page}: {len(_BLOCK.findall(text))} blocks")


if __name__ == "__main__":
    main()
