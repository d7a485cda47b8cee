"""What sql prints of what it cannot print, and which values it takes."""

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
