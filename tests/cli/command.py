"""What the tests of the command share: a folder with stores in it, and the command as a person runs it.

From CTest's environment: PARAMSTORE, the command; WRITE_STORE, the program that writes stores; PARAMSTORE_SOURCE.
"""

import json
import os
import pathlib
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

PARAMSTORE = os.environ["PARAMSTORE"]
WRITE_STORE = os.environ["WRITE_STORE"]
SOURCE = pathlib.Path(os.environ["PARAMSTORE_SOURCE"])

# Exit statuses, as the manual has them.
DONE, FOUND, USAGE, NO_SUCH, FILE, DAMAGED, BUSY, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130

# The part of the extension that constrained values need; a build without LibTorch has none.
TRANSFORMS = pathlib.Path(PARAMSTORE).parent.parent / "extension" / "paramstore_transforms.so"
with_libtorch = unittest.skipUnless(TRANSFORMS.exists(), "built without LibTorch: there are no constrained values")

VERBS = ["ls", "info", "show", "get", "diff", "log", "scopes", "watch", "sql", "set", "rm", "mv", "cp", "verify", "backup", "compact", "help"]


def environment(**changes):
    """As it is for most people: UTF-8, no settings of the one who runs the tests."""
    result = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "PARAMSTORE_EXTENSION", "PARAMSTORE_HISTORY")}
    result.update({"LC_ALL": "C.UTF-8", "TERM": "xterm", **changes})
    return result


class CommandTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="paramstore-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def sample(self, name="model.params.db"):
        subprocess.run([WRITE_STORE, self.folder / name, "sample"], check=True)
        return name

    def paramstore(self, *arguments, status=DONE, input=None, hint="", warning="", **changes):
        """Runs the command in the folder. Its output as text, after a look at its exit status and its errors: one line. If it
        succeeds, its errors are the hint, or one line that contains the warning."""
        done = subprocess.run([PARAMSTORE, *map(str, arguments)], cwd=self.folder, input=input, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=environment(**changes), timeout=120)
        error = done.stderr.decode()
        self.assertEqual(done.returncode, status, f"{arguments}: {error}")
        self.error = error
        if warning:
            self.assertEqual(error.count("\n"), 1, error)
            self.assertIn(warning, error)
        elif status in (DONE, FOUND):
            self.assertEqual(error, hint, arguments)
        else:
            self.assertEqual(error.count("\n"), 1, error)
            self.assertTrue(error.startswith("paramstore"), error)
        self.output = done.stdout
        return done.stdout.decode(errors="replace")  # bytes are in self.output

    def refused(self, status, *arguments, **options):
        """Runs what must fail with that status; its error line."""
        self.paramstore(*arguments, status=status, **options)
        return self.error

    def lines(self, *arguments, **options):
        return self.paramstore(*arguments, **options).splitlines()

    def json(self, *arguments, **options):
        return json.loads(self.paramstore(*arguments, **options))

    def sqlite(self, name, *statements):
        """As another tool would: the rows of the last statement."""
        connection = sqlite3.connect(self.folder / name)
        try:
            for statement in statements:
                rows = connection.execute(statement).fetchall()
            connection.commit()
            return rows
        finally:
            connection.close()

    def files(self):
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))

    def as_ordinary_user(self, *arguments, user="nobody"):
        """The command run by somebody for whom permissions count: (status, output, error)."""
        def become():
            if os.geteuid() == 0:
                account = pwd.getpwnam(user)
                os.setgid(account.pw_gid)
                os.setuid(account.pw_uid)
        def run(*words):
            return subprocess.run([PARAMSTORE, *map(str, words)], cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=environment(), preexec_fn=become, timeout=120)
        try:
            can_run = run("--version").returncode == 0
        except PermissionError:
            can_run = False
        if not can_run:
            self.skipTest("the build lies in a folder that is closed to an ordinary user")
        done = run(*arguments)
        return done.returncode, done.stdout.decode(), done.stderr.decode()


def main():
    unittest.main(verbosity=2)
