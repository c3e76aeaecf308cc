"""Pages execute their own two scripts and nothing else: the policy by text, and in a browser where there is one."""

import base64
import hashlib
import re
import shutil
import subprocess

import plotly.graph_objects as go
import pytest
from clearsim.analysis.reports.page import embed, page, save_page

BROWSER = next((path for name in ("chromium", "google-chrome", "chrome") if (path := shutil.which(name))), None)
HOSTILE = "B</script><script>document.title=1337</script>\"' onmouseover=alert(1) x='"
FIGURE = go.Figure(go.Bar(x=[HOSTILE], y=[1], name=HOSTILE), {"width": 420, "height": 210, "title": {"text": HOSTILE}})


def test_only_the_two_scripts_of_ours_are_in_the_policy():
    text = page(title="t", body=embed("bar", FIGURE) + "<script>document.title='injected'</script>")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert text.index("Content-Security-Policy") < text.index("<script")
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    hashes = ["sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert [f"'{digest}'" in policy for digest in hashes] == [True, False, True]  # plotly.js, the injected one, ours


def test_names_of_figures_cannot_leave_their_place():
    text = embed(HOSTILE, FIGURE)
    assert "</script><script>" not in text
    assert text.count("<script") == text.count("</script>") == 1
    (identity,) = re.findall(r' id="([^"]*)"', text)
    assert "<" not in identity
    assert "onmouseover" not in re.sub(r'"[^"]*"', "", text.split("<script")[0])


INJECTED = "<script>document.title='script'</script><img src=x onerror=\"document.title='handler'\">"


def shown(tmp_path, text):
    """What a browser makes of a page: its DOM after the scripts that it executes."""
    path = save_page(tmp_path / "page.html", text)
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
               "--no-first-run", f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=8000"]  # fmt: skip
    done = subprocess.run(
        [str(BROWSER), *options, "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs Chromium or Chrome")
def test_in_a_browser_figures_are_drawn_and_an_injected_script_does_not_run(tmp_path):
    text = page(title="clean", body=embed("bar", FIGURE) + embed("again", go.Figure(FIGURE)) + INJECTED)
    dom = shown(tmp_path, text)
    assert re.findall(r"<title>(.*?)</title>", dom)[0] == "clean"
    assert dom.count("js-plotly-plot") >= 2
    assert dom.count('class="main-svg"') >= 2
    without = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    assert re.findall(r"<title>(.*?)</title>", shown(tmp_path, without))[0] != "clean"  # the policy is what stops it
