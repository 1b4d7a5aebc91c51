"""A process of rows in Python: takes turns as the lines on standard input say.

    python row_process.py [PYTHON …]

Packages that this interpreter does not have are taken from the environments of the others. A line says {"work", "input", "runs",
"milliseconds"}: the work is FILE.FUNCTION, a function of rivals/FILE.py. The answer is {"seconds", "memory"}: the median time of one
run, and the most memory in bytes above that of the process before it had done anything; or {"absent"}. The same protocol as
src/row-process.ts.
"""

import importlib
import json
import re
import statistics
import sys
import time
from pathlib import Path

from absence import Absent


def status_bytes(field):
    """A size in /proc/self/status; None where there is none."""
    try:
        with open("/proc/self/status") as status:
            return int(re.search(rf"^{field}:\s+(\d+) kB", status.read(), re.MULTILINE)[1]) * 1024
    except OSError:
        return None


def forget_peak():
    try:
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
    except OSError:
        pass


def take_turn(row, given, runs, milliseconds, idle):
    forget_peak()
    seconds = []
    start = time.perf_counter()
    while len(seconds) < runs or time.perf_counter() - start < milliseconds / 1000:
        before = time.perf_counter()
        row(**given)
        seconds.append(time.perf_counter() - before)
    answer = {"seconds": statistics.median(seconds)}
    if idle is not None:
        answer["memory"] = max(0, status_bytes("VmHWM") - idle)
    return answer


def row_named(work):
    file, function = work.split(".")
    return getattr(importlib.import_module(f"rivals.{file}"), function)


if __name__ == "__main__":
    for other in sys.argv[1:]:
        sys.path.extend(str(packages) for packages in Path(other).parent.parent.glob("lib/python*/site-packages"))
    idle = None
    for line in sys.stdin:
        turn = json.loads(line)
        row = row_named(turn["work"])
        if idle is None:
            idle = status_bytes("VmRSS")
        try:
            answer = take_turn(row, turn["input"], turn["runs"], turn["milliseconds"], idle)
        except Absent as reason:
            answer = {"absent": str(reason)}
        print(json.dumps(answer), flush=True)
