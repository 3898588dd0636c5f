# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Training beside other programs, and on part of a core; run.sh says how to call it.

localsgd and the fastest solver of LIBLINEAR go to f - f* <= 1e-6 (f(0) - f*) turn by turn: alone, beside
1, 2 and 4 processes that only count, on one core, and in a cgroup with half a core and a whole one. Each
system's slow-down is its median over that of the runs alone.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile

import battery
import battery_data
import battery_systems
import compare
import objectives
from compare import say

LEVEL = 1e-6
CGROUP = "localsgd_busy"


@contextlib.contextmanager
def counting(processes):
    """So many processes that take all the time they get."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
               for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


@contextlib.contextmanager
def cores(number):
    """This process and its children on so many of its cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:number])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def quota(share):
    """This process and its children in a cgroup with that share of a core. Raises OSError if it may
    not make one."""
    period = 100000
    root, controller, limit, text = "/sys/fs/cgroup/cpu", "cpu", "cpu.cfs_quota_us", int(share * period)
    if not os.path.exists(root):  # version 2
        root, controller, limit, text = "/sys/fs/cgroup", "", "cpu.max", f"{text} {period}"
    home = root + own_group(controller)
    folder = os.path.join(root, CGROUP)
    os.makedirs(folder, exist_ok=True)
    try:
        with open(os.path.join(folder, limit), "w", encoding="ascii") as file:
            file.write(str(text))
        enter(folder)
        yield
    finally:
        enter(home)
        os.rmdir(folder)


def own_group(controller):
    with open("/proc/self/cgroup", encoding="ascii") as file:
        lines = [line.rstrip("\n").split(":", 2) for line in file]
    return next((path for _, names, path in lines if controller in names.split(",")), "/")


def enter(folder):
    with open(os.path.join(folder, "cgroup.procs"), "w", encoding="ascii") as file:
        file.write(str(os.getpid()))


SCENES = {
    "alone": contextlib.nullcontext,
    "beside 1 busy process": lambda: counting(1),
    "beside 2 busy processes": lambda: counting(2),
    "beside 4 busy processes": lambda: counting(4),
    "on one core": lambda: cores(1),
    "half a core": lambda: quota(0.5),
    "the quota of one core": lambda: quota(1),
}


def tuned(runs, enough):
    """The configuration that gets there soonest, run once each."""
    best = None
    for configuration in runs:
        seconds, value = configuration.run()[-1]
        if value <= enough and (best is None or seconds < best[0]):
            best = (seconds, configuration)
    if best is None:
        raise SystemExit("LIBLINEAR does not reach the level")
    return best[1]


def medians(program, data_file, f, optimum, chosen, options):
    """Seconds of localsgd and of LIBLINEAR. The programs start anew: threads and cores are chosen then."""
    enough = optimum + LEVEL * (f.at_zero - optimum)
    with tempfile.TemporaryDirectory() as own:
        programs = battery_systems.Programs(program, data_file, own)
        ours = battery_systems.localsgd(programs, f, f.penalty, optimum, [LEVEL], options.cap, {})
        theirs = battery_systems.liblinear(programs, f, options.cap, True)
        every = [c for system in theirs for path in system.chains for c in path]
        name = chosen or tuned(every, enough).name
        other = next(c for c in every if c.name == name)
        times = {"localsgd": [], "LIBLINEAR": []}
        for turn in range(options.repeats + 1):  # the first one is not counted: it reads the data
            for who, configuration in (("localsgd", ours.chains[0][0]), ("LIBLINEAR", other)):
                seconds, value = configuration.run()[-1]
                if value > enough:
                    raise SystemExit(f"{who} did not get to the level within {options.cap} s")
                if turn > 0:
                    times[who].append(seconds)
        programs.close()
    return name, statistics.median(times["localsgd"]), statistics.median(times["LIBLINEAR"])


def arguments():
    parser = argparse.ArgumentParser(prog="benchmark/compare/run.sh --busy")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--data", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--datasets", default="a9a,w8a,spam,shuttle_binary",
                        help="binary ones (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=9, help="default: %(default)s")
    parser.add_argument("--cap", type=float, default=60, help="seconds of a run (default: %(default)s)")
    options = parser.parse_args()
    battery_data.shared_sets(options.data)
    options.sets = options.datasets.split(",")
    return options


def main():
    options = arguments()
    folder = os.path.join(options.build, "battery")
    data = os.path.join(folder, "data")
    os.makedirs(folder, exist_ok=True)
    have = battery_data.make_all(data, options.sets, options.data, say)
    program = compare.program("battery", options)
    for name in options.sets:
        if name not in have:
            say(f"skipped: {name}: there is no source for it")
            continue
        n, d, _, _ = have[name]
        data_file = os.path.join(data, name + ".svm")
        f = objectives.Objective(*objectives.read(data_file, d), "logistic", 1 / n)
        optimum = battery.find_optimum(f, {}, name, os.path.join(folder, "busy.json"))
        chosen, alone = None, None
        for scene, place in SCENES.items():
            try:
                with place():
                    chosen, ours, theirs = medians(program, data_file, f, optimum, chosen, options)
            except OSError as why:
                say(f"skipped: {name}, {scene}: {why}")
                continue
            alone = alone or (ours, theirs)
            slower = ours / alone[0], theirs / alone[1]
            say(f"{name:16} {scene:24} localsgd {ours:8.4f} s ({slower[0]:5.2f})   LIBLINEAR "
                f"{theirs:8.4f} s ({slower[1]:5.2f})   slow-down over LIBLINEAR's "
                f"{slower[0] / slower[1]:5.2f}")


if __name__ == "__main__":
    main()
