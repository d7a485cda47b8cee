"""Tab in bash, fish and zsh: a line is typed at a terminal, and the words that the command gets for it are looked at."""

import os
import pty
import select
import shutil
import time
import unittest

from command import *

COMPLETIONS = SOURCE / "lib" / "cli" / "completions"


class Completing(CommandTest):
    """What every shell does. Each shell has a class below."""

    @classmethod
    def setUpClass(cls):
        if cls is Completing:
            raise unittest.SkipTest("the shells are below")
        if not shutil.which(cls.shell):
            raise unittest.SkipTest(f"{cls.shell} is not installed")

    def setUp(self):
        super().setUp()
        for name in ("m", "my model", "supplement"):
            self.sample(name + ".db")
            if name != "m":
                shutil.rmtree(self.folder / (name + ".scopes"))  # which begins as the store does
        (self.folder / "value.npy").touch()
        # In the folder of programs stands one that asks the command what to offer, and notes everything else.
        tools = self.folder / "tools"
        tools.mkdir()
        program = tools / "paramstore"
        program.write_text(f"""#!/bin/sh
            if [ "$1" = complete ]; then exec '{PARAMSTORE}' "$@"; fi
            printf '%s\\0' "$@" > '{self.folder}/got.new'; mv '{self.folder}/got.new' '{self.folder}/got'
        """)
        program.chmod(0o755)
        self.environment = environment(PATH=f"{tools}:{os.environ['PATH']}", HOME=str(self.folder), PS1="> ", XDG_CONFIG_HOME=str(tools))
        self.start()

    def start(self):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(self.folder)
            os.execvpe(self.shell, [self.shell, *self.arguments], self.environment)
        self.addCleanup(self.stop)
        self.type(self.setting_up + "; touch tools/rea''dy\n")
        self.wait_for(self.folder / "tools" / "ready")

    def stop(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def wait_for(self, file):
        self.shown = b""
        deadline = time.monotonic() + 30
        while not file.exists():
            self.assertLess(time.monotonic(), deadline, self.shown.decode(errors="replace"))
            if select.select([self.terminal], [], [], 0.02)[0]:
                self.shown += os.read(self.terminal, 65536)

    def typed(self, line):
        """The words that the command gets when this and Enter are typed. A ^ in it is a Tab."""
        got = self.folder / "got"
        got.unlink(missing_ok=True)
        for part in line.replace("^", "\t^").split("^"):
            self.type(part)
            time.sleep(0.05)
        self.type("\n")
        self.wait_for(got)
        return [word for word in got.read_text().split("\0")[:-1]]

    def check(self, line, *words):
        with self.subTest(line):
            self.assertEqual(self.typed("paramstore " + line), list(words))

    def test_verbs_and_options(self):
        self.check("verif^ m.db", "verify", "m.db")
        self.check("ls --lo^ m.db", "ls", "--long", "m.db")
        self.check("ls --sort rev^ m.db", "ls", "--sort", "revision", "m.db")
        self.check("set m.db loc 1 --dtype bf^", "set", "m.db", "loc", "1", "--dtype", "bfloat16")

    def test_names(self):
        self.check("show m.db encoder.w^", "show", "m.db", "encoder.weight")
        self.check("get m.db wave1^", "get", "m.db", "wave128")
        self.check("get m.db -- -d^", "get", "m.db", "--", "-dash")
        self.check("set -f value.npy m.db -- -d^", "set", "-f", "value.npy", "m.db", "--", "-dash")
        self.check("set m.db loc sca^", "set", "m.db", "loc", "sca")
        self.check("rm -n m.db brai^ brok^", "rm", "-n", "m.db", "brain", "broken")
        self.check("show missing.db encoder.w^", "show", "missing.db", "encoder.w")

    def test_scopes(self):
        self.check("ls m.db//f^", "ls", "m.db//fold-1")
        self.check("show m.db//fold-1 lo^", "show", "m.db//fold-1", "loc")
        self.check("ls supplement.db//f^", "ls", "supplement.db//f")
        self.check("scopes m.db --drop fo^", "scopes", "m.db", "--drop", "fold-1")

    def test_many_names_are_completed_part_by_part(self):
        subprocess.run([WRITE_STORE, self.folder / "large.db", "many", "1000"], check=True)
        self.check("show large.db la^123.^", "show", "large.db", "layer.123.weight")

    def test_help(self):
        self.check("help veri^", "help", "verify")

    def test_odd_names(self):
        self.check("get m.db line^", "get", "m.db", "line\nbreak")
        self.check("get m.db grü^", "get", "m.db", "grüße")
        self.check("get m.db 'grü^", "get", "m.db", "grüße")

    def test_the_values_of_options_are_not_the_store(self):
        self.check("ls -s name m.db encoder.w^", "ls", "-s", "name", "m.db", "encoder.weight")
        self.check("ls --sort=name m.db encoder.w^", "ls", "--sort=name", "m.db", "encoder.weight")
        self.check("ls -rs name m.db encoder.w^", "ls", "-rs", "name", "m.db", "encoder.weight")
        self.check("watch -n 3 m.db encoder.w^", "watch", "-n", "3", "m.db", "encoder.weight")
        self.check("cp -t other.db m.db encoder.w^", "cp", "-t", "other.db", "m.db", "encoder.weight")
        self.check("mv m.db -f encoder.w^", "mv", "m.db", "-f", "encoder.weight")

    def test_files(self):
        self.check("ls supp^", "ls", "supplement.db")
        self.check("ls my^", "ls", "my model.db")
        self.check("diff m.db su^", "diff", "m.db", "supplement.db")
        self.check("diff m.db supplement.db encoder.w^", "diff", "m.db", "supplement.db", "encoder.weight")
        self.check("mv m.db loc -t su^", "mv", "m.db", "loc", "-t", "supplement.db")
        self.check("cp m.db loc --to su^", "cp", "m.db", "loc", "--to", "supplement.db")
        self.check("set m.db loc -f val^", "set", "m.db", "loc", "-f", "value.npy")
        self.check("get m.db loc --output val^", "get", "m.db", "loc", "--output", "value.npy")

    def test_a_store_in_quotes(self):
        for store in ("my\\ model.db", "'my model.db'", '"my model.db"', "~/m.db", f"{self.folder}/m.db"):
            expected = store.replace("~", str(self.folder)).translate({ord(c): None for c in "\\'\""})
            self.check(f"show {store} encoder.w^", "show", expected, "encoder.weight")


class Bash(Completing):
    shell = "bash"
    arguments = ["--norc", "--noprofile", "-i"]
    setting_up = f"source '{COMPLETIONS}/paramstore.bash'"

    def test_a_word_in_quotes(self):
        self.check("show m.db 'encoder.w^", "show", "m.db", "encoder.weight")
        self.check('get m.db "a\\"^', "get", "m.db", 'a"b')
        self.check("get m.db a\\*^", "get", "m.db", "a*b")
        self.check("ls 'my^", "ls", "my model.db")
        self.check("show my^encoder.w^", "show", "my model.db", "encoder.weight")

    def test_nothing_is_run_to_complete(self):
        self.check("show \"$(touch tools/run)\" lo^", "show", "", "lo")
        # It was run once: for the command itself.
        (self.folder / "tools" / "run").unlink()
        self.type("paramstore show \"$(touch tools/run)\" lo\t")
        time.sleep(0.5)
        self.assertFalse((self.folder / "tools" / "run").exists())


class Fish(Completing):
    shell = "fish"
    arguments = ["--no-config", "-i"]
    setting_up = f"source '{COMPLETIONS}/paramstore.fish'"


class Zsh(Completing):
    shell = "zsh"
    arguments = ["-f", "-i"]
    setting_up = f"fpath=({COMPLETIONS} $fpath); autoload -U compinit; compinit -u -D"


if __name__ == "__main__":
    main()
