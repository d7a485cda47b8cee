"""Runs the benchmarks, prints the table and writes results.json. README.md explains both.

usage: report.py PARAMSTORE_BENCH PARAMSTORE RESULTS_JSON [PYTHON_WITH_PYRO]
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SAVE = "torch::save + fdatasync"
LOAD = "torch::load"
PYRO = "Pyro"

CONSTRAINTS = [
    "real", "positive", "nonnegative", "greater_than", "greater_than_eq", "less_than", "softplus_positive", "unit_interval",
    "interval", "half_open_interval", "real_vector", "simplex", "sphere", "ordered_vector", "positive_ordered_vector",
    "lower_cholesky", "softplus_lower_cholesky", "unit_lower_cholesky", "corr_cholesky", "corr_matrix",
    "positive_definite", "positive_semidefinite", "independent", "stack", "cat",
]

# Nothing is computed: this compares the call with the copy of a handle.
IDENTITIES = {("real", "forward"), ("real", "inverse"), ("real_vector", "forward"), ("real_vector", "inverse"),
              ("sphere", "inverse"), ("unit_lower_cholesky", "inverse")}

# What the row says, our measurement, the peer's measurement and name, the ratio to reach (None: shown for comparison).
ROWS = [
    ("get real", "get/real/ours", "get/real/unordered_map", "hash map look-up", 1 / 2),
    ("get positive, grad", "get/positive/grad/ours", "get/positive/grad/exp", "bare exp", 1 / 1.2),
    ("get positive, no grad", "get/positive/no_grad/ours", "get/positive/no_grad/exp", "bare exp", 1 / 1.2),
    ("get simplex, grad", "get/simplex/ours", "get/simplex/softmax", "bare softmax", None),
    ("get lower_cholesky, grad", "get/lower_cholesky/ours", "get/lower_cholesky/bare operations", "bare operations", None),
    ("setdefault of 100,000 x 4, in a batch", "insert/100000x4/ours", "insert/100000x4/sqlite", "a prepared INSERT", 0.5),
    ("commit 10,000 x 64, all changed", "commit/10000x64/all/ours", "commit/10000x64/all/torch_save", SAVE, 15),
    ("commit 100 x 1 MiB, all changed", "commit/100x1MiB/all/ours", "commit/100x1MiB/all/torch_save", SAVE, 0.9),
    ("commit 8 x 64 MiB, all changed", "commit/8x64MiB/all/ours", "commit/8x64MiB/all/torch_save", SAVE, None),
    ("commit 100 x 1 MiB, one changed, content", "commit/100x1MiB/one/content/ours",
     "commit/100x1MiB/one/content/torch_save", SAVE, 5),
    ("commit 100 x 1 MiB, one changed, version counter", "commit/100x1MiB/one/version_counter/ours",
     "commit/100x1MiB/one/version_counter/torch_save", SAVE, 50),
    ("open, get one of 1,000 x 1 MiB", "load/1000x1MiB/one/ours", "load/1000x1MiB/one/torch_load", LOAD + " of all", 100),
    ("open, load all of 10,000 x 64", "load/10000x64/all/ours", "load/10000x64/all/torch_load", LOAD, 25),
    ("open, load all of 100 x 1 MiB", "load/100x1MiB/all/ours", "load/100x1MiB/all/torch_load", LOAD, 0.9),
    ("open, load all of 8 x 64 MiB", "load/8x64MiB/all/ours", "load/8x64MiB/all/torch_load", LOAD, 0.9),
    *[(f"{constraint}, {direction}, {size:,} elements", f"constraint/{constraint}/{direction}/{size}/ours",
       f"constraint/{constraint}/{direction}/{size}/bare", "its formula in LibTorch",
       None if (constraint, direction) in IDENTITIES else target)
      for constraint in CONSTRAINTS for size, target in ((64, 1 / 1.15), (65536, 1 / 1.05))
      for direction in ("forward", "inverse")],
    ("corr_cholesky, forward, 8 x 8", "constraint/corr_cholesky/forward/64/ours", "constraint/corr_cholesky/forward/pyro",
     PYRO, 20),
    ("corr_cholesky, forward, 8 x 8, with gradient", "get/corr_cholesky/ours", "get/corr_cholesky/pyro", PYRO, 20),
    ("corr_cholesky, inverse, 8 x 8", "constraint/corr_cholesky/inverse/64/ours", "constraint/corr_cholesky/inverse/pyro",
     PYRO, 20),
    *[(f"SQL tensor_{function}, 64 MiB of {dtype}", f"sql/64MiB/{dtype}/{function}/ours", f"sql/64MiB/{dtype}/{function}/read",
       "a plain read", 0.5)
      for dtype in ("float32", "float64", "float16", "bfloat16", "complex64")
      for function in ("min", "mean", "std", "norm", "nan_count")
      if dtype != "complex64" or function not in ("min", "mean")],
    ("SQL param_stats, 2 x 64 MiB", "sql/param_stats/2x64MiB/ours", "sql/param_stats/2x64MiB/blob_read", "sqlite3_blob_read",
     None),
    ("SQL param_list of 100,000", "sql/param_list/100000/ours", "sql/param_list/100000/columns", "SELECT of its columns", None),
    ("paramstore ls, 10,000 parameters", "command/ls/ours", "command/ls/limit", "30 ms, the limit", 1),
    ("paramstore ls, 10,000 parameters", "command/ls/ours", "command/ls/sqlite3", "sqlite3, SELECT name", None),
    ("paramstore ls, 10,000 parameters", "command/ls/ours", "command/ls/import_torch", "python3, import torch", None),
    ("get real", "get/real/ours", "get/real/pyro", PYRO, None),
    ("get positive", "get/positive/grad/ours", "get/positive/pyro", PYRO, None),
    ("get simplex", "get/simplex/ours", "get/simplex/pyro", PYRO, None),
    ("get lower_cholesky", "get/lower_cholesky/ours", "get/lower_cholesky/pyro", PYRO, None),
    ("set positive, in memory", "set/positive/in_memory/ours", "set/positive/pyro", PYRO, 1),
    ("set positive, in the file", "set/positive/process_crash/ours", "set/positive/pyro", PYRO + ", in memory", None),
    ("set positive, on the disk", "set/positive/power_loss/ours", "set/positive/pyro", PYRO + ", in memory", None),
    ("commit 10,000 x 64, all changed", "commit/10000x64/all/ours", "save/10000x64/pyro", PYRO + " save + fdatasync", None),
    ("commit 100 x 1 MiB, all changed", "commit/100x1MiB/all/ours", "save/100x1MiB/pyro", PYRO + " save + fdatasync", None),
    ("open, load all of 10,000 x 64", "load/10000x64/all/ours", "load/10000x64/pyro", PYRO + " load", None),
    ("open, load all of 100 x 1 MiB", "load/100x1MiB/all/ours", "load/100x1MiB/pyro", PYRO + " load", None),
]

PYRO_ROUNDS = 3
COMMAND_ROUNDS = 10
UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))


def own_times(program, data):
    out = data / "times.json"
    subprocess.run([program, f"--out={out}"], check=True)
    return json.loads(out.read_text())


def command_times(command, data, python):
    """Seconds by name: how long each command runs, from start to exit."""
    store = data / "ls.params.db"
    subprocess.run([command, "set", "--create", store, "first", "0"], check=True)
    subprocess.run([command, "sql", "--write", store,
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) "
                    "INSERT INTO params (name, dtype, shape, value) "
                    "SELECT 'layer.' || i || '.weight', 'float32', '[64]', randomblob(256) FROM n"], check=True)
    commands = {"command/ls/ours": [command, "ls", store],
                "command/ls/sqlite3": ["sqlite3", store, "SELECT name FROM params ORDER BY id"]}
    if python:
        commands["command/ls/import_torch"] = [python, "-c", "import torch"]
    times = {name: [] for name in commands}
    for turn in range(COMMAND_ROUNDS + 1):
        for name, arguments in commands.items():
            began = time.perf_counter()
            subprocess.run(arguments, stdout=subprocess.DEVNULL, check=True)
            if turn > 0:  # the first reads from the disk
                times[name].append(time.perf_counter() - began)
    times["command/ls/limit"] = [0.030]
    return times


def pyro_times(python, data):
    """Seconds by name, from several processes, and the errors."""
    times = {}
    script = pathlib.Path(__file__).with_name("pyro_bench.py")
    for _ in range(PYRO_ROUNDS):
        print("Pyro ...", file=sys.stderr)
        result = subprocess.run([python, script, data], stdout=subprocess.PIPE, text=True)
        if result.returncode != 0:
            return {}, "its script failed; see above"
        for name, rounds in json.loads(result.stdout).items():
            times.setdefault(name, []).extend(rounds)
    return times, None


def compare(times):
    rows = []
    for name, ours, peer, peer_name, target in ROWS:
        if ours not in times or peer not in times:
            continue
        ours_time, peer_time = (statistics.median(times[side]) for side in (ours, peer))
        unit, scale = next((u for u in UNITS if ours_time >= u[1]), UNITS[-1])
        ratio = peer_time / ours_time
        rows.append({"name": name, "ours": ours_time / scale, "peer": peer_time / scale, "peer_name": peer_name,
                     "unit": unit, "ratio": ratio, "target": target, "met": None if target is None else ratio >= target})
    return rows


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def print_table(rows):
    print("ratio = the peer's time / our time, each the median of rounds taken in turn: above 1 we are faster.\n")
    head = ("work", "ours", "peer", "", "ratio", "target", "", "the peer")
    lines = [head]
    for row in rows:
        target = "" if row["target"] is None else number(row["target"])
        met = {True: "met", False: "MISSED", None: ""}[row["met"]]
        lines.append((row["name"], number(row["ours"]), number(row["peer"]), row["unit"], number(row["ratio"]), target, met,
                      row["peer_name"]))
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        cells = [cell.rjust(width) if i in (1, 2, 4, 5) else cell.ljust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())


def main(program, command, results, python=None):
    results = pathlib.Path(results)
    results.parent.mkdir(parents=True, exist_ok=True)
    missing = "no Python with Pyro here"
    with tempfile.TemporaryDirectory(dir=results.parent, prefix="data-") as folder:
        times = own_times(program, pathlib.Path(folder))
        times.update(command_times(pathlib.Path(command), pathlib.Path(folder), python))
        if python:
            measured, missing = pyro_times(python, folder)
            times.update(measured)
    rows = compare(times)
    print_table(rows)
    if missing:
        print(f"\nPyro was not measured: {missing}.")
    results.write_text(json.dumps(rows, indent=2) + "\n")
    print(f"\n{results}")


if __name__ == "__main__":
    main(*sys.argv[1:])
