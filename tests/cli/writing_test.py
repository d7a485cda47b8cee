"""set, rm, mv, cp, backup, compact: what they change, and what they refuse to."""

import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import threading
import unittest

from command import *


def npy(descr, shape, data, fortran=False):
    header = str({"descr": descr, "fortran_order": fortran, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


class Setting(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()

    def get(self, name):
        return self.json("get", "--json", self.store, name)

    def test_no_more_is_read_than_the_parameter_can_take(self):
        def endless(*arguments, input=None, limit=1 << 30):
            """The error of a `set` that is refused, with no more memory than that."""
            code = "import resource, subprocess, sys; resource.setrlimit(resource.RLIMIT_AS, (%d, %d)); " % (limit, limit)
            environment = dict(os.environ)
            if b"__asan_init" in pathlib.Path(PARAMSTORE).read_bytes():
                # It reserves terabytes of addresses, but can limit the memory that is used itself.
                code = "import subprocess, sys; "
                given = environment.get("ASAN_OPTIONS", "")
                environment["ASAN_OPTIONS"] = f"{given}:hard_rss_limit_mb={limit >> 20}".lstrip(":")
            code += "sys.exit(subprocess.run(sys.argv[1:]).returncode)"
            done = subprocess.run([sys.executable, "-c", code, PARAMSTORE, "set", self.store, *arguments], cwd=self.folder,
                                  stdin=input, capture_output=True, text=True, timeout=60, env=environment)
            self.assertEqual(done.returncode, USAGE, done.stderr)
            return done.stderr

        before = self.get("encoder.weight")
        text = "more than the %d bytes expected of text for shape [2, 3], 6 numbers" % ((64 << 10) + 6 * 64)
        self.assertIn("/dev/zero: has " + text, endless("encoder.weight", "--from", "/dev/zero"))
        with open("/dev/zero", "rb") as zeros:
            self.assertIn("the standard input: has " + text, endless("encoder.weight", "--from", "-", input=zeros))
        with subprocess.Popen(["yes", "1"], stdout=subprocess.PIPE) as yes:
            self.assertIn(text, endless("encoder.weight", "--from", "-", input=yes.stdout))
            yes.stdout.close()
            yes.wait()
        self.assertIn("a NUL byte", endless("new", "--create", "--from", "/dev/zero"))
        self.assertIn("3 numbers", endless("new", "--create", "--shape", "[3]", "--from", "/dev/zero"))
        # A header that promises more than the parameter, and one that keeps its promise without end.
        header = npy("<f4", (2, 1 << 40), b"")
        (self.folder / "huge.npy").write_bytes(header)
        self.assertIn("expected 24 bytes, for shape [2, 3]", endless("encoder.weight", "--from", "huge.npy"))
        (self.folder / "long.npy").write_bytes(npy("<f4", (2, 3), bytes(25)))
        self.assertIn("need 24 bytes, the file has more", endless("encoder.weight", "--from", "long.npy"))
        (self.folder / "header.npy").write_bytes(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{")
        self.assertIn("header has 4294967295 bytes; expected at most", endless("encoder.weight", "--from", "header.npy"))
        self.assertEqual(self.get("encoder.weight"), before)

    def test_a_number_or_json(self):
        self.paramstore("set", self.store, "loc", "-0.25")
        self.assertEqual(self.get("loc"), -0.25)
        self.paramstore("set", self.store, "encoder.weight", "[[1,2,3],[4,5,null]]")
        self.assertEqual(self.get("encoder.weight"), [[1, 2, 3], [4, 5, None]])
        self.paramstore("set", self.store, "wave", "[[1,2],[3,4]]")
        self.assertEqual(self.get("wave"), [[1, 2], [3, 4]])

    def test_it_is_a_commit_of_its_own_with_a_checksum(self):
        self.paramstore("set", self.store, "loc", "3")
        self.assertEqual(self.sqlite(self.store, "SELECT revision, checksum IS NULL, id FROM params WHERE name = 'loc'"), [(6, 0, 1)])
        self.assertIn("paramstore set loc", self.lines("log", "-n", "1", self.store)[1])
        self.paramstore("verify", self.store)

    def test_every_form_there_is_comes_back_as_it_was_written(self):
        for name in ("loc", "encoder.weight", "encoder.bias", "half", "brain", "wave", "wave128", "broken", "chunked"):
            before = self.sqlite(self.store, f"SELECT checksum, dtype, shape, constraint_tag FROM params WHERE name = '{name}'")
            for file in ("value.txt", "value.json", "value.npy"):
                self.paramstore("get", self.store, name, "-o", file)
                self.paramstore("set", self.store, name, "--from", file, *(["--dtype", "bfloat16"] if name == "brain" else []))
                after = self.sqlite(self.store, f"SELECT checksum, dtype, shape, constraint_tag FROM params WHERE name = '{name}'")
                self.assertEqual(after, before, (name, file))
        self.paramstore("get", self.store, "empty", "-o", "value.json")
        self.paramstore("set", self.store, "empty", "--from", "value.json")

    def test_values_come_through_a_pipe(self):
        self.paramstore("set", self.store, "encoder.weight", "--from", "-", input=b"1 2 3\n4 5 6\n")
        self.assertEqual(self.get("encoder.weight"), [[1, 2, 3], [4, 5, 6]])
        self.paramstore("set", self.store, "encoder.weight", "--from", "-",
                        input=npy("<f4", (2, 3), struct.pack("<6f", 1, 4, 2, 5, 3, 6), fortran=True))
        self.assertEqual(self.get("encoder.weight"), [[1, 2, 3], [4, 5, 6]])

    def test_another_shape_or_dtype_is_refused_unless_asked_for(self):
        self.assertIn("the value's shape is [2], the parameter's []", self.refused(USAGE, "set", self.store, "loc", "[1,2]"))
        (self.folder / "double.npy").write_bytes(npy("<f8", (), struct.pack("<d", 2)))
        self.assertIn("float64, the parameter float32", self.refused(USAGE, "set", self.store, "loc", "-f", "double.npy"))
        self.assertEqual(self.get("loc"), 1.5)
        self.paramstore("set", self.store, "loc", "--from", "double.npy", "--dtype", "float64", "--constraint", "positive")
        self.paramstore("set", self.store, "encoder.weight", "--from", "-", "--shape", "[3,2]", input=b"1 2 3 4 5 6")
        rows = self.json("ls", "--json", self.store, "loc", "encoder.weight")
        self.assertEqual([(row["dtype"], row["shape"], row["constraint"]) for row in rows],
                         [("float64", [], "positive"), ("float32", [3, 2], "real")])
        self.assertIn("6 numbers", self.refused(USAGE, "set", self.store, "encoder.weight", "--shape", "[7]", "--from", "-",
                                                input=b"1 2 3 4 5 6"))

    def test_what_makes_no_sense_is_refused_and_nothing_is_changed(self):
        before = self.sqlite(self.store, "SELECT max(revision) FROM commits")
        for arguments, part in ((["loc"], "give a VALUE"), (["loc", "1", "--from", "x"], "not both"), (["loc", "one"], "is not a number"),
                                (["loc", "[1"], "is not JSON"), (["loc", "1e39"], "too large for float32"), (["loc", "2j"], "complex"),
                                (["loc", "1", "--dtype", "int64"], "--dtype int64 is not a dtype"),
                                (["loc", "1", "--shape", "2,3"], "--shape 2,3 is not a shape"),
                                (["loc", "1", "--constraint", "interval(0"], "constraint tag"),
                                (["loc", "1", "--constraint", "interval(0)"], "interval(lower_bound, upper_bound) takes 2 arguments"),
                                (["loc", "1", "--constraint", "positive(1)"], "positive takes no arguments")):
            self.assertIn(part, self.refused(USAGE, "set", self.store, *arguments), arguments)
        self.assertIn("cannot be read", self.refused(FILE, "set", self.store, "loc", "--from", "missing.npy"))
        self.assertIn("pickle", self.refused(USAGE, "set", self.store, "loc", "--from", "-", input=npy("|O", (), b"x")) + "pickle")
        self.assertEqual(self.sqlite(self.store, "SELECT max(revision) FROM commits"), before)

    def test_a_name_that_is_not_ours_is_stored_with_a_warning(self):
        for tag, words in (("postive", "did you mean 'positive'?"), ("somebody_elses(1.0)", "'somebody_elses' is not one of")):
            self.paramstore("set", self.store, "loc", "1", "--constraint", tag, warning=words)
            self.assertEqual(self.json("ls", "--json", self.store, "loc")[0]["constraint"], tag)
        self.paramstore("set", self.store, "loc", "1", "--constraint", "positive")

    def test_sql_cannot_write_a_tag_with_wrong_arguments(self):
        before = self.sqlite(self.store, "SELECT max(revision) FROM commits")
        message = self.refused(USAGE, "sql", "--write", self.store, "UPDATE params SET constraint_tag = 'interval(0)' WHERE name = 'loc'")
        self.assertIn("parameter loc: the constraint tag interval(0) is invalid: interval(lower_bound, upper_bound) takes 2 arguments", message)
        self.assertEqual(self.sqlite(self.store, "SELECT max(revision) FROM commits"), before)
        self.paramstore("sql", "--write", self.store, "UPDATE params SET constraint_tag = 'somebody_elses(0)' WHERE name = 'loc'")

    def test_sql_changes_other_columns_of_a_row_whose_tag_is_invalid_already(self):
        self.sqlite(self.store, "UPDATE params SET constraint_tag = 'interval(0)' WHERE name = 'loc'")
        self.paramstore("sql", "--write", self.store, "UPDATE params SET name = 'moved' WHERE name = 'loc'")
        self.assertEqual(self.sqlite(self.store, "SELECT constraint_tag FROM params WHERE name = 'moved'"), [("interval(0)",)])
        message = self.refused(USAGE, "sql", "--write", self.store, "UPDATE params SET constraint_tag = 'interval(1)' WHERE name = 'moved'")
        self.assertIn("parameter moved: the constraint tag interval(1) is invalid", message)
        self.paramstore("sql", "--write", self.store, "UPDATE params SET constraint_tag = 'positive' WHERE name = 'moved'")

    def test_a_new_parameter_wants_to_be_created(self):
        self.assertIn("did you mean loc? (--create adds it)", self.refused(NO_SUCH, "set", self.store, "loca", "1"))
        self.paramstore("set", self.store, "new", "[[1,2]]", "--create", "--constraint", "positive", "--dtype", "bfloat16")
        row = self.json("ls", "--json", self.store, "new")[0]
        self.assertEqual((row["shape"], row["constraint"], row["dtype"]), ([1, 2], "positive", "bfloat16"))
        self.assertEqual(self.lines("ls", self.store)[-1], "new")
        self.refused(USAGE, "set", self.store, "", "1", "--create")

    def test_a_new_store_wants_to_be_created_and_a_new_scope(self):
        self.assertIn("no such file", self.refused(FILE, "set", "new.params.db", "a", "1"))
        self.assertNotIn("new.params.db", self.files())
        self.paramstore("set", "new.params.db", "a", "1", "--create")
        self.refused(NO_SUCH, "set", "new.params.db//fold", "a", "1")
        self.paramstore("set", "new.params.db//fold", "a", "1", "--create")
        self.assertEqual(self.lines("ls", "new.params.db//fold"), ["a"])

    def test_what_makes_no_sense_creates_nothing(self):
        before = self.files()
        for arguments in (["a", "one"], ["a", "[1"], ["a", "1", "--dtype", "int64"], ["a", "1", "--shape", "[2]"], ["", "1"],
                          ["a", "1", "--constraint", "interval(0"], ["a", "1e39"], ["n" * 1025, "1"]):
            for store in ("new.params.db", "new.params.db//s", self.store + "//new"):
                self.refused(USAGE, "set", store, *arguments, "--create")
                self.assertEqual(self.files(), before, arguments)
        self.refused(USAGE, "cp", self.store, "loc", "--to", "new.params.db", "--as", "n" * 1025)
        self.refused(USAGE, "mv", self.store, "loc", "--to", "new.params.db", "--as", "n" * 1025)
        self.assertEqual(self.files(), before)

    def test_a_scope_of_a_new_store(self):
        self.paramstore("set", "new.db//s", "x", "1", "--create")
        self.assertEqual(self.lines("ls", "new.db//s"), ["x"])
        self.paramstore("cp", self.store, "loc", "--to", f"{self.folder}//two.db//a//b")
        self.assertEqual(self.lines("ls", "two.db//a//b"), ["loc"])
        self.paramstore("mv", self.store, "loc", "--to", "three.db//t")
        self.assertEqual(self.lines("ls", "three.db//t"), ["loc"])
        (self.folder / "folder").mkdir()
        self.paramstore("set", "folder//new.db", "x", "1", "--create")
        self.assertEqual(self.lines("ls", "folder/new.db"), ["x"])
        self.assertIn("no such file", self.refused(FILE, "set", "four.db//s", "x", "1"))
        self.assertIn("must be followed by a scope's name", self.refused(USAGE, "set", "four.db//", "x", "1", "--create"))
        self.assertIn("does not exist", self.refused(FILE, "set", "no/such/folder.db//s", "x", "1", "--create"))

    @with_libtorch
    def test_a_constrained_value_is_stored_unconstrained(self):
        self.paramstore("set", "--constrained", self.store, "scale", "1")
        self.assertEqual(self.get("scale"), 0)
        self.assertEqual(self.paramstore("get", "-c", self.store, "scale"), "1.0\n")
        self.paramstore("set", "-c", self.store, "share", "[0.5, 0.5]", "--create", "--constraint", "simplex", "--dtype", "float64")
        for number in self.get("share"):
            self.assertAlmostEqual(number, math.log(0.5))
        # The shape given is the constrained value's.
        identity = "[[1, 0, 0], [0, 1, 0], [0, 0, 1]]"
        self.paramstore("set", "-c", self.store, "factor", identity, "--create", "--constraint", "corr_cholesky")
        self.assertEqual(self.get("factor"), [0, 0, 0])
        self.paramstore("set", self.store, "factor", "[1, 2, 3]")
        (self.folder / "identity.txt").write_text("1 0 0\n0 1 0\n0 0 1\n")
        self.paramstore("set", "-c", self.store, "factor", "--from", "identity.txt")
        self.assertEqual(self.get("factor"), [0, 0, 0])
        self.paramstore("verify", self.store)

    @with_libtorch
    def test_a_value_outside_the_constraint_is_refused_and_nothing_is_changed(self):
        before = (self.folder / self.store).read_bytes()
        error = self.refused(USAGE, "set", "--constrained", self.store, "scale", "-1")
        self.assertIn("scale", error)
        self.assertIn("expected a value under the constraint 'positive', found -1", error)
        error = self.refused(USAGE, "set", "-c", self.store, "scale", "[1, 2]")
        self.assertIn("shape", error)
        error = self.refused(USAGE, "set", "-c", self.store, "scale", "[3, 3]", "--constraint", "greater_than(float32[1.0,2.0])")
        self.assertIn("--shape", error)
        self.refused(NO_SUCH, "set", "-c", self.store, "scale", "1", "--constraint", "made_up")
        self.assertEqual((self.folder / self.store).read_bytes(), before)
        self.refused(USAGE, "set", "-c", "new.params.db", "x", "-1", "--create", "--constraint", "positive")
        self.assertNotIn("new.params.db", self.files())

    def test_a_constrained_value_without_the_extension_says_what_is_missing(self):
        error = self.refused(FILE, "set", "-c", self.store, "scale", "1", PARAMSTORE_EXTENSION="/nowhere.so")
        self.assertIn("/nowhere.so: the extension cannot be loaded", error)

    def test_a_directory_is_no_value(self):
        (self.folder / "values").mkdir()
        self.assertIn("values: is a directory", self.refused(FILE, "set", self.store, "loc", "--from", "values"))

    def test_messages_of_commits_are_text_and_not_too_long(self):
        long = "a" + "ü" * 500
        self.paramstore("set", self.store, long, "1", "--create")
        self.paramstore("rm", "-q", self.store, long, "a*b")
        message = self.sqlite(self.store, "SELECT message FROM commits ORDER BY revision DESC LIMIT 1")[0][0]
        self.assertTrue(message.startswith("paramstore rm aüü") and message.endswith("ü..."), message)
        self.assertLess(len(message.encode()), 1010)
        strange = os.fsdecode(b"strange\xff.db")
        os.rename(self.folder / self.store, self.folder / strange)
        self.paramstore("cp", strange, "loc", "--to", "copy.db")
        self.paramstore("mv", strange, "loc", "--to", "copy.db", "-f")
        for store in (strange, "copy.db"):
            self.assertIn(r"strange\xff.db" if store == "copy.db" else "paramstore mv to copy.db",
                          self.sqlite(store, "SELECT message FROM commits ORDER BY revision DESC LIMIT 1")[0][0])

    def test_names_may_be_anything(self):
        for name in ("a b", "grüße", "-x", "a:b//c", "*", "--", "line\nbreak2", 'quote"d'):
            self.paramstore("set", self.store, "--create", "--", name, "5")
            self.assertEqual(self.paramstore("get", self.store, "--", name), "5.0\n", name)
        self.assertIn("not valid UTF-8", self.refused(USAGE, "set", self.store, "--create", "--", b"\xff".decode("latin-1").encode("latin-1").decode("utf-8", "surrogateescape"), "5"))


class Removing(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()

    def test_names_and_globs_in_one_commit(self):
        self.assertEqual(self.lines("rm", self.store, "encoder.*", "loc", "a*b"),
                         ["removed loc", "removed encoder.weight", "removed encoder.bias", "removed a*b"])
        self.assertIn('a"b', self.lines("ls", self.store))  # a*b was a name
        self.assertEqual(self.sqlite(self.store, "SELECT max(revision) FROM commits"), [(6,)])

    def test_all_or_nothing(self):
        self.refused(NO_SUCH, "rm", self.store, "loc", "absent")
        self.assertIn("loc", self.lines("ls", self.store))

    def test_dry_run(self):
        self.assertEqual(self.lines("rm", "-n", self.store, "half", "brain"), ["would remove half", "would remove brain"])
        self.assertIn("half", self.lines("ls", self.store))
        self.assertEqual(self.sqlite(self.store, "SELECT max(revision) FROM commits"), [(5,)])

    def test_removing_nothing_is_a_mistake(self):
        self.refused(USAGE, "rm", self.store)


class MovingAndCopying(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()

    def test_rename_keeps_the_place(self):
        self.paramstore("mv", self.store, "scale", "log_scale")
        self.assertEqual(self.lines("ls", self.store)[:3], ["loc", "log_scale", "encoder.weight"])
        self.assertIn("already has a parameter half; --force", self.refused(NO_SUCH, "mv", self.store, "loc", "half"))
        self.paramstore("mv", "--force", self.store, "loc", "half")
        self.assertEqual(self.paramstore("get", self.store, "half"), "1.5\n")
        self.assertEqual(self.lines("ls", self.store)[0], "half")
        self.paramstore("mv", self.store, "half", "half")
        self.refused(NO_SUCH, "mv", self.store, "absent", "x")
        self.refused(USAGE, "mv", self.store, "half")
        self.refused(USAGE, "mv", self.store, "half", "")

    def test_copy_within_a_store(self):
        self.paramstore("cp", self.store, "chunked", "copy")
        self.assertEqual(self.paramstore("get", self.store, "copy"), self.paramstore("get", self.store, "chunked"))
        rows = self.json("ls", "--json", self.store, "copy", "chunked")
        self.assertEqual(rows[0]["constraint"], rows[1]["constraint"])
        self.refused(NO_SUCH, "cp", self.store, "loc", "copy")
        self.paramstore("cp", "-f", self.store, "loc", "copy")
        self.assertEqual(self.lines("ls", self.store)[-1], "copy")
        self.refused(USAGE, "cp", self.store, "loc")

    def test_who_copies_leaves_no_log_behind(self):
        before = self.files()
        for arguments in ([self.store, "loc", "loc2"], [self.store, "loc", "--to", "./" + self.store, "--as", "loc3"],
                          [self.store + "//fold-1", "only in fold-1", "--to", self.store],
                          [self.store, "half", "--to", self.store + "//fold-1"]):
            self.paramstore("cp", *arguments)
            self.assertEqual(self.files(), before, arguments)
        (self.folder / "alone.db").write_bytes((self.folder / self.store).read_bytes())
        self.assertEqual(self.lines("ls", "alone.db")[-3:], ["loc2", "loc3", "only in fold-1"])

    def test_copy_to_another_store_which_is_made(self):
        self.paramstore("cp", self.store, "encoder.*", "loc", "--to", "new.params.db")
        self.assertEqual(self.lines("ls", "new.params.db"), ["loc", "encoder.weight", "encoder.bias"])
        self.paramstore("diff", self.store, "new.params.db", "encoder.*")
        self.assertIn("already", self.refused(NO_SUCH, "cp", self.store, "half", "loc", "--to", "new.params.db"))
        self.assertNotIn("half", self.lines("ls", "new.params.db"))
        self.paramstore("cp", self.store, "half", "--to", "new.params.db", "--as", "quarter")
        self.assertEqual(self.paramstore("get", "new.params.db", "quarter"), "0.1 1.0 inf\n")
        self.refused(USAGE, "cp", self.store, "enc*", "--to", "new.params.db", "--as", "x")

    def test_copy_to_and_from_scopes(self):
        self.paramstore("cp", self.store, "loc", "--to", self.store + "//fold-1", "--force")
        self.assertEqual(self.paramstore("get", self.store + "//fold-1", "loc"), "1.5\n")
        self.paramstore("cp", self.store + "//fold-1", "only*", "--to", self.store)
        self.assertIn("only in fold-1", self.lines("ls", self.store))
        self.paramstore("cp", self.store, "loc", "--to", self.store + "//brand new")
        self.assertEqual(self.lines("ls", self.store + "//brand new"), ["loc"])
        self.assertIn("brand new", self.paramstore("scopes", self.store))

    def test_move_to_another_store(self):
        value = self.paramstore("get", self.store, "chunked")
        self.paramstore("mv", self.store, "chunked", "enc*", "--to", self.store + "//fold-1")
        self.assertNotIn("chunked", self.lines("ls", self.store))
        self.assertEqual(self.paramstore("get", self.store + "//fold-1", "chunked"), value)
        self.assertIn("the same store", self.refused(USAGE, "mv", self.store, "loc", "--to", "./" + self.store))
        scope_file = "model.params.scopes/fold-1.params.db"
        self.assertIn("the same store", self.refused(USAGE, "mv", "-f", self.store + "//fold-1", "loc", "--to", scope_file))
        self.assertIn("loc", self.lines("ls", self.store + "//fold-1"))
        self.assertIn("already", self.refused(NO_SUCH, "mv", self.store, "loc", "--to", self.store + "//fold-1"))
        self.assertIn("loc", self.lines("ls", self.store))
        self.paramstore("verify", self.store)


class Keeping(CommandTest):
    def test_backup_has_the_scopes_and_replaces_only_by_force(self):
        store = self.sample()
        self.paramstore("backup", store, "copy.params.db")
        self.assertEqual(len(self.lines("scopes", "copy.params.db")), 4)
        self.paramstore("diff", store, "copy.params.db")
        self.paramstore("diff", store + "//a/b", "copy.params.db//a/b")
        self.paramstore("verify", "copy.params.db")
        self.assertIn("--force", self.refused(NO_SUCH, "backup", store, "copy.params.db"))
        self.paramstore("rm", "-q", store, "loc")
        self.paramstore("backup", "--force", store, "copy.params.db")
        self.assertNotIn("loc", self.lines("ls", "copy.params.db"))
        self.paramstore("backup", "--no-scopes", store, "alone.params.db")
        self.assertEqual(len(self.lines("scopes", "alone.params.db")), 2)
        self.paramstore("backup", store + "//fold-1", "fold.params.db")
        self.assertEqual(self.lines("ls", "fold.params.db"), ["loc", "only in fold-1"])

    def test_scopes_of_the_target_are_a_part_of_it(self):
        store = self.sample()
        self.sample("out.db")
        self.paramstore("set", "out.db//fold-1", "mine", "1", "--create")
        (self.folder / "out.db").unlink()
        error = self.refused(NO_SUCH, "backup", store, "out.db")
        self.assertIn("out.db: its scope a/b already exists; --force", error)
        self.assertIn("mine", self.lines("ls", "out.scopes/fold-1.params.db"))
        self.assertFalse((self.folder / "out.db").exists())

        self.paramstore("scopes", "--drop", "a/b", store)
        self.paramstore("backup", "-f", store, "out.db")
        self.assertEqual(self.lines("ls", "out.db//fold-1"), ["loc", "only in fold-1"])
        self.assertEqual([row["scope"] for row in self.json("scopes", "--json", "out.db")], [None, "fold-1"])
        newest = "SELECT max(revision) FROM commits"
        self.assertEqual(self.sqlite("out.db", newest), self.sqlite(store, newest))
        self.paramstore("backup", "-f", "--no-scopes", store, "out.db")
        self.assertEqual(len(self.json("scopes", "--json", "out.db")), 1)

    def test_backup_does_not_overwrite_what_is_no_store(self):
        store = self.sample()
        (self.folder / "notes.txt").write_text("mine" * 100)
        self.refused(DAMAGED, "backup", "--force", store, "notes.txt")
        self.assertNotIn("notes.txt.scopes", self.files())
        self.assertEqual((self.folder / "notes.txt").read_text(), "mine" * 100)
        self.refused(FILE, "backup", store, "no/such/folder.db")

    def test_backups_while_others_write_are_each_one_commit(self):
        training = subprocess.Popen([WRITE_STORE, self.folder / "t.params.db", "train", "300", "2"], stdout=subprocess.PIPE)
        training.stdout.readline()
        seen = set()
        for i in range(5):
            self.paramstore("backup", "t.params.db", f"b{i}.params.db")
            self.paramstore("verify", f"b{i}.params.db")
            values = {float(word) for word in self.paramstore("get", f"b{i}.params.db", "weight").split()}
            self.assertEqual(len(values), 1)
            step = self.sqlite(f"b{i}.params.db", "SELECT step FROM commits ORDER BY revision DESC LIMIT 1")[0][0]
            self.assertEqual(values, {float(step)})
            seen |= values
        self.assertEqual(training.wait(), 0)
        training.stdout.close()
        self.assertGreater(len(seen), 1)

    def test_compact(self):
        subprocess.run([WRITE_STORE, self.folder / "many.params.db", "many", "5000"], check=True)
        self.paramstore("rm", "-q", "many.params.db", "layer.[1-9]*")
        before = (self.folder / "many.params.db").stat().st_size
        self.assertRegex(self.paramstore("compact", "many.params.db"), r"^many\.params\.db: .* -> .*\n$")
        self.assertLess((self.folder / "many.params.db").stat().st_size, before / 2)
        self.assertEqual(self.lines("ls", "many.params.db"), ["layer.0.weight"])
        self.assertEqual(self.files(), ["many.params.db"])
        self.assertEqual(self.paramstore("compact", "-q", "many.params.db"), "")

    def test_a_store_that_is_locked_is_busy(self):
        store = self.sample()
        connection = sqlite3.connect(self.folder / store)
        connection.execute("BEGIN IMMEDIATE")
        try:
            error = self.refused(BUSY, "set", store, "loc", "1")
            self.assertIn("held the lock", error)
            self.assertNotIn("option", error)  # the command has none for this
            self.assertEqual(self.paramstore("get", store, "loc"), "1.5\n")  # who reads does not wait
        finally:
            connection.close()

    def test_writers_lose_nothing_of_each_other(self):
        store = self.sample()
        def write(first):
            for i in range(5):
                self.paramstore("set", store, f"p{first}.{i}", str(i), "--create")
        threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len([name for name in self.lines("ls", store, "p*") if name[1].isdigit()]), 20)
        self.paramstore("verify", store)


if __name__ == "__main__":
    main()
