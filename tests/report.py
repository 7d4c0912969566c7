"""Sums what the test runners left in a folder: failures, skips with what they lack, and one closing line.

The folder holds, for each runner, NAME.exit (its exit status) and NAME.log (what it printed), and where the runner is
.NET's NAME.trx. Exit status: 0 when nothing failed, 1 otherwise.
"""

import argparse
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

TRX = "{http://microsoft.com/schemas/VisualStudio/TeamTest/2010}"
GTEST_START = re.compile(r"\[ RUN      \] (\S+)")
GTEST_END = re.compile(r"\[ +(OK|FAILED|SKIPPED) +\] ([^\s,]+)(?:, where .*)? \((\d+) ms\)$")
# What may be missing although the shared folder is there.
EXCUSES = ("no gpu", "no cuda toolkit", "no right to mount", "needs llama.cpp")
# Lines of the test adapter itself among what tests print.
CHATTER = re.compile(r"^(\s*$|NUnit Adapter|Running (all|selected) tests|\s+NUnit3TestExecutor|Test '.*' was skipped)")
# The sanitizer that has to speak up for each planted defect.
PLANTED = {"leak": "LeakSanitizer: detected memory leaks", "overflow": "AddressSanitizer: heap-buffer-overflow",
           "undefined": "runtime error: signed integer overflow",
           "race": "ThreadSanitizer: data race", "missing-barrier": "ThreadSanitizer: data race",
           "shared-overflow": "runtime error: index"}


@dataclass
class Outcome:
    """What one runner did."""

    runner: str
    passed: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def ran(self) -> int:
        return self.passed + len(self.failed) + len(self.skipped)


def read_gtest(log: pathlib.Path) -> Outcome:
    """Reads GoogleTest's output rather than its XML: a crash leaves no XML, but the name of the test that began."""
    outcome = Outcome(log.stem)
    running, text = None, []
    for line in log.read_text(errors="replace").splitlines():
        if start := GTEST_START.search(line):
            running, text = start[1], []
        elif (end := GTEST_END.search(line)) and running is not None:
            message = "\n".join(text + [line[: end.start()]]).strip()
            if end[1] == "OK":
                outcome.passed += 1
                outcome.remarks += text
            elif end[1] == "FAILED":
                outcome.failed.append((end[2], message))
            else:
                # GoogleTest puts the place on the line before the reason.
                outcome.skipped.append((end[2], re.sub(r"^.*: Skipped(\n|$)", "", message)))
            running = None
        else:
            text.append(line)
    if running is not None:
        outcome.failed.append((running, "the runner ended during this test\n" + "\n".join(text[-60:])))
    return outcome


def read_trx(path: pathlib.Path, runner: str) -> Outcome:
    outcome = Outcome(runner)
    root = ElementTree.parse(path).getroot()
    classes = {test.get("id"): test.find(f"{TRX}TestMethod").get("className") for test in root.iter(f"{TRX}UnitTest")}
    for result in root.iter(f"{TRX}UnitTestResult"):
        name = f"{classes.get(result.get('testId'), '?')}.{result.get('testName')}"
        message = "\n".join(filter(None, (result.findtext(f"{TRX}Output/{TRX}ErrorInfo/{TRX}{part}")
                                          for part in ("Message", "StackTrace")))).strip()
        if result.get("outcome") == "Passed":
            outcome.passed += 1
            outcome.remarks += (result.findtext(f"{TRX}Output/{TRX}StdOut") or "").splitlines()
        elif result.get("outcome") == "NotExecuted":
            outcome.skipped.append((name, message.partition("\n")[0]))
        else:
            outcome.failed.append((name, message))
    printed = root.findtext(f"{TRX}ResultSummary/{TRX}Output/{TRX}StdOut") or ""
    # A skip's own message is among the lines; it is shown with its test.
    skips = {f"{name.rpartition('.')[2]}: {reason}" for name, reason in outcome.skipped}
    outcome.remarks += [line for line in printed.splitlines() if not CHATTER.match(line) and line not in skips]
    return outcome


def read_planted(path: pathlib.Path, code: int) -> Outcome:
    """A planted defect passes when its sanitizer named it and ended the program."""
    defect = path.stem.removeprefix("planted-")
    outcome = Outcome(f"planted {defect}")
    text = path.read_text(errors="replace")
    if code != 0 and PLANTED[defect] in text:
        outcome.passed = 1
    else:
        outcome.failed.append((outcome.runner, f"no sanitizer said '{PLANTED[defect]}' (exit {code})\n{text[-2000:]}"))
    return outcome


def read_runner(exit_file: pathlib.Path, filtered: bool) -> Outcome:
    name, code = exit_file.stem, int(exit_file.read_text())
    log, trx = exit_file.with_suffix(".log"), exit_file.with_suffix(".trx")
    if name.startswith("planted-"):
        return read_planted(log, code)
    if name.startswith("native"):
        outcome = read_gtest(log)
    else:
        outcome = read_trx(trx, name) if trx.exists() else Outcome(name)
    ending = "took too long and was ended" if code in (124, 137) else f"ended with exit status {code}"
    if code != 0 and not outcome.failed:
        outcome.failed.append((f"runner {name}", f"{ending}\n{tail(log)}"))
    elif outcome.ran == 0 and not filtered:
        outcome.failed.append((f"runner {name}", f"ran no test\n{tail(log)}"))
    return outcome


def tail(log: pathlib.Path) -> str:
    """The end of a log; where a sanitizer spoke, from there."""
    text = log.read_text(errors="replace")
    start = re.search(r"^.*(ERROR: \w+Sanitizer|runtime error:)", text, re.MULTILINE)
    return text[start.start():][:8000] if start else "\n".join(text.splitlines()[-30:])


def refuse_skips(outcome: Outcome, only_gpu: bool) -> None:
    """A skip names what is missing, and with the shared folder at hand that may only be one of the EXCUSES."""
    kept = []
    for name, reason in outcome.skipped:
        if not reason:
            outcome.failed.append((name, "skipped without saying what is missing"))
        elif only_gpu and not any(excuse in reason.lower() for excuse in EXCUSES):
            outcome.failed.append((name, f"skipped although ../shared is there: {reason}"))
        else:
            kept.append((name, reason))
    outcome.skipped = kept


def show(outcome: Outcome) -> None:
    for line in outcome.remarks:
        print(f"  {line.rstrip()}")
    for name, reason in outcome.skipped:
        print(f"SKIPPED {name}: {reason}")
    for name, message in outcome.failed:
        print(f"FAILED {name}")
        for line in message.splitlines():
            print(f"    {line}")
    print(f"{outcome.runner}: {outcome.passed} passed, {len(outcome.failed)} failed, {len(outcome.skipped)} skipped")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--filtered", action="store_true", help="a runner may have nothing to run")
    parser.add_argument("--only-gpu-may-lack", action="store_true", help="other skips are failures")
    arguments = parser.parse_args()
    outcomes = [read_runner(path, arguments.filtered) for path in sorted(arguments.results.glob("*.exit"))]
    if not any(outcome.ran for outcome in outcomes):
        nothing = Outcome("selection")
        nothing.failed.append(("selection", "no test was run: no name contains what --filter says"))
        outcomes.append(nothing)
    for outcome in outcomes:
        refuse_skips(outcome, arguments.only_gpu_may_lack)
        show(outcome)
    passed, failed, skipped = (sum(counts) for counts in zip(
        *((outcome.passed, len(outcome.failed), len(outcome.skipped)) for outcome in outcomes)))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
