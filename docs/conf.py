"""The site: ``make docs``, that is ``sphinx-build -W -n -c docs . build/site``.

The source folder is the repository itself, so that a link from one Markdown page to another, or to a notebook or a
file, is the same here and on GitHub. Nothing is fetched, neither while the site is built nor while it is read.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from inspect import isclass, isroutine
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import xrdlib

project = "xrdlib"
author = "The xrdlib founders"
version = release = xrdlib.__version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
root_doc = "docs/index"
include_patterns = ["docs/**", "notebooks/*.ipynb", "data/README.md", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
exclude_patterns = [
    ".*",
    "build",
    "xrdlib",
    "tests",
    "benchmarks",
    "data/*/**",
    "report",
    "reports",
    "figures",
    "studies",
]

# Markdown and notebooks
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3  # [text](page.md#a-heading), as GitHub names them
nb_execution_mode = "off"  # shown as stored: tests/notebooks/execute.py runs them, nbval compares (make test)
nb_ipywidgets_js = {}  # explorers are stored as pictures
html_math_renderer = "mathml"

# API
autodoc_default_options = {"members": True}
autodoc_member_order = "groupwise"
autodoc_typehints = "none"  # docstrings say types, with shapes and units
autosummary_generate = False
default_role = "autolink"  # `name` in a docstring
maximum_signature_line_length = 88
napoleon_google_docstring = False
napoleon_use_param = False  # types are prose, "ndarray, shape (n, 7)", and no names to look up
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]
toc_object_entries_show_parents = "hide"

nitpick_ignore_regex = [
    ("py:obj", r"xrdlib\.(simulate|strain_profile|diagnose)"),  # documented in their packages
    (
        "py:obj",
        r"(xrdlib\.(data\.(readers|peak)|diagnostics\.runs|training\.replicas)\..*|.*peak|fingerprint)",
    ),  # not public
]

html_theme = "furo"
html_title = f"xrdlib {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["_root"]  # the front page leads to docs/index.html
html_copy_source = False
html_show_sphinx = html_show_copyright = False
pygments_style = "friendly"

_AS_STORED = """```{note}
The notebook as it is stored, with the outputs of its last execution; nothing was computed for this page. Explorers are
pictures here: `make lab` opens JupyterLab, where they move.
```"""


def _prepare_notebook(app: Sphinx, name: str, source: list[str]) -> None:
    """A note below a notebook's title; what JupyterLab hides is hidden here, too."""
    if not name.startswith("notebooks/"):
        return
    notebook: dict[str, Any] = json.loads(source[0])
    for cell in notebook["cells"]:
        if cell["metadata"].get("jupyter", {}).get("source_hidden"):
            cell["metadata"].setdefault("tags", []).append("hide-input")
    note = {"cell_type": "markdown", "id": "as-stored", "metadata": {}, "source": _AS_STORED}
    notebook["cells"].insert(1, note)
    source[0] = json.dumps(notebook)


def _complete_docstring(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Below a package's docstring a table of what it offers, and its constants, which have no docstring."""
    if what == "property":
        lines[:0] = ["..", ""]  # or napoleon takes what is before a colon for a type
    if what != "module":
        return
    members = {member: getattr(thing, member) for member in thing.__all__}
    described = [member for member, value in members.items() if isroutine(value) or isclass(value)]
    lines += ["", ".. autosummary::", "   :nosignatures:", "", *(f"   {member}" for member in described), ""]
    for member in sorted(set(members) - set(described)):
        kind = type(members[member]).__name__
        lines += [f".. py:data:: {member}", *([] if kind.startswith("_") else [f"   :type: {kind}"]), ""]


def _where_defined(app: Sphinx, module: str, name: str) -> str | None:
    """Of a constant its package: viewcode takes its class's module, whose page then leads to where the class is not."""
    value = getattr(import_module(module), name, None)
    return None if value is None or isclass(value) or isroutine(value) else module


def _visit_math(translator: Any, node: nodes.math | nodes.math_block) -> None:
    """A formula as MathML, which browsers show by themselves: no script, no font to fetch."""
    block = isinstance(node, nodes.math_block)
    formula = tex2mathml(node.astext(), as_block=block)
    translator.body.append(f'<div class="math">{formula}</div>' if block else formula)
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (_visit_math, None), (_visit_math, None))
    app.connect("source-read", _prepare_notebook)
    app.connect("autodoc-process-docstring", _complete_docstring, priority=400)  # before napoleon
    app.connect("viewcode-follow-imported", _where_defined)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
