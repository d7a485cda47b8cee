"""Runs the classes of faults and adds their figures up to one table.

  report.py [--sanitized BUILD] [--only CLASS]... [--jobs N] [--readme] BUILD OUTPUT

BUILD is a build folder; BUILD/faults.txt names the classes and their commands (tests/faults/CMakeLists.txt). A class that
wants the sanitizers is taken from the folder given with --sanitized. OUTPUT gets faults.json (all figures, all losses) and
faults.md, the table. With --readme, if every class ran, the last section of tests/README.md becomes that table. The exit
status is 0 if nothing was lost and every class ran.
"""

import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import subprocess
import sys
import time

HEADING = "## The last whole attack"
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent


def classes_of(build):
    lines = (build / "faults.txt").read_text().splitlines()
    for line in lines:
        name, seconds, sanitized, *command = line.split("\t")
        yield name, int(seconds), sanitized == "TRUE", command


def run(name, command, log):
    """The lines of figures that the command prints, or one that says why there are none."""
    began = time.monotonic()
    with open(log, "w") as stderr:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
    seconds = time.monotonic() - began
    try:
        figures = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    except json.JSONDecodeError as error:
        figures = []
        print(f"{name}: {error}", file=sys.stderr)
    losing = any(each["lost"] for each in figures)
    complete = bool(figures) and done.returncode == (1 if losing else 0)
    return name, figures, complete, done.returncode, seconds


def commit_of():
    describe = subprocess.run(["git", "-C", SOURCE, "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return describe.stdout.strip() or "unknown"


def table_of(totals, date, commit):
    lines = [f"`./run faults` on {date}, commit {commit}:", "", "| class | tried | held | lost |", "|---|---:|---:|---:|"]
    lines += [f"| {name} | {t['tried']:,} | {t['held']:,} | {t['lost']:,} |" for name, t in totals.items()]
    return "\n".join(lines) + "\n"


def write_readme(table):
    page = SOURCE / "tests" / "README.md"
    text = page.read_text().split(HEADING)[0].rstrip()
    page.write_text(f"{text}\n\n{HEADING}\n\n{table}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sanitized", type=pathlib.Path)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    arguments = parser.parse_args()

    chosen = []
    for build, sanitized in ((arguments.build, False), (arguments.sanitized, True)):
        if build is None:
            continue
        chosen += [(seconds, name, command) for name, seconds, wants, command in classes_of(build)
                   if wants == sanitized and (not arguments.only or name in arguments.only)]
    if not chosen:
        sys.exit("no class of faults has that name")
    order = [name for _, name, _ in chosen]
    chosen.sort(reverse=True)
    arguments.output.mkdir(parents=True, exist_ok=True)

    results = {}
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        running = [pool.submit(run, name, command, arguments.output / f"{name}.log") for _, name, command in chosen]
        for each in concurrent.futures.as_completed(running):
            name, figures, complete, status, seconds = each.result()
            results[name] = figures, complete
            tried = sum(f["tried"] for f in figures)
            lost = sum(f["lost"] for f in figures)
            print(f"{name}: {tried:,} tried, {lost:,} lost, {seconds:.0f} s", flush=True)
            if not complete:
                print(f"{name} ended with status {status}; see {arguments.output / (name + '.log')}", flush=True)

    totals = {}
    for name in order:
        for figures in results[name][0]:
            total = totals.setdefault(figures["class"], {"tried": 0, "held": 0, "lost": 0, "losses": []})
            for key in total:
                total[key] += figures[key]
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    table = table_of(totals, date, commit_of())
    (arguments.output / "faults.md").write_text(table)
    (arguments.output / "faults.json").write_text(json.dumps({"date": date, "commit": commit_of(), "classes": totals}, indent=1) + "\n")
    print("\n" + table)
    for name, total in totals.items():
        for loss in total["losses"][:20]:
            print(f"lost ({name}): {loss['what']}\n  {loss['reproduce']}")
    whole = all(complete for _, complete in results.values())
    if arguments.readme and whole and not arguments.only:
        write_readme(table)
    sys.exit(0 if whole and not any(t["lost"] for t in totals.values()) else 1)


if __name__ == "__main__":
    main()
