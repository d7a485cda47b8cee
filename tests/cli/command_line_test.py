"""The command line: words arrive as they were typed, whatever is in them, and what makes no sense is refused in words."""

import unittest

from command import *

# Each would be something else to a parser that reads lists, escapes and placeholders into its words.
ODD = ["[ab]", "[x]", "[1,2]", "[[aa]]", "[]", "{}", "%%", "[a", "\x01", "\x01[a]", "a,b", "show", "--", "-l"]


class Words(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = "m.db"
        for name in ["a", "b", "c", "ab", *ODD]:
            self.paramstore("set", "--create", self.store, "--", name, "1")

    def test_brackets_are_globs_or_names(self):
        self.assertEqual(self.lines("ls", self.store, "[ab]"), ["[ab]"])  # exactly a name
        self.paramstore("rm", "-q", self.store, "[ab]")
        self.assertEqual(self.lines("ls", self.store, "[ab]"), ["a", "b"])
        self.assertEqual(self.lines("ls", self.store, "[a-c]"), ["a", "b", "c"])
        self.assertEqual(self.lines("rm", "-n", self.store, "[b-c]"), ["would remove b", "would remove c"])
        self.assertEqual(self.lines("rm", "-n", self.store, "[x]"), ["would remove [x]"])
        self.assertIn("no parameter matches [y,z]", self.refused(NO_SUCH, "rm", self.store, "[y,z]"))

    def test_every_argument_is_taken_as_it_is(self):
        for name in ODD:
            with self.subTest(name):
                found = self.json("ls", "--json", "--", self.store, name)
                self.assertEqual([each["name"] for each in found], [name])
                self.assertEqual(self.json("show", "--json", self.store, "--", name)[0]["name"], name)
                self.assertEqual(self.paramstore("get", self.store, "--", name), "1.0\n")
                self.paramstore("cp", self.store, "--", "c", name + "new")
                self.paramstore("mv", self.store, "--", name + "new", name + "newer")
                self.assertEqual(self.lines("rm", self.store, "--", name + "newer")[0][:8], "removed ")

    def test_every_value_of_sql_is_taken_as_it_is(self):
        rows = self.json("sql", "--json", self.store, "SELECT ?1 AS a, ?2 AS b", "[1,2]", "5")
        self.assertEqual(rows, [{"a": "[1,2]", "b": 5}])
        for value in ODD:
            rows = self.json("sql", "--json", self.store, "SELECT ?1 AS a", "--", value)
            self.assertEqual(rows, [{"a": value}])

    def test_every_value_of_an_option_is_taken_as_it_is(self):
        for scope in ["[ab]", "[1,2]", "{}", "[[aa]]", "-x"]:
            self.paramstore("set", "--create", f"{self.store}//{scope}", "inside", "1")
            sql = f'SELECT name FROM "{scope}".params'
            for words in (["--attach", scope], ["--attach=" + scope], ["-a", scope], ["-a" + scope]):
                self.assertEqual(self.lines("sql", *words, self.store, sql), ["name", "inside"], words)
        self.assertEqual(self.lines("sql", "-a", "[1,2]", self.store, "-a", "{}", 'SELECT count(*) AS n FROM "[1,2]".params, "{}".params'),
                         ["n", "1"])
        self.paramstore("cp", self.store, "a", "--to", self.store + "//other", "--as", "[[aa]]")
        self.assertEqual(self.lines("ls", self.store + "//other"), ["[[aa]]"])
        self.paramstore("set", self.store, "a", "[[7,7]]", "--shape", "[1,2]")
        self.assertEqual(self.json("get", "--json", self.store, "a"), [[7, 7]])
        self.paramstore("set", self.store, "a", "[[11]]", "--shape", "[1,1]")
        self.assertEqual(self.json("get", "--json", self.store, "a"), [[11]])

    def test_short_options_stand_together_and_options_anywhere(self):
        self.assertEqual(self.lines("ls", "-rsname", self.store, "a", "b"), ["b", "a"])
        self.assertEqual(self.lines("ls", self.store, "a", "-rs", "name", "b"), ["b", "a"])
        self.assertEqual(self.lines("ls", self.store, "b", "a", "--sort=name"), ["a", "b"])


class Dashes(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()

    def test_a_number_may_be_negative(self):
        for word, number in (("-1.5", "-1.5"), ("-.5", "-0.5"), ("-inf", "-inf"), ("-nan", "nan"), ("-Infinity", "-inf"), ("-1e-3", "-0.001")):
            self.paramstore("set", self.store, "loc", word)
            self.assertEqual(self.paramstore("get", self.store, "loc"), number + "\n", word)
        self.paramstore("set", self.store, "wave", "-.5-2j", "--shape", "[]")
        self.assertEqual(self.paramstore("get", self.store, "wave"), "-0.5-2.0j\n")
        self.assertEqual(self.json("sql", "--json", self.store, "SELECT ?1 AS a, ?2 AS b", "-7", "-.5"), [{"a": -7, "b": -0.5}])

    def test_a_name_with_a_dash_is_told_how_it_can_be_written(self):
        for arguments in (["get", self.store, "-dash"], ["rm", self.store, "-dash"], ["set", self.store, "loc", "-infinite"]):
            error = self.refused(USAGE, *arguments)
            self.assertIn(f"{arguments[0]} has no option {arguments[-1]}; if it is a name or a value, put -- before it", error)
            self.assertIn(f"see paramstore {arguments[0]} --help", error)
        self.assertIn("no option --colour", self.refused(USAGE, "ls", self.store, "--colour=red"))
        self.assertIn("Put -- before a name", self.paramstore("--help"))

    def test_what_has_no_letter_behind_its_dashes_is_no_option(self):
        for name in ("-", "-.", "- a", "-_a", "---a", "--1", "-2x"):
            self.paramstore("set", "--create", self.store, name, "5")
            self.assertEqual(self.paramstore("get", self.store, name), "5.0\n")
        self.assertEqual(self.paramstore("sql", "--csv", self.store, "-- which\nSELECT 1 AS a"), "a\r\n1\r\n")

    def test_an_option_that_lacks_its_value(self):
        self.assertIn("--output", self.refused(USAGE, "get", self.store, "loc", "-o"))


class Numbers(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()

    def test_counts_are_whole_and_not_negative(self):
        for verb, option in (("log", "-n"), ("log", "--count"), ("watch", "-n"), ("watch", "--top")):
            for word in ("-1", "two", "1.5", "", "99999999999999999999", "-nan", "[1]"):
                error = self.refused(USAGE, verb, self.store, option, word)
                self.assertIn(f"{word} is not a whole number from 0 up", error)
        self.assertEqual(self.lines("log", "-n", "0", self.store), [])
        self.assertEqual(len(self.lines("log", "-n2", self.store)), 3)

    def test_other_numbers_lie_where_they_make_sense(self):
        for word in ("much", "", "1x", "nan"):
            self.assertIn(f"{word} is not a number", self.refused(USAGE, "diff", self.store, self.store, "-t", word))
        for word in ("-1", "-inf"):
            self.assertIn(f"{word} is not a number from 0 up", self.refused(USAGE, "diff", self.store, self.store, "-t", word))
        for word in ("0", "-1", "inf", "1e9"):
            self.assertIn(f"{word} is not a number from 0.001 to 86400", self.refused(USAGE, "watch", self.store, "-i", word))
        self.assertIn("colour is not one of insertion, name, size, revision", self.refused(USAGE, "ls", self.store, "-s", "colour"))


if __name__ == "__main__":
    main()
