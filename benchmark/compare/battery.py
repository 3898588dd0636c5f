# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Many problems, losses and strengths of the penalty; run.sh says how to call it.

A cell is a data set, a loss, a lambda and a level. The level is relative: f - f* is to be at most
1e-3 or 1e-6 of f(0) - f*. Of every other system the time counts at which the best tuned run is
there, which only f* tells; of localsgd the time of a whole untuned call that ends by itself, with
the level proven. f* comes from Newton's method. It is accepted where |grad f|^2/(2 lambda) proves it
to 1e-8, and where localsgd's certificate does not contradict it.
"""

import argparse
import csv
import json
import math
import os
import re
import statistics
import tempfile
import time

import battery_data
import battery_systems
import compare
import objectives
import plot
import systems
from compare import say

LEVELS = [1e-3, 1e-6]
LIBRARIES = ["localsgd", "LIBLINEAR", "scikit-learn", "glmnet", "SciPy"]
LAMBDAS = ["100/n", "1/n", "0.01/n"]
FIELDS = ("dataset,n,d,nonzeros,task,loss,lambda,level,system,configuration,median_seconds,"
          "min_seconds,max_seconds,reached,runs,note").split(",")
SETS = (
    "mails spam spam_std a9a w8a ticdata income pima breast_cancer shuttle_binary badly_scaled "
    "collinear categories news million_columns million_rows "
    "satellite shuttle_std letter vehicle_std dna digits news_topics fashion "
    "boston diamonds diamonds_std collinear_regression sparse_regression randhie claims"
).split()
SMALL = (
    "spam spam_std a9a w8a ticdata income pima breast_cancer collinear news expression "
    "satellite vehicle_std dna digits boston boston_std diamonds collinear_regression randhie "
    "claims"
).split()


# --- measuring -----------------------------------------------------------------------------------


def find_optimum(f, known, key, where):
    """f*, remembered in the file `where`."""
    if key not in known:
        _, optimum, bound = f.minimise()
        known[key] = [optimum, bound]
        with open(where, "w", encoding="ascii") as file:
            json.dump(known, file, indent=0)
    optimum, bound = known[key]
    scale = f.at_zero - optimum
    if not bound <= 1e-8 * scale:
        raise compare.Skipped(f"f* is only known to {bound / scale:.2g} of f(0) - f*")
    return optimum


def cell_rows(head, programs, f, optimum, options):
    """The rows of one data set, loss and lambda, both levels."""
    notes = {}
    scale = f.at_zero - optimum
    everyone = battery_systems.everyone(
        programs, f, optimum, LEVELS, options.cap, options.quick, say, notes)
    everyone = [s for s in everyone if library(s.name) in options.systems]
    rows, _ = compare.compare(
        " ".join(map(str, head)), everyone, [optimum + level * scale for level in LEVELS],
        [f"{level:g}" for level in LEVELS], options.repeats, options.cap, options.budget)
    answer = []
    for _, system, configuration, level, median, least, most, reached, runs in rows:
        gap = (reached - optimum) / scale
        if gap < -1e-8:
            raise compare.Wrong(f"{system} went below the optimum by {-gap:g}")
        note = notes.get(f"tolerance={level}", "") if system == "localsgd" else ""
        answer.append([*head, level, system, configuration, median, least, most, gap, runs, note])
    return answer


def measure(options, path):
    """Cell after cell. A cell's rows are written when it is done; those in the file are kept."""
    done = {(r["dataset"], r["loss"], r["lambda"]) for r in read_rows(path)}
    folder = os.path.join(options.build, "battery")
    data = os.path.join(folder, "data")
    have = battery_data.make_all(data, options.sets, options.data, say)
    optima_file = os.path.join(folder, "optima.json")
    known = {}
    if os.path.exists(optima_file):
        with open(optima_file, encoding="ascii") as file:
            known = json.load(file)
    new = not os.path.exists(path)
    skipped = []
    end = time.monotonic() + 60 * options.minutes
    with open(path, "a", newline="", encoding="ascii") as file, tempfile.TemporaryDirectory() as own:
        out = csv.writer(file, lineterminator="\n")
        if new:
            out.writerow(FIELDS)
        for name in options.sets:
            if name not in have:
                skipped.append(f"skipped: {name}: there is no source for it")
                continue
            n, d, nonzeros, task = have[name]
            wanted = [
                (loss, strength)
                for loss in objectives.LOSSES[task.split("=")[0]] if loss in options.losses
                for strength in options.lambdas if (name, loss, strength) not in done
            ]
            if not wanted:
                continue
            if time.monotonic() > end:
                skipped.append(f"skipped: {name}: out of time")
                continue
            file_name = os.path.join(data, name + ".svm")
            a, y = objectives.read(file_name, d)
            programs = battery_systems.Programs(
                compare.program("battery", options), file_name, own)
            for loss, strength in wanted:
                if time.monotonic() > end:
                    skipped.append(f"skipped: {name} {loss} {strength}: out of time")
                    continue
                say(f"{name} {loss} {strength}: n = {n}, d = {d}")
                f = objectives.Objective(a, y, loss, float(strength.removesuffix("/n")) / n)
                try:
                    optimum = find_optimum(f, known, f"{name} {loss} {strength}", optima_file)
                except compare.Skipped as why:
                    skipped.append(f"skipped: {name} {loss} {strength}: {why}")
                    say(skipped[-1])
                    continue
                head = (name, n, d, nonzeros, task, loss, strength)
                try:
                    rows = cell_rows(head, programs, f, optimum, options)
                except compare.Wrong as why:
                    skipped.append(f"WRONG: {name} {loss} {strength}: {why}")
                    say(skipped[-1])
                    continue
                for row in rows:
                    out.writerow(["" if isinstance(v, float) and math.isnan(v) else v for v in row])
                file.flush()
            programs.close()
    return skipped


# --- the report ----------------------------------------------------------------------------------


def read_rows(path):
    if not os.path.exists(path):
        return []
    with open(path, newline="", encoding="ascii") as file:
        return list(csv.DictReader(file))


def library(system):
    """LIBLINEAR, whichever solver; scikit-learn, whichever; and so on."""
    return {"sklearn": "scikit-learn"}.get(system.split()[0], system.split()[0])


def cells_of(rows):
    """{cell: {library: (seconds, system and configuration)}}; who is not there is left out."""
    cells = {}
    for row in rows:
        key = (row["dataset"], row["loss"], row["lambda"], row["level"])
        times = cells.setdefault(key, {})
        if row["median_seconds"]:
            found = (float(row["median_seconds"]), f"{row['system']}, {row['configuration']}")
            name = library(row["system"])
            times[name] = min(times.get(name, found), found)
    return cells


def epochs_of(rows):
    """{cell: (localsgd's epochs, why the run ended)}"""
    notes = {}
    for row in rows:
        if row["system"] == "localsgd" and " epochs, " in row["note"]:
            count, reason = row["note"].split(" epochs, ")
            notes[row["dataset"], row["loss"], row["lambda"], row["level"]] = float(count), reason
    return notes


def ratios(cells):
    """For each library, cell by cell, its time over the best one: infinite where it fails."""
    names = sorted({name for times in cells.values() for name in times} | {"localsgd"})
    answer = {name: [] for name in names}
    for times in cells.values():
        if times:
            best = min(seconds for seconds, _ in times.values())
            for name in names:
                answer[name].append(times[name][0] / best if name in times else math.inf)
    return answer


def profile_lines(profile):
    """Dolan and More's profile as a table: the share of cells within a factor of the best."""
    factors = [1, 1.5, 2, 5, 10, 50]
    lines = ["within a factor of the best".ljust(28) + "".join(f"{f:>8g}" for f in factors) +
             "   solved"]
    for name, found in sorted(profile.items(), key=lambda item: statistics.median(item[1])):
        shares = [sum(r <= f for r in found) / len(found) for f in factors]
        solved = sum(map(math.isfinite, found)) / len(found)
        lines.append(f"{name:28}" + "".join(f"{100 * s:7.1f}%" for s in shares) +
                     f"{100 * solved:8.1f}%")
    return lines


def duel(cells):
    """Each cell as (other/ours, cell, our seconds, their seconds, who): 0 where we fail, infinite
    where only we get there."""
    found = []
    for cell, times in cells.items():
        ours = times.get("localsgd", (math.inf,))[0]
        others = [t for name, t in times.items() if name != "localsgd"]
        theirs, who = min(others, default=(math.inf, ""))
        if math.isfinite(ours) or math.isfinite(theirs):
            found.append((theirs / ours, cell, ours, theirs, who))
    return sorted(found)


def seconds(t):
    return compare.shown(t) if math.isfinite(t) else "not"


def summary(cells, epochs):
    """Shares of all cells and by level and loss, then the cells that are lost."""
    lines = [f"{'cells':28}   count fastest  within 2  beyond 5  not  epochs: median  most"]
    groups = {"all": cells}
    for place in (3, 1, 2):
        for value in dict.fromkeys(cell[place] for cell in cells):
            name = f"level {value}" if place == 3 else f"lambda {value}" if place == 2 else value
            groups[name] = {c: t for c, t in cells.items() if c[place] == value}
    for name, group in groups.items():
        found = duel(group)
        if not found:
            continue
        shares = [100 * sum(r[0] >= least for r in found) / len(found) for least in (1, 0.5, 0.2)]
        failed = sum(math.isinf(r[2]) for r in found)
        counts = [epochs[r[1]][0] for r in found if r[1] in epochs] or [math.nan]
        lines.append(f"{name:28} {len(found):7} {shares[0]:6.1f}% {shares[1]:8.1f}% "
                     f"{100 - shares[2]:8.1f}% {failed:4} {statistics.median(counts):15.1f} "
                     f"{max(counts):5.0f}")
    lost = [entry for entry in duel(cells) if entry[0] < 1]
    lines += ["", f"lost cells: {len(lost)}",
              f"{'data set':22} {'loss':15} {'lambda':8} {'level':6} {'localsgd':>10} "
              f"{'best other':>10} {'ours/other':>10} {'epochs':>7}  which"]
    for ratio, (dataset, loss, strength, level), ours, theirs, who in lost:
        times_as_long = f"{1 / ratio:.1f}" if ratio > 0 else "-"
        count, reason = epochs.get((dataset, loss, strength, level), (math.nan, ""))
        lines.append(f"{dataset:22} {loss:15} {strength:8} {level:6} {seconds(ours):>10} "
                     f"{seconds(theirs):>10} {times_as_long:>10} {count:7.1f}  {who}" +
                     ("" if math.isfinite(ours) else f" (localsgd: {reason})"))
    return lines


def arguments():
    parser = argparse.ArgumentParser(prog="benchmark/compare/run.sh --battery")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--data", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="coarse grids, small sets, one run")
    parser.add_argument("--datasets", help="'all', or names separated by commas")
    parser.add_argument("--losses", help="names separated by commas (default: all that fit)")
    parser.add_argument("--systems", default=",".join(LIBRARIES), help="default: %(default)s")
    parser.add_argument("--lambdas", default=",".join(LAMBDAS), help="default: %(default)s")
    parser.add_argument("--repeats", type=int, help="runs of each (default: 5; --quick: 1)")
    parser.add_argument("--cap", type=float, help="seconds of one run (default: 30; --quick: 5)")
    parser.add_argument("--budget", type=float,
                        help="seconds of tuning a system for a cell (default: 60; --quick: 5)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall",
                        help="which seconds count (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=math.inf,
                        help="after which no cell is begun (default: no limit)")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    parser.add_argument("--report", action="store_true", help="only report what was measured")
    options = parser.parse_args()
    battery_data.shared_sets(options.data)
    options.sets = (list(battery_data.SETS) if options.datasets == "all" else
                    options.datasets.split(",") if options.datasets else
                    SMALL if options.quick else SETS)
    for name in options.sets:
        if name not in battery_data.SETS:
            parser.error(f"there is no data set '{name}', only: {', '.join(battery_data.SETS)}")
    every = [loss for some in objectives.LOSSES.values() for loss in some]
    options.losses = options.losses.split(",") if options.losses else every
    options.lambdas = options.lambdas.split(",")
    options.systems = options.systems.split(",")
    if not {"localsgd"} <= set(options.systems) <= set(LIBRARIES):
        parser.error(f"the systems are {', '.join(LIBRARIES)}, the first one among them")
    if not set(options.losses) <= set(every):
        parser.error(f"the losses are {', '.join(every)}")
    if not all(re.fullmatch(r"[0-9.e+-]+/n", strength) for strength in options.lambdas):
        parser.error("a lambda is a number followed by /n")
    options.repeats = options.repeats or (1 if options.quick else 5)
    options.cap = options.cap or (5 if options.quick else 30)
    options.budget = options.budget or (5 if options.quick else 60)
    options.cores = len(os.sched_getaffinity(0))
    return options


def main():
    options = arguments()
    systems.CLOCK = options.clock
    folder = os.path.join(options.build, "battery")
    os.makedirs(folder, exist_ok=True)
    some = [s for s in options.systems if len(options.systems) < len(LIBRARIES)]
    kept = ["results", *(["cpu"] if options.clock == "cpu" else []), *some]
    path = os.path.join(folder, "_".join(kept) + ".csv")
    if options.fresh and os.path.exists(path):
        os.remove(path)
    head = f"{compare.environment(options)}; {options.clock} seconds"
    skipped = []
    if not options.report:
        say(head)
        if os.getloadavg()[0] > 0.5:
            say(f"warning: busy machine (load {os.getloadavg()[0]:.1f}), doubtful times")
        if not battery_systems.have_glmnet():
            skipped.append("skipped: glmnet: there is no R with it (package r-cran-glmnet)")
            say(skipped[-1])
        skipped += measure(options, path)
    rows = read_rows(path)
    cells = cells_of(rows)
    if not cells:
        raise SystemExit("nothing was measured")
    profile = ratios(cells)
    lines = [head, "", *profile_lines(profile), "", *summary(cells, epochs_of(rows)), "", *skipped]
    with open(os.path.join(folder, "table.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    plot.draw_profile(profile, folder)
    say(*lines, f"In {folder}: {os.path.basename(path)}, table.txt, profile.svg, profile.png", sep="\n")


if __name__ == "__main__":
    main()
