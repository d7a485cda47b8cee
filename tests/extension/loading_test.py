"""The extension without LibTorch, and how it comes by the part that needs it.

In the environment: EXTENSION_PROCESS, EXTENSION, OTHER_LIBTORCH, and HAS_TRANSFORMS: 1 if built with LibTorch.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

EXTENSION = pathlib.Path(os.environ["EXTENSION"])
OTHER_LIBTORCH = os.environ["OTHER_LIBTORCH"]
HAS_TRANSFORMS = os.environ["HAS_TRANSFORMS"] == "1"

NORM = "sql=SELECT tensor_norm(x'0000803F0000803F0000803F0000803F', 'float32')"
CONSTRAINED = "sql=SELECT hex(constrained(x'0000', 'bfloat16', '[]', 'positive'))"
UNCONSTRAINED = "sql=SELECT hex(unconstrained(x'803F', 'bfloat16', '[]', 'positive'))"


def answers(*steps, extension=EXTENSION):
    """What a process prints that loads the extension and takes these steps. It must end well."""
    done = subprocess.run([os.environ["EXTENSION_PROCESS"], f"load={extension}", *steps], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, f"{done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout.splitlines()


class Loading(unittest.TestCase):
    def test_it_links_neither_libtorch_nor_sqlite_nor_the_library(self):
        dynamic = subprocess.run(["readelf", "-d", EXTENSION], stdout=subprocess.PIPE, text=True, check=True).stdout
        needed = re.findall(r"NEEDED.*\[(.*)\]", dynamic)
        self.assertIn("libc.so.6", needed)
        self.assertEqual([name for name in needed if re.match("libtorch|libc10|libparamstore|libsqlite3", name)], [])

    def test_statistics_map_no_libtorch(self):
        self.assertEqual(answers("maps", NORM, "sql=SELECT count(*) FROM tensor_each(x'0000', 'float16', '[]')", "maps"),
                         ["2.0", "1"])

    @unittest.skipUnless(HAS_TRANSFORMS, "built without LibTorch")
    def test_the_first_constrained_value_maps_it(self):
        before, value, inverse, *mapped = answers(NORM, CONSTRAINED, UNCONSTRAINED, "maps")
        self.assertEqual((before, value, inverse), ("2.0", "803F", "0000"))
        self.assertTrue(any("libtorch_cpu" in path for path in mapped), mapped)

    def test_without_its_part_a_constrained_value_is_an_error_that_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            alone = pathlib.Path(shutil.copy(EXTENSION, folder))
            norm, *errors = answers(NORM, CONSTRAINED, UNCONSTRAINED, "maps", extension=alone)
        self.assertEqual(norm, "2.0")
        self.assertEqual(len(errors), 2)
        for function, error in zip(("constrained", "unconstrained"), errors):
            self.assertTrue(error.startswith(f"error: {function}: {alone.parent}/paramstore_transforms.so: does not exist"), error)

    def test_a_part_that_is_none_of_ours_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            alone = pathlib.Path(shutil.copy(EXTENSION, folder))
            part = alone.parent / "paramstore_transforms.so"
            part.write_text("not a library")
            self.assertIn(f"{part}: cannot be loaded: ", answers(CONSTRAINED, extension=alone)[0])
            shutil.copy(OTHER_LIBTORCH, part)
            self.assertIn("comes from a different version of paramstore", answers(CONSTRAINED, extension=alone)[0])

    @unittest.skipUnless(HAS_TRANSFORMS, "built without LibTorch")
    def test_another_libtorch_in_the_process_is_an_error_that_names_it(self):
        error, after = answers(f"map={OTHER_LIBTORCH}", CONSTRAINED, NORM)
        self.assertTrue(error.startswith("error: constrained: this process already uses another LibTorch, "), error)
        self.assertIn(OTHER_LIBTORCH, error)
        self.assertEqual(after, "2.0")

    @unittest.skipUnless(HAS_TRANSFORMS, "built without LibTorch")
    def test_the_same_libtorch_in_the_process_is_none_other(self):
        mapped = [path for path in answers(CONSTRAINED, "maps") if "libc10.so" in path]
        self.assertEqual(len(mapped), 1)
        self.assertEqual(answers(f"map={mapped[0]}", CONSTRAINED), ["803F"])


if __name__ == "__main__":
    unittest.main()
