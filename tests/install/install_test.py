"""Does what README.md tells a user to do: installs the build, builds its programs against the installed copy outside the tree, runs
its commands, and compares what they print. Then builds a program that uses the storage part alone.

usage: install_test.py SOURCE_DIR BINARY_DIR CMAKE TORCH_PREFIX
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from readme_blocks import fences_without_purpose, read_blocks


class Reader:
    """Somebody who follows the README, in a home folder of their own."""

    def __init__(self, source, binary, cmake, torch_prefix, home):
        self.source = source
        self.binary = binary
        self.program = home / "program"
        self.program.mkdir()
        # The README's user has one cmake and one LibTorch: the ones of this build.
        tools = home / "tools"
        tools.mkdir()
        (tools / "cmake").symlink_to(cmake)
        self.environment = dict(os.environ, HOME=str(home), PATH=f"{tools}:{os.environ['PATH']}")
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
        if block.purpose == "asked of the store":
            load = f".load {self.environment['HOME']}/.local/lib/paramstore/paramstore"
            return self.run(["sqlite3", "-bail", "model.params.db", load, block.text], self.program)
        expected = (self.source / block.purpose).read_text()
        if block.text != expected:
            sys.exit(f"README.md shows another text of {block.purpose} than the file has")
        shutil.copy(self.source / block.purpose, self.program)
        return ""


def expect_printed(printed, expected):
    # A build talks; what the program itself prints comes last.
    lines = printed.splitlines()[-len(expected.splitlines()):]
    if lines != expected.splitlines():
        sys.exit(f"README.md promises\n{expected}but it printed\n{printed}")


def main():
    source, binary, cmake, torch_prefix = (pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), *sys.argv[3:5])
    markdown = (source / "README.md").read_text()
    if fences_without_purpose(markdown) != 0:
        sys.exit("README.md has a fenced block without a comment above that says what it is for")
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        reader = Reader(source, binary, cmake, torch_prefix, home)
        printed = ""
        followed = 0
        for block in read_blocks(markdown):
            if block.purpose == "prints":
                expect_printed(printed, block.text)
            else:
                printed = reader.follow(block)
            followed += 1
        reader.run(["./quickstart"], reader.program)

        storage_only = home / "storage_only"
        shutil.copytree(source / "tests/examples/storage_only", storage_only)
        # Where LibTorch cannot be found: this part must not look for it.
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
                     "share/zsh/site-functions/_paramstore", "share/fish/vendor_completions.d/paramstore.fish"):
            if not (installed / file).is_file():
                sys.exit(f"{file} is not installed")
    print(f"followed {followed} blocks of README.md")


main()
