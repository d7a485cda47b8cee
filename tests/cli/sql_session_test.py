"""A person types SQL at a terminal: the session of `paramstore sql STORE`."""

import fcntl
import os
import pty
import select
import signal
import stat
import struct
import termios
import time
import unittest

from command import *

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;"


class Session(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()
        self.history = self.folder / "state" / "paramstore" / "sql_history"
        self.pid = None
        self.addCleanup(self.kill)

    def start(self, *options, **changes):
        changes = {"XDG_STATE_HOME": str(self.folder / "state"), "HOME": str(self.folder / "home"), "NO_COLOR": "1", **changes}
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(self.folder)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 50, 300, 0, 0))  # no line is folded
            os.execve(PARAMSTORE, [PARAMSTORE, "sql", *options, self.store], environment(**changes))
        return self.until("sql> ")

    def press(self, keys):
        """Types once the line editor reads: before that, the terminal itself shows what is typed, and obeys Ctrl-C."""
        deadline = time.monotonic() + 60
        while termios.tcgetattr(self.terminal)[3] & termios.ICANON:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)
        time.sleep(0.02)
        os.write(self.terminal, keys.encode())

    def kill(self):
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.terminal)

    def until(self, end):
        """What appears until that does, which must be at the end of a line."""
        shown = b""
        deadline = time.monotonic() + 60
        while not (text := shown.decode(errors="replace").replace("\r\n", "\n")).endswith(end):
            self.assertLess(time.monotonic(), deadline, f"{end!r} does not appear: {shown!r}")
            if select.select([self.terminal], [], [], 0.1)[0]:
                shown += os.read(self.terminal, 65536)
        return text

    def type(self, text, prompt="sql> "):
        """What appears after a line has been typed, without the line itself and the next prompt."""
        self.press(text + "\n")
        return self.until(prompt).partition("\n")[2].removesuffix(prompt)

    def end(self, keys="\x04"):
        """Ends the session: what it says last, and its exit status."""
        if keys:
            self.press(keys)
        shown = b""
        while True:
            try:
                more = os.read(self.terminal, 65536)
            except OSError:  # Linux's way to say that the other side is closed
                break
            if not more:
                break
            shown += more
        _, status = os.waitpid(self.pid, 0)
        os.close(self.terminal)
        self.pid = None
        return shown.decode(errors="replace").replace("\r\n", "\n"), os.waitstatus_to_exitcode(status)

    def test_statements_end_with_a_semicolon_and_errors_do_not_end_the_session(self):
        before = self.files()
        self.assertIn("model.params.db, read only (--write allows changes)", self.start())
        self.assertEqual(self.type("SELECT name, id FROM params WHERE id = 1;"), "name  id\nloc    1\n")
        self.type("SELECT 'a;", " ...> ")
        self.type("b' AS text", " ...> ")
        self.assertEqual(self.type("; SELECT 2 AS two;"), "text\na;\\nb\ntwo\n  2\n")
        self.assertIn('error: near "SELEC": syntax error', self.type("SELEC;"))
        self.assertIn("attach it with -a fold-1", self.type('SELECT * FROM "fold-1".params;'))
        self.assertIn("--write", self.type("DELETE FROM params;"))
        self.assertIn("a session has no values", self.type("SELECT ?1;"))
        self.assertEqual(self.type("SELECT count(*) AS n FROM params;").split(), ["n", "18"])
        self.assertEqual(self.end()[1], DONE)
        self.assertEqual([name for name in self.files() if not name.startswith("state")], before)

    def test_the_last_statement_needs_its_semicolon(self):
        self.start("--write")
        self.type("DELETE FROM params", " ...> ")
        shown, status = self.end()
        self.assertIn("did not end with a semicolon, and was not run", shown)
        self.assertEqual(status, DONE)
        self.assertIn("loc", self.lines("ls", self.store))

    def test_ctrl_c_drops_the_line_or_stops_the_statement(self):
        self.start()
        self.type("SELECT 1", " ...> ")
        self.press("SELEC\x03")
        self.until("sql> ")
        self.assertEqual(self.type("SELECT 3 AS x;"), "x\n3\n")
        self.press(ENDLESS + "\n")
        self.until("FROM n;\n")
        time.sleep(0.3)
        os.write(self.terminal, b"\x03")
        self.assertIn("error: interrupted", self.until("sql> "))
        self.assertEqual(self.type("SELECT 4 AS x;"), "x\n4\n")
        self.assertEqual(self.end()[1], DONE)

    def test_sigterm_ends_it_cleanly(self):
        before = self.files()
        for options in ((), ("--write",)):
            self.start(*options, PARAMSTORE_HISTORY="")
            self.type("SELECT count(*) FROM params;")
            time.sleep(0.3)  # until it reads
            os.kill(self.pid, signal.SIGTERM)
            shown, status = self.end("")
            self.assertEqual(status, INTERRUPTED, shown)
            self.assertEqual(self.files(), before)

    def test_dot_commands(self):
        self.start("-a", "fold-1")
        rows = [line.split() for line in self.type(".tables").splitlines()]
        self.assertEqual(rows[0], ["schema", "name", "type"])
        for row in (["main", "params", "table"], ["main", "param_list", "view"], ["temp", "param_stats", "virtual"],
                    ["fold-1", "params", "table"]):
            self.assertIn(row, rows)
        self.assertFalse([row for row in rows if row[1].startswith("sqlite_")])
        self.type("SELECT count(*) FROM tensor_each(x'00000000', 'float32', '[1]');")
        self.assertEqual([line.split() for line in self.type("  .tables").splitlines()], rows)
        schema = self.type(".schema commits")
        self.assertIn("-- in main\nCREATE TABLE commits (\n  revision INTEGER PRIMARY KEY", schema)
        self.assertIn("-- in fold-1\nCREATE TABLE commits (\n", schema)
        self.assertNotIn("CREATE TABLE params", schema)
        self.assertIn("CREATE TABLE params", self.type(".schema"))
        self.assertIn("no table or view parms; did you mean params?", self.type(".schema parms"))
        help = self.type(".help")
        for command in (".tables", ".schema [NAME]", ".mode [FORMAT]", ".help", ".quit"):
            self.assertIn(command + " ", help)
        self.assertIn("there is no command .tabels; did you mean .tables?", self.type(".tabels"))
        self.assertIn("there is no command .frobnicate; .help lists the commands", self.type(".frobnicate"))
        self.assertIn(".quit takes no argument", self.type(".quit now"))
        self.assertEqual(self.end(".quit\n")[1], DONE)

    def test_sql_that_names_constrained_values_loads_the_extension(self):
        self.start(PARAMSTORE_EXTENSION="/nowhere.so")
        self.assertIn("need the extension, but /nowhere.so does not exist", self.type("SELECT constrained FROM param_values;"))
        self.end()
        if TRANSFORMS.exists():
            self.start()
            self.assertEqual(self.type("SELECT constrained FROM param_values WHERE name = 'loc';"), "constrained\n        1.5\n")
            self.end()

    def test_modes(self):
        self.start("--csv")
        sql = "SELECT 'a' AS x, 1 AS y;"
        self.assertEqual(self.type(sql), "x,y\r\na,1\r\n")
        self.assertEqual(self.type(".mode"), "csv\n")
        for name, printed in (("json", '[\n  {"x":"a","y":1}\n]\n'), ("markdown", "| x | y |\n| --- | ---: |\n| a | 1 |\n"), ("table", "x  y\na  1\n")):
            self.assertEqual(self.type(".mode " + name), "")
            self.assertEqual(self.type(sql), printed)
        self.assertIn("there is no format html; the formats are table, markdown, csv, json", self.type(".mode html"))
        self.assertEqual(self.type(sql), "x  y\na  1\n")
        self.end()

    def test_text_from_the_file_is_escaped_in_every_mode(self):
        self.sqlite(self.store, "CREATE TABLE [odd \x1b[2J] (x TEXT DEFAULT '\x1b[31m')")
        self.start()
        sql = "SELECT name AS n FROM params WHERE name GLOB '*red' OR name GLOB 'turned*';"
        for name in ("table", "markdown", "csv", "json"):
            self.type(".mode " + name)
            shown = self.type(sql) + self.type(".tables") + self.type(".schema")
            self.assertIn("red", shown)
            for bad in "\x1b", "\u202e":
                self.assertNotIn(bad, shown, name)
        self.assertIn('{"n":"\\u001b[31mred"}', self.type(".mode json") + self.type(sql))
        self.end()

    def test_a_changing_statement_is_a_transaction_with_a_message(self):
        self.start("--write", "-a", "fold-1")
        self.assertEqual(self.type("DELETE FROM params WHERE name = 'loc'; DELETE FROM \"fold-1\".params WHERE name = 'loc';"), "")
        self.assertNotIn("loc", self.lines("ls", self.store))  # while the session is open
        self.assertIn("paramstore sql DELETE FROM params WHERE name = 'loc'", self.lines("log", "-n", "1", self.store)[1])
        self.assertIn("params WHERE name = 'loc'", self.lines("log", "-n", "1", self.store + "//fold-1")[1])
        self.assertIn("error: ", self.type("UPDATE params SET value = x'00' WHERE name = 'scale';"))
        self.paramstore("rm", "-q", self.store, "half")  # nothing is locked
        self.assertEqual(self.end()[1], DONE)
        self.paramstore("verify", self.store)

    def test_an_invalid_constraint_tag_is_refused_with_and_without_a_transaction_of_the_users(self):
        before = self.sqlite(self.store, "SELECT constraint_tag FROM params WHERE name = 'loc'")
        wrong = "UPDATE params SET constraint_tag = 'interval(0)' WHERE name = 'loc';"
        self.start("--write")
        self.assertIn("interval(lower_bound, upper_bound) takes 2 arguments", self.type(wrong))
        self.type("BEGIN;", "sql*> ")
        self.assertIn("interval(lower_bound, upper_bound) takes 2 arguments", self.type(wrong, "sql*> "))
        self.type("DELETE FROM params WHERE name <> 'loc';", "sql*> ")
        self.type("COMMIT;")
        self.assertEqual(self.end()[1], DONE)
        self.assertEqual(self.sqlite(self.store, "SELECT constraint_tag FROM params"), before)

    def test_the_users_own_transaction(self):
        for begin in ("BEGIN;", "begin immediate;"):
            self.start("--write")
            count = len(self.lines("ls", self.store))
            self.type(begin, "sql*> ")
            self.type("DELETE FROM params WHERE name <> 'loc';", "sql*> ")
            self.assertEqual(self.type("SELECT count(*) AS n FROM params;", "sql*> ").split(), ["n", "1"])
            self.assertIn("syntax error", self.type("SELEC;", "sql*> "))
            self.assertEqual(len(self.lines("ls", self.store)), count)
            self.type("ROLLBACK;")
            self.type(begin, "sql*> ")
            self.type(f"DELETE FROM params WHERE id = (SELECT max(id) FROM params); -- {begin}", "sql*> ")
            self.type("COMMIT;")
            self.assertEqual(len(self.lines("ls", self.store)), count - 1)
            self.assertIn("paramstore sql DELETE FROM params WHERE id", self.lines("log", "-n", "1", self.store)[1])
            self.type(begin, "sql*> ")
            self.type("DELETE FROM params;", "sql*> ")
            self.assertIn("the open transaction has been rolled back", self.end()[0])
            self.assertEqual(len(self.lines("ls", self.store)), count - 1)

    def test_tab_completes_commands_and_tables(self):
        self.start("-a", "fold-1")
        self.assertEqual(self.type(".mo\ttable"), "")
        self.assertEqual(self.type("SELECT count(*) AS n FROM commi\t;"), f"n\n{len(self.lines('log', self.store)) - 1}\n")
        self.assertEqual(self.type('SELECT count(*) AS n FROM "f\tparams;'), "n\n2\n")
        for keys, line in (("SELECT 1 FROM param\t", "SELECT 1 FROM param"), ("_\t", "SELECT 1 FROM param_")):
            self.press(keys)
            listed = self.until("sql> " + line)  # the line is shown again under the list
            for name in ("param_list", "param_stats", "param_values"):
                self.assertIn(name, listed)
        os.write(self.terminal, b"\x03")
        self.until("sql> ")
        self.end()

    def test_ctrl_c_while_tab_looks_for_tables_drops_the_line(self):
        columns = ", ".join(f"a{i}" for i in range(100))
        self.sqlite(self.store, "BEGIN", *(f"CREATE TABLE many_{i} ({columns})" for i in range(2000)))
        self.start()
        self.type("SELECT 1;")  # reads the schema
        for pause in (0.001, 0.01, 0.05):
            self.press("SELECT 1 FROM many\t")
            time.sleep(pause)  # Tab is looking by then, at least once
            os.write(self.terminal, b"\x03")
            self.until("sql> ")
            self.assertEqual(self.type("SELECT 3 AS x;"), "x\n3\n")
        self.assertEqual(self.end()[1], DONE)

    def test_the_history_survives_and_only_its_owner_reads_it(self):
        self.addCleanup(os.umask, os.umask(0))
        self.start()
        self.type("SELECT 1 AS x,", " ...> ")
        self.type(" 'grüße' AS y;")
        self.type("SELECT 1 AS x,", " ...> ")
        self.type(" 'grüße' AS y;")
        self.type("SELEC;")
        self.end()
        self.assertEqual(stat.S_IMODE(self.history.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.history.parent.stat().st_mode), 0o700)
        kept = self.history.read_bytes()
        self.assertEqual(len(kept.splitlines()), 3, kept)  # libedit's first line; one per statement, without repetitions
        self.start()
        self.press("\x1b[A\x1b[A")
        self.until("AS y;")
        self.press("\n")
        self.assertRegex(self.until("sql> "), r"(?s)x  y.*1  grüße")
        self.end()
        self.assertTrue(self.history.read_bytes().startswith(kept))
        self.assertEqual(len(self.history.read_bytes().splitlines()), 4)

    def test_the_environment_says_where_the_history_is(self):
        for changes, file in (({}, "state/paramstore/sql_history"), ({"XDG_STATE_HOME": ""}, "home/.local/state/paramstore/sql_history"),
                              ({"XDG_STATE_HOME": "relative"}, "home/.local/state/paramstore/sql_history"),
                              ({"PARAMSTORE_HISTORY": str(self.folder / "other" / "file")}, "other/file"), ({"PARAMSTORE_HISTORY": ""}, None),
                              ({"XDG_STATE_HOME": "", "HOME": ""}, None)):
            before = set(self.files())
            self.start(**changes)
            self.type("SELECT 1;")
            self.end()
            made = set(self.files()) - before
            self.assertEqual([name for name in made if (self.folder / name).is_file()], [file] if file else [], changes)
            for name in made:
                if (self.folder / name).is_file():
                    (self.folder / name).unlink()

    def test_another_file_is_not_taken_for_a_history(self):
        file = self.folder / "notes.txt"
        file.write_text("not a history\n")
        self.assertIn("notes.txt: the history cannot be read", self.start(PARAMSTORE_HISTORY=str(file)))
        self.assertEqual(self.type("SELECT 1 AS x;"), "x\n1\n")
        self.end()
        self.assertEqual(file.read_text(), "not a history\n")

    def test_a_history_that_cannot_be_written_is_reported_once(self):
        file = self.folder / "folder"
        file.mkdir()
        self.assertIn("folder: the history cannot be read", self.start(PARAMSTORE_HISTORY=str(file)))
        self.end()
        self.start(PARAMSTORE_HISTORY=str(self.folder / "file2" / "history"))
        (self.folder / "file2").touch()  # not a folder
        shown = self.type("SELECT 1 AS x;")
        self.assertIn("error: ", shown)
        self.assertIn("the history cannot be written: ", shown)
        self.assertTrue(shown.endswith("x\n1\n"), shown)
        self.assertEqual(self.type("SELECT 2 AS x;"), "x\n2\n")
        self.end()

    def test_a_history_that_others_could_read_is_closed_to_them(self):
        file = self.folder / "history"
        file.touch(0o644)
        self.start(PARAMSTORE_HISTORY=str(file))
        self.type("SELECT 1;")
        self.end()
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)

    def test_a_terminal_without_any_abilities(self):
        self.start(TERM="dumb")
        self.assertTrue(self.type("SELECT 1 AS x;").endswith("x\n1\n"))
        self.end()

    def test_a_long_history_is_cut(self):
        self.history.parent.mkdir(parents=True)
        self.history.write_text("_HiStOrY_V2_\n" + "".join(f"SELECT\\040{i};{'-' * 500}\n" for i in range(3000)))
        self.start()
        self.end()
        lines = self.history.read_text().splitlines()
        self.assertEqual(len(lines), 1001)
        self.assertTrue(lines[1].startswith("SELECT\\0402000;"), lines[1])
        self.assertTrue(lines[-1].startswith("SELECT\\0402999;"), lines[-1])
        self.assertEqual(stat.S_IMODE(self.history.stat().st_mode), 0o600)
        self.assertEqual([path.name for path in self.history.parent.iterdir()], ["sql_history"])


if __name__ == "__main__":
    main()
