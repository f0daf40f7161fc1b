"""Compares medians and sums: latency.py PLACE PROBE.json BPFTRACE.out"""

import json
import re
import sys


def median(text, name):
    """Median of a bpftrace lhist, taken to lie evenly in its bucket."""
    rows, found = [], False
    for line in text.splitlines():
        if line.startswith("@"):
            found = line.startswith(f"@{name}:")
        m = re.match(r"\[(\d+), (\d+)\)\s+(\d+)", line)
        if found and m:
            rows.append(tuple(map(int, m.groups())))
    below, half = 0, sum(n for _, _, n in rows) / 2
    for low, high, n in rows:
        if below + n >= half:
            return low + (high - low) * (half - below) / n, int(2 * half)
        below += n
    sys.exit(f"bpftrace saw nothing of {name}")


def main():
    place, report, traced = sys.argv[1], json.load(open(sys.argv[2])), open(sys.argv[3]).read()
    good = True
    print(f"\nping-pong, {place} CPU: {report['H_ns']['count']} hand-offs")
    ours = report["stages"]["waking-switch"]
    theirs, n = median(traced, "run")
    apart = ours["p50"] / theirs - 1
    good &= abs(apart) <= 0.10
    print(f"  chosen - on a CPU: p50 probe {ours['p50']:.0f} ns (n={ours['count']}), bpftrace {theirs:.0f} ns (n={n}), {100 * apart:+.1f} % apart")
    good &= sums(report)
    return 0 if good else 1


def sums(report):
    """The stages' parts of the mean against the total's own mean."""
    good = True
    for total in ("H", "D", "G"):
        whole = report.get(f"{total}_ns")
        if whole:
            parts = sum(s["part_of_mean_ns"] for s in report["stages"].values() if s.get("of") == total)
            apart = abs(parts - whole["mean"]) / whole["p50"]
            good &= apart <= 0.02
            print(f"  {total}: the stages add up to {parts:.1f} ns, measured as a whole {whole['mean']:.1f} ns: {100 * apart:.3f} % of the median apart")
    return good


if __name__ == "__main__":
    sys.exit(main())
