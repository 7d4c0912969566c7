#!/usr/bin/python3
"""Time from process start to the first token, and peak memory beyond the backend's: see README.md.

Usage: measure.py MODEL... (environment REPEATS, default 5). Prints a table for results/model-start.md.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = ["dotnet", "exec", str(ROOT / "build/managed/bin/Proximal.Cli/release/Proximal.Cli.dll")]
ROW = json.dumps({"prompt": "The capital of France is"}) + "\n"
FP32 = 4


def run(arguments, row):
    """Starts a process and hands it a row, when there is one; seconds to its first line, CPU seconds, peak bytes."""
    start = time.monotonic()
    process = subprocess.Popen(COMMAND + arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if row:
        process.stdin.write(row.encode())
        process.stdin.flush()
    line = process.stdout.readline()
    seconds = time.monotonic() - start
    process.stdin.close()
    process.stdout.read()
    errors = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or not line or (row and "error" in json.loads(line)):
        sys.exit(f"{' '.join(arguments)} failed: {line.decode()}{errors}")
    cpu = usage.ru_utime + usage.ru_stime
    return seconds, cpu, usage.ru_maxrss * 1024


def parameters(model):
    answer = subprocess.run(COMMAND + ["info", "--json", "--no-load", model], capture_output=True, check=True, text=True)
    return json.loads(answer.stdout)["parameters"]


def main():
    repeats = int(os.environ.get("REPEATS", "5"))
    models = sys.argv[1:] or sys.exit(__doc__)
    empty = statistics.median(run(["doctor"], None)[2] for _ in range(repeats))
    print(f"A process with the backend and no model: {empty / 1e6:.0f} MB at its peak.\n")
    print("| model | first token, s: median (least - most) | CPU, s | peak beyond the backend's, MB | share of the weights |")
    print("|---|---|---|---|---|")
    for model in models:
        generate = ["generate", "--model", model, "--input", "-", "--max-new-tokens", "1", "--quiet"]
        run(generate, ROW)  # brings the files into the system's cache
        times, cpus, peaks = zip(*(run(generate, ROW) for _ in range(repeats)))
        beyond = statistics.median(peaks) - empty
        print(
            f"| {'/'.join(pathlib.Path(model).resolve().parts[-2:])} | {statistics.median(times):.2f} ({min(times):.2f} - {max(times):.2f}) "
            f"| {statistics.median(cpus):.2f} | {beyond / 1e6:.0f} | {beyond / (FP32 * parameters(model)):.3f} |"
        )


main()
