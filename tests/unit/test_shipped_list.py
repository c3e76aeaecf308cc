"""The list of shipped configs says what the files say, though it reads their top level only."""

import subprocess
import sys

from clearsim.config.shipped import list_shipped
from clearsim.config.yamlfile import read_nodes, shipped_configs


def test_titles_and_overlays_are_those_of_the_whole_files():
    listed = {name: title for name, _, title in list_shipped()}
    assert listed.keys() == shipped_configs().keys()
    for name, path in shipped_configs().items():
        whole = read_nodes(path).plain()
        is_whole = {"seed", "markets", "population"} <= set(whole)
        title = str(whole.get("title") or "")
        assert listed[name] == (title if is_whole else f"(overlay) {title}".strip())


def test_listing_configs_imports_no_mechanism():
    program = (
        "import sys; sys.argv = ['clearsim', 'configs']\n"
        "from clearsim.cli import main\nmain()\n"
        "print([name for name in ('numpy', 'numba', 'pandas', 'clearsim.config.model') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
