"""Compares counts: counts.py PROBE.json BPFTRACE.out "VOLUNTARY INVOLUNTARY" (before) and after"""

import json
import re
import sys

from latency import sums

report, traced = json.load(open(sys.argv[1])), open(sys.argv[2]).read()
before, after = ([int(n) for n in arg.split()] for arg in sys.argv[3:5])
counts = report["counts"]
seen = {k: int(v) for k, v in re.findall(r"@(\w+): (\d+)", traced)}
good = True
print(f"\nworker server under ab: {counts['connections']} connections")
for what, ours, theirs, who in (
    ("futex wake calls", counts["wake_calls"], seen["wakes"], "bpftrace"),
    ("accepted", counts["connections"], seen["accepts"], "bpftrace"),
    ("voluntary switches", counts["switches_voluntary"], after[0] - before[0], "/proc"),
    ("involuntary switches", counts["switches_involuntary"], after[1] - before[1], "/proc"),
):
    apart = ours / theirs - 1 if theirs else float(ours != 0)
    good &= abs(apart) <= 0.01
    print(f"  {what:22} probe {ours:8}, {who} {theirs:8}, {100 * apart:+.2f} % apart")
good &= sums(report)
print(f"  lost: {report['lost']}")
sys.exit(0 if good else 1)
