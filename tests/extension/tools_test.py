"""The extension as people use it: in the sqlite3 shell, in Python, with pandas; and the ten questions of lib/sql/QUESTIONS.md,
asked of a trained store with known answers.

usage: tools_test.py TRAINED_STORE EXTENSION SOURCE_DIR
"""

import array
import csv
import io
import json
import math
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile


def python_that_loads_extensions():
    """This Python or the system's; None if neither can. Some are built without extensions."""
    for python in (sys.executable, "/usr/bin/python3"):
        probe = "import sqlite3; sqlite3.connect(':memory:').enable_load_extension(True)"
        if os.path.exists(python) and subprocess.run([python, "-c", probe], stderr=subprocess.DEVNULL).returncode == 0:
            return python
    return None


def expect(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


class Model:
    """The store, the shell that asks it, and what its values are, read without the library."""

    def __init__(self, folder, extension):
        self.folder = folder
        self.extension = extension

    def ask(self, sql, load=True):
        """Rows as dictionaries of texts."""
        loading = [f".load {self.extension}"] if load else []
        done = subprocess.run(["sqlite3", "-bail", "model.params.db", *loading, ".headers on", ".mode csv", sql],
                              cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        expect(done.returncode == 0 and not done.stderr, f"{sql}\n{done.stderr}")
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def floats(self, name, file="model.params.db"):
        with sqlite3.connect(self.folder / file) as store:
            dtype, value = store.execute("SELECT dtype, value FROM params WHERE name = ?", (name,)).fetchone()
        return array.array({"float32": "f", "float64": "d"}[dtype], value).tolist()


def close(text, number):
    return math.isclose(float(text), number, rel_tol=1e-6)


def norm(numbers):
    return math.sqrt(sum(number * number for number in numbers))


def check_contents(model, rows):
    sizes = [int(row["nbytes"]) for row in rows]
    expect(len(rows) == 9 and sizes == sorted(sizes, reverse=True), f"contents {rows}")
    largest = rows[0]
    expect((largest["name"], largest["shape"], largest["numel"]) == ("encoder.weight", "[4,3]", "12"), largest)


def check_nan(model, rows):
    expect(rows == [{"name": "diverged", "nan_count": "1", "numel": "4"}], f"NaN {rows}")


def check_not_finite(model, rows):
    expect([(row["name"], row["indices"], row["value"]) for row in rows] ==
           [("diverged", "[1,0]", ""), ("overflowed", "[3]", "-Inf")], f"not finite {rows}")


def check_norms(model, rows):
    # -20 in prior.scale; SQL sorts the NaN of "diverged", which is NULL, last.
    expect([row["name"] for row in rows[:2]] == ["overflowed", "prior.scale"], f"norms {rows}")
    expect(len(rows) == 9 and rows[-1]["name"] == "diverged", f"norms {rows}")
    weight = next(row for row in rows if row["name"] == "encoder.weight")
    expected = norm(model.floats("encoder.weight"))
    expect(close(weight["norm"], expected) and close(weight["per_element"], expected / math.sqrt(12)), f"norm {weight}")


def check_collapsed(model, rows):
    expect(len(rows) == 1 and (rows[0]["name"], rows[0]["indices"]) == ("prior.scale", "[1]"), f"collapsed {rows}")
    expect(close(rows[0]["constrained"], math.exp(-20)), f"collapsed {rows}")


def check_constrained(model, rows):
    values = {row["name"]: json.loads(row["constrained"]) for row in rows}
    expect(sorted(values) == ["mixture", "noise.scale", "prior.scale", "temperature"], f"constrained {values}")
    expect(close(values["noise.scale"], math.exp(model.floats("noise.scale")[0])), f"constrained {values}")
    expect(all(close(value, 0.25) for value in values["mixture"]), f"constrained {values}")
    expect(close(values["temperature"], 0.7), f"constrained {values}")


def check_dead(model, rows):
    expect(rows == [{"name": "encoder.weight", "unit": "2"}], f"dead {rows}")


def check_moved(model, rows):
    moved = {row["name"]: row["moved"] for row in rows}
    expect(sorted(moved) == ["decoder.weight", "diverged", "encoder.bias", "encoder.weight", "noise.scale", "overflowed",
                             "prior.scale"], f"moved {rows}")
    now, old = model.floats("encoder.weight"), model.floats("encoder.weight", "yesterday.params.db")
    expect(close(moved["encoder.weight"], norm(a - b for a, b in zip(now, old))), f"moved {rows}")
    expect(moved["diverged"] == "" and moved["overflowed"] == "Inf" and close(moved["prior.scale"], 20), f"moved {rows}")


def check_new_and_gone(model, rows):
    expect([(row["name"], row["what"]) for row in rows] == [("temperature", "new"), ("unused", "gone")], f"new {rows}")


def check_last_changed(model, rows):
    steps = {row["name"]: (row["step"], row["message"]) for row in rows}
    expect(len(rows) == 9 and steps["mixture"] == ("", ""), f"last changed {rows}")
    for name in ("encoder.weight", "noise.scale", "diverged"):
        expect(steps[name] == ("200", "trained to step 200"), f"last changed {rows}")
    expect(all(row["time"].endswith("Z") for row in rows), f"last changed {rows}")


# In the order of lib/sql/QUESTIONS.md.
CHECKS = [check_contents, check_nan, check_not_finite, check_norms, check_collapsed, check_constrained, check_dead, check_moved,
          check_new_and_gone, check_last_changed]


def questions_of_the_page(model, source):
    sys.path.insert(0, str(source / "tests/install"))
    from readme_blocks import read_blocks

    page = (source / "lib/sql/QUESTIONS.md").read_text()
    questions = [block for block in read_blocks(page) if block.purpose == "asked of the store"]
    expect(len(questions) == len(CHECKS), f"lib/sql/QUESTIONS.md asks {len(questions)} questions, {len(CHECKS)} have a check")
    for question, check in zip(questions, CHECKS):
        expect(question.language == "sql", question)
        check(model, model.ask(question.text))
    print(f"asked {len(questions)} questions")


def shell_without_the_extension(model):
    """What a graphical browser shows needs nothing but SQLite."""
    rows = model.ask("SELECT * FROM param_list", load=False)
    expect([row["name"] for row in rows][:2] == ["encoder.weight", "encoder.bias"], rows)
    expect(set(rows[0]) == {"id", "name", "constraint_tag", "dtype", "shape", "numel", "nbytes", "device", "revision",
                            "checksum"}, rows[0])


def shell_lists_the_tables(model):
    tables = subprocess.run(["sqlite3", "model.params.db", f".load {model.extension}", ".tables"], cwd=model.folder,
                            stdout=subprocess.PIPE, text=True, check=True).stdout
    expect("param_stats" in tables and "param_values" in tables and "param_list" in tables, tables)


def shell_shows_errors(model):
    for sql, error in (("SELECT tensor_norm(value, 'int') FROM params", "tensor_norm: there is no dtype 'int'"),
                       ("SELECT constrained(value, dtype, shape, 'none') FROM params", "none"),
                       ("SELECT * FROM param_stats('none')", "no such table: none.params")):
        done = subprocess.run(["sqlite3", "model.params.db", f".load {model.extension}", sql], cwd=model.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        expect(done.returncode != 0 and error in done.stderr, f"{sql}: {done.stderr}")
    # No store at all: it loads, and says so when asked.
    done = subprocess.run(["sqlite3", ":memory:", f".load {model.extension}", "SELECT * FROM param_stats"],
                          stderr=subprocess.PIPE, text=True)
    expect("no such table: main.params" in done.stderr, done.stderr)


def shell_loads_it_in_sql(model):
    load = f"SELECT load_extension('{str(model.extension).removesuffix('.so')}')"

    def run(*statements):
        done = subprocess.run(["sqlite3", "-bail", "model.params.db", *statements], cwd=model.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        return done.stdout.split(), done.stderr

    output, error = run(load, "SELECT name FROM param_stats WHERE nan_count > 0",
                        "SELECT round(constrained, 3) FROM param_values WHERE name REGEXP '^temperature$'")
    expect((output, error) == (["diverged", "0.7"], ""), f"loaded in SQL: {output} {error}")
    expect("functions of its names already" in run(load, load)[1], "loaded twice in SQL")
    output, error = run(load, f".load {model.extension}", "SELECT count(*) FROM param_stats")
    expect((output, error) == (["9"], ""), f"loaded twice: {output} {error}")


PYTHON = """
import sqlite3, sys
connection = sqlite3.connect("file:model.params.db?mode=ro", uri=True)  # reading is enough
connection.enable_load_extension(True)
connection.load_extension(sys.argv[1].removesuffix(".so"))
connection.enable_load_extension(False)
rows = connection.execute("SELECT name, numel, nan_count FROM param_stats WHERE nan_count > 0").fetchall()
assert rows == [("diverged", 4, 1)], rows
(scale,) = connection.execute("SELECT constrained FROM param_values WHERE name = ? AND position = 1",
                              ("prior.scale",)).fetchone()
assert 2e-9 < scale < 2.1e-9, scale
blob = connection.execute("SELECT constrained(?, 'float32', '[2]', 'positive')", (bytes(8),)).fetchone()[0]
assert blob == bytes.fromhex("0000803f0000803f"), blob
try:
    connection.execute("SELECT constrained(?, 'float32', '[2]', 'positive')", (b"short",))
    raise AssertionError("no error")
except sqlite3.OperationalError as error:
    assert "value has 5 bytes" in str(error), error
connection.close()

another = sqlite3.connect(":memory:")
another.enable_load_extension(True)
another.load_extension(sys.argv[1])
another.execute("ATTACH 'model.params.db' AS model")
assert another.execute("SELECT count(*) FROM param_stats('model')").fetchone() == (9,)
"""

PANDAS = """
import sqlite3, sys
import pandas
connection = sqlite3.connect("model.params.db")
listed = pandas.read_sql_query("SELECT * FROM param_list", connection)
assert list(listed["name"])[:2] == ["encoder.weight", "encoder.bias"] and listed["nbytes"].sum() == 164, listed
assert not any(isinstance(cell, bytes) for cell in listed.to_numpy().flatten())
connection.enable_load_extension(True)
connection.load_extension(sys.argv[1])
stats = pandas.read_sql_query("SELECT * FROM param_stats", connection, index_col="name")
assert stats.loc["diverged", "nan_count"] == 1 and stats.loc["prior.scale", "norm"] == 20, stats
assert not any(isinstance(cell, bytes) for cell in stats.to_numpy().flatten())
values = pandas.read_sql_query("SELECT i0, i1, value FROM param_values WHERE name = 'encoder.weight'", connection)
matrix = values.pivot(index="i0", columns="i1", values="value")
assert matrix.shape == (4, 3) and (matrix.loc[2] == 0).all(), matrix
"""


def run_python(python, program, model):
    done = subprocess.run([python, "-c", program, str(model.extension)], cwd=model.folder, stderr=subprocess.PIPE, text=True)
    expect(done.returncode == 0, done.stderr)


def python_tools(model):
    python = python_that_loads_extensions()
    if python is None:
        print("not run: no Python here loads extensions into its sqlite3")
        return
    run_python(python, PYTHON, model)
    print(f"loaded into {python}")
    if subprocess.run([python, "-c", "import pandas"], stderr=subprocess.DEVNULL).returncode != 0:
        print(f"not run: {python} has no pandas")
        return
    run_python(python, PANDAS, model)
    print("shown with pandas")


def main():
    program, extension, source = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, folder], check=True)
        model = Model(pathlib.Path(folder), extension)
        questions_of_the_page(model, source)
        shell_without_the_extension(model)
        shell_lists_the_tables(model)
        shell_shows_errors(model)
        shell_loads_it_in_sql(model)
        python_tools(model)


main()
