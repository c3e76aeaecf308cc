"""One headless Chromium for many pages: opens a file, measures its figures, photographs them with some traces hidden.

Speaks the DevTools protocol through choreographer, which comes with kaleido (the extra `export`). It draws as the
browser of a reader does, under the page's own Content-Security-Policy; nothing is fetched.
"""

import asyncio
import importlib.util
import json
import os
import shutil
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from tests.pictures.measures import Page, page_of

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WIDTH, HEIGHT = 1280, 1000
_MEASURE = Path(__file__).with_name("measure.js").read_text()
#: Seconds for one command; a page with a million accounts is drawn in about ten on one core.
_TIMEOUT = 90
_READY = """document.readyState === 'complete' && [...document.querySelectorAll('div.plot')].every(
    plot => plot._fullLayout && plot.querySelector('svg.main-svg'))"""


def find_browser() -> str | None:
    """The executable of a Chromium or Chrome: BROWSER_PATH, else a known name on PATH; None without one."""
    path = os.environ.get("BROWSER_PATH")
    if path:
        return path if Path(path).is_file() else None
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def why_not() -> str:
    """The reason why pictures cannot be tested here; empty if they can."""
    if importlib.util.find_spec("choreographer") is None:
        return "needs kaleido, which brings the library that drives the browser: pip install 'clearsim[export]'"
    if find_browser() is None:
        return "needs Chromium or Chrome: none on PATH (the environment variable BROWSER_PATH names another)"
    return ""


class Browser:
    """A running browser with one tab. Close it after use."""

    def __init__(self) -> None:
        self._opened = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._browser, self._tab = self._wait(_start())

    def close(self) -> None:
        self._wait(self._browser.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def open(self, path: Path) -> Page:
        """Open a page, wait until its figures are drawn, and measure it."""
        self._opened += 1
        url = f"{path.resolve().as_uri()}?{self._opened}"  # another address than that of the page before
        self._send("Page.bringToFront")  # a page in the background draws no frames
        self._send("Page.navigate", url=url)
        self._until(f"location.href === {json.dumps(url)} && {_READY}", what=str(path))
        return page_of(json.loads(self.evaluate(_MEASURE)))

    def photograph(self, figure: int) -> str:
        """The pixels of a figure, counted from 0, as base64 of a PNG: equal pixels give equal text."""
        at = f"document.querySelectorAll('div.js-plotly-plot')[{figure}]"
        box = json.loads(
            self.evaluate(
                f"(() => {{const at = {at}; at.scrollIntoView({{block: 'start'}});"
                "const b = at.getBoundingClientRect();"
                "return JSON.stringify([b.left + scrollX, b.top + scrollY, b.width, b.height])})()"
            )
        )
        clip = {**dict(zip(("x", "y", "width", "height"), box, strict=True)), "scale": 1}
        return str(self._send("Page.captureScreenshot", format="png", clip=clip, optimizeForSpeed=True)["data"])

    def show_traces(self, figure: int, only: int | None = None) -> None:
        """Show one trace of a figure and hide all others; with None hide all. After `open`, which marks groups."""
        at = f"document.querySelectorAll('div.js-plotly-plot')[{figure}]"
        self.evaluate(
            f"for (const node of {at}.querySelectorAll('[data-trace]'))"
            f" node.style.display = node.dataset.trace === '{only}' ? '' : 'none'"
        )

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression, waited for if it is a promise."""
        answer = self._send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"the page threw: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def _until(self, condition: str, *, what: str) -> None:
        for _ in range(_TIMEOUT * 10):
            if self.evaluate(condition):
                return
            threading.Event().wait(0.1)
        raise TimeoutError(f"{what}: its figures were not drawn within {_TIMEOUT} s")

    def _send(self, command: str, **parameters: Any) -> dict[str, Any]:
        answer = self._wait(self._tab.send_command(command, parameters))
        if "error" in answer:
            raise RuntimeError(f"{command}: {answer['error']}")
        return dict(answer["result"])

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_TIMEOUT)


async def _start() -> tuple[Any, Any]:
    import choreographer
    from choreographer.browsers.chromium import Chromium

    class Silent(Chromium):
        """A browser that asks nobody for anything."""

        def get_cli(self) -> list[str]:
            return [*super().get_cli(), "--disable-background-networking", "--hide-scrollbars"]

    browser = choreographer.Browser(find_browser(), browser_cls=Silent, enable_extensions=False)
    await browser.open()
    tab = await browser.create_tab("about:blank")
    size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    await tab.send_command("Emulation.setDeviceMetricsOverride", size)
    await tab.send_command("Page.enable")
    return browser, tab
