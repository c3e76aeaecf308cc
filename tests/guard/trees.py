"""Makes two installed trees out of two states of the repository: a commit, and the files as they are now.

A tree is known by git's hashes of what is installed, so a folder that is kept is used again while those are the same.
Whatever its layout, a tree is installed by pip into a folder of its own, with a cache of compiled kernels of its own.
"""

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
#: What of the repository is installed; tests and pages around it make no other tree.
INSTALLED = ("pyproject.toml", "README.md", "sim", "analysis", "configs")
#: First version of setuptools that builds wheels by itself.
MIN_SETUPTOOLS = 71


class GuardError(Exception):
    """The comparison cannot be made."""


@dataclass(frozen=True)
class Tree:
    """One state of the repository, unpacked and installed. `side` is `base` or `here`."""

    side: str
    root: Path

    @property
    def source(self) -> Path:
        """The files as they are in git."""
        return self.root / "source"

    @property
    def installed(self) -> Path:
        """Where its packages are."""
        return self.root / "installed"

    @property
    def entry(self) -> str:
        """Module of the command line."""
        return "clearsim.cli" if (self.installed / "clearsim").is_dir() else "sim.cli"

    def environment(self, cache: Path | None = None) -> dict[str, str]:
        """Environment of a process that runs this tree; `cache`: another cache of kernels."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "NUMBA_"))}
        return kept | {
            "PYTHONPATH": str(self.installed),
            "PYTHONSAFEPATH": "1",
            "CLEARSIM_CACHE_DIR": str(cache or self.root / "kernels"),
        }


def git(*arguments: str, index: Path | None = None) -> str:
    """Output of a git command in the repository; GuardError with its message if it fails."""
    environment = {**os.environ, "GIT_INDEX_FILE": str(index)} if index else None
    done = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise GuardError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def content_of_commit(revision: str) -> str:
    """Hash of the tree of a commit."""
    return git("rev-parse", "--verify", f"{revision}^{{tree}}") if revision else content_of_checkout()


def content_of_checkout() -> str:
    """Hash of the tree of all files of the checkout that git does not ignore; the index is left as it is."""
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        git("read-tree", "HEAD", index=index)
        git("add", "--all", index=index)
        return git("write-tree", index=index)


def install(side: str, content: str, folder: Path) -> Tree:
    """The tree with this content, unpacked and installed below `folder` unless what is installed is there already."""
    listed = git("ls-tree", content, *INSTALLED)
    present = [line.split("\t")[1] for line in listed.splitlines()]
    name = hashlib.sha256(listed.encode()).hexdigest()[:12]
    tree = Tree(side, folder / f"{side}-{name}")
    if tree.installed.is_dir():
        return tree
    shutil.rmtree(tree.root, ignore_errors=True)
    tree.source.mkdir(parents=True)
    archive = tree.root / "source.tar"
    git("archive", "--output", str(archive), content, *present)
    subprocess.run(["tar", "-xf", str(archive), "-C", str(tree.source)], check=True)
    archive.unlink()
    _pip_install(tree)
    return tree


def _pip_install(tree: Tree) -> None:
    """Install the tree without its dependencies; compiled to bytecode, as an installer does."""
    partial = tree.root / "installing"
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", "--disable-pip-version-check"]
    if int(importlib.metadata.version("setuptools").split(".")[0]) >= MIN_SETUPTOOLS:
        command.append("--no-build-isolation")
    done = subprocess.run([*command, "--target", str(partial), str(tree.source)], capture_output=True, text=True)
    if done.returncode:
        raise GuardError(f"{tree.side}: cannot be installed:\n{done.stderr.strip()}")
    partial.rename(tree.installed)
