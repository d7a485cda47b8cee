"""What a person at a terminal sees, and a program behind a pipe does not: colours, progress."""

import os
import pty
import select
import signal
import time
import unittest

from command import *


class Terminal(CommandTest):
    def at_terminal(self, *arguments, pause_at=None, interrupt_after=None, columns=80, **changes):
        """Runs the command on a terminal of its own: what appears there, and the exit status.

        pause_at: the command stands still for a second when this is true, so that the rest of it is long work on any machine.
        interrupt_after: Ctrl-C when this has been shown.
        """
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(PARAMSTORE, [PARAMSTORE, *map(str, arguments)], environment(COLUMNS=str(columns), **changes))
        shown = b""
        deadline = time.monotonic() + 60
        if pause_at:
            while not pause_at() and time.monotonic() < deadline:
                time.sleep(0.001)
            os.kill(pid, signal.SIGSTOP)
            time.sleep(1)
            os.kill(pid, signal.SIGCONT)
        while time.monotonic() < deadline:
            if interrupt_after is not None and interrupt_after in shown:
                os.write(terminal, b"\x03")
                interrupt_after = None
            ready, _, _ = select.select([terminal], [], [], 0.1)
            if not ready:
                continue
            try:
                more = os.read(terminal, 65536)
            except OSError:  # Linux's way to say that the other side is closed
                break
            if not more:
                break
            shown += more
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
        return shown.decode(), os.waitstatus_to_exitcode(status)

    def test_colours_are_for_terminals_that_have_them(self):
        store = self.sample()
        shown, _ = self.at_terminal("show", store, "loc")
        self.assertIn("\x1b[1mloc\x1b[0m", shown)
        for changes in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            shown, _ = self.at_terminal("show", store, "loc", **changes)
            self.assertNotIn("\x1b", shown)
        self.assertNotIn("\x1b", self.paramstore("show", store, "loc"))
        shown, status = self.at_terminal("diff", store, store + "//fold-1")
        self.assertEqual(status, FOUND)
        self.assertIn("\x1b[33m~ loc\x1b[0m", shown)

    def test_names_are_escaped_there_too(self):
        shown, _ = self.at_terminal("ls", self.sample())
        self.assertIn(r'"\x1b[31mred"', shown)
        self.assertNotIn("\x1b", shown)

    def test_a_locale_without_unicode_gets_plain_bars(self):
        store = self.sample()
        self.assertIn("█", self.paramstore("show", store, "encoder.weight"))
        plain = self.paramstore("show", store, "encoder.weight", LC_ALL="C")
        self.assertNotIn("█", plain)
        self.assertIn("#####", plain)

    def test_npy_does_not_go_to_a_terminal(self):
        shown, status = self.at_terminal("get", "--npy", self.sample(), "loc")
        self.assertEqual(status, USAGE)
        self.assertIn("cannot be shown on a terminal", shown)

    def large(self):
        """A store that takes a good part of a second to copy."""
        self.paramstore("set", "large.params.db", "seed", "1", "--create")
        self.paramstore("sql", "--write", "large.params.db",
                        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "
                        "INSERT INTO params (name, dtype, shape, value) SELECT 'p' || i, 'float32', '[524288]', zeroblob(2097152) FROM n")
        return "large.params.db"

    def test_long_work_shows_progress_on_a_terminal_and_ctrl_c_leaves_nothing_behind(self):
        store = self.large()
        shown, status = self.at_terminal("backup", store, "copy.params.db", interrupt_after=b"% of ",
                                         pause_at=lambda: any("copy.params.db" in name for name in self.files()))
        self.assertIn("copying large.params.db: ", shown)
        self.assertEqual(status, INTERRUPTED, shown)
        self.assertEqual([name for name in self.files() if not name.startswith(store)], [])
        self.paramstore("backup", store, "copy.params.db")  # asserts that a pipe has neither progress nor errors
        self.paramstore("verify", store)

    def test_watch_names_what_moved(self):
        training = subprocess.Popen([WRITE_STORE, self.folder / "t.params.db", "train", "100", "10"], stdout=subprocess.PIPE)
        training.stdout.readline()
        shown, status = self.at_terminal("watch", "t.params.db", "-i", "0.05", "-n", "2")
        training.wait()
        training.stdout.close()
        self.assertEqual(status, DONE)
        self.assertIn("watching t.params.db; Ctrl-C ends it", shown)
        self.assertIn("  weight  l2 ", shown)
        self.assertIn("1 of 2 moved", shown)


if __name__ == "__main__":
    main()
