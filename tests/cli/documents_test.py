"""The manual, --help and the completions say the same."""

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

    def test_an_unknown_verb_and_an_unknown_option_are_one_line(self):
        self.assertIn("has no verb list; `paramstore help` lists the verbs", self.refused(USAGE, "list", "x.db"))
        self.assertIn("has no verb verfy; did you mean verify?", self.refused(USAGE, "verfy", "x.db"))
        self.assertIn("see paramstore ls --help", self.refused(USAGE, "ls", "x.db", "--colour"))
        self.assertIn("STORE is required", self.refused(USAGE, "ls"))

    def test_help_is_a_verb_too(self):
        self.assertEqual(self.paramstore("help"), self.help())
        for verb in VERBS:
            self.assertEqual(self.paramstore("help", verb), self.help(verb))
        self.assertIn("has no verb lss; did you mean ls?", self.refused(USAGE, "help", "lss"))

    def test_no_arguments_print_help_where_errors_go(self):
        done = subprocess.run([PARAMSTORE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
        self.assertEqual((done.returncode, done.stdout, done.stderr), (USAGE, "", self.help()))

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
            zsh_options = re.findall(r"(--[\w-]+)=?[\[}]", zsh_text)
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


if __name__ == "__main__":
    main()
