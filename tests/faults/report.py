"""Runs the classes of faults and adds their figures up to one table.

  report.py [--sanitized BUILD] [--only CLASS]... [--jobs N] [--readme] BUILD OUTPUT

BUILD is a build folder; BUILD/faults.txt names the classes and their commands (tests/faults/CMakeLists.txt). A class that
wants the sanitizers is taken from the folder given with --sanitized. OUTPUT gets NAME.json for each class as soon as it has ended,
and faults.json (all figures, all losses) and faults.md, the table, at the end. With --readme, classes whose NAME.json is of this
commit are not run again, and if every class ran, the last section of tests/README.md becomes the table; so the whole can be run
in parts. The exit status is 0 if nothing was lost and every class ran.
"""

import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HEADING = "## The last whole attack"
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent


def classes_of(build):
    lines = (build / "faults.txt").read_text().splitlines()
    for line in lines:
        name, seconds, sanitized, *command = line.split("\t")
        yield name, int(seconds), sanitized == "TRUE", command


def run(name, command, output, commit):
    """What the class's command prints and takes, which also goes into OUTPUT/NAME.json."""
    began = time.monotonic()
    # wait4 also counts the time of the processes that the command has started and waited for.
    with tempfile.TemporaryFile("w+") as stdout, open(output / f"{name}.log", "w") as stderr:
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        lines = [line for line in stdout if line.startswith("{")]
    try:
        figures = [json.loads(line) for line in lines]
    except json.JSONDecodeError as error:
        figures = []
        print(f"{name}: {error}", file=sys.stderr)
    losing = any(each["lost"] for each in figures)
    result = {"commit": commit, "date": today(), "figures": figures, "status": process.returncode,
              "complete": bool(figures) and process.returncode == (1 if losing else 0),
              "seconds": round(time.monotonic() - began, 1), "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1)}
    (output / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    return name, result


def recorded(name, output, commit):
    """What `run` has recorded of a class that ran to its end at this commit, or nothing."""
    record = output / f"{name}.json"
    if not record.exists() or commit.endswith("-dirty") or commit == "unknown":
        return None
    result = json.loads(record.read_text())
    return result if result["commit"] == commit and result["complete"] else None


def tell(name, result, output):
    tried = sum(each["tried"] for each in result["figures"])
    lost = sum(each["lost"] for each in result["figures"])
    print(f"{name}: {tried:,} tried, {lost:,} lost, {result['seconds']:.0f} s, {result['cpu_seconds'] / 60:.1f} CPU minutes",
          flush=True)
    if not result["complete"]:
        print(f"{name} ended with status {result['status']}; see {output / (name + '.log')}", flush=True)


def today():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")


def commit_of():
    describe = subprocess.run(["git", "-C", SOURCE, "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return describe.stdout.strip() or "unknown"


def table_of(totals, date, commit):
    lines = [f"`./run faults` on {date}, commit {commit}:", "", "| class | tried | held | lost |", "|---|---:|---:|---:|"]
    lines += [f"| {name} | {t['tried']:,} | {t['held']:,} | {t['lost']:,} |" for name, t in totals.items()]
    if any(t["tried"] > t["held"] + t["lost"] for t in totals.values()):
        lines += ["", "What neither held nor was lost is what the file's format cannot tell: version 2 has no checksum of the rest of a row, and",
                  "a newest commit that is damaged in the log looks like one that was never finished."]
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

    commit = commit_of()
    results = {}
    if arguments.readme:
        results = {name: result for name in order if (result := recorded(name, arguments.output, commit))}
        for name, result in results.items():
            tell(name, result, arguments.output)
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        running = [pool.submit(run, name, command, arguments.output, commit) for _, name, command in chosen
                   if name not in results]
        for each in concurrent.futures.as_completed(running):
            name, result = each.result()
            results[name] = result
            tell(name, result, arguments.output)

    totals = {}
    for name in order:
        for figures in results[name]["figures"]:
            total = totals.setdefault(figures["class"], {"tried": 0, "held": 0, "lost": 0, "losses": []})
            for key in total:
                total[key] += figures[key]
    date = max(result["date"] for result in results.values())
    table = table_of(totals, date, commit)
    (arguments.output / "faults.md").write_text(table)
    (arguments.output / "faults.json").write_text(json.dumps({"date": date, "commit": commit, "classes": totals}, indent=1) + "\n")
    print("\n" + table)
    for name, total in totals.items():
        for loss in total["losses"][:20]:
            print(f"lost ({name}): {loss['what']}\n  {loss['reproduce']}")
    whole = all(result["complete"] for result in results.values())
    if arguments.readme and whole and not arguments.only:
        write_readme(table)
    sys.exit(0 if whole and not any(t["lost"] for t in totals.values()) else 1)


if __name__ == "__main__":
    main()
