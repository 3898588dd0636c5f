#!/usr/bin/env python3
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Changes an operator or a number in a header, one at a time, and runs the header's own test.

usage: test/mutate.py [--count N] [--seed S] [header...]

A change is killed if the test fails or does not end, and survives if it passes: then the test has a
hole, or the change has no effect that a test could see, such as another capacity. Without headers it
chooses among all that have a test at their path. The choice depends on the seed only. Needs g++.
"""

import argparse
import pathlib
import random
import re
import shutil
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent
include = root / "include"
build = root / "build/mutate"

# Spaces around an operator tell it from template brackets, references and pointers.
CHANGES = [
    (r" < ", [" <= ", " >= "]), (r" <= ", [" < ", " > "]), (r" > ", [" >= ", " <= "]),
    (r" >= ", [" > ", " < "]), (r" == ", [" != "]), (r" != ", [" == "]),
    (r" && ", [" || "]), (r" \|\| ", [" && "]), (r" \+ ", [" - "]), (r" - ", [" + "]),
    (r" \* (?=[A-Za-z0-9(])", [" / "]), (r" / ", [" * "]), (r" \+= ", [" -= "]),
    (r" -= ", [" += "]), (r"\btrue\b", ["false"]), (r"\bfalse\b", ["true"]),
    (r"\bstd::min\b", ["std::max"]), (r"\bstd::max\b", ["std::min"]),
    (r"(?<![\w.'])\d+(?![\w.'])", None),  # a whole number: one more
]
IGNORED = re.compile(r"\s*(//|#|static_assert|template|requires|using |namespace|\*)")


def mutants(header):
    """(position, old text, new text) of each change of the header's code."""
    text = header.read_text()
    found, start = [], 0
    for line in text.splitlines(keepends=True):
        code = re.split(r"//", line)[0]
        if not IGNORED.match(line) and '"' not in code and "'" not in code:
            for pattern, replacements in CHANGES:
                for match in re.finditer(pattern, code):
                    old = match.group()
                    for new in replacements or [str(int(old) + 1)]:
                        found.append((start + match.start(), old, new))
        start += len(line)
    return text, found


def passes(header):
    """Whether the test of a header passes: None if it does not compile."""
    test = root / "test" / header.relative_to(include / "localsgd").with_suffix(".cpp")
    program = build / "program"
    compiled = subprocess.run(
        ["g++", "-std=c++20", "-O0", "-w", f"-I{build}/include", f"-I{include}", f"-I{root}",
         "-DBOOST_TEST_DYN_LINK", f'-DLOCALSGD_DEFAULT_DATA="{root.parent}/shared/data"', str(test),
         "-o", str(program), "-lboost_unit_test_framework", "-lz", "-pthread"],
        capture_output=True)
    if compiled.returncode != 0:
        return None
    try:
        return subprocess.run([str(program)], capture_output=True, timeout=120,
                              cwd=build).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("header", nargs="*", help="such as include/localsgd/compressor/packing.hpp")
    options = parser.parse_args()

    headers = [pathlib.Path(h).resolve() for h in options.header] or [
        h for h in sorted(include.rglob("*.hpp"))
        if (root / "test" / h.relative_to(include / "localsgd").with_suffix(".cpp")).exists()]
    every = [(h, m) for h in headers for m in mutants(h)[1]]
    chosen = random.Random(options.seed).sample(every, min(options.count, len(every)))

    shutil.rmtree(build, ignore_errors=True)  # an interrupted run leaves its mutant
    results = {"killed": 0, "survived": 0, "not compiled": 0}
    for header, (position, old, new) in sorted(chosen):
        text = header.read_text()
        # The mutant is found before the original: the first folder of headers has no other.
        mutant = build / "include" / header.relative_to(include)
        mutant.parent.mkdir(parents=True, exist_ok=True)
        mutant.write_text(text[:position] + new + text[position + len(old):])
        outcome = {None: "not compiled", True: "survived", False: "killed"}[passes(header)]
        mutant.unlink()
        results[outcome] += 1
        line = text.count("\n", 0, position) + 1
        whole = text.splitlines()[line - 1].strip()
        print(f"{outcome:12} {header.relative_to(root)}:{line}: '{old.strip()}' to "
              f"'{new.strip()}' in {whole}", flush=True)
    print(", ".join(f"{n} {name}" for name, n in results.items()) + f" of {len(every)} changes")
    return 0 if results["killed"] + results["survived"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
