"""Writes what `./proximal bench` measured: bench/results/<date>-<processor>.md, and from the newest results of each
kernel the table native/src/kernels/README.md.

    report.py --native NATIVE.json... --managed FOLDER --commit TEXT --date DATE [--filter NAME]...
    report.py --table            (the table alone; it takes what is in bench/results)
"""

import argparse
import json
import pathlib
import re
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
KERNELS = ROOT / "native" / "src" / "kernels"
RESULTS = ROOT / "bench" / "results"
OURS = "Proximal"
# Two threads that do less than this times one thread's work did not have two cores.
LEAST_SCALING = 1.8
ROOFS = {"read_one": "read, 1 thread", "read": "read", "copy": "copy", "copy_nt": "copy, past the caches", "triad": "triad",
         "triad_nt": "triad, past the caches", "update": "update in place", "fp32_one": "fp32, 1 thread", "fp32": "fp32",
         "bf16_one": "bf16, 1 thread", "bf16": "bf16"}

# Kinds of traffic by their share of reads.
TRAFFIC = {1: ("read",), 2 / 3: ("triad", "triad_nt"), 4 / 7: ("update",), 1 / 2: ("copy", "copy_nt")}


def duration(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def times(ratio: float) -> str:
    return f"{ratio:.0f}x" if ratio >= 20 else f"{ratio:.2f}x"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(row) + " |" for row in rows), ""]


class Roofs:
    """The machine's limits around one kernel: the mean of before and after."""

    def __init__(self, kernel: dict, threads: int) -> None:
        before, after = kernel["before"], kernel["after"]
        self.rates = {name: (before[name] + after[name]) / 2 for name in before}
        self.disturbed = threads > 1 and any(
            probe[dtype] < LEAST_SCALING / 2 * threads * probe[f"{dtype}_one"] for probe in (before, after) for dtype in ("fp32", "bf16"))

    def memory(self, read: float, written: float) -> float:
        """The rate of that kind of traffic whose share of reads is nearest."""
        share = read / (read + written)
        nearest = min(TRAFFIC, key=lambda kind: abs(kind - share))
        return max(self.rates[name] for name in TRAFFIC[nearest])

    def limit(self, row: dict) -> float:
        read, written = row["read_bytes"], row["written_bytes"]
        arithmetic = row["flop"] / self.rates["bf16" if row["dtype"] == "bf16" else "fp32"]
        return max(arithmetic, (read + written) / self.memory(read, written) if read + written else 0)


def rate_of(row: dict, seconds: float) -> str:
    if row["flop"]:
        return f"{row['flop'] / seconds / 1e9:.0f} GFLOP/s"
    moved = row["read_bytes"] + row["written_bytes"]
    return f"{moved / seconds / 1e9:.1f} GB/s" if moved else "-"


def kernel_section(entries: list[dict], threads: int) -> list[str]:
    """One kernel; each entry has cases, and the machine's limits around them."""
    peers = list(dict.fromkeys(c["name"] for entry in entries for row in entry["rows"] for c in row["contenders"] if c["name"] != OURS))
    rows, remarks = [], []
    for entry in entries:
        roofs = Roofs(entry, threads)
        rows += [case_cells(row, roofs, peers) for row in entry["rows"]]
        r = roofs.rates
        remarks += [f"Limits around it: read {r['read'] / 1e9:.1f}, triad {roofs.memory(2, 1) / 1e9:.1f}, update {r['update'] / 1e9:.1f}, copy "
                    f"{roofs.memory(1, 1) / 1e9:.1f} GB/s; fp32 {r['fp32'] / 1e9:.0f}, bf16 {r['bf16'] / 1e9:.0f} GFLOP/s"
                    + (f" ({entry['rows'][0]['shape']} and on)." if len(entries) > 1 and entry["rows"] else "."), ""]
        if roofs.disturbed:
            remarks += [f"**Disturbed**: around these figures all threads together did less than {LEAST_SCALING / 2:.0%} of what one did times "
                        "their number; they do not count.", ""]
    ops = [line for entry in entries for row in entry["rows"] if "ops" in row for line in op_section(row)]
    return [f"## {entries[0]['name']}", "", *table(["Ratio", "Share of limit", "Case", OURS, "Rate", *peers, "Clean repeats"], rows), *remarks, *ops]


def llama_section(runs: list[dict], engine: list[dict]) -> list[str]:
    """llama.cpp before and after our cases, with its faster run counted."""
    ours = {row["shape"]: row["contenders"][0]["seconds"] for kernel in engine for row in kernel["rows"]}
    rows = []
    for cases in zip(*(run["cases"] for run in runs)):
        count = cases[0]["sequences"]
        mine, theirs = ours.get(f"decode, {count} sequences of 128 and on"), min(case["step"] for case in cases)
        if mine:
            rows.append([times(theirs / mine), f"decode, {count} sequences", f"{count / mine:.0f}", *(f"{count / case['step']:.0f}" for case in cases)])
        mine, theirs = ours.get(f"prefill, {count} prompts of 128"), min(case["prefill"] for case in cases)
        if mine:
            rows.append([times(theirs / mine), f"prefill, {count} prompts of 128", f"{128 * count / mine:.0f}",
                         *(f"{128 * count / case['prefill']:.0f}" for case in cases)])
    return ["## Beside llama.cpp", "", f"The same shape in BF16, by node-llama-cpp in a process of its own, {len(runs)} times around our cases; ratio to its faster "
            f"run; tokens a second. It says of the machine: {runs[0]['system'].strip()}.", "",
            *table(["Ratio", "Case", OURS, *(f"llama.cpp, run {i + 1}" for i in range(len(runs)))], rows)]


def op_section(row: dict) -> list[str]:
    """Where the time of one more run of ours went."""
    whole = sum(op["seconds"] for op in row["ops"])
    rows = [[op["op"], str(op["calls"] or ""), duration(op["seconds"]), f"{100 * op['seconds'] / whole:.1f} %",
             f"{op['flop'] / op['seconds'] / 1e9:.0f}" if op["flop"] else "", f"{op['bytes'] / op['seconds'] / 1e9:.1f}" if op["bytes"] else ""]
            for op in row["ops"] if op["seconds"] > 0.001 * whole]
    return [f"### {row['shape']}: time by operation", "", *table(["Operation", "Calls", "Time", "Share", "GFLOP/s", "GB/s"], rows)]


def case_cells(row: dict, roofs: Roofs, peers: list[str]) -> list[str]:
    found = {c["name"]: c for c in row["contenders"]}
    ours = found[OURS]["seconds"]
    others = [c["seconds"] for name, c in found.items() if name != OURS and c["repeats"]]
    limit = roofs.limit(row)
    cells = [times(min(others) / ours) if others else "-", f"{100 * limit / ours:.0f} %" if limit else "-", row["shape"],
             duration(ours), rate_of(row, ours)]
    for peer in peers:
        contender = found.get(peer)
        cells.append("" if contender is None else duration(contender["seconds"]) if contender["repeats"] else "not installed")
    return [*cells, " ".join(f"{c['clean']}/{c['repeats']}" for c in row["contenders"] if c["repeats"])]


def probe_section(kernels: list[dict]) -> list[str]:
    probes = [kernels[0]["before"], *(kernel["after"] for kernel in kernels)]
    rows = []
    for name, text in ROOFS.items():
        values = [probe[name] / 1e9 for probe in probes]
        unit = "GFLOP/s" if name.startswith(("fp32", "bf16")) else "GB/s"
        rows.append([text, unit, *(f"{value:.1f}" for value in (values[0], values[-1], min(values), statistics.median(values), max(values)))])
    return ["## Limits of the machine", "", f"Measured {len(probes)} times, before and after each kernel; bytes as a program sees them.", "",
            *table(["", "", "first", "last", "least", "median", "most"], rows)]


def managed_rows(folder: pathlib.Path) -> list[dict]:
    return [benchmark for path in sorted(folder.glob("results/*-report-brief.json"))
            for benchmark in json.loads(path.read_text(encoding="utf-8-sig"))["Benchmarks"] if benchmark.get("Statistics")]


def managed_section(benchmarks: list[dict]) -> list[str]:
    lines = ["## From C#", "", "BenchmarkDotNet; Ratio: the class's baseline (plain C#) over the entry.", ""]
    rows = []
    for benchmark in benchmarks:
        median = benchmark["Statistics"]["Median"] * 1e-9
        base = next((b for b in benchmarks if b["Type"] == benchmark["Type"] and b["Parameters"] == benchmark["Parameters"]
                     and b["Method"] == "Managed"), None)
        ratio = times(base["Statistics"]["Median"] * 1e-9 / median) if base is not None else "-"
        allocated = benchmark.get("Memory", {}).get("BytesAllocatedPerOperation")
        rows.append([ratio, benchmark["Type"], benchmark["Method"], benchmark["Parameters"] or "-", duration(median),
                     "-" if allocated is None else f"{allocated} B"])
    return lines + table(["Ratio", "Class", "Entry", "Parameters", "Median", "Allocated per call"], rows)


def call_section(native: list[dict], benchmarks: list[dict]) -> list[str]:
    """What a call from C# costs beyond the same call of the entry from C++."""
    calls = next((kernel["rows"] for kernel in native if kernel["name"] == "call"), [])
    entries = {b["Method"]: b for b in benchmarks if b["Type"] == "CallBenchmarks"}
    rows = []
    for row in calls:
        entry = entries.get("".join(part.capitalize() for part in row["shape"].split(" of ")[0].split("_")))
        if entry is None:
            continue
        seconds, managed = row["contenders"][0]["seconds"], entry["Statistics"]["Median"] * 1e-9
        allocated = entry.get("Memory", {}).get("BytesAllocatedPerOperation", "?")
        rows.append([f"{(managed - seconds) * 1e9:.1f} ns", row["shape"], duration(managed), duration(seconds), f"{allocated} B"])
    return ["## Cost of a call from C#", "", *table(["Beyond the entry", "Case", "C#", "C++", "Allocated per call"], rows)] if rows else []


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def write_results(options: argparse.Namespace) -> pathlib.Path:
    runs = [json.loads(path.read_text()) for path in options.native]
    native = runs[0] if runs else None
    benchmarks = managed_rows(options.managed) if options.managed else []
    if options.managed and not benchmarks:
        sys.exit(f"report.py: {options.managed} holds no result of BenchmarkDotNet: what it printed says why")
    kernels = [kernel for run in runs for kernel in run["kernels"]]
    processor = native["processor"] if native else "managed"
    lines = [f"# Kernels on {processor}, {options.date}", ""]
    if native:
        peers = ", ".join(f"{name} {found if found == 'found' else 'not installed'}" for name, found in native["peers"].items())
        lines += [f"* commit {options.commit}; {native['isa']}; {native['threads']} threads of {native['cores']} cores; {native['compiler']}; peers: {peers}",
                  "* Ratio: the fastest peer's time over ours. All contenders of a case run by turns in one process; medians of the clean repeats, which are "
                  "those where no thread lost its core for more than 1.5 % of the time (none clean: of all).",
                  "* Share of limit: the most of FLOP over the measured rate of the dtype and bytes over the measured rate of memory, over our time. Of memory the kind of "
                  "traffic counts whose share of reads is nearest: read, triad, update in place, copy.",
                  "* LibTorch: Debian's 1.13 with OpenBLAS (OPENBLAS_CORETYPE=SkylakeX with AVX-512); oneDNN: matmul with weights packed beforehand.", ""]
        if native["quick"]:
            lines += ["**A trial run: its figures mean nothing.**", ""]
        if kernels:
            lines += probe_section(kernels)
    lines += call_section(kernels, benchmarks)
    for name in dict.fromkeys(kernel["name"] for kernel in kernels if kernel["name"] != "call"):
        lines += kernel_section([kernel for kernel in kernels if kernel["name"] == name], native["threads"])
    if options.llama:
        lines += llama_section([json.loads(path.read_text()) for path in options.llama], [kernel for kernel in kernels if kernel["name"] == "engine"])
    if benchmarks:
        lines += managed_section(benchmarks)
    name = "-".join([options.date, slug(processor), *map(slug, options.filter)])
    path = (options.output or RESULTS) / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    return path


def newest_figures() -> dict[str, tuple[str, str, str]]:
    """For each kernel: ratio and share of the newest results that have it, and their file."""
    figures = {}
    for path in sorted(RESULTS.glob("20??-??-??-*.md")):
        for section in re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            name, _, text = section.partition("\n")
            if not (KERNELS / name / f"{name}.h").is_file():
                continue
            cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.splitlines() if line.startswith("| ")][1:]
            ratios = [float(row[0].rstrip("x")) for row in cells if row[0].endswith("x")]
            shares = [int(row[1].rstrip(" %")) for row in cells if row[1].endswith("%")]
            figures[name] = (span(ratios, times), span(shares, "{} %".format), path.name)
    return figures


def span(values: list, text) -> str:
    if not values:
        return "-"
    low, high = text(min(values)), text(max(values))
    return low if low == high else f"{low} to {high}"


def pascal_tests() -> dict[str, str]:
    """Managed tests by their name in lower case without underscores."""
    folder = ROOT / "tests" / "Proximal.Tests" / "Kernels"
    return {path.stem.removesuffix("Tests").lower(): path.name for path in folder.glob("*Tests.cs")}


# Where the managed name is another one.
MANAGED_NAMES = {"sample": "sampling", "whiten": "whitening", "reward_shape": "rewardshaping"}


def kernel_table() -> str:
    figures, managed = newest_figures(), pascal_tests()
    rows = []
    for header in sorted(KERNELS.glob("*/*.h")):
        name = header.parent.name
        if header.stem != name:
            continue

        def link(path: pathlib.Path) -> str:
            return f"[{path.name}]({'../' * 3 if not path.is_relative_to(KERNELS) else ''}{path.relative_to(KERNELS if path.is_relative_to(KERNELS) else ROOT)})"

        def files(pattern: str) -> str:
            return ", ".join(link(path) for path in sorted(header.parent.glob(pattern))) or "-"

        tests = [ROOT / "tests" / "native" / f"test_{name}.cpp"]
        test = managed.get(MANAGED_NAMES.get(name, name.replace("_", "")))
        tests += [ROOT / "tests" / "Proximal.Tests" / "Kernels" / test] if test else []
        ratio, share, path = figures.get(name, ("-", "-", None))
        simd = [files("*_cpu.cpp"), files("*_avx512bf16.cpp"), files("*_amx.cpp")]
        rows.append([f"[{name}]({name}/{header.name})", files(f"{name}.cpp"), files("*_ref.cpp"),
                     ", ".join(text for text in simd if text != "-") or "-", files("*.cu"),
                     ", ".join(link(test) for test in tests if test.is_file()) or "-", ratio, share,
                     f"[{path.removesuffix('.md')}](../../../bench/results/{path})" if path else "-"])
    lines = ["# Kernels", "", "Written by `./proximal bench`. Ratio: the fastest peer's time over ours, from the least to the largest of the cases measured; "
             "share: of the limit that the machine's measured rates set.", "",
             *table(["Kernel", "Source", "Reference", "SIMD", "CUDA", "Tests", "Ratio", "Share of limit", "Measured"], rows)]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--native", type=pathlib.Path, action="append", default=[], help="several: runs of the same program one after the other")
    parser.add_argument("--managed", type=pathlib.Path)
    parser.add_argument("--llama", type=pathlib.Path, action="append", default=[], help="several: what bench/llama/decode.mjs printed, run by run")
    parser.add_argument("--commit", default="unknown")
    parser.add_argument("--date")
    parser.add_argument("--filter", action="append", default=[])
    parser.add_argument("--output", type=pathlib.Path, help="another folder than bench/results; the table stays as it is")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if not options.table:
        if not options.date or not (options.native or options.managed):
            parser.error("give --date and --native or --managed, or --table")
        print(write_results(options))
    if options.output is None:
        (KERNELS / "README.md").write_text(kernel_table(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
