"""The class of faults "inputs of the fuzzers": every file of tests/fuzz/corpus, each in a process of its own.

  corpus.py CORPUS PROGRAM...      PROGRAM is fuzz_<target>, and reads CORPUS/<target>
"""

import json
import pathlib
import subprocess
import sys


def main(corpus, programs):
    tried = 0
    losses = []
    for program in programs:
        name = pathlib.Path(program).name
        inputs = sorted((pathlib.Path(corpus) / name.removeprefix("fuzz_")).iterdir())
        if not inputs:
            sys.exit(f"{name} has no inputs")
        for each in inputs:
            tried += 1
            done = subprocess.run([program, each], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                  errors="replace", timeout=120)
            if done.returncode != 0:
                said = done.stderr.strip().splitlines()
                losses.append({"what": said[-1] if said else f"status {done.returncode}",
                               "reproduce": f"{name} tests/fuzz/corpus/{each.parent.name}/{each.name}"})
    print(json.dumps({"class": "inputs of the fuzzers", "tried": tried, "held": tried - len(losses), "lost": len(losses),
                      "losses": losses}))
    return 1 if losses else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
