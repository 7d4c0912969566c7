"""Compiles every CUDA kernel and prints what it takes: registers, shared memory, stack, spills, per architecture.

Needs nvcc, no device. Exit status: 0 when no kernel spills, 1 otherwise, 2 without a toolkit.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
NATIVE = ROOT / "native"
ARCHITECTURES = ("sm_80", "sm_90")
ENTRY = re.compile(r"Compiling entry function '(\S+)' for '(\S+)'")
FRAME = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"Used (\d+) registers(?:.*?(\d+) bytes smem)?")


@dataclass
class Kernel:
    """One kernel as ptxas reports it."""

    op: str
    name: str
    architecture: str
    registers: int = 0
    shared: int = 0
    stack: int = 0
    spilled: int = 0


def host_compiler(nvcc: str) -> list[str]:
    """nvcc 11 takes no newer libstdc++ than GCC 11's."""
    version = re.search(r"release (\d+)", subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True).stdout)
    return ["-ccbin", "g++-11"] if version and int(version[1]) < 12 and shutil.which("g++-11") else []


def compile_kernels(nvcc: str, source: pathlib.Path, architecture: str) -> list[Kernel]:
    with tempfile.TemporaryDirectory() as folder:
        command = [nvcc, *host_compiler(nvcc), "-std=c++17", "-O3", "--fmad=false", f"-arch={architecture}", "-cubin",
                   "-Xptxas=-v", f"-I{NATIVE / 'src'}", f"-I{NATIVE / 'include'}", "-o", f"{folder}/out.cubin", str(source)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(f"{source.relative_to(ROOT)} does not compile for {architecture}:\n{run.stderr}")
    return read_kernels(source.stem, run.stdout + run.stderr)


def read_kernels(op: str, text: str) -> list[Kernel]:
    kernels: list[Kernel] = []
    for line in text.splitlines():
        if entry := ENTRY.search(line):
            kernels.append(Kernel(op, short_name(entry[1]), entry[2]))
        elif kernels and (frame := FRAME.search(line)):
            kernels[-1].stack, kernels[-1].spilled = int(frame[1]), int(frame[2]) + int(frame[3])
        elif kernels and (used := USED.search(line)):
            kernels[-1].registers, kernels[-1].shared = int(used[1]), int(used[2] or 0)
    return kernels


def short_name(mangled: str) -> str:
    """The function's name with its template arguments, without namespaces and parameters."""
    text = subprocess.run(["c++filt", mangled], capture_output=True, text=True, check=True).stdout.strip()
    text = re.sub(r"\(anonymous namespace\)::|px::(kernels|cuda)::|^void ", "", text)
    depth = 0
    for i, character in enumerate(text):
        depth += (character == "<") - (character == ">")
        if character == "(" and depth == 0:
            return text[:i]
    return text


def main() -> int:
    nvcc = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")
    if nvcc is None:
        print("cuda: no CUDA toolkit (nvcc) on this machine", file=sys.stderr)
        return 2
    sources = [path for path in sorted((NATIVE / "src" / "kernels").glob("*/*.cu"))
               if len(sys.argv) == 1 or any(name in path.stem for name in sys.argv[1:])]
    jobs = [(nvcc, source, architecture) for source in sources for architecture in ARCHITECTURES]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        kernels = [kernel for found in pool.map(lambda job: compile_kernels(*job), jobs) for kernel in found]
    width = max((len(kernel.name) for kernel in kernels), default=0)
    print(f"{'op':<16} {'kernel':<{width}} {'arch':<6} registers shared stack spilled")
    for kernel in sorted(kernels, key=lambda k: (k.op, k.name, k.architecture)):
        print(f"{kernel.op:<16} {kernel.name:<{width}} {kernel.architecture:<6} {kernel.registers:>9} {kernel.shared:>6} "
              f"{kernel.stack:>5} {kernel.spilled:>7}")
    spilled = [kernel for kernel in kernels if kernel.spilled > 0]
    for kernel in spilled:
        print(f"FAILED {kernel.op} {kernel.name} {kernel.architecture} spills {kernel.spilled} bytes")
    print(f"{len(kernels) - len(spilled)} passed, {len(spilled)} failed, 0 skipped")
    return 1 if spilled or not kernels else 0


if __name__ == "__main__":
    sys.exit(main())
