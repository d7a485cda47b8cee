"""param_list and param_stats in a graphical SQLite browser: what a person sees who opens a store there, copied out of its table.

usage: browser_test.py TRAINED_STORE EXTENSION

Exits with 77, CTest's "skipped", where DB Browser for SQLite or what drives it on a screen of its own is not installed.
"""

import contextlib
import math
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

PROGRAMS = ["sqlitebrowser", "Xvfb", "xdotool", "xclip"]


def expect(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


@contextlib.contextmanager
def screen():
    """An X server's name."""
    read, write = os.pipe()
    # -noreset: else it starts anew when xdotool, for a moment its only client, has gone.
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset"],
                              pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as number:
            display = number.readline().strip()
        expect(display, "Xvfb does not start")
        yield f":{display}"
    finally:
        server.terminate()
        server.wait()


class Browser:
    """DB Browser for SQLite on a screen, with one table of a store open."""

    def __init__(self, display, config, store, table):
        self.environment = {**os.environ, "DISPLAY": display, "XDG_CONFIG_HOME": str(config), "XDG_RUNTIME_DIR": str(config),
                            "LC_ALL": "C"}
        self.environment.pop("QT_QPA_PLATFORM", None)
        self.log = config / "log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(["sqlitebrowser", "--read-only", "--table", table, store], env=self.environment,
                                            stdout=log, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()

    def at_screen(self, *command):
        """What a program prints that looks at the screen, or at the clipboard, whose owner may be too busy to answer."""
        expect(self.process.poll() is None, f"the browser ended: {self.log.read_text()}")
        with contextlib.suppress(subprocess.TimeoutExpired):
            return subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                  timeout=5).stdout
        return ""

    def copied_rows(self, pause):
        """The cells that it shows `pause` seconds after it has begun to."""
        deadline = time.monotonic() + 60
        while not self.at_screen("xdotool", "search", "--name", "DB Browser"):
            expect(time.monotonic() < deadline, "the browser's window does not appear")
            time.sleep(0.1)
        time.sleep(pause)
        # A cell, all of them, copy.
        self.at_screen("xdotool", "mousemove", "130", "200", "click", "1", "sleep", "0.3", "key", "ctrl+a", "sleep", "0.3",
                       "key", "ctrl+c", "sleep", "0.3")
        return [line.split("\t") for line in self.at_screen("xclip", "-o", "-selection", "clipboard").splitlines()]


def shown(store, table, row_count, display, folder, extension=None):
    """The cells of `table`, which has so many rows, as the browser shows them."""
    rows = []
    # Who clicks before all rows are there is asked whether to abort reading them.
    for pause in (1, 2, 4, 8, 16):
        config = pathlib.Path(tempfile.mkdtemp(dir=folder))
        if extension:
            (config / "sqlitebrowser").mkdir()
            (config / "sqlitebrowser" / "sqlitebrowser.conf").write_text(f"[extensions]\nlist={extension}\n")
        with Browser(display, config, store, table) as browser:
            rows = browser.copied_rows(pause)
        if len(rows) == row_count:
            return rows
    sys.exit(f"FAILED: out of the browser's {table} {rows} could be copied, not {row_count} rows")


def main(trained_store, extension):
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        print(f"not run: {', '.join(missing)} not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as name, screen() as display:
        folder = pathlib.Path(name)
        subprocess.run([trained_store, folder], check=True)
        store = folder / "model.params.db"
        with sqlite3.connect(store) as connection:
            listed = [[str(cell) for cell in row] for row in connection.execute("SELECT * FROM param_list ORDER BY id")]
        expect(len(listed) == 9, listed)
        seen = shown(store, "param_list", len(listed), display, folder)
        expect(seen == listed, f"param_list is {seen}, not {listed}")

        statistics = shown(store, "temp.param_stats", len(listed), display, folder, extension)
        expect([row[:4] for row in statistics] == [[row[1], *row[2:5]] for row in listed], f"param_stats {statistics}")
        scale = next(row for row in statistics if row[0] == "prior.scale")  # [0, -20, 0]
        expect([float(cell) for cell in (scale[4], scale[5], scale[6], scale[9])] == [3, -20, 0, 20], f"param_stats {scale}")
        expect(math.isclose(float(scale[7]), -20 / 3), f"param_stats {scale}")
        print(f"{len(seen)} rows of param_list and of param_stats in the browser")


if __name__ == "__main__":
    main(*sys.argv[1:])
