"""Output that nobody reads to its end: the command stops, and leaves nothing beside the store."""

import signal
import subprocess
import unittest

from command import FILE, PARAMSTORE, CommandTest, environment, main


class Pipe(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = "many.params.db"
        self.paramstore("set", self.store, "first", "0", "--create", "--shape", "[]")
        # More output than a pipe holds.
        self.sqlite(self.store, """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
            INSERT INTO params (name, constraint_tag, dtype, shape, device, revision, value)
            SELECT 'layer.' || i, 'real', 'float32', '[]', 'cpu', 1, zeroblob(4) FROM n""")
        self.before = self.files()

    def closed_early(self, *arguments, ignore=False):
        """Reads one byte, closes the pipe: (status, errors)."""
        def prepare():
            signal.signal(signal.SIGPIPE, signal.SIG_IGN if ignore else signal.SIG_DFL)
        running = subprocess.Popen([PARAMSTORE, *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=environment(), preexec_fn=prepare)
        running.stdout.read(1)
        running.stdout.close()
        error = running.stderr.read().decode()
        running.stderr.close()
        return running.wait(timeout=60), error

    def test_nothing_is_left_beside_the_store_and_the_status_is_that_of_the_signal(self):
        self.assertEqual(self.before, [self.store])
        for arguments in (("ls", self.store), ("ls", self.store, "--json"), ("sql", self.store, "SELECT name FROM params", "--csv"),
                          ("sql", self.store, "SELECT name FROM params"), ("show", self.store, "*")):
            status, error = self.closed_early(*arguments)
            self.assertEqual((status, error), (-signal.SIGPIPE, ""), arguments)
            self.assertEqual(self.files(), self.before, arguments)

    def test_where_the_signal_is_ignored_it_is_an_error_like_any_other(self):
        status, error = self.closed_early("ls", self.store, ignore=True)
        self.assertEqual((status, error), (FILE, "paramstore ls: the output cannot be written\n"))
        self.assertEqual(self.files(), self.before)

    def test_a_full_disk_ends_it(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PARAMSTORE, "ls", self.store], cwd=self.folder, stdout=full, stderr=subprocess.PIPE,
                                  env=environment(), timeout=60)
        self.assertEqual((done.returncode, done.stderr.decode()), (FILE, "paramstore ls: the output cannot be written\n"))
        self.assertEqual(self.files(), self.before)


if __name__ == "__main__":
    main()
