"""The class of faults "kills": tests/crash with 10,000 kills, which CTest runs with 200.

  kills.py CRASH_TESTS
"""

import json
import os
import re
import subprocess
import sys
import tempfile

KILLS = 10_000


def main(crash_tests):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([crash_tests, "--test-case=*killed at any moment*"], cwd=folder,
                              env={**os.environ, "PARAMSTORE_CRASH_KILLS": str(KILLS)}, stdout=subprocess.PIPE, text=True)
    print(done.stdout, file=sys.stderr)
    errors = re.findall(r"^.*ERROR: .*$", done.stdout, re.MULTILINE)
    kills = re.search(r"(\d+) kills, (\d+) commits", done.stdout)
    if done.returncode != 0 and not errors or done.returncode == 0 and kills is None:
        sys.exit(f"{crash_tests} ended with status {done.returncode} and said neither how many it killed nor what was wrong")
    reproduce = f"PARAMSTORE_CRASH_KILLS={KILLS} crash_tests"
    # A check that fails ends its process's kills, so those behind it were not tried.
    tried = int(kills.group(1)) if kills else len(errors)
    print(json.dumps({"class": "kills", "tried": tried, "held": tried - len(errors), "lost": len(errors),
                      "losses": [{"what": error, "reproduce": reproduce} for error in errors]}))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
