"""A store that was copied without the files beside it: `verify` names what is missing."""

import shutil
import unittest

from command import FOUND, CommandTest, main


class CopiedStore(CommandTest):
    def setUp(self):
        super().setUp()
        self.sample("x.db")
        self.assertTrue((self.folder / "x.scopes").is_dir())

    def copy(self, *names):
        """Copies files and folders of the store to the folder `copy`."""
        (self.folder / "copy").mkdir()
        for name in names:
            source, target = self.folder / name, self.folder / "copy" / name
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)

    def test_whole_it_is_sound(self):
        self.copy("x.db", "x.scopes")
        for report in self.json("verify", "--json", "copy/x.db"):
            self.assertEqual((report["sound"], report["missing"], report["notes"]), (True, [], []))

    def test_without_its_scopes(self):
        self.copy("x.db")
        output = self.paramstore("verify", "copy/x.db", status=FOUND)
        self.assertIn("copy/x.db: missing: the scope 'fold-1': ", output)
        self.assertIn("x.scopes/fold-1.params.db does not exist; copy the folder x.scopes along with the store", output)
        report, = self.json("verify", "--json", "copy/x.db", status=FOUND)
        self.assertEqual((report["sound"], len(report["missing"]), report["damage"]), (False, 2, []))
        self.assertEqual(self.paramstore("verify", "-q", "copy/x.db", status=FOUND), "")

    def test_renamed_without_its_scopes(self):
        self.copy("x.db", "x.scopes")
        (self.folder / "copy/x.db").rename(self.folder / "copy/y.db")
        output = self.paramstore("verify", "copy/y.db", status=FOUND)
        self.assertIn("copy/x.scopes was copied along with this store, rename it to y.scopes", output)
        (self.folder / "copy/x.scopes").rename(self.folder / "copy/y.scopes")
        self.paramstore("verify", "copy/y.db")

    def test_a_scope_that_is_gone_for_good_can_be_dropped(self):
        self.copy("x.db")
        for scope in ("fold-1", "a/b"):
            self.paramstore("scopes", "copy/x.db", "--drop", scope)
        self.paramstore("verify", "copy/x.db")

    def test_without_its_log(self):
        import sqlite3
        connection = sqlite3.connect(self.folder / "x.db")  # keeps the log
        self.addCleanup(connection.close)
        connection.execute("UPDATE params SET constraint_tag = 'positive'")
        connection.commit()
        self.assertGreater((self.folder / "x.db-wal").stat().st_size, 0)
        self.copy("x.db", "x.scopes", "x.db-wal")
        for name in ("x.db", "x.scopes"):
            (self.folder / "copy" / name).rename(self.folder / "copy" / name.replace("x", "y"))
        output = self.paramstore("verify", "copy/y.db")  # nothing is wrong for certain
        self.assertIn("note: ", output)
        self.assertIn("copy/x.db-wal is the log of a store that does not exist", output)
        report = self.json("verify", "--json", "copy/y.db")[0]
        self.assertEqual((report["sound"], len(report["notes"])), (True, 1))


if __name__ == "__main__":
    main()
