"""Does what README.md and lib/sql/QUESTIONS.md tell a user to do: installs the build, builds the programs against the installed copy
outside the tree, runs the commands, and compares what they print. Then builds a program that uses the storage part alone.

usage: install_test.py SOURCE_DIR BINARY_DIR CMAKE TORCH_PREFIX
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from readme_blocks import fences_without_purpose, read_blocks

PAGES = ("README.md", "lib/sql/QUESTIONS.md")  # followed in this order, in one folder
NEEDS_EXTENSIONS = "run in the program's folder, in a Python that loads extensions"


def python_that_loads_extensions():
    """This Python or the system's; None if neither can. Some are built without extensions."""
    for python in (sys.executable, "/usr/bin/python3"):
        probe = "import sqlite3; sqlite3.connect(':memory:').enable_load_extension(True)"
        if os.path.exists(python) and subprocess.run([python, "-c", probe], stderr=subprocess.DEVNULL).returncode == 0:
            return python
    return None


class Reader:
    """Somebody who follows the pages, in a home folder of their own."""

    def __init__(self, source, binary, cmake, torch_prefix, home):
        self.source = source
        self.binary = binary
        self.program = home / "program"
        self.program.mkdir()
        # The reader has one cmake and one LibTorch, those of this build, and a terminal that shows UTF-8.
        tools = home / "tools"
        tools.mkdir()
        (tools / "cmake").symlink_to(cmake)
        self.environment = dict(os.environ, HOME=str(home), PATH=f"{tools}:{os.environ['PATH']}",
                                LC_ALL="C.UTF-8")
        if torch_prefix:
            self.environment["CMAKE_PREFIX_PATH"] = torch_prefix

    def run(self, command, folder):
        print(f"[{folder}] {' '.join(command)}", flush=True)
        done = subprocess.run(command, cwd=folder, env=self.environment, stdout=subprocess.PIPE, text=True)
        print(done.stdout, flush=True)
        if done.returncode != 0:
            sys.exit(f"failed with status {done.returncode}")
        return done.stdout

    def follow(self, block):
        """Runs a block; returns what it printed."""
        if block.purpose == "run in the repository":
            text = block.text.replace("build/debian", str(self.binary))  # this build, whichever it is
            return self.run(["bash", "-euc", text], self.source)
        if block.purpose == "run in the program's folder":
            command = ["python3", "-c"] if block.language == "python" else ["bash", "-euc"]
            return self.run([*command, block.text], self.program)
        if block.purpose == NEEDS_EXTENSIONS:
            return self.run([python_that_loads_extensions(), "-c", block.text], self.program)
        if block.purpose == "asked of the store":
            load = f".load {self.environment['HOME']}/.local/lib/paramstore/paramstore"
            return self.run(["sqlite3", "-bail", "model.params.db", load, block.text], self.program)
        expected = (self.source / block.purpose).read_text()
        if block.text != expected:
            sys.exit(f"the page does not show {block.purpose} as it is")
        shutil.copy(self.source / block.purpose, self.program)
        return ""


def expect_printed(printed, expected):
    # Builds print too; the program's own output comes last.
    lines = printed.splitlines()[-len(expected.splitlines()):]
    if lines != expected.splitlines():
        sys.exit(f"expected\n{expected}but it printed\n{printed}")


def without_times(text):
    """`text` without the times of commits, nor the revisions before them, which depend on how often the model moved."""
    return re.sub(r"\d+ \(\d{4}-\d\d-\d\dT[\d:.]+Z", "REVISION (TIME", text)


def follow_page(reader, name):
    """Follows the blocks of a page and returns how many there are."""
    markdown = (reader.source / name).read_text()
    if fences_without_purpose(markdown) != 0:
        sys.exit(f"{name} has a fenced block without a comment above that says what it is for")
    blocks = read_blocks(markdown)
    printed = None
    for block in blocks:
        if block.purpose == NEEDS_EXTENSIONS and python_that_loads_extensions() is None:
            print("not run: no Python here loads extensions into its sqlite3")
            printed = None
        elif block.purpose not in ("prints", "prints, at another time"):
            printed = reader.follow(block)
        elif printed is not None and block.purpose == "prints":
            expect_printed(printed, block.text)
        elif printed is not None:
            expect_printed(without_times(printed), without_times(block.text))
    return len(blocks)


def follow_the_link_to_a_constraint(reader):
    """README.md links to this program instead of showing it."""
    shutil.copy(reader.source / "tests/examples/own_constraint/own_constraint.cpp", reader.program)
    build = "c++ -std=c++17 own_constraint.cpp -o own_constraint $(pkg-config --cflags --libs paramstore)"
    printed = reader.run(["bash", "-euc", f"export PKG_CONFIG_PATH=$HOME/.local/lib/pkgconfig; {build}; ./own_constraint"],
                         reader.program)
    expect_printed(printed, "3 is stored as 14.1014 under angle\nrefused at index 1\n")


def main():
    source, binary, cmake, torch_prefix = (pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), *sys.argv[3:5])
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        reader = Reader(source, binary, cmake, torch_prefix, home)
        followed = sum(follow_page(reader, page) for page in PAGES)
        follow_the_link_to_a_constraint(reader)
        reader.run(["./quickstart"], reader.program)

        storage_only = home / "storage_only"
        shutil.copytree(source / "tests/examples/storage_only", storage_only)
        # As if LibTorch did not exist: this part must not look for it.
        without_torch = f"cmake -S . -B build -DCMAKE_PREFIX_PATH={home}/.local -DCMAKE_DISABLE_FIND_PACKAGE_LibTorch=ON"
        reader.run(["bash", "-euc", f"{without_torch} && cmake --build build"], storage_only)
        listed = reader.run([str(storage_only / "build/list"), str(reader.program / "model.params.db")], storage_only)
        expect_printed(listed, "loc real float32 []\nscale positive float32 []\n")
        libraries = reader.run(["ldd", "build/list"], storage_only)
        if "torch" in libraries:
            sys.exit("a program of the storage part links LibTorch")

        installed = home / ".local"
        if "torch" in reader.run(["ldd", str(installed / "bin/paramstore")], home):
            sys.exit("the command links LibTorch")
        for file in ("share/man/man1/paramstore.1", "share/bash-completion/completions/paramstore",
                     "share/zsh/site-functions/_paramstore", "share/fish/vendor_completions.d/paramstore.fish",
                     *(f"share/doc/paramstore/{page}" for page in ("README.md", "FORMAT.md", "QUESTIONS.md"))):
            if not (installed / file).is_file():
                sys.exit(f"{file} is not installed")
    print(f"followed {followed} blocks of {' and '.join(PAGES)}")


main()
