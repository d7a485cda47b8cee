"""watch, on a program that trains meanwhile."""

import json
import math
import signal
import socket
import time
import unittest

from command import *


class Watching(CommandTest):
    def train(self, commits, milliseconds):
        training = subprocess.Popen([WRITE_STORE, self.folder / "t.params.db", "train", str(commits), str(milliseconds)],
                                    stdout=subprocess.PIPE)
        self.addCleanup(training.stdout.close)
        self.addCleanup(training.wait)
        training.stdout.readline()
        return training

    def has_begun(self, process):
        """Whether it has the store open and sleeps: then it has seen what there is, and waits for its next look."""
        folder = f"/proc/{process.pid}"
        try:
            files = [os.readlink(f"{folder}/fd/{number}") for number in os.listdir(f"{folder}/fd")]
            with open(f"{folder}/stat") as stat:
                asleep = stat.read().rpartition(")")[2].split()[0] == "S"
        except OSError:  # a file that was closed meanwhile, or a process that has ended
            return False
        return asleep and any(file.endswith("/t.params.db") for file in files)

    def wait_until_it_has_begun(self, process):
        deadline = time.monotonic() + 30
        while process.poll() is None and not self.has_begun(process):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def start(self, *arguments):
        watching = subprocess.Popen([PARAMSTORE, "watch", "t.params.db", *arguments], cwd=self.folder, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(watching.stdout.close)
        self.addCleanup(watching.stderr.close)
        self.addCleanup(watching.kill)
        self.wait_until_it_has_begun(watching)
        return watching

    def test_every_report_tells_exactly_how_far_it_went(self):
        self.train(200, 5)
        watching = self.start("--json", "--interval", "0.02", "--count", "8")
        output, error = watching.communicate(timeout=60)
        self.assertEqual((watching.returncode, error), (DONE, ""))
        reports = [json.loads(line) for line in output.splitlines()]
        self.assertEqual(len(reports), 8)
        for i, report in enumerate(reports):
            commits = report["revision"] - report["since"]
            self.assertGreaterEqual(commits, 1)
            # Each commit moves each of 16 elements by 1.
            self.assertEqual([each["name"] for each in report["moved"]], ["weight"])
            self.assertEqual(report["moved"][0]["max_abs"], commits)
            self.assertEqual(report["moved"][0]["l2"], 4 * commits)
            self.assertEqual(report["step"], report["revision"] - 1)
            self.assertEqual(report["params"], 2)
            if i > 0:
                self.assertEqual(report["since"], reports[i - 1]["revision"])

    def test_in_a_pipe_a_report_is_a_line(self):
        self.train(200, 5)
        output, _ = self.start("-i", "0.02", "-n", "3").communicate(timeout=60)
        lines = output.splitlines()
        self.assertEqual(len(lines), 3)
        for line in lines:
            self.assertRegex(line, r"^revision [\d-]+  20\S+Z  step \d+  1 of 2 moved  l2 \d+  max \d+  most weight$")

    def test_ctrl_c_ends_it_cleanly(self):
        self.train(1, 0).wait()
        for number in (signal.SIGINT, signal.SIGTERM):
            watching = self.start("-i", "5")
            began = time.monotonic()
            watching.send_signal(number)
            output, error = watching.communicate(timeout=60)
            self.assertEqual((watching.returncode, output, error), (DONE, "", ""))
            self.assertLess(time.monotonic() - began, 2)  # not only at the next look
        self.assertEqual(self.files(), ["t.params.db"])

    def test_it_ends_when_nobody_reads_any_more(self):
        self.train(1000, 5)
        watching = self.start("-i", "0.02")
        watching.stdout.readline()
        watching.stdout.close()
        self.assertIn(watching.wait(timeout=30), (DONE, -signal.SIGPIPE))

    def test_it_ends_when_the_other_end_of_a_socket_is_closed(self):
        self.train(0, 0).wait()
        here, there = socket.socketpair()
        watching = subprocess.Popen([PARAMSTORE, "watch", "t.params.db", "-i", "1000"], cwd=self.folder, stdout=there, env=environment())
        self.addCleanup(watching.kill)
        there.close()
        self.wait_until_it_has_begun(watching)
        self.assertIsNone(watching.poll())
        here.close()
        self.assertEqual(watching.wait(timeout=10), DONE)

    def test_parameters_that_come_and_go_and_patterns(self):
        self.train(0, 0).wait()
        watching = self.start("--json", "-i", "0.05", "-n", "4", "new*", "weight")
        expected = []
        for arguments in (["set", "t.params.db", "new.one", "1", "--create"], ["set", "t.params.db", "still", "1", "--shape", "[]"],
                          ["mv", "t.params.db", "new.one", "new.two"], ["set", "t.params.db", "weight", "[1,2]", "--shape", "[2]"]):
            self.paramstore(*arguments)
            time.sleep(0.4)
        output, _ = watching.communicate(timeout=60)
        reports = [json.loads(line) for line in output.splitlines()]
        self.assertEqual([(report["added"], report["removed"], report["moved"]) for report in reports],
                         [(["new.one"], [], []), ([], [], []), (["new.two"], ["new.one"], []), ([], [], [{"name": "weight"}])])

    def test_a_store_that_is_deleted(self):
        self.train(0, 0).wait()
        watching = self.start("-i", "0.05")
        (self.folder / "t.params.db").unlink()
        _, error = watching.communicate(timeout=30)
        self.assertEqual(watching.returncode, FILE)
        self.assertIn("no longer exists", error)

    def wait_for(self, store, *arguments):
        watching = subprocess.Popen([PARAMSTORE, "watch", store, "--json", "-i", "0.02", *arguments], cwd=self.folder,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(watching.kill)
        self.assertEqual(watching.stderr.readline(), f"waiting for {store}, which does not exist yet; Ctrl-C ends it\n")
        return watching

    def test_a_store_that_does_not_exist_yet(self):
        watching = self.wait_for("t.params.db", "-n", "2")
        self.train(300, 5)
        output, error = watching.communicate(timeout=60)
        self.assertEqual((watching.returncode, error), (DONE, ""))
        first, second = [json.loads(line) for line in output.splitlines()]
        self.assertEqual((first["since"], first["added"], first["replaced"]), (0, ["weight", "still"], False))
        self.assertEqual([each["name"] for each in second["moved"]], ["weight"])

    def test_a_scope_that_does_not_exist_yet(self):
        self.train(0, 0).wait()
        watching = self.wait_for("t.params.db//fold", "-n", "1")
        self.paramstore("set", "t.params.db//fold", "a", "1", "--create")
        output, _ = watching.communicate(timeout=60)
        self.assertEqual(json.loads(output)["added"], ["a"])

    def test_a_store_that_is_replaced_is_watched_on(self):
        self.train(0, 0).wait()
        self.paramstore("backup", "t.params.db", "other.db")
        self.paramstore("set", "other.db", "weight", json.dumps([2] * 16))
        self.paramstore("set", "other.db", "new", "1", "--create")
        watching = self.start("--json", "-i", "0.05", "-n", "2")
        (self.folder / "other.db").rename(self.folder / "t.params.db")
        first = json.loads(watching.stdout.readline())
        self.paramstore("set", "t.params.db", "still", json.dumps([1] * 16))
        output, error = watching.communicate(timeout=30)
        self.assertEqual((watching.returncode, error), (DONE, ""))
        self.assertEqual((first["replaced"], first["added"], first["removed"], [each["name"] for each in first["moved"]]),
                         (True, ["new"], [], ["weight"]))
        second = json.loads(output)
        self.assertEqual((second["replaced"], [each["name"] for each in second["moved"]]), (False, ["still"]))

    def test_a_store_of_somebody_else_is_followed(self):
        if os.geteuid() != 0:
            self.skipTest("takes two users, and so root")
        self.train(0, 0).wait()
        store = self.folder / "t.params.db"
        self.folder.chmod(0o755)
        self.as_ordinary_user("ls", store)  # skips the test where that cannot be
        nobody = pwd.getpwnam("nobody")
        def become():
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
        watching = subprocess.Popen([PARAMSTORE, "watch", store, "--json", "-i", "0.05", "-n", "2"], cwd="/", stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True, env=environment(), preexec_fn=become)
        self.wait_until_it_has_begun(watching)
        for value in (1, 2):  # the first opened, written and closed while nobody else had it open
            self.paramstore("set", store, "weight", json.dumps([value] * 16))
            self.assertEqual([each["max_abs"] for each in json.loads(watching.stdout.readline())["moved"]], [1])
        self.assertEqual(watching.communicate(timeout=30), ("", ""))

    def test_values_that_become_nan(self):
        self.train(0, 0).wait()
        watching = self.start("--json", "-i", "0.05", "-n", "1")
        self.paramstore("set", "t.params.db", "weight", "[" + "null," * 15 + "1]")
        output, _ = watching.communicate(timeout=30)
        self.assertEqual(json.loads(output)["moved"], [{"name": "weight", "l2": "nan", "max_abs": "nan", "relative": "nan"}])


if __name__ == "__main__":
    main()
