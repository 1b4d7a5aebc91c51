"""A row of Python, in a process of its own: takes turns as the lines on standard input say.

    python row_process.py FILE.FUNCTION INPUT       a function of rivals/FILE.py

A line is {"runs", "milliseconds"}, the answer {"seconds", "memory"}: the median time of one run, and the most memory in bytes
above that of the process before it had done anything. The same protocol as src/row-process.ts.
"""

import importlib
import json
import re
import statistics
import sys
import time


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


if __name__ == "__main__":
    _, work, given = sys.argv
    file, function = work.split(".")
    row = getattr(importlib.import_module(f"rivals.{file}"), function)
    idle = status_bytes("VmRSS")
    for line in sys.stdin:
        print(json.dumps(take_turn(row, json.loads(given), **json.loads(line), idle=idle)), flush=True)
