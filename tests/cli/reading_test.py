"""ls, show, get, diff, log, scopes, sql: what they print, and that looking changes nothing."""

import array
import json
import math
import struct
import unittest

from command import *

NAMES = ["loc", "scale", "encoder.weight", "encoder.bias", "half", "brain", "wave", "wave128", "empty", "broken",
         "line\nbreak", "\x1b[31mred", "grüße", "turned \u202earound", "a*b", 'a"b', "-dash", "chunked"]


class Listing(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()

    def test_names_stand_in_insertion_order_and_strange_ones_are_escaped(self):
        self.assertEqual(self.lines("ls", self.store),
                         NAMES[:10] + [r'"line\nbreak"', r'"\x1b[31mred"', "grüße", r'"turned \u{202e}around"', "a*b", 'a"b',
                                       "-dash", "chunked"])

    def test_null_gives_names_as_they_are(self):
        self.assertEqual(self.paramstore("ls", "--null", self.store).split("\0"), NAMES + [""])

    def test_patterns_are_names_or_globs(self):
        self.assertEqual(self.lines("ls", self.store, "encoder.*"), ["encoder.weight", "encoder.bias"])
        self.assertEqual(self.lines("ls", self.store, "wave???", "loc", "l?c"), ["loc", "wave128"])
        self.assertEqual(self.lines("ls", self.store, "a*b"), ["a*b"])  # exactly a name: no glob
        self.assertEqual(self.lines("ls", self.store, "a[*\"]b"), ["a*b", 'a"b'])
        self.assertEqual(self.lines("ls", self.store, "--", "-dash"), ["-dash"])

    def test_a_pattern_without_a_match_is_an_error_that_helps(self):
        self.assertIn("did you mean scale?", self.refused(NO_SUCH, "ls", self.store, "scalee"))
        self.assertIn("no parameter matches z*", self.refused(NO_SUCH, "ls", self.store, "loc", "z*"))

    def test_regular_expressions(self):
        self.assertEqual(self.lines("ls", "--regex", self.store, r"^wave\d+$", "^loc"), ["loc", "wave128"])
        self.refused(NO_SUCH, "ls", "-e", self.store, "^nothing$")
        self.assertIn("does not compile", self.refused(USAGE, "ls", "-e", self.store, "("))

    def test_sorting(self):
        self.assertEqual(self.lines("ls", "--sort", "name", self.store, "[a-z]*")[:3], ['a"b', "a*b", "brain"])
        self.assertEqual(self.lines("ls", "-s", "size", "-r", self.store)[0], "chunked")
        self.assertEqual(self.lines("ls", "-s", "revision", self.store)[-1], "chunked")
        self.assertEqual(self.lines("ls", "-r", self.store), self.lines("ls", self.store)[::-1])
        self.assertIn("--sort", self.refused(USAGE, "ls", "--sort", "colour", self.store))

    def test_long_form_lines_up(self):
        lines = self.lines("ls", "-l", self.store)
        self.assertEqual(lines[0].split(), ["NAME", "CONSTRAINT", "DTYPE", "SHAPE", "BYTES", "REVISION"])
        self.assertEqual(lines[3].split("  ")[0], "encoder.weight")
        self.assertIn("[2, 3]", lines[3])
        self.assertEqual(len({len(line) for line in lines}), 1)

    def test_json_has_every_column(self):
        rows = self.json("ls", "--json", self.store)
        self.assertEqual([row["name"] for row in rows], NAMES)
        checksum = self.sqlite(self.store, "SELECT checksum FROM params WHERE name = 'encoder.weight'")[0][0]
        self.assertEqual(rows[2], {"id": 3, "name": "encoder.weight", "constraint": "real", "dtype": "float32", "shape": [2, 3],
                                   "numel": 6, "nbytes": 24, "device": "cpu", "revision": 1,
                                   "checksum": f"{checksum % 2**64:016x}"})

    def test_an_empty_store_lists_nothing(self):
        self.paramstore("set", "new.db", "a", "1", "--create")
        self.paramstore("rm", "-q", "new.db", "a")
        self.assertEqual(self.paramstore("ls", "new.db"), "")
        self.assertEqual(self.json("ls", "--json", "new.db"), [])

    def test_looking_leaves_the_folder_as_it_was(self):
        before = {name: (self.folder / name).read_bytes() for name in self.files() if (self.folder / name).is_file()}
        for arguments in (["ls", self.store], ["show", self.store, "loc"], ["get", self.store, "loc"], ["log", self.store],
                          ["scopes", self.store], ["verify", self.store], ["sql", self.store, "SELECT 1"],
                          ["ls", self.store + "//fold-1"], ["ls", self.store, "loc"]):
            self.paramstore(*arguments)
            self.assertEqual(self.files(), sorted([*before, "model.params.scopes"]), arguments)
        self.paramstore("diff", self.store, self.store + "//a/b", status=FOUND)
        for name, contents in before.items():
            self.assertEqual((self.folder / name).read_bytes(), contents, name)

    def test_a_log_of_a_writer_that_crashed_is_read_and_kept(self):
        self.sqlite(self.store, "UPDATE params SET value = zeroblob(4) WHERE name = 'loc'")
        connection = sqlite3.connect(self.folder / self.store)
        connection.execute("UPDATE params SET value = zeroblob(4) WHERE name = 'scale'")
        connection.commit()
        crashed = self.folder / "crashed"
        crashed.mkdir()
        for suffix in ("", "-wal"):
            shutil.copy(self.folder / (self.store + suffix), crashed / (self.store + suffix))
        connection.close()
        self.assertEqual(self.paramstore("get", f"crashed/{self.store}", "scale"), "0.0\n")
        self.assertTrue((crashed / (self.store + "-wal")).exists())
        self.assertEqual(self.paramstore("get", f"crashed/{self.store}", "scale"), "0.0\n")

    def test_looking_through_a_symbolic_link_or_at_a_scope_beside_its_store_leaves_nothing(self):
        (self.folder / "latest.db").symlink_to(self.store)
        before = self.files()
        for arguments in (["ls", "latest.db"], ["get", "latest.db//fold-1", "loc"], ["diff", "latest.db", self.store],
                          ["sql", self.store, "-a", "fold-1", "SELECT 1"], ["sql", self.store, "-a", "fold-1", "-a", "a/b", "SELECT 1"]):
            self.paramstore(*arguments)
            self.assertEqual(self.files(), before, arguments)

    def test_who_looks_does_not_lock_the_owner_out(self):
        if os.geteuid() != 0:
            self.skipTest("takes two users, and so root")
        self.folder.chmod(0o777)
        scopes = self.folder / "model.params.scopes"
        for path in self.folder.rglob("*"):
            shutil.chown(path, "daemon")
            path.chmod(0o777 if path.is_dir() else 0o644)
        before = self.files()
        path = self.folder / self.store
        for arguments in (["ls", path], ["show", path, "loc"], ["diff", path, path], ["verify", path], ["log", path],
                          ["scopes", path], ["ls", f"{path}//fold-1"], ["sql", path, "-a", "a/b", "SELECT 1"]):
            status, _, error = self.as_ordinary_user(*arguments)
            self.assertEqual((status, error), (DONE, ""), arguments)
            self.assertEqual(self.files(), before, arguments)
        for name in ("loc", "half"):
            self.assertEqual(self.as_ordinary_user("rm", "-q", path, name, user="daemon"), (DONE, "", ""))
        self.assertEqual(self.as_ordinary_user("set", f"{path}//fold-1", "loc", "2", user="daemon"), (DONE, "", ""))
        for arguments in (["set", path, "scale", "1"], ["sql", "--write", path, "DELETE FROM params"]):
            status, _, error = self.as_ordinary_user(*arguments)
            self.assertEqual(status, FILE, error)
            self.assertIn(f"{path}: may not be written", error)
            self.assertIn("change its permissions", error)
        self.assertEqual(self.as_ordinary_user("rm", "-n", path, "scale"), (DONE, "would remove scale\n", ""))
        self.assertTrue(scopes.exists())

    def test_a_folder_that_may_not_be_written(self):
        self.folder.chmod(0o755)
        path = self.folder / self.store
        path.chmod(0o444)
        self.folder.chmod(0o555)
        try:
            status, output, error = self.as_ordinary_user("get", path, "encoder.weight")
            self.assertEqual((status, output, error), (DONE, "0.0 0.5 1.0\n1.5 2.0 2.5\n", ""))
            status, output, error = self.as_ordinary_user("set", path, "loc", "1")
            self.assertEqual(status, FILE)
            self.assertIn("may not be written", error)
        finally:
            self.folder.chmod(0o755)


class Values(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()

    def test_text_is_a_row_a_line(self):
        self.assertEqual(self.paramstore("get", self.store, "loc"), "1.5\n")
        self.assertEqual(self.paramstore("get", self.store, "encoder.weight"), "0.0 0.5 1.0\n1.5 2.0 2.5\n")
        self.assertEqual(self.paramstore("get", self.store, "broken"), "1.0 nan inf -inf\n")
        self.assertEqual(self.paramstore("get", self.store, "half"), "0.1 1.0 inf\n")
        self.assertEqual(self.paramstore("get", self.store, "wave"), "1.0+2.0j 0.0-0.5j\n")
        self.assertEqual(self.paramstore("get", self.store, "empty"), "")
        self.assertEqual(self.paramstore("get", self.store, "--", "-dash"), "7.0\n")
        self.paramstore("set", self.store, "cube", "[[[1,2],[3,4]],[[5,6],[7,8]]]", "--create")
        self.assertEqual(self.paramstore("get", self.store, "cube"), "1.0 2.0\n3.0 4.0\n\n5.0 6.0\n7.0 8.0\n")

    def test_json(self):
        self.assertEqual(self.json("get", "--json", self.store, "encoder.weight"), [[0, 0.5, 1], [1.5, 2, 2.5]])
        self.assertEqual(self.json("get", "--json", self.store, "encoder.bias"), [0.1, -0.2, 1e-300])
        self.assertEqual(self.json("get", "--json", self.store, "broken"), [1, None, math.inf, -math.inf])
        self.assertEqual(self.json("get", "--json", self.store, "wave"), [[1, 2], [0, -0.5]])
        self.assertEqual(self.json("get", "--json", self.store, "chunked")[9][9], 99)
        self.assertEqual(self.json("get", "--json", self.store, "loc"), 1.5)

    def test_npy(self):
        self.paramstore("get", "--npy", self.store, "encoder.weight")
        self.assertEqual(self.output[:8], b"\x93NUMPY\x01\x00")
        length = struct.unpack("<H", self.output[8:10])[0]
        self.assertEqual(eval(self.output[10:10 + length]), {"descr": "<f4", "fortran_order": False, "shape": (2, 3)})
        self.assertEqual(array.array("f", self.output[10 + length:]).tolist(), [0, 0.5, 1, 1.5, 2, 2.5])
        self.paramstore("get", "--npy", self.store, "brain")
        self.assertEqual(array.array("f", self.output[-12:]).tolist(), [0.10009765625, 1, -2])

    def test_numpy_reads_it(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("NumPy is not installed")
        for name, shape in (("encoder.weight", (2, 3)), ("loc", ()), ("empty", (0, 3)), ("half", (3,)), ("wave128", (1,))):
            self.paramstore("get", self.store, name, "-o", "value.npy")
            self.assertEqual(numpy.load(self.folder / "value.npy", allow_pickle=False).shape, shape)
        self.assertEqual(numpy.load(self.folder / "value.npy")[0], 1e100 - 1j)
        self.paramstore("get", self.store, "encoder.weight", "-o", "value.txt")
        self.assertEqual(numpy.loadtxt(self.folder / "value.txt").tolist(), [[0, 0.5, 1], [1.5, 2, 2.5]])
        self.paramstore("get", self.store, "wave", "-o", "value.txt")
        self.assertEqual(numpy.loadtxt(self.folder / "value.txt", dtype=complex).tolist(), [1 + 2j, -0.5j])

    def test_the_output_file_says_the_form_unless_an_option_does(self):
        self.paramstore("get", self.store, "loc", "-o", "value.json", "--npy")
        self.assertTrue((self.folder / "value.json").read_bytes().startswith(b"\x93NUMPY"))
        self.paramstore("get", self.store, "loc", "-o", "value.json")
        self.assertEqual(json.loads((self.folder / "value.json").read_text()), 1.5)
        self.assertIn("cannot be written", self.refused(FILE, "get", self.store, "loc", "-o", "no/such/folder"))

    def test_the_output_is_never_the_store(self):
        before = (self.folder / self.store).read_bytes()
        (self.folder / "link").symlink_to(self.store)
        scope = "model.params.scopes/fold-1.params.db"
        for store, output in ((self.store, self.store), (self.store, "link"), ("link", "./" + self.store), (self.store, self.store + "-wal"),
                              (self.store + "//fold-1", scope), (self.store + "//fold-1", self.store)):
            self.assertIn("is part of the store", self.refused(USAGE, "get", store, "loc", "-o", output), output)
        self.assertEqual((self.folder / self.store).read_bytes(), before)
        self.assertFalse((self.folder / (self.store + "-wal")).exists())
        self.paramstore("verify", self.store)

    def test_a_shape_of_empty_arrays_without_end_is_not_written_as_json(self):
        self.sqlite(self.store, "UPDATE params SET value = zeroblob(0), shape = '[1000,1000000000000,0]' WHERE name = 'loc'")
        self.assertIn("loc has no elements", self.refused(USAGE, "get", "--json", self.store, "loc", "-o", "value.json"))
        self.assertFalse((self.folder / "value.json").exists())
        self.assertEqual(self.paramstore("get", self.store, "loc"), "")
        self.sqlite(self.store, "UPDATE params SET shape = '[2,1,0,1000000000000]' WHERE name = 'loc'")
        self.assertEqual(self.paramstore("get", "--json", self.store, "loc"), "[[[]],[[]]]\n")

    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PARAMSTORE, "ls", self.folder / self.store], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, FILE)
        self.assertIn(b"cannot be written", done.stderr)

    def test_show_tells_everything(self):
        text = self.paramstore("show", self.store, "encoder.weight")
        for part in ("encoder.weight\n", "float32", "[2, 3], 6 elements, 24 B", "step 0, initial values", "min   0\n", "max   2.5",
                     "mean  1.25", "std   0.935414", "norm  3.7081", "tensor([[0.0000, 0.5000, 1.0000],"):
            self.assertIn(part, text)
        self.assertIn("  unconstrained value\n", self.paramstore("show", self.store, "scale"))
        broken = self.paramstore("show", self.store, "broken")
        self.assertIn("1 NaN", broken)
        self.assertIn("2 infinite", broken)
        self.assertIn("tensor([], size=(0, 3))", self.paramstore("show", self.store, "empty"))

    def test_every_parameter_can_be_shown(self):
        self.assertEqual(self.paramstore("show", self.store, "*").count("checksum"), len(NAMES))
        rows = self.json("show", "--json", self.store, "*")
        self.assertEqual([row["name"] for row in rows], NAMES)
        weight = rows[2]
        self.assertEqual(weight["commit"]["message"], "initial values")
        self.assertEqual(weight["statistics"]["max"], 2.5)
        self.assertEqual(sum(weight["histogram"]["counts"]), 6)
        self.assertEqual(rows[9]["statistics"]["nan_count"], 1)
        self.assertEqual(rows[9]["statistics"]["infinite_count"], 2)

    def test_show_without_the_extension_says_what_is_missing(self):
        error = self.refused(FILE, "show", "--constrained", self.store, "scale", PARAMSTORE_EXTENSION="/nowhere.so")
        self.assertIn("/nowhere.so: the extension cannot be loaded", error)

    @with_libtorch
    def test_constrained_values_come_through_the_extension(self):
        self.assertIn("tensor(2.)", self.paramstore("show", "--constrained", self.store, "scale"))
        self.assertIn("tensor(1.5000)", self.paramstore("show", "--constrained", self.store, "loc"))
        self.paramstore("set", self.store, "scale", "0", "--constraint", "made_up", warning="made_up")
        self.assertIn("made_up", self.refused(NO_SUCH, "show", "-c", self.store, "scale"))
        self.assertIn("made_up", self.refused(NO_SUCH, "get", "-c", self.store, "scale"))

    @with_libtorch
    def test_get_writes_the_constrained_value(self):
        self.assertEqual(self.paramstore("get", "--constrained", self.store, "scale"), "2.0\n")
        self.assertEqual(self.paramstore("get", "-c", self.store, "loc"), "1.5\n")
        self.paramstore("set", self.store, "factor", "[0, 0, 0]", "--create", "--constraint", "corr_cholesky")
        self.assertEqual(self.json("get", "-c", "--json", self.store, "factor"), [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
        self.paramstore("get", "-c", self.store, "factor", "-o", "factor.npy")
        self.assertIn(b"'shape': (3, 3)", (self.folder / "factor.npy").read_bytes())

    def test_get_without_the_extension_says_what_is_missing(self):
        error = self.refused(FILE, "get", "--constrained", self.store, "scale", PARAMSTORE_EXTENSION="/nowhere.so")
        self.assertIn("/nowhere.so: the extension cannot be loaded", error)


class Comparing(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()
        self.paramstore("backup", self.store, "other.params.db")

    def test_equal_stores_differ_in_nothing(self):
        self.assertEqual(self.paramstore("diff", self.store, "other.params.db"), "")
        self.assertEqual(self.json("diff", "--json", self.store, "other.params.db"), [])

    def test_each_kind_of_difference(self):
        self.paramstore("set", "other.params.db", "encoder.weight", "[[0, 0.5, 1], [1.5, 2, 3]]")
        self.paramstore("set", "other.params.db", "scale", "[0, 0]", "--shape", "[2]", "--constraint", "real")
        self.paramstore("rm", "-q", "other.params.db", "brain")
        self.paramstore("mv", "other.params.db", "loc", "location")
        self.assertEqual(self.lines("diff", self.store, "other.params.db", status=FOUND), [
            "- loc  real float32 []",
            "~ scale  constraint positive -> real; shape [] -> [2]",
            "~ encoder.weight  l2 0.5  max 0.5  13.5%",
            "- brain  real bfloat16 [3]",
            "+ location  real float32 []"])
        self.assertEqual(self.json("diff", "--json", self.store, "other.params.db", "encoder.*", status=FOUND),
                         [{"name": "encoder.weight", "l2": 0.5, "max_abs": 0.5, "relative": 0.5 / math.sqrt(13.75)}])
        self.assertEqual(self.paramstore("diff", "-q", self.store, "other.params.db", status=FOUND), "")

    def test_tolerance(self):
        self.paramstore("set", "other.params.db", "loc", "1.625")
        self.paramstore("diff", "--tolerance", "0.1", self.store, "other.params.db", status=FOUND)
        self.paramstore("diff", "--tolerance", "0.125", self.store, "other.params.db")
        self.refused(USAGE, "diff", "--tolerance", "-1", self.store, "other.params.db")

    def test_nan_is_a_difference_whatever_the_tolerance(self):
        self.paramstore("set", "other.params.db", "loc", "nan")
        self.assertIn("l2 nan", self.paramstore("diff", "-t", "9", self.store, "other.params.db", "loc", status=FOUND))

    def test_what_is_not_finite_and_the_same_in_both_is_no_difference(self):
        for word in ("inf", "-inf", "nan"):
            for name, number in ((self.store, "1"), ("other.params.db", "1.25")):
                self.paramstore("set", name, "broken", f"[{word.replace('inf', '9e999').replace('nan', 'null')},{number}]", "--shape", "[2]")
            words = [self.store, "other.params.db", "broken"]
            self.assertEqual(self.paramstore("diff", "-t", "0.25", *words), "", word)
            self.assertEqual(self.lines("diff", "-t", "0.1", *words, status=FOUND), ["~ broken  l2 0.25  max 0.25"], word)
            self.assertEqual(self.json("diff", "--json", *words, status=FOUND),
                             [{"name": "broken", "l2": 0.25, "max_abs": 0.25, "relative": "nan"}])
        self.paramstore("set", "other.params.db", "broken", "[9e999,1]")
        self.assertEqual(self.lines("diff", "-t", "9", *words, status=FOUND), ["~ broken  l2 nan  max nan"])
        self.paramstore("set", self.store, "broken", "[-9e999,1]")
        self.assertEqual(self.lines("diff", "-t", "9", *words, status=FOUND), ["~ broken  l2 inf  max inf"])
        for name, number in ((self.store, "[0,null]"), ("other.params.db", "[2,null]")):
            self.paramstore("set", name, "wave", f"[[1,2],{number}]")
        self.assertEqual(self.lines("diff", "-t", "1", self.store, "other.params.db", "wave", status=FOUND), ["~ wave  l2 2  max 2"])

    def test_another_dtype_with_the_same_numbers(self):
        self.paramstore("set", "other.params.db", "loc", "1.5", "--dtype", "float64")
        self.assertEqual(self.paramstore("diff", self.store, "other.params.db", status=FOUND), "~ loc  dtype float32 -> float64\n")

    def test_scopes_and_patterns(self):
        self.assertEqual(self.lines("diff", self.store, self.store + "//fold-1", "loc", status=FOUND),
                         ["~ loc  l2 1  max 1  66.7%"])
        self.assertIn("matches", self.refused(NO_SUCH, "diff", self.store, "other.params.db", "nothing*"))
        self.refused(FILE, "diff", self.store, "missing.db")


class History(CommandTest):
    def test_log(self):
        store = self.sample()
        lines = self.lines("log", store)
        self.assertEqual(lines[0].split(), ["REVISION", "TIME", "STEP", "MESSAGE"])
        self.assertEqual(len(lines), 6)
        self.assertRegex(lines[-2], r"^ +2  20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z +100  warm-up done$")
        self.assertEqual(len(self.lines("log", "-n", "2", store)), 3)
        newest = [json.loads(line) for line in self.lines("log", "--json", "--count", "1", store)]
        self.assertEqual(newest[0]["revision"], 5)
        self.assertIsNone(newest[0]["message"])

    def test_messages_cannot_reach_the_terminal(self):
        store = self.sample()
        self.sqlite(store, "UPDATE commits SET message = 'a' || char(27) || '[2J' || char(10) || 'b' WHERE revision = 1")
        self.assertIn(r"a\x1b[2J\nb", self.paramstore("log", store))

    def test_scopes(self):
        store = self.sample()
        lines = self.lines("scopes", store)
        self.assertEqual([line.split()[0] for line in lines], ["SCOPE", "(the", "a/b", "fold-1"])
        rows = self.json("scopes", "--json", store)
        self.assertEqual([(row["scope"], row["params"]) for row in rows], [(None, 18), ("a/b", 2), ("fold-1", 2)])
        self.assertEqual(self.lines("ls", store + "//a/b"), ["loc", "only in a/b"])
        self.assertIn("has no scope fold-2", self.refused(NO_SUCH, "ls", store + "//fold-2"))
        self.assertIn("must be followed by a scope's name", self.refused(USAGE, "ls", store + "//"))
        self.paramstore("scopes", store, "--drop", "a/b")
        self.assertIn("dropped scope 'a/b'", self.lines("log", "-n", "1", store)[1])
        self.assertEqual(len(self.lines("scopes", store)), 3)
        self.refused(NO_SUCH, "scopes", store, "--drop", "a/b")

    def test_a_path_with_two_slashes_is_a_path(self):
        store = self.sample()
        self.assertEqual(self.lines("ls", f"{self.folder}//{store}", "loc"), ["loc"])
        self.assertEqual(self.lines("ls", f"{self.folder}//{store}//fold-1", "loc"), ["loc"])

    def test_a_scope_that_is_damaged_is_named_and_the_others_are_listed(self):
        store = self.sample()
        (self.folder / "model.params.scopes" / "fold-1.params.db").write_bytes(b"no store" * 100)
        done = subprocess.run([PARAMSTORE, "scopes", store], cwd=self.folder, stdout=subprocess.PIPE, env=environment())
        self.assertEqual(done.returncode, DAMAGED)
        self.assertIn(b"is not a store", done.stdout)
        self.assertIn(b"a/b", done.stdout)


class Sql(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()

    def test_tables_csv_and_json(self):
        sql = "SELECT name, numel, 'a,\"b' AS text, value FROM params JOIN param_list USING (name) WHERE name = ?"
        self.assertEqual(self.lines("sql", self.store, sql, "loc"), ["name  numel  text  value", "loc       1  a,\"b  <4 bytes>"])
        self.assertEqual(self.paramstore("sql", "--csv", self.store, sql, "loc"),
                         'name,numel,text,value\r\nloc,1,"a,""b",0000c03f\r\n')
        self.assertEqual(self.json("sql", "--json", self.store, sql, "loc"),
                         [{"name": "loc", "numel": 1, "text": 'a,"b', "value": "0000c03f"}])

    def test_the_functions_are_there(self):
        rows = self.json("sql", "--json", self.store,
                         "SELECT name, norm FROM param_stats WHERE name REGEXP '^enc.*weight$' AND nan_count = 0")
        self.assertEqual([row["name"] for row in rows], ["encoder.weight"])
        self.assertAlmostEqual(rows[0]["norm"], math.sqrt(13.75))

    def test_values_are_bound_as_what_they_look_like(self):
        rows = self.json("sql", "--json", self.store, "SELECT typeof(?1) a, typeof(?2) b, typeof(?3) c", "7", "7.5", "seven")
        self.assertEqual(rows, [{"a": "integer", "b": "real", "c": "text"}])
        self.assertIn("2 parameters, but 1 value", self.refused(USAGE, "sql", self.store, "SELECT ?, ?", "1"))

    def test_nothing_is_changed_without_write(self):
        before = (self.folder / self.store).read_bytes()
        for sql in ("DELETE FROM params", "DROP TABLE params", "VACUUM", "VACUUM INTO 'copy.db'", "PRAGMA user_version = 7",
                    "CREATE TABLE t (x)", "SELECT 1; DELETE FROM params", "PRAGMA journal_mode = DELETE"):
            self.assertIn("--write", self.refused(USAGE, "sql", self.store, sql), sql)
        self.refused(FILE, "sql", self.store, "ATTACH 'new.db' AS n")
        self.assertEqual((self.folder / self.store).read_bytes(), before)
        self.assertNotIn("copy.db", self.files())
        self.assertNotIn("new.db", self.files())

    def test_write_is_one_transaction_that_keeps_the_books(self):
        self.paramstore("sql", "--write", self.store, "UPDATE params SET name = 'l' WHERE name = 'loc'; DELETE FROM params WHERE name = 'half'")
        self.assertEqual([name for name in self.files() if name.startswith("model.params.db")], ["model.params.db"])
        self.assertNotIn("half", self.lines("ls", self.store))
        self.assertEqual(self.sqlite(self.store, "SELECT revision FROM params WHERE name = 'l'"), [(6,)])
        self.refused(USAGE, "sql", "--write", self.store, "DELETE FROM params; SELECT * FROM absent")
        self.assertIn("l", self.lines("ls", self.store))
        error = self.refused(USAGE, "sql", "--write", self.store, "UPDATE params SET value = x'00' WHERE name = 'l'")
        self.assertIn("the length of value is not what shape and dtype say", error)
        self.paramstore("verify", self.store)

    def test_no_statement_leaves_the_transaction_of_write(self):
        for sql in ("COMMIT", "END", "ROLLBACK", "BEGIN"):
            error = self.refused(USAGE, "sql", "--write", self.store, sql + "; UPDATE params SET value = x'0000803f' WHERE name = 'loc'")
            self.assertIn("leave out BEGIN, COMMIT and ROLLBACK", error)
            self.assertEqual(self.paramstore("get", self.store, "loc"), "1.5\n", sql)
        self.paramstore("sql", "--write", self.store, "SAVEPOINT a; DELETE FROM params; ROLLBACK TO a; RELEASE a; "
                        "UPDATE params SET value = x'0000803f' WHERE name = 'loc'")
        self.assertEqual(self.paramstore("get", self.store, "loc"), "1.0\n")
        self.assertEqual(len(self.lines("ls", self.store)), len(NAMES))

    def test_changes_in_sql_have_a_message(self):
        statement = "UPDATE params SET name = 'l' WHERE name = 'loc'"
        self.paramstore("sql", "--write", "-a", "fold-1", self.store, statement + "; DELETE FROM \"fold-1\".params WHERE name = 'loc'")
        for store in (self.store, self.store + "//fold-1"):
            self.assertIn("paramstore sql " + statement, self.lines("log", "-n", "1", store)[1])
        revision = self.sqlite(self.store, "SELECT max(revision) FROM commits")
        self.paramstore("sql", "--write", self.store, "SELECT 1")
        self.assertEqual(self.sqlite(self.store, "SELECT max(revision) FROM commits"), revision)

    def test_scopes_can_be_joined(self):
        sql = 'SELECT m.name FROM main.params m JOIN "fold-1".params f ON m.name = f.name'
        self.assertEqual(self.lines("sql", "--attach", "fold-1", self.store, sql), ["name", "loc"])
        self.refused(USAGE, "sql", self.store, sql)
        self.refused(NO_SUCH, "sql", "-a", "fold-9", self.store, sql)

    def test_sql_from_the_standard_input(self):
        self.assertEqual(self.paramstore("sql", "--csv", self.store, "-", input=b"SELECT 1 AS a; -- comment\nSELECT 2 AS b;\n"),
                         "a\r\n1\r\nb\r\n2\r\n")

    def test_errors_of_sql_are_usage(self):
        self.assertIn("no such table: absent", self.refused(USAGE, "sql", self.store, "SELECT * FROM absent"))
        self.assertIn("syntax error", self.refused(USAGE, "sql", self.store, "SELEC"))
        self.refused(USAGE, "sql", self.store, "SELECT load_extension('x')")

    @with_libtorch
    def test_sql_that_names_constrained_values_loads_the_extension(self):
        self.assertEqual(self.lines("sql", "--csv", self.store, "SELECT Constrained AS c FROM param_values WHERE name = 'scale'"), ["c", "2.0"])
        self.assertEqual(self.lines("sql", "--csv", self.store, "SELECT constrained_shape(value, dtype, shape, constraint_tag) AS c "
                                    "FROM params WHERE name = 'scale'"), ["c", "[]"])
        self.paramstore("sql", "--write", self.store, "UPDATE params SET value = "
                        "unconstrained(x'0000803f', dtype, shape, constraint_tag) WHERE name = 'scale'")
        self.assertEqual(self.paramstore("get", self.store, "scale"), "0.0\n")

    def test_sql_about_constrained_values_without_the_extension_says_what_is_missing(self):
        for sql in ("SELECT constrained FROM param_values", "SELECT unconstrained(value, dtype, shape, constraint_tag) FROM params"):
            error = self.refused(USAGE, "sql", self.store, sql, PARAMSTORE_EXTENSION="/nowhere.so")
            self.assertIn("need the extension, but /nowhere.so does not exist; set PARAMSTORE_EXTENSION", error)
        error = self.refused(FILE, "sql", "--extension", self.store, "SELECT 1", PARAMSTORE_EXTENSION="/nowhere.so")
        self.assertIn("/nowhere.so: the extension cannot be loaded", error)
        self.assertEqual(self.lines("sql", "--csv", self.store, "SELECT 'constrained' AS c", PARAMSTORE_EXTENSION="/nowhere.so"),
                         ["c", "constrained"])

    def test_text_from_a_file_cannot_reach_the_terminal(self):
        self.assertNotIn("\x1b", self.paramstore("sql", self.store, "SELECT name FROM params"))


if __name__ == "__main__":
    main()
