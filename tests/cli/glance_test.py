"""What a new user sees first: info, several values at once, and messages about what does not exist."""

import os
import unittest

from command import *


class Info(CommandTest):
    def test_totals_scopes_and_the_last_commit(self):
        store = self.sample()
        info = self.json("info", "--json", store)
        rows = self.json("ls", "--json", store)
        self.assertEqual(info["params"], len(rows))
        for total in ("numel", "nbytes"):
            self.assertEqual(info[total], sum(row[total] for row in rows))
            self.assertEqual(info["dtypes"]["float64"][total], sum(row[total] for row in rows if row["dtype"] == "float64"))
        self.assertEqual(sum(each["params"] for each in info["dtypes"].values()), len(rows))
        self.assertEqual([(each["scope"], each["params"]) for each in info["scopes"]], [("a/b", 2), ("fold-1", 2)])
        self.assertEqual(info["file_bytes"], (self.folder / store).stat().st_size)
        self.assertEqual(info["store_id"], self.sqlite(store, "SELECT value FROM meta WHERE key = 'store_id'")[0][0])
        self.assertEqual(info["schema_version"], self.sqlite(store, "PRAGMA user_version")[0][0])
        self.assertEqual(info["last_commit"]["revision"], 5)

        text = self.paramstore("info", store)
        self.assertIn("18 parameters, 131 elements, 544 B", text)
        self.assertIn("revision 5, ", text)
        self.assertIn("fold-1  2 parameters", text)
        self.assertNotIn("scopes", self.paramstore("info", store + "//fold-1"))

    def test_message_and_unused_room(self):
        store = self.sample()
        self.paramstore("set", store, "large", "--create", "--from", "-", input=b"1 " * 500000)
        self.paramstore("rm", "-q", store, "large")
        info = self.json("info", "--json", store)
        self.assertGreater(info["free_bytes"], 1900000)
        self.assertEqual(info["last_commit"]["message"], "paramstore rm large")
        self.assertIn("MiB of it unused", self.paramstore("info", store))
        self.paramstore("compact", "-q", store)
        self.assertEqual(self.json("info", "--json", store)["free_bytes"], 0)

    def test_a_damaged_scope_is_named(self):
        store = self.sample()
        (self.folder / "model.params.scopes" / "fold-1.params.db").write_bytes(b"no store" * 100)
        done = subprocess.run([PARAMSTORE, "info", store], cwd=self.folder, stdout=subprocess.PIPE, env=environment())
        self.assertEqual(done.returncode, DAMAGED)
        self.assertIn(b"a/b     2 parameters", done.stdout)
        self.assertIn(b"is not a store", done.stdout)


class OnlyScopes(CommandTest):
    """A store whose parameters are all in scopes."""

    def setUp(self):
        super().setUp()
        self.store = self.sample()
        self.paramstore("rm", "-q", self.store, "*")
        self.hint = (f"paramstore: {self.store} itself has no parameters, but it has 2 scopes: a/b, fold-1; "
                     f"name one as {self.store}//a/b\n")

    def test_listing_and_comparing_say_so_beside_the_output(self):
        self.assertEqual(self.paramstore("ls", self.store, hint=self.hint), "")
        self.assertEqual(self.json("ls", "--json", self.store, hint=self.hint), [])
        self.assertEqual(self.paramstore("diff", self.store, self.store, hint=2 * self.hint), "")
        self.assertEqual(self.lines("ls", self.store + "//fold-1"), ["loc", "only in fold-1"])

    def test_watching_says_so(self):
        watching = subprocess.Popen([PARAMSTORE, "watch", self.store], cwd=self.folder, stderr=subprocess.PIPE, text=True,
                                    env=environment())
        self.addCleanup(watching.stderr.close)
        self.addCleanup(watching.wait)
        self.addCleanup(watching.kill)
        self.assertEqual(watching.stderr.readline(), self.hint)

    def test_a_missing_parameter(self):
        for arguments in (["show", self.store, "loc"], ["get", self.store, "loc"], ["ls", self.store, "l*"], ["rm", self.store, "loc"]):
            self.assertIn("2 scopes: a/b, fold-1", self.refused(NO_SUCH, *arguments))


class SeveralValues(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()

    def test_text_names_each(self):
        self.assertEqual(self.paramstore("get", self.store, "scale", "loc", "encoder.*"),
                         "# loc\n1.5\n\n# scale\n0.6931472\n\n# encoder.weight\n0.0 0.5 1.0\n1.5 2.0 2.5\n\n"
                         "# encoder.bias\n0.1 -0.2 1e-300\n")
        self.assertEqual(self.paramstore("get", self.store, "lo?"), "# loc\n1.5\n")  # a glob, whatever it matches
        self.assertEqual(self.paramstore("get", self.store, "a*b"), "5.0\n")  # exactly a name
        self.assertIn('# "line\\nbreak"\n1.0\n', self.paramstore("get", self.store, "line*"))

    def test_json_is_an_object(self):
        self.assertEqual(self.json("get", "--json", self.store, "loc", "encoder.weight"),
                         {"loc": 1.5, "encoder.weight": [[0, 0.5, 1], [1.5, 2, 2.5]]})
        self.assertEqual(len(self.json("get", "--json", self.store, "*")), 18)

    def test_npy_holds_one(self):
        self.assertIn("holds one value", self.refused(USAGE, "get", self.store, "loc", "scale", "-o", "v.npy"))
        self.assertFalse((self.folder / "v.npy").exists())

    def test_an_unknown_suffix(self):
        for name in ("w.pt", "w.csv", "w.npz"):
            error = self.refused(USAGE, "get", self.store, "loc", "-o", name)
            for word in (".txt", ".json", ".npy", "--text"):
                self.assertIn(word, error)
            self.assertFalse((self.folder / name).exists())
        self.paramstore("get", self.store, "loc", "--text", "-o", "w.csv")
        self.paramstore("get", self.store, "loc", "-o", "w")
        self.assertEqual([(self.folder / name).read_text() for name in ("w.csv", "w")], ["1.5\n", "1.5\n"])


class Missing(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()

    def test_the_nearest_parameter_and_scope_are_named(self):
        for verb in ("ls", "show", "get", "rm"):
            self.assertIn("did you mean encoder.weight?", self.refused(NO_SUCH, verb, self.store, "encoder.wieght"))
        for arguments in (["set", self.store, "encoder.wieght", "1"], ["mv", self.store, "encoder.wieght", "x"]):
            self.assertIn("did you mean encoder.weight?", self.refused(NO_SUCH, *arguments))
        for arguments in (["ls", self.store + "//fold-2"], ["scopes", self.store, "--drop", "fold-2"]):
            self.assertIn("has no scope fold-2; did you mean fold-1?", self.refused(NO_SUCH, *arguments))

    def test_dropping_says_what_it_did(self):
        files = self.files()
        self.assertRegex(self.paramstore("scopes", self.store, "--drop", "a/b", "-n"), r"^would drop scope a/b: 2 parameters, \S+ KiB\n$")
        self.assertEqual(self.files(), files)
        self.assertRegex(self.paramstore("scopes", self.store, "--drop", "a/b"), r"^dropped scope a/b: 2 parameters, \S+ KiB\n$")
        self.assertEqual(len(self.lines("scopes", self.store)), 3)
        self.assertIn("--drop", self.refused(USAGE, "scopes", self.store, "--dry-run"))

    def test_json_sends_nothing_to_the_terminal(self):
        name = "a\x7fb\x9bc\u202ed\U000e0001e"
        self.sqlite(self.store, f"UPDATE params SET name = '{name}' WHERE name = 'loc'")
        for arguments in (["ls", "--json", self.store], ["show", "--json", self.store, "*"], ["get", "--json", self.store, "*"]):
            text = self.paramstore(*arguments)
            for character in "\x7f\x9b\u202e\U000e0001":
                self.assertNotIn(character, text)
            self.assertIn("gr\u00fc\u00dfe", text)
            parsed = json.loads(text)
            self.assertIn(name, parsed if isinstance(parsed, dict) else [row["name"] for row in parsed])


class Offers(CommandTest):
    """What the completions of the shells ask for."""

    def offers(self, *arguments):
        kind, *words = self.paramstore("complete", *arguments).split("\0")[:-1]
        return kind, words

    def test_few_names_are_given_whole(self):
        store = self.sample()
        names = sorted((row["name"] for row in self.json("ls", "--json", store)), key=str.encode)
        self.assertEqual(self.offers("names", store, "enc"), ("whole", ["encoder.bias", "encoder.weight"]))
        self.assertEqual(self.offers("--dashes", "names", store), ("whole", names))
        names.remove("-dash")
        self.assertEqual(self.offers("names", store), ("whole", names))
        self.assertEqual(self.offers("scopes", store, "f"), ("whole", ["fold-1"]))
        self.assertEqual(self.offers("stores", store + "//"), ("whole", [store + "//a/b", store + "//fold-1"]))
        self.assertEqual(self.offers("stores", "mod"), ("whole", []))

    def test_a_hundred_thousand_names_are_not_read(self):
        store = "large.db"
        subprocess.run([WRITE_STORE, self.folder / store, "many", "100000"], check=True)
        size = (self.folder / store).stat().st_size
        for typed, kind, first, count in (("", "beginnings", "layer.0", 10), ("layer.12", "beginnings", "layer.12.", 11),
                                          ("layer.123", "whole", "layer.123.weight", 111), ("x", "whole", None, 0)):
            process = subprocess.Popen([PARAMSTORE, "complete", "names", store, typed], cwd=self.folder, stdout=subprocess.PIPE, env=environment())
            words = process.stdout.read().decode().split("\0")[:-1]
            process.stdout.close()
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # until then the kernel keeps its accounts
            with open(f"/proc/{process.pid}/io") as accounts:
                read = int(accounts.readline().split()[1])
            self.assertEqual(process.wait(), DONE)
            self.assertEqual((words[0], words[1] if len(words) > 1 else None, len(words) - 1), (kind, first, count), typed)
            self.assertLess(read, size / 4, typed)


if __name__ == "__main__":
    main()
