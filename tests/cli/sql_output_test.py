"""What sql prints of what it cannot print, and which values it takes."""

import signal
import time
import unittest

from command import *


class Output(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()

    def test_columns_of_one_name_are_no_json_object(self):
        sql = "SELECT a.name, b.name, 1 AS one FROM params a, params b ORDER BY a.id, b.id LIMIT 1"
        error = self.refused(USAGE, "sql", "--json", self.store, sql)
        self.assertIn("several columns called name, but a JSON object can hold only one; rename them with AS", error)
        self.assertEqual(self.paramstore("sql", "--csv", self.store, sql), "name,name,one\r\nloc,loc,1\r\n")
        sql = sql.replace("b.name", "b.name AS other")
        self.assertEqual(self.json("sql", "--json", self.store, sql), [{"name": "loc", "other": "loc", "one": 1}])

    def test_each_format(self):
        sql = "SELECT 'a|b' AS [x|y], 7 AS number, x'00ff' AS blob, NULL AS nil UNION ALL SELECT 'c' || char(10) || '_d*', 1.5, 'grüße', ''"
        self.assertEqual(self.paramstore("sql", self.store, sql), self.paramstore("sql", "--table", self.store, sql))
        self.assertEqual(self.lines("sql", "--table", self.store, sql),
                         ["x|y     number  blob       nil", "a|b          7  <2 bytes>", "c\\n_d*     1.5  grüße"])
        self.assertEqual(self.lines("sql", "--markdown", self.store, sql),
                         ["| x\\|y | number | blob | nil |", "| --- | ---: | --- | --- |", "| a\\|b | 7 | \\<2 bytes> |  |",
                          "| c\\\\n_d\\* | 1.5 | grüße |  |"])
        self.assertEqual(self.paramstore("sql", "--csv", self.store, sql),
                         'x|y,number,blob,nil\r\na|b,7,00ff,\r\n"c\n_d*",1.5,grüße,\r\n')
        self.assertEqual(self.json("sql", "--json", self.store, sql),
                         [{"x|y": "a|b", "number": 7, "blob": "00ff", "nil": None},
                          {"x|y": "c\n_d*", "number": 1.5, "blob": "grüße", "nil": ""}])

    def test_a_result_without_rows_in_each_format(self):
        sql = "SELECT name, id FROM params WHERE id < 0"
        for name, printed in (("table", "name  id\n"), ("markdown", "| name | id |\n| --- | --- |\n"), ("csv", "name,id\r\n"), ("json", "[\n]\n")):
            self.assertEqual(self.paramstore("sql", "--" + name, self.store, sql), printed)

    def test_markdown_shows_markup_as_text(self):
        sql = "SELECT '__init__' AS a, 'encoder_weight' AS b, '`<b>`' AS c, '[x](y) ~~z~~ &amp;' AS d"
        self.assertEqual(self.lines("sql", "--markdown", self.store, sql)[2],
                         r"| \_\_init\_\_ | encoder_weight | \`\<b>\` | \[x](y) \~\~z\~\~ \&amp; |")

    def test_one_format_at_a_time(self):
        self.assertIn("--markdown excludes --csv", self.refused(USAGE, "sql", "--csv", "--markdown", self.store, "SELECT 1"))

    def test_rows_come_as_they_are_computed(self):
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        for name, first in (("markdown", b"| i |\n| ---: |\n| 1 |\n"), ("csv", b"i\r\n1\r\n2\r\n"), ("json", b'[\n  {"i":1},')):
            running = subprocess.Popen([PARAMSTORE, "sql", "--" + name, self.store, endless], cwd=self.folder, stdout=subprocess.PIPE,
                                       env=environment())
            self.assertEqual(running.stdout.read(len(first)), first)
            running.stdout.close()
            self.assertEqual(running.wait(timeout=60), -signal.SIGPIPE)

    def test_ctrl_c_ends_a_statement_cleanly(self):
        before = self.files()
        endless = "SELECT 'begun'; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        for options, sql in (((), endless), (("--write",), "DELETE FROM params; " + endless)):
            # What is printed stays in the command until it ends: a change of the folder tells that it has begun.
            running = subprocess.Popen([PARAMSTORE, "sql", "--csv", *options, self.store, sql], cwd=self.folder, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, env=environment())
            while self.files() == before:
                self.assertIsNone(running.poll())
                time.sleep(0.01)
            time.sleep(0.3)
            running.send_signal(signal.SIGINT)
            _, error = running.communicate(timeout=60)
            self.assertEqual((running.returncode, error), (INTERRUPTED, b"paramstore sql: interrupted\n"))
            self.assertEqual(self.files(), before)
        self.assertIn("loc", self.lines("ls", self.store))

    def test_sql_that_an_option_makes_valid_names_it(self):
        sql = 'SELECT * FROM "fold-1".params'
        error = self.refused(USAGE, "sql", self.store, sql)
        self.assertIn("no such table: fold-1.params; if fold-1 is a scope of the store, attach it with -a fold-1", error)
        self.paramstore("sql", "-a", "fold-1", self.store, sql)
        self.assertIn("attach it with -a a/b", self.refused(USAGE, "sql", self.store, 'PRAGMA "a/b".user_version'))
        self.assertNotIn("attach", self.refused(USAGE, "sql", self.store, "SELECT * FROM main.absent"))
        self.assertNotIn("attach", self.refused(USAGE, "sql", "-a", "fold-1", self.store, 'SELECT * FROM "fold-1".absent'))

    def test_without_sql_it_reads_the_standard_input(self):
        self.assertEqual(self.paramstore("sql", "--csv", self.store, input=b"SELECT 1 AS a;\nSELECT 2 AS b"), "a\r\n1\r\nb\r\n2\r\n")
        self.assertEqual(self.paramstore("sql", self.store, "", input=b"SELECT 1"), "")

    def test_columns_of_one_name_change_nothing(self):
        self.refused(USAGE, "sql", "--json", "--write", self.store,
                     "DELETE FROM params WHERE name = 'loc'; SELECT name, name FROM params")
        self.assertIn("loc", self.lines("ls", self.store))

    def test_values_that_nothing_asks_for_are_a_mistake(self):
        for sql, has in (("SELECT 1", "0 parameters"), ("SELECT ?1, ?1", "1 parameter"), ("-- nothing", "0 parameters")):
            self.assertIn(f"the SQL has {has}, but 2 values came after it", self.refused(USAGE, "sql", self.store, sql, "7", "8"))
            self.assertEqual(self.output, b"", sql)
        self.refused(USAGE, "sql", "--write", self.store, "DELETE FROM params WHERE name = ?1; SELECT 1; ;-- end\n", "loc", "8")
        self.assertIn("loc", self.lines("ls", self.store))
        self.paramstore("sql", "--csv", self.store, "SELECT ?1; SELECT ?2", "7", "8")
        self.assertEqual(self.paramstore("sql", "--csv", self.store, "SELECT ?1 AS a; SELECT ?2 AS b; SELECT 1 AS c;", "7", "8"),
                         "a\r\n7\r\nb\r\n8\r\nc\r\n1\r\n")


if __name__ == "__main__":
    main()
