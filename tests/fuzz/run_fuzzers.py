"""Runs every fuzzer for a while, as many at a time as there are cores, and says what they found.

  run_fuzzers.py SECONDS BUILD

BUILD/corpus/<target> keeps what each has learnt. Inputs that crash, hang or take too much memory are written to BUILD/found: put one
into tests/fuzz/corpus/<target>, and it is a test. The exit status is 1 if there are any.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def fuzz(target, seconds, build):
    learnt = build / "corpus" / target
    learnt.mkdir(parents=True, exist_ok=True)
    found = build / "found"
    found.mkdir(exist_ok=True)
    command = [build / "tests" / "fuzz" / f"fuzz_{target}", f"-max_total_time={seconds}", "-timeout=25", "-rss_limit_mb=2048",
               "-print_final_stats=1", f"-artifact_prefix={found}/{target}-", learnt, CORPUS / target]
    log = build / f"fuzz_{target}.log"
    with open(log, "w") as output:
        status = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT).returncode
    text = log.read_text(errors="replace")
    inputs = re.search(r"stat::number_of_executed_units:\s*(\d+)", text)
    coverage = re.findall(r"cov: (\d+)", text)
    return target, int(inputs.group(1)) if inputs else 0, coverage[-1] if coverage else "?", status, log


def main(seconds, build):
    targets = sorted(folder.name for folder in CORPUS.iterdir())
    failed = False
    print("| fuzzer | inputs | edges covered | |\n|---|---:|---:|---|")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for target, inputs, coverage, status, log in pool.map(lambda each: fuzz(each, seconds, build), targets):
            found = "held" if status == 0 else f"failed: {log}"
            failed = failed or status != 0
            print(f"| {target} | {inputs:,} | {coverage} | {found} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()))
