#!/usr/bin/env python3
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Changes an operator or a number in a header, one at a time, and runs the tests that should notice.

usage: test/mutate.py [--count N] [--seed S] [--jobs J] [header...]

These are the header's own test and, if that passes, those of up to four headers that include it. A
change is killed if a test fails or does not end, and survives if all pass: then the tests have a hole,
or the change has no effect that a test could see, such as another capacity. Without headers it chooses
among all that have a test at their path. The choice depends on the seed only. The compiler is CXX, or
g++.
"""

import argparse
import concurrent.futures
import os
import pathlib
import random
import re
import resource
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
NEEDS_RANKS = re.compile(r"/(mpi|gloo|processes)")
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


def confine():
    """A change may ask for memory without end."""
    resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def test_of(header):
    return root / "test" / header.relative_to(include / "localsgd").with_suffix(".cpp")


def tests_for(header):
    """The header's own test, then those of headers that include it, the smallest first."""
    own = test_of(header)
    line = f'#include "{header.relative_to(include)}"'
    others = [test_of(h) for h in include.rglob("*.hpp") if line in h.read_text()]
    others = sorted((t for t in others if t.exists() and not NEEDS_RANKS.search(str(t))),
                    key=lambda t: (t.stat().st_size, str(t)))
    return [own] + others[:4]


def run(test, folder):
    """What a test does with the headers in a folder."""
    program = folder / "program"
    compiled = subprocess.run(
        [os.environ.get("CXX", "g++"), "-std=c++20", "-O0", "-w", f"-I{folder}/include",
         f"-I{include}", f"-I{root}", "-DBOOST_TEST_DYN_LINK",
         f'-DLOCALSGD_DEFAULT_DATA="{root.parent}/shared/data"', str(test), "-o", str(program),
         "-lboost_unit_test_framework", "-lz", "-pthread"],
        capture_output=True)
    if compiled.returncode != 0:
        return "not compiled"
    try:
        passed = subprocess.run([str(program)], capture_output=True, timeout=100, cwd=folder,
                                preexec_fn=confine).returncode == 0
    except subprocess.TimeoutExpired:
        return "endless"
    return "survived" if passed else "killed"


def tried(tests, changed, folder):
    """What becomes of a change that is in place."""
    for test in tests:
        result = run(test, folder)
        if result == "endless":  # or slow without any change, which proves nothing
            aside = changed.rename(folder / "aside")
            slow = run(test, folder) == "endless"
            aside.rename(changed)
            result = "too slow" if slow else "killed"
        if result == "killed" or (result != "survived" and test == tests[0]):
            return result
    return "survived"


def outcome(number, header, mutant):
    """What becomes of one change, and a line that says so."""
    position, old, new = mutant
    text = header.read_text()
    folder = build / str(number)
    # The mutant is found before the original: the first folder of headers has no other.
    changed = folder / "include" / header.relative_to(include)
    changed.parent.mkdir(parents=True)
    changed.write_text(text[:position] + new + text[position + len(old):])
    result = tried(tests_for(header), changed, folder)
    shutil.rmtree(folder)
    line = text.count("\n", 0, position) + 1
    whole = text.splitlines()[line - 1].strip()
    return result, (f"{result:12} {header.relative_to(root)}:{line}: '{old.strip()}' to "
                    f"'{new.strip()}' in {whole}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="changes that are tried at once")
    parser.add_argument("header", nargs="*", help="such as include/localsgd/compressor/packing.hpp")
    options = parser.parse_args()

    headers = [pathlib.Path(h).resolve() for h in options.header] or [
        h for h in sorted(include.rglob("*.hpp"))
        if test_of(h).exists()]
    every = [(h, m) for h in headers for m in mutants(h)[1]]
    chosen = random.Random(options.seed).sample(every, min(options.count, len(every)))

    shutil.rmtree(build, ignore_errors=True)  # an interrupted run leaves its mutant
    results = dict.fromkeys(("killed", "survived", "too slow", "not compiled"), 0)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as jobs:
        all_tried = [jobs.submit(outcome, n, *change) for n, change in enumerate(sorted(chosen))]
        for result, line in (each.result() for each in all_tried):
            results[result] += 1
            print(line, flush=True)
    print(", ".join(f"{n} {name}" for name, n in results.items()) + f" of {len(every)} changes")
    return 0 if results["killed"] + results["survived"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
