"""The one page of `make voila`: every explorer without code, and nothing needed from elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def test_every_control_of_every_explorer(voila, page, use_every_control, kinds, artefacts, wait_for) -> None:
    def only_here(route: Any) -> None:
        if route.request.url.startswith(voila.url):
            route.continue_()
        else:
            route.abort()  # icons and diagrams that Voila's own page asks for, from two addresses on the internet

    page.route("**/*", only_here)
    page.goto(f"{voila.url}?token={voila.token}")
    gallery = page.locator(".xrdlib-gallery")
    gallery.wait_for()
    assert "explorer_gallery" not in page.locator("body").inner_text()  # no code
    kernel = json.loads(page.locator("#jupyter-config-data").text_content())["kernelId"]
    explorer, shown = gallery.locator(".xrdlib-explorer"), []
    for choice in gallery.locator("> .widget-toggle-buttons button").all():
        name = choice.inner_text()
        choice.click()
        wait_for(lambda: set(kinds(explorer)) - set(shown), f"{name}: no explorer")  # noqa: B023
        shown += kinds(explorer)
        use_every_control(explorer, lambda: voila.kernel_at_rest(kernel), "lab", "voila")
        page.screenshot(path=artefacts / f"voila_{name.lower()}.png", full_page=True)
    assert len(shown) == len(set(shown)) == 11


def test_nobody_comes_in_without_the_token(voila, page) -> None:
    page.goto(voila.url)
    assert page.url.startswith(f"{voila.url}login")
