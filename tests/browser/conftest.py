"""JupyterLab, Voila and files in a real browser: Debian's Chromium, driven by Playwright; servers of our own."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
ARTEFACTS = ROOT / "build" / "browser"  # ignored by git
CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
WIDTH, HEIGHT = 1280, 900
PATIENCE = 120.0  # seconds; no measurement, only the end of waiting for what will not come
SETTINGS = {  # JupyterLab asks nobody anything, and fetches nothing
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "extensionmanager-extension/plugin": {"enabled": False},
}
ONLY_WORDS = {("SensitivityExplorer", "counts"), ("SensitivityExplorer", "backgr.")}  # what a measurement could tell
QUESTIONS = {  # of the decision, in an order in which every answer is asked for, and not as measured
    "Critical?": "yes",
    "Several similar?": "no",
    "Publication?": "yes",
    "Regret beyond luck?": "yes",
    "Sparse region?": "yes",
    "Curve known?": "no",
    "Measurement model?": "yes",
}
THROUGH = {"03_train_and_track", "06_epoch_tracking", "10_ensembling"}  # of a diffractometer's curve; others noise-free
CELLS = "() => [...jupyterapp.shell.currentWidget.content.model.cells].map(cell => cell.toJSON())"
DRIVER = Path(__file__).with_name("driver.js").read_text("utf-8")


def cannot(reason: str) -> NoReturn:
    """Skip on a person's machine; on CI the browser has to be there."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; .ci/run installs both")
    pytest.skip(reason)


def wait_for(what: Callable[[], Any], failure: str, *, pause: float = 0.05, patience: float = PATIENCE) -> Any:
    """Ask until the answer is true, and return it."""
    end = time.monotonic() + patience
    while not (answer := what()):
        assert time.monotonic() < end, failure
        time.sleep(pause)
    return answer


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        cannot("playwright is not installed (pip install -e '.[test]')")
    if CHROMIUM is None:
        cannot("chromium is not installed (on Debian and Ubuntu: apt install chromium)")
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A window of 1280 pixels. A test fails if any script in it does."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    context.add_init_script(DRIVER)
    window, errors = context.new_page(), []
    window.on("pageerror", lambda error: errors.append(str(error)))
    window.set_default_timeout(1000 * PATIENCE)
    yield window
    context.close()
    assert not errors


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of notebooks/ without outputs, beside a data/ that is the repository's: nothing is written there."""
    folder = tmp_path_factory.mktemp("browser")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    (folder / "data").symlink_to(ROOT / "data", target_is_directory=True)
    for path in folder.rglob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, path)
    for name, values in SETTINGS.items():
        file = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    return folder


@dataclass
class Server:
    """A process that serves on 127.0.0.1, and how it is asked."""

    url: str
    token: str
    log: Path

    def ask(self, path: str, method: str = "GET") -> Any:
        header = {"Authorization": f"token {self.token}"}
        with urllib.request.urlopen(urllib.request.Request(self.url + path, headers=header, method=method)) as answer:
            return json.loads(answer.read() or "null")

    def at_rest(self) -> bool:
        """Whether a page is connected to the one kernel, which has nothing to do.

        JupyterLab's own "idle" shows before its kernel has started.
        """
        try:
            kernels = self.ask("api/kernels")
        except urllib.error.HTTPError:  # of a server that is starting a kernel just now
            return False
        return len(kernels) == 1 and kernels[0]["execution_state"] == "idle" and kernels[0]["connections"] > 0

    def kernel_at_rest(self, kernel: str) -> bool:
        return bool(self.ask(f"api/kernels/{kernel}")["execution_state"] == "idle")

    def forget(self) -> None:
        """Shut all kernels down."""
        for kernel in self.ask("api/sessions"):
            self.ask(f"api/sessions/{kernel['id']}", "DELETE")
        wait_for(lambda: not self.ask("api/kernels"), "a kernel was not shut down")


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def serve(folder: Path, name: str, arguments: list[str], ready: str) -> Iterator[Server]:
    """Start a server with configuration, data, runtime files, settings and workspaces of its own."""
    private = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "jupyter",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    port, token, log = free_port(), os.urandom(16).hex(), folder / f"{name}.log"
    env = {key: value for key, value in os.environ.items() if not key.startswith("JUPYTER")}
    env |= {key: str(folder / where) for key, where in private.items()}
    env |= {"JUPYTER_TOKEN": token, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", name, *(a.format(port=port, token=token) for a in arguments)]
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=folder / "notebooks", env=env, stdout=out, stderr=subprocess.STDOUT)
        server = Server(f"http://127.0.0.1:{port}/", token, log)
        try:

            def answers() -> bool:
                assert process.poll() is None, log.read_text()
                try:
                    server.ask(ready)
                except OSError as error:
                    return isinstance(error, urllib.error.HTTPError)
                return True

            wait_for(answers, f"{name} does not answer: {log.read_text()}")
            yield server
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="session")
def jupyterlab(browser: Any, folder: Path) -> Iterator[Server]:
    arguments = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port={port}"]
    arguments += ["--ServerApp.port_retries=0", "--ServerApp.allow_remote_access=False"]
    # should this process be killed
    arguments += ["--ServerApp.shutdown_no_activity_timeout=600"]
    # the page's commands by their names, as its menus call them
    arguments += ["--LabApp.expose_app_in_browser=True"]
    yield from serve(folder, "jupyterlab", arguments, "api/status")


@pytest.fixture(scope="session")
def voila(browser: Any, folder: Path) -> Iterator[Server]:
    """As `make voila`: a token, and code neither shown nor taken."""
    arguments = ["--no-browser", "--Voila.ip=127.0.0.1", "--port={port}", "--Voila.port_retries=0"]
    arguments += ["--Voila.token={token}", "voila/explorers.ipynb"]
    yield from serve(folder, "voila", arguments, "static/none")


@dataclass
class Panel:
    """An explorer on a page: its controls as a person uses them, its pictures and read-out as a person sees them."""

    page: Any
    root: Any  # Locator
    at_rest: Callable[[], bool]
    seen: dict[str, Any] = field(default_factory=dict)

    def show(self) -> None:
        """Scroll to it."""
        self.root.scroll_into_view_if_needed()

    def look(self) -> dict[str, Any]:
        """``controls`` (label, kind, value, choices), ``pictures`` (base64), ``readout``."""
        self.seen = self.root.evaluate("root => xrdlib.look(root)")
        return self.seen

    def do(self, i: int, action: str, argument: Any = None, *, changes: str = "pictures") -> float:
        """Use control ``i``, wait until a picture (or the read-out) has changed and nothing moves any more.

        Returns the seconds from the event to the last change on the page.
        """
        before = self.look()
        control = self.root.locator(".xrdlib-control").nth(i)
        self.root.evaluate("root => xrdlib.watch(root)")
        if action == "click at":
            track = control.locator(".noUi-target")
            box = track.bounding_box()
            track.click(position={"x": argument * box["width"], "y": box["height"] / 2})
        elif action == "press":
            control.locator(".noUi-handle").focus()
            self.page.keyboard.press(argument)
        elif action == "select":
            control.locator("select").select_option(index=argument)
        elif action == "toggle":
            control.locator("button").nth(argument).click()
        elif action == "tick":
            control.locator("input").click()
        else:
            assert action == "push"
            control.click()

        def changed() -> bool:
            return bool(self.look()[changes] != before[changes])

        name = before["controls"][i]["label"]
        wait_for(changed, f"{name}: {action} {argument}: {changes} as before", patience=60, pause=0.02)
        self.rest()
        self.look()
        return float(self.root.evaluate("root => xrdlib.seconds(root)"))

    def rest(self) -> None:
        """Until the kernel has nothing to do and nothing changed on the page for a while: no frame in between."""
        wait_for(
            lambda: self.at_rest() and self.root.evaluate("root => xrdlib.still(root)"),
            "the page does not come to rest",
        )

    def moves(self) -> Iterator[tuple[int, str, Any]]:
        """What can be done with every control, as it stands when its turn comes; buttons last."""
        for i in range(len(self.look()["controls"])):
            control = self.seen["controls"][i]
            n = len(control["choices"])
            if control["label"] in QUESTIONS:
                continue
            if control["kind"] == "slider":
                left = control["place"] > 0.5
                yield i, "click at", 0.3 if left else 0.7
                yield i, "press", "ArrowRight" if left else "ArrowLeft"
            elif control["kind"] in ("dropdown", "toggles"):
                now = control["choices"].index(control["value"])
                yield i, "toggle" if control["kind"] == "toggles" else "select", (now + 1) % n
            elif control["kind"] == "list":
                yield i, "select", [0, n // 2, n - 1]
            elif control["kind"] == "checkbox":
                yield i, "tick", None
        labels = [control["label"] for control in self.seen["controls"]]
        for label, answer in QUESTIONS.items():
            if label in labels:
                i = labels.index(label)
                yield i, "toggle", self.seen["controls"][i]["choices"].index(answer)
        for i, control in enumerate(self.look()["controls"]):
            if control["kind"] == "button":
                yield i, "push", None

    def misfits(self) -> list[str]:
        """What is cut off, or wider than its place."""
        return list(self.root.evaluate("root => xrdlib.misfits(root)"))


@pytest.fixture(scope="session")
def responses(browser: Any) -> Callable[..., None]:
    """Adds a row to build/browser/responses*.csv, one file for each process: to look at, never to judge by."""
    path = ARTEFACTS / f"responses_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}.csv"
    path.write_text("where,explorer,control,action,seconds\n")

    def add(*row: str | float) -> None:
        with path.open("a", newline="") as file:
            csv.writer(file).writerow([f"{cell:.3f}" if isinstance(cell, float) else cell for cell in row])

    return add


@pytest.fixture(scope="session")
def artefacts(browser: Any) -> Path:
    """build/browser/."""
    return ARTEFACTS


@pytest.fixture(name="wait_for", scope="session")
def _wait_for() -> Callable[..., Any]:
    return wait_for


@pytest.fixture(scope="session")
def readouts() -> dict[str, Callable[[dict[str, Any], str], list[str]]]:
    """By class of the explorer, what it has to say: a function of its controls' values and what it is about."""
    spec = importlib.util.spec_from_file_location("readouts", Path(__file__).with_name("readouts.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.SAYS)


@pytest.fixture
def kinds(readouts: dict[str, Any]) -> Callable[[Any], list[str]]:
    """Function of a locator of explorers that gives their classes."""

    def of(explorers: Any) -> list[str]:
        classes = explorers.evaluate_all("all => all.map(explorer => [...explorer.classList])")
        return [name for found in classes for name in found if name in readouts]

    return of


@pytest.fixture
def use_every_control(page: Any, readouts: Any, kinds: Any, responses: Any) -> Callable[..., None]:
    """Function that uses every control of an explorer and reads what it says."""

    def use(explorer: Any, at_rest: Callable[[], bool], source: str, where: str) -> None:
        panel, (kind,) = Panel(page, explorer, at_rest), kinds(explorer)

        def read() -> None:
            state = {control["label"]: control["value"] for control in panel.seen["controls"]}
            said = " ".join(panel.seen["readout"].split())
            for expected in readouts[kind](state, source):
                assert " ".join(expected.split()) in said, state

        panel.show()
        panel.rest()
        assert panel.look()["pictures"]
        read()
        assert panel.misfits() == []
        used = set()
        for i, action, argument in panel.moves():
            label = panel.seen["controls"][i]["label"]
            changes = "readout" if (kind, label) in ONLY_WORDS else "pictures"
            seconds = panel.do(i, action, argument, changes=changes)
            responses(where, kind, label, f"{action} {argument}", seconds)
            read()
            used.add(i)
        assert used == set(range(len(panel.seen["controls"])))
        assert panel.misfits() == []

    return use


def check_no_error(page: Any) -> None:
    for cell in page.evaluate(CELLS):
        for output in cell.get("outputs", []):
            assert output["output_type"] != "error", cell["source"]
            assert output.get("name") != "stderr", output
    for kind in ("error", "stderr"):
        assert page.locator(f"[data-mime-type='application/vnd.jupyter.{kind}']").count() == 0


@pytest.fixture
def open_in_jupyterlab(jupyterlab: Server, page: Any) -> Iterator[Callable[[str], None]]:
    """Function that opens a notebook and starts to run all its cells."""

    def opened(notebook: str) -> None:
        page.goto(f"{jupyterlab.url}lab/tree/{notebook}.ipynb?token={jupyterlab.token}&reset")
        wait_for(jupyterlab.at_rest, "no kernel")
        page.wait_for_function("() => jupyterapp.shell.currentWidget?.content?.model?.cells?.length > 1")
        page.evaluate("() => void jupyterapp.commands.execute('notebook:run-all-cells')")

    try:
        yield opened
    finally:
        page.goto("about:blank")
        jupyterlab.forget()


@pytest.fixture
def write_notebook(folder: Path) -> Callable[..., None]:
    """Function of a name and cells of code."""

    def write(name: str, *cells: str) -> None:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, folder / "notebooks" / f"{name}.ipynb")

    return write


@pytest.fixture
def run_in_jupyterlab(
    jupyterlab: Server, page: Any, open_in_jupyterlab: Any, use_every_control: Any, artefacts: Path
) -> Callable[[str], None]:
    """Function that opens a notebook, runs all its cells and uses its explorers; screenshots in both themes."""
    server = jupyterlab

    def run(notebook: str) -> None:
        open_in_jupyterlab(notebook)
        at_end = f"() => ({CELLS})().every(cell => cell.cell_type !== 'code' || cell.execution_count)"
        failure = f"{notebook} does not get to its end"
        wait_for(lambda: page.evaluate(at_end), failure, pause=0.2, patience=2 * PATIENCE)
        wait_for(server.at_rest, f"the kernel of {notebook} does not come to rest")
        check_no_error(page)
        explorers = page.locator(".xrdlib-explorer")
        code = [cell["source"] for cell in page.evaluate(CELLS) if cell["cell_type"] == "code"]
        assert explorers.count() == sum("_explorer(" in source for source in code)
        source = "lab_measured_1" if notebook in THROUGH else "lab"
        for explorer in explorers.all():
            use_every_control(explorer, server.at_rest, source, notebook)
        page.set_viewport_size({"width": WIDTH, "height": 1600})
        for theme in ("Dark", "Light"):
            page.evaluate(
                "name => jupyterapp.commands.execute('apputils:change-theme', {theme: name})", f"JupyterLab {theme}"
            )
            page.locator(f"body[data-jp-theme-name='JupyterLab {theme}']").wait_for(state="attached")
            page.locator("#jupyterlab-splash").wait_for(state="detached")
            for i, explorer in enumerate(explorers.all()):
                explorer.scroll_into_view_if_needed()
                page.screenshot(path=artefacts / f"lab_{theme.lower()}_{notebook}{'_' * i}.png")
        check_no_error(page)

    return run
