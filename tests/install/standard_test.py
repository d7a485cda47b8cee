"""LibTorch decides which C++ paramstore is built as, and what its users are told: configures against trees that have a LibTorch's
headers' check of the standard, and nothing to compile.

usage: standard_test.py SOURCE_FOLDER CMAKE
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE, CMAKE = sys.argv[1:3]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


class Standard(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def configure(self, needs, *options):
        """With a LibTorch that needs C++`needs`: (exit status, output)."""
        torch = self.folder / f"torch-{needs}"
        write(torch / "include/torch/csrc/api/include/torch/types.h", "")
        write(torch / "include/torch/csrc/api/include/torch/version.h",
              "#define TORCH_VERSION_MAJOR 3\n#define TORCH_VERSION_MINOR 1\n#define TORCH_VERSION_PATCH 4\n")
        write(torch / "include/ATen/ATen.h", f"#if __cplusplus < 1\n#error C++{needs} or later compatible compiler is required\n#endif\n")
        for library in ("torch", "torch_cpu", "c10"):
            write(torch / f"lib/lib{library}.so", "_ZN3c1014DeviceTypeNameB5cxx11")
        self.build = self.folder / "build"
        done = subprocess.run([CMAKE, "-S", SOURCE, "-B", self.build, "-DPARAMSTORE_BUILD_TESTS=OFF", f"-DCMAKE_PREFIX_PATH={torch}",
                               *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, " ".join(done.stdout.split())

    def compiled_as(self):
        commands = json.loads((self.build / "compile_commands.json").read_text())
        return {re.search(r"-std=(\S+)", command["command"])[1] for command in commands}

    def cflags(self):
        return re.search(r"^Cflags: (.*)$", (self.build / "paramstore.pc").read_text(), re.MULTILINE)[1]

    def test_a_libtorch_that_allows_17_gets_17(self):
        for needs in (14, 17):
            status, output = self.configure(needs)
            self.assertEqual(status, 0, output)
            self.assertEqual(self.compiled_as(), {"c++17"})
            self.assertNotIn("-std", self.cflags())

    def test_a_libtorch_that_needs_20_gets_20_and_its_users_too(self):
        status, output = self.configure(20)
        self.assertEqual(status, 0, output)
        self.assertEqual(self.compiled_as(), {"c++20"})
        self.assertTrue(self.cflags().startswith("-std=c++20 "), self.cflags())
        self.assertNotIn("-std", (self.build / "paramstore_storage.pc").read_text())

    def test_a_newer_standard_can_be_asked_for_and_binds_no_user(self):
        status, output = self.configure(17, "-DPARAMSTORE_CXX_STANDARD=20")
        self.assertEqual(status, 0, output)
        self.assertEqual(self.compiled_as(), {"c++20"})
        self.assertNotIn("-std", self.cflags())

    def test_an_older_standard_is_refused(self):
        status, output = self.configure(20, "-DPARAMSTORE_CXX_STANDARD=17")
        self.assertNotEqual(status, 0)
        self.assertIn("PARAMSTORE_CXX_STANDARD is 17, but the headers of LibTorch 3.1.4 need C++20", output)
        status, output = self.configure(20, "-DPARAMSTORE_CXX_STANDARD=14")
        self.assertNotEqual(status, 0)
        self.assertIn("set it to 17, 20 or 23", output)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
