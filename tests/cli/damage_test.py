"""The command on files that are damaged or not stores: one line that says what is wrong, never a crash."""

import os
import random
import unittest

from command import *

READING = [["ls"], ["ls", "-l"], ["show", "*"], ["get", "loc"], ["log"], ["scopes"], ["verify"], ["sql", "SELECT * FROM param_stats"],
           ["diff"], ["watch", "--count", "1"]]


class NotAStore(CommandTest):
    def check_every_verb(self, name, status, part, but=()):
        """Each verb says `part` about the file, with that exit status, in one line; and makes no file."""
        before = self.files()
        other = self.sample("other.params.db")
        before = self.files()
        for verb, *rest in [["ls"], ["show", "x"], ["get", "x"], ["log"], ["scopes"], ["watch"], ["sql", "SELECT 1"], ["set", "x", "1"],
                            ["rm", "x"], ["mv", "x", "y"], ["cp", "x", "y"], ["backup", "copy.db"], ["compact"], ["diff", other]]:
            if verb in but:
                continue
            with self.subTest(verb):
                self.assertIn(part, self.refused(status, verb, name, *rest))
        self.assertIn(part, self.refused(status, "diff", other, name))
        self.assertEqual(self.files(), before)

    def test_a_missing_file(self):
        self.check_every_verb("missing.params.db", FILE, "there is no such file", but=["watch"])  # which waits for it
        self.assertIn("no such file", self.refused(FILE, "verify", "missing.params.db"))

    def test_a_directory(self):
        (self.folder / "directory").mkdir()
        self.check_every_verb("directory", FILE, "is a directory")
        self.refused(FILE, "verify", "directory")

    def test_another_file(self):
        (self.folder / "text.db").write_text("this is text, and not a store" * 10)
        self.check_every_verb("text.db", DAMAGED, "is not a store")
        self.assertRegex(self.paramstore("verify", "text.db", status=FOUND), r"\Atext\.db: is not a store.*\n\Z")

    def test_another_database(self):
        self.sqlite("other.db", "CREATE TABLE t (x)")
        self.check_every_verb("other.db", DAMAGED, "not a paramstore file")

    def test_a_newer_store(self):
        self.sample("newer.params.db")
        self.sqlite("newer.params.db", "PRAGMA user_version = 99")
        self.check_every_verb("newer.params.db", DAMAGED, "written by a newer paramstore")
        self.assertIn("version 99", self.refused(DAMAGED, "verify", "newer.params.db"))

    def test_a_pipe(self):
        os.mkfifo(self.folder / "pipe")
        self.assertIn("not a regular file", self.refused(FILE, "ls", "pipe"))

    def test_a_pipe_in_the_place_of_the_journal_or_the_log(self):
        name = self.sample()
        for suffix in ("-journal", "-wal", "-shm"):
            pipe = self.folder / (name + suffix)
            os.mkfifo(pipe)
            for verb, *rest in (["ls"], ["get", "loc"], ["info"], ["set", "loc", "2"], ["backup", "copy.db"], ["compact"]):
                with self.subTest(suffix=suffix, verb=verb):
                    error = self.refused(FILE, verb, name, *rest)  # and does not wait for a writer of the pipe
                    self.assertIn(name + suffix, error)
                    self.assertIn("a named pipe", error)
            pipe.unlink()
        self.assertEqual(self.paramstore("get", name, "loc"), "1.5\n")

    def test_a_file_that_may_not_be_read(self):
        store = self.folder / self.sample()
        self.folder.chmod(0o755)
        store.chmod(0)
        status, output, error = self.as_ordinary_user("ls", store)
        self.assertEqual((status, output), (FILE, ""))
        self.assertIn("may not be read", error)

    def test_names_in_messages_cannot_reach_the_terminal(self):
        self.assertIn(r"a\x1b[31m\nb", self.refused(FILE, "ls", "a\x1b[31m\nb"))


class Damaged(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()
        self.sound = (self.folder / self.store).read_bytes()

    def flip(self, at):
        damaged = bytearray(self.sound)
        damaged[at] ^= 0xFF
        (self.folder / self.store).write_bytes(damaged)

    def test_a_value_that_changed_is_found_by_its_checksum(self):
        weight = b"\x00\x00\x00\x3f\x00\x00\x80\x3f\x00\x00\xc0\x3f"  # 0.5, 1, 1.5
        self.assertEqual(self.sound.count(weight), 1)
        self.flip(self.sound.index(weight))
        self.assertEqual(self.lines("verify", self.store, status=FOUND)[0],
                         "model.params.db: parameter encoder.weight: its value does not have the checksum it was written with: "
                         "the file is damaged")
        self.assertIn("checksum", self.refused(DAMAGED, "get", self.store, "encoder.weight"))
        self.assertIn("checksum", self.refused(DAMAGED, "cp", self.store, "encoder.weight", "copy"))
        self.assertEqual(self.paramstore("get", self.store, "loc"), "1.5\n")
        report = self.json("verify", "--json", self.store, status=FOUND)
        self.assertEqual([(each["store"], each["sound"]) for each in report],
                         [("model.params.db", False), ("model.params.db//a/b", True), ("model.params.db//fold-1", True)])
        self.assertEqual([each["name"] for each in report[0]["damage"]], ["encoder.weight"])
        self.assertEqual(self.paramstore("verify", "--quiet", self.store, status=FOUND), "")
        self.assertEqual(self.paramstore("verify", "--quiet", "--json", self.store, status=FOUND), "")

    def test_everything_that_is_wrong_is_listed(self):
        connection = sqlite3.connect(self.folder / self.store)
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("PRAGMA recursive_triggers = OFF")
        for trigger, sql in connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute("UPDATE params SET shape = '[7]' WHERE name = 'half'")
        connection.execute("UPDATE params SET checksum = 1 WHERE name = 'loc'")
        connection.execute("UPDATE params SET constraint_tag = 'interval(0.0' WHERE name = 'brain'")
        connection.commit()
        connection.close()
        self.assertIn("the trigger", self.paramstore("verify", self.store, status=FOUND))

    def test_tags_that_are_none(self):
        self.sqlite(self.store, "UPDATE params SET constraint_tag = 'interval(0.0' WHERE name = 'brain'")
        self.assertIn("parameter brain: the constraint tag interval(0.0 is invalid", self.paramstore("verify", self.store, status=FOUND))

    def test_tags_with_wrong_arguments_are_damage_and_names_of_others_are_not(self):
        self.sqlite(self.store, "UPDATE params SET constraint_tag = 'postive' WHERE name = 'brain'")
        self.assertIn("note: parameter brain: the constraint tag postive: 'postive' is not one of paramstore's constraints; "
                      "did you mean 'positive'?", self.paramstore("verify", self.store))
        [note] = json.loads(self.paramstore("verify", "--json", self.store))[0]["notes"]
        self.assertIn("parameter brain: the constraint tag postive", note)
        self.sqlite(self.store, "UPDATE params SET constraint_tag = 'interval(0)' WHERE name = 'brain'")
        self.assertIn("parameter brain: the constraint tag interval(0) is invalid: interval(lower_bound, upper_bound) takes 2 arguments",
                      self.paramstore("verify", self.store, status=FOUND))

    def test_a_damaged_log(self):
        store, log = self.folder / self.store, self.folder / (self.store + "-wal")
        connection = sqlite3.connect(store)
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        for i in range(4):
            connection.execute("UPDATE params SET value = zeroblob(4) WHERE name = 'loc'")
            connection.execute("INSERT INTO params (name, dtype, shape, value) VALUES (?, 'float32', '[1]', zeroblob(4))", (f"new{i}",))
            connection.commit()
        file, sound = store.read_bytes(), log.read_bytes()
        connection.close()  # writes the log back
        def as_a_killed_process_leaves_it(log_bytes):
            store.write_bytes(file)
            log.write_bytes(log_bytes)
            pathlib.Path(str(store) + "-shm").unlink(missing_ok=True)

        as_a_killed_process_leaves_it(sound)
        self.assertIn("sound", self.paramstore("verify", self.store))
        damaged = bytearray(sound)
        damaged[32 + 24 + 100] ^= 16  # in the first frame's page
        as_a_killed_process_leaves_it(damaged)
        self.assertIn(f"{self.store}-wal: the log is damaged at byte 32", self.paramstore("verify", self.store, status=FOUND))
        as_a_killed_process_leaves_it(damaged)
        [report, *_] = self.json("verify", "--json", self.store, status=FOUND)
        self.assertEqual((report["sound"], len(report["damage"])), (False, 1))
        self.assertIn("at least 4", str(report["damage"][0]))
        self.assertEqual(self.paramstore("verify", "--quiet", self.store, status=FOUND), "")

    def test_damage_in_a_scope_is_damage_of_the_store(self):
        path = self.folder / "model.params.scopes" / "fold-1.params.db"
        path.write_bytes(path.read_bytes()[:200_000])
        text = self.paramstore("verify", self.store, status=FOUND)
        self.assertIn("model.params.db: sound", text)
        self.assertRegex(text, r"(?m)^model\.params\.db//fold-1: .*damaged")
        self.paramstore("verify", "-q", self.store + "//a/b")

    def test_values_of_other_tools_are_no_damage(self):
        self.sqlite(self.store, "UPDATE params SET value = zeroblob(4) WHERE name = 'loc'")
        self.assertIn("1 value written by another tool", self.paramstore("verify", self.store))

    def test_a_damaged_row_that_sql_meets_is_damage_and_not_a_mistake_in_the_sql(self):
        self.sqlite(self.store, "INSERT INTO params (name, dtype, shape, value) VALUES ('big', 'float32', '[300000000]', x'')")
        for sql in ("SELECT sum(norm) FROM param_stats", "SELECT count(*) FROM param_values"):
            self.assertIn("parameter 'big': the value is missing", self.refused(DAMAGED, "sql", self.store, sql))
        self.assertIn("no such column", self.refused(USAGE, "sql", self.store, "SELECT norm FROM params"))

    def survives(self, verb, *rest):
        """Whatever is in the file, a verb prints or refuses; it does not crash or hang."""
        arguments = [PARAMSTORE, verb, self.store, *([self.store] if verb == "diff" else []), *rest]
        done = subprocess.run(arguments, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), timeout=60)
        self.assertIn(done.returncode, (DONE, FOUND, USAGE, NO_SUCH, FILE, DAMAGED), (arguments, done.stderr))
        self.assertNotIn(b"\x1b", done.stdout + done.stderr)
        # One line of ours or none: a sanitizer, whose exit status is 1 too, says more.
        self.assertRegex(done.stderr, rb"\A(paramstore \w+: [^\n]*\n)?\Z", arguments)
        return done.returncode

    def test_files_cut_off_anywhere(self):
        for size in (1, 15, 16, 99, 100, 500, 65535, 65536, 100_000, 131_072, len(self.sound) // 2, len(self.sound) - 1):
            (self.folder / self.store).write_bytes(self.sound[:size])
            with self.subTest(size=size):
                self.assertNotEqual(self.survives("ls"), USAGE)
                self.assertEqual(self.survives("verify"), FOUND)

    def test_bytes_changed_anywhere(self):
        chance = random.Random(5)
        used = [i for i in range(len(self.sound)) if self.sound[i] != 0]
        for _ in range(40):
            self.flip(chance.choice(used))
            for verb, *rest in READING[:-1]:
                self.survives(verb, *rest)

    def test_rubbish_behind_a_sound_header(self):
        chance = random.Random(6)
        (self.folder / self.store).write_bytes(self.sound[:100] + chance.randbytes(len(self.sound) - 100))
        for verb, *rest in READING[:-1]:
            self.assertNotEqual(self.survives(verb, *rest), DONE, verb)


if __name__ == "__main__":
    main()
