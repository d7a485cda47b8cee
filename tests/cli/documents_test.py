"""The manual, --help and the completions say the same, and the shells take the completions."""

import re
import shutil
import unittest

from command import *

COMPLETIONS = SOURCE / "lib" / "cli" / "completions"
MANUAL = SOURCE / "lib" / "cli" / "paramstore.1"


class Documents(CommandTest):
    def help(self, *verb):
        return self.paramstore(*verb, "--help")

    def options(self, verb):
        """The options of a verb as --help lists them: long names, and short ones."""
        text = self.help(verb).split("Options:\n")[1]
        found = re.findall(r"^  ((?:-\w,)?)(--[\w-]+)", text, re.MULTILINE)
        self.assertIn(("-h,", "--help"), found)
        return [(short.rstrip(","), long) for short, long in found if long != "--help"]

    def test_help_lists_every_verb(self):
        listed = re.findall(r"^  (\w+) +[A-Z]", self.help(), re.MULTILINE)
        self.assertEqual(sorted(listed), sorted(VERBS))
        for verb in VERBS:
            self.assertIn("Usage: paramstore " + verb, self.help(verb))

    def test_help_fits_a_terminal(self):
        for verb in [[], *([verb] for verb in VERBS)]:
            for line in self.help(*verb).splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_the_command_links_no_libtorch(self):
        listed = subprocess.run(["ldd", PARAMSTORE], stdout=subprocess.PIPE, text=True, check=True).stdout
        # Their names; the folders they lie in may be called after a LibTorch.
        libraries = " ".join(line.split()[0].rpartition("/")[2] for line in listed.splitlines())
        self.assertIn("libsqlite3", libraries)
        self.assertNotIn("torch", libraries)
        self.assertNotIn("c10", libraries)

    def test_version(self):
        self.assertRegex(self.paramstore("--version"), r"^paramstore \d+\.\d+\.\d+\n$")

    def test_no_verb_an_unknown_one_and_an_unknown_option_are_one_line(self):
        self.assertIn("see paramstore --help", self.refused(USAGE))
        self.assertIn("see paramstore --help", self.refused(USAGE, "list", "x.db"))
        self.assertIn("see paramstore ls --help", self.refused(USAGE, "ls", "x.db", "--colour"))
        self.assertIn("STORE is required", self.refused(USAGE, "ls"))

    def sections(self):
        """The manual's text about each verb."""
        parts = re.split(r"^\.It Cm (\w+) .*$", MANUAL.read_text(), flags=re.MULTILINE)
        sections = {}
        for verb, text in zip(parts[1::2], parts[2::2]):
            sections[verb] = sections.get(verb, "") + text
        sections["cp"] += sections["mv"]  # it says that they are the same
        return sections

    def test_the_manual_has_every_verb_and_option(self):
        sections = self.sections()
        for verb in VERBS:
            for short, long in self.options(verb):
                flags = (f"{short[1:]} , " if short else "") + long[1:]
                self.assertRegex(sections[verb], rf"(?m)^\.It Fl {re.escape(flags)}( Ar |$)", f"{verb} {long}")

    def test_the_manual_has_no_option_that_is_none(self):
        for verb, text in self.sections().items():
            known = [long for _, long in self.options(verb)]
            for long in re.findall(r"^\.It Fl (?:\w , )?-([\w-]+)", text, re.MULTILINE):
                self.assertIn("--" + long, known, verb)

    def test_the_manual_is_sound(self):
        if shutil.which("mandoc"):
            done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", MANUAL], stdout=subprocess.PIPE, text=True)
            self.assertEqual((done.returncode, done.stdout), (0, ""))
        elif shutil.which("man"):
            done = subprocess.run(["man", "--warnings", "-l", MANUAL], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        else:
            self.skipTest("neither mandoc nor man is installed")

    def test_the_manual_has_every_exit_status(self):
        text = MANUAL.read_text().split(".Sh EXIT STATUS")[1]
        self.assertEqual([int(number) for number in re.findall(r"^\.It (\d+)$", text, re.MULTILINE)],
                         [DONE, FOUND, USAGE, NO_SUCH, FILE, DAMAGED, BUSY, INTERRUPTED])

    def test_the_completions_have_every_verb_and_option(self):
        bash = (COMPLETIONS / "paramstore.bash").read_text()
        zsh = (COMPLETIONS / "_paramstore").read_text()
        fish = (COMPLETIONS / "paramstore.fish").read_text()
        for verb in VERBS:
            bash_options = re.search(rf"^    (?:\w+ \| )?{verb}(?: \| \w+)?\) options='([^']*)'", bash, re.MULTILINE).group(1).split()
            zsh_text = re.search(rf"^    (?:\w+ \| )?{verb}(?: \| \w+)?\)(.*?);;", zsh, re.MULTILINE | re.DOTALL).group(1)
            zsh_options = re.findall(r"(--[\w-]+)[\[}]", zsh_text)
            fish_options = []
            for verbs, rest in re.findall(r'^complete -c paramstore -n "__fish_seen_subcommand_from ([\w ]+)"(.*)$', fish, re.MULTILINE):
                if verb in verbs.split():
                    fish_options.append("--" + re.search(r" -l ([\w-]+)", rest).group(1))
            expected = sorted(long for _, long in self.options(verb))
            self.assertEqual(sorted(bash_options), expected, f"bash, {verb}")
            self.assertEqual(sorted(zsh_options), expected, f"zsh, {verb}")
            self.assertEqual(sorted(fish_options), expected, f"fish, {verb}")
            self.assertRegex(zsh, rf"(?m)^    '{verb}:")
            self.assertRegex(fish, rf"-a {verb} -d")


class Completing(CommandTest):
    def setUp(self):
        super().setUp()
        self.store = self.sample()
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "paramstore").symlink_to(PARAMSTORE)
        self.environment = environment(PATH=f"{tools}:{os.environ['PATH']}", HOME=str(self.folder))

    def shell(self, *command):
        done = subprocess.run(command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def bash(self, *words):
        quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
        return self.shell("bash", "--norc", "-c", f"""
            source '{COMPLETIONS}/paramstore.bash'
            compopt() {{ :; }}
            COMP_WORDS=(paramstore {quoted}); COMP_CWORD={len(words)}
            _paramstore paramstore "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
            ((${{#COMPREPLY[@]}} == 0)) || printf '%s\\n' "${{COMPREPLY[@]}}" """)

    def test_bash(self):
        self.assertEqual(sorted(self.bash("s")), ["scopes", "set", "show", "sql"])
        self.assertEqual(self.bash("ls", "--so"), ["--sort"])
        self.assertEqual(self.bash("ls", "--sort", "re"), ["revision"])
        self.assertEqual(self.bash("ls", "mod"), ["model.params.db", "model.params.scopes"])
        self.assertEqual(self.bash("show", self.store, "enc"), ["encoder.weight", "encoder.bias"])
        self.assertEqual(self.bash("cp", "-f", self.store, "sc"), ["scale"])
        self.assertEqual(self.bash("ls", "-s", "name", self.store, "wave1"), ["wave128"])
        self.assertEqual(self.bash("get", self.store, "line"), ["$'line\\nbreak'"])
        self.assertEqual(self.bash("diff", self.store, "mod"), ["model.params.db", "model.params.scopes"])
        self.assertEqual(self.bash("show", "missing.db", "x"), [])

    def test_fish(self):
        if not shutil.which("fish"):
            self.skipTest("fish is not installed")
        def complete(line):
            return [each.split("\t")[0] for each in self.shell(
                "fish", "--no-config", "-c", f"source '{COMPLETIONS}/paramstore.fish'; complete -C '{line}'")]
        self.assertEqual(sorted(complete("paramstore s")), ["scopes", "set", "show", "sql"])
        self.assertEqual(complete("paramstore ls --so"), ["--sort="] if "--sort=" in complete("paramstore ls --so") else ["--sort"])
        self.assertEqual(complete("paramstore ls --sort re"), ["revision"])
        self.assertEqual(sorted(complete(f"paramstore show {self.store} enc")), ["encoder.bias", "encoder.weight"])

    def test_zsh(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        self.shell("zsh", "-n", str(COMPLETIONS / "_paramstore"))
        # A shell inside the shell, at a terminal of its own, with a Tab typed into it.
        script = self.folder / "tab.zsh"
        script.write_text(f"""
            zmodload zsh/zpty zsh/datetime
            read_until() {{
                local all= more
                local -i deadline=$(( EPOCHSECONDS + 20 ))
                while [[ $all != *$1* ]] && (( EPOCHSECONDS < deadline )); do
                    if zpty -r -t inner more; then all+=$more; else sleep 0.05; fi
                done
                print -r -- $all
            }}
            zpty -b inner zsh -f -i
            zpty -w inner "fpath=({COMPLETIONS} \\$fpath); autoload -U compinit; compinit -u -D; PS1='> '; print rea''dy"
            read_until ready
            zpty -w -n inner "paramstore show {self.store} encoder.w"$'\\t'
            read_until encoder.weight
            zpty -d inner
        """)
        self.assertIn("encoder.weight", "\n".join(self.shell("timeout", "50", "zsh", "-f", str(script))))


if __name__ == "__main__":
    main()
