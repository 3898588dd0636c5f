# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Penalties, intercepts and offsets, against the references; run.sh says how to call it.

Without --seconds: do the minima agree? localsgd runs as it comes, with a tolerance of 2e-10 of the
reference's F. F of both answers comes from penalized.Problem.value.

With --seconds: how long does it take to come within 1e-3 and 1e-6 of F(null) - F*, where null is the
best x without features? localsgd's time is that of a whole call that proves the level; of every other
system the fastest configuration that is there counts, which only F* tells.
"""

import argparse
import copy
import csv
import math
import os
import statistics
import tempfile
from typing import NamedTuple

import numpy as np

import battery_data
import compare
import objectives
import penalized
import systems
from battery_systems import Failed, have_glmnet
from compare import say

AGREE = 1e-9
LEVELS = (1e-3, 1e-6)
PATH = 50  # lambdas


class Case(NamedTuple):
    """Problems on one data set: every strength with every intercept."""

    data: str
    loss: str
    mix: float  # the share of l1 in the penalty
    strengths: tuple  # fractions of the largest useful one, or "1/n"
    intercepts: tuple = ("none",)
    exposures: bool = False  # offsets are logarithms of random exposures


ALL = ("none", "penalized", "free")
TENTHS = (0.1, 0.01)
OPTIMA = [
    case
    for data in ("a9a", "w8a", "mails")
    for case in (
        Case(data, "logistic", 0, ("1/n",), ALL),
        Case(data, "logistic", 1, TENTHS, ALL),
        Case(data, "logistic", 0.5, TENTHS, ("none", "free")),
        Case(data, "squared_hinge", 1, TENTHS, ALL),
    )
] + [
    Case("digits", "softmax", 1, TENTHS),
    Case("digits", "softmax", 0.5, TENTHS),
    Case("fashion_tenth", "softmax", 1, (0.1,)),
    Case("diamonds_pairs", "squared", 1, TENTHS, ("none", "free")),
    Case("diamonds_pairs", "squared", 0.5, TENTHS, ("free",)),
    Case("diamonds_pairs", "squared", 0, ("1/n",), ("none", "free")),
    Case("lasso", "squared", 1, TENTHS, ("none", "free")),
    Case("boston_std", "quantile:0.5:0", 1, (1e-2, 1e-3), ("free",)),
    Case("diamonds_tenth", "quantile:0.9:0", 1, (1e-2, 1e-3), ("free",)),
    Case("randhie_std", "poisson", 0, ("1/n",), ("none", "free")),
    Case("randhie_std", "poisson", 1, TENTHS, ("none", "free"), True),
    Case("randhie_std", "poisson", 0.5, (0.1,), ("free",), True),
    Case("claims", "poisson", 1, TENTHS, ("free",), True),
]
TIMES = [
    case
    for data in ("a9a", "w8a", "mails")
    for case in (Case(data, "logistic", 1, TENTHS), Case(data, "squared_hinge", 1, TENTHS))
] + [
    Case("diamonds_pairs", "squared", 1, TENTHS, ("free",)),
    Case("lasso", "squared", 1, TENTHS, ("free",)),
]
SMOOTHING = 1e-2  # gamma of a smoothed quantile, relative to the deviation of y
FIELDS = ("dataset,loss,penalty,intercept,offsets,reference,ours,theirs,difference,bound,"
          "certificate,our_support,their_support,support_difference,largest_there,reason,cpu_seconds,"
          "reference_cpu_seconds").split(",")


def problems(case, a, y):
    """(name of the strength, Problem)"""
    offsets = None
    if case.exposures:
        offsets = np.log(np.random.default_rng(1).uniform(0.2, 2, len(y)))
    for intercept in case.intercepts:
        for strength in case.strengths:
            p = penalized.Problem(a, y, case.loss, intercept, offsets)
            if strength == "1/n":
                value, name = 1 / p.n, strength
            elif case.loss.startswith("quantile"):
                value, name = strength, f"{strength:g}"
            else:
                value = strength * p.lambda_max() / case.mix
                name = f"max/{1 / strength:g}"
            p.set_penalty(value, case.mix)
            yield name, p


def datasets(options, cases):
    """(cases, Programs, a, y) for each data set, as long as there is time."""
    cases = [c for c in cases if c.data in options.sets]
    names = list(dict.fromkeys(c.data for c in cases))
    folder = os.path.join(options.build, "battery", "data")
    have = battery_data.make_all(folder, names, options.data, say)
    for name in names:
        if name not in have:
            say(f"skipped: {name}: there is no source for it")
            continue
        path = os.path.join(folder, name + ".svm")
        a, y = objectives.read(path, have[name][1])
        with tempfile.TemporaryDirectory() as own:
            programs = penalized.Programs(compare.program("penalties", options), path, own)
            yield [c for c in cases if c.data == name], programs, a, y
            programs.close()


# --- do the minima agree? ------------------------------------------------------------------------


def references(programs, p, limit):
    """{name: runs}, run() returns wall seconds, CPU seconds, x. The later runs are the more exact."""
    runs = {}
    for solver, knows_free in penalized.LIBLINEAR.get((p.loss, p.kind), ()):
        if p.intercept == "free" and not (knows_free and programs.version >= 240):
            continue
        flags = {"none": "", "penalized": " -B 1", "free": " -B 1 -R"}[p.intercept]
        runs[f"LIBLINEAR -s {solver}{flags}"] = [
            lambda s=solver, eps=eps: programs.run_liblinear(p, s, eps, limit)
            for eps in (1e-6, 1e-8, 1e-10)]
    for name, make in penalized.estimators(p).items():
        if name in ("Ridge", "QuantileRegressor"):
            runs["sklearn " + name] = [lambda make=make: penalized.fit(p, make(0, 0))]
        else:
            runs["sklearn " + name] = [
                lambda make=make: penalized.fit_within(p, make, 1e-14, limit)]
    if p.l1 > 0 and p.intercept != "penalized" and p.loss in penalized.FAMILIES and have_glmnet():
        runs["glmnet"] = [
            lambda threshold=threshold: programs.run_glmnet(p, threshold, 10, 1, limit)
            for threshold in (1e-12, 1e-15, 1e-18)]
    return runs


def compared(programs, p, name, strength, options):
    """The rows of one problem."""
    found = {}
    for reference, runs in references(programs, p, options.cap).items():
        for run in runs:
            try:
                _, cpu, x = run()[:3]
            except Failed:
                break
            value = p.value(x)
            if reference not in found or value < found[reference][1]:
                found[reference] = cpu, value, x
        if reference not in found:
            say(f"  {reference}: not in {options.cap:g} s")
    if not found:
        return []
    least = min(value for _, value, _ in found.values())
    bound, judge = 0, p
    if p.loss.startswith("quantile"):  # localsgd is given the smoothed loss
        tau = float(p.loss.split(":")[1])
        gamma = SMOOTHING * float(np.std(p.y))
        bound = gamma * max(tau, 1 - tau) ** 2 / 2
        p = copy.copy(p)
        p.loss = f"quantile:{tau}:{gamma!r}"
    limit = options.cap
    try:
        _, cpu, ours, answer = programs.localsgd(p, 1e-4 * bound or 2e-10 * abs(least), limit)
    except Failed:
        say(f"  WRONG: {name} {p.loss} {p.kind} {strength} {p.intercept}: localsgd does not answer")
        return []
    value = p.value(ours)
    if abs(value - answer["objective"]) > 1e-11 * abs(value):
        say(f"  WRONG: localsgd's objective is {answer['objective']!r}, in truth {value!r}")
    rows = []
    for reference, (seconds, theirs, x) in found.items():
        if bound:
            value = judge.value(ours)
        elif value - answer["certificate"] > theirs + 1e-13 * abs(theirs):
            say(f"  WRONG: F - certificate is {value - answer['certificate']!r}, "
                f"{reference} is at {theirs!r}")
        supports = p.coefficients(ours) != 0, p.coefficients(x) != 0
        apart = supports[0] != supports[1]
        largest = np.abs(np.where(apart, p.coefficients(ours) + p.coefficients(x), 0)).max()
        rows.append([
            name, p.loss, f"{p.kind} {strength}", p.intercept, "yes" if p.offsets.any() else "",
            reference, value, theirs, (value - theirs) / abs(theirs),
            (bound + answer["certificate"]) / abs(theirs) if bound else AGREE,
            answer["certificate"] / abs(theirs), int(supports[0].sum()), int(supports[1].sum()),
            int(apart.sum()), largest, answer["reason"], cpu, seconds])
    return rows


def line(row):
    """Of the table."""
    (name, loss, penalty, intercept, offsets, reference, value, theirs, difference, bound,
     certificate, ours_size, size, apart, largest, reason, cpu, seconds) = row
    verdict = ""
    if difference > bound:
        verdict = "  HIGHER THAN THE REFERENCE"
    elif difference < -bound:
        verdict = "  the reference is not at the minimum"
    if reason not in ("tolerance_reached", "precision_reached"):
        verdict += f"  {reason}"
    loss = ":".join(loss.split(":")[:2]) + ("+offsets" if offsets else "")
    return (f"{name:15}{loss:17}{penalty:21}{intercept:10}{reference:25}{value:18.14g}"
            f"{theirs:19.14g}{difference:10.1e}{certificate:9.1e}{ours_size:8}{size:8}{apart:7}"
            f"{largest:9.1e}{compare.shown(cpu):>9}{compare.shown(seconds):>9}{verdict}")


HEAD = (f"{'data':15}{'loss':17}{'penalty':21}{'intercept':10}{'reference':25}{'F of localsgd':>18}"
        f"{'of the reference':>19}{'relative':>10}{'proven':>9}{'support':>8}{'its':>8}{'apart':>7}"
        f"{'largest':>9}{'CPU':>9}{'its':>9}")


def optima(options):
    rows, lines = [], [HEAD]
    say(HEAD)
    for cases, programs, a, y in datasets(options, OPTIMA):
        for case in cases:
            for strength, p in problems(case, a, y):
                for row in compared(programs, p, case.data, strength, options):
                    rows.append(row)
                    lines.append(line(row))
                    say(lines[-1])
    path = os.path.join(options.build, "penalties.csv")
    with open(path, "w", newline="", encoding="ascii") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerows([FIELDS, *rows])
    higher = sum(r[8] > r[9] for r in rows)
    lower = sum(r[8] < -r[9] for r in rows)
    lines.append(f"{len(rows)} comparisons: {len(rows) - higher - lower} agree, {higher} times "
                 f"localsgd's F is higher, {lower} times the reference's")
    say("", lines[-1], sep="\n")
    return lines


# --- how long does it take? ----------------------------------------------------------------------


def ask_localsgd(programs, p, tolerance, limit):
    """Value NaN where the level is not proven."""
    wall, cpu, x, answer = programs.localsgd(p, tolerance, limit)
    return wall, cpu, p.value(x) if answer["certificate"] <= tolerance else math.nan


def judged(p, run):
    try:
        wall, cpu, x = run()[:3]
        return wall, cpu, p.value(x)
    except Failed:
        return math.inf, math.inf, math.nan


def contenders(programs, p, options):
    """{system: [chains of (configuration, run)], of ascending work}"""
    fine = systems.tolerances(options.quick)
    found = {}
    for solver, _ in penalized.LIBLINEAR.get((p.loss, p.kind), ()):
        if p.intercept == "none":
            found[f"LIBLINEAR -s {solver}"] = [[
                (f"-e {eps}", lambda eps=eps, s=solver: programs.run_liblinear(
                    p, s, eps, options.cap)) for eps in fine]]
    for name, make in penalized.estimators(p).items():
        if name in ("Lasso", "ElasticNet"):
            chain = [(f"tol={10.0**-k:g}", lambda k=k, make=make: penalized.fit(
                p, make(10**5, 10.0**-k))) for k in range(1, 15)]
        else:
            chain = [(f"max_iter={m}", lambda m=m, make=make: penalized.fit(p, make(m, 0.0)))
                     for m in systems.ITERATIONS[:: 2 if options.quick else 1]]
        found["sklearn " + name] = [chain]
    if have_glmnet() and p.loss in penalized.FAMILIES:
        found["glmnet"] = [
            [(f"thresh=1e-{k} lambdas={steps}", lambda k=k, steps=steps: programs.run_glmnet(
                p, f"1e-{k}", steps, 1, options.cap))
             for k in range(3, 20, 2 if options.quick else 1)] for steps in (1, 10)]
    return found


def tuned(p, chains, target, options):
    """The configuration that gets there soonest; None if none does."""
    best, chosen = math.inf, None
    for chain in chains:
        for configuration, run in chain:
            wall, cpu, value = judged(p, run)
            seconds = cpu if options.clock == "cpu" else wall
            if value <= target and seconds < best:
                best, chosen = seconds, (configuration, run)
            if value <= target or seconds > min(best, options.cap / 2):
                break
    return chosen


def race(runs, repeats):
    """{name: (median wall seconds, median CPU seconds)} of runs() -> (wall, cpu), turn by turn."""
    times = {name: [] for name in runs}
    names = list(runs)
    for turn in range(repeats):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            times[name].append(runs[name]()[:2])
            compare.pause()
    return {name: tuple(statistics.median(t) for t in zip(*pairs)) for name, pairs in times.items()}


def show(what, times, note):
    """A line for each system, the fastest first."""
    ours = times.get("localsgd", (math.nan, math.nan))
    lines = []
    for name, (wall, cpu) in sorted(times.items(), key=lambda item: item[1]):
        lines.append(f"{what:52} {name:24} wall {compare.shown(wall):>8} ({wall / ours[0]:6.2f})   CPU "
                     f"{compare.shown(cpu):>8} ({cpu / ours[1]:6.2f})  {note.get(name, '')}")
    say(*lines, sep="\n")
    return lines


def best_known(programs, p, null, limit):
    """F*: of localsgd, where it is proven to 1e-8 of F(null), else the least F of all systems."""
    *_, x, answer = programs.localsgd(p, 1e-9 * null, 2 * limit)
    if answer["certificate"] <= 1e-8 * null:
        return p.value(x)
    say(f"  localsgd proves F* only to {answer['certificate'] / null:.1e} of F(null)")
    runs = [run for several in references(programs, p, limit).values() for run in several]
    return min(p.value(x), np.nanmin([judged(p, run)[2] for run in runs]))


def times(options):
    lines = []
    for cases, programs, a, y in datasets(options, TIMES):
        for case in cases:
            for strength, p in problems(case, a, y):
                null = p.value(p.null())
                optimum = best_known(programs, p, null, options.cap)
                scale = null - optimum
                others = contenders(programs, p, options)
                for level in LEVELS:
                    target = optimum + level * scale
                    note, runs, missing = {}, {}, []
                    what = f"{case.data} {p.loss} {p.kind} {strength} to {level:g}"
                    tolerance = level * scale

                    def ours(tolerance=tolerance):
                        return ask_localsgd(programs, p, tolerance, options.cap)

                    if ours()[2] <= target:
                        runs["localsgd"] = ours
                    else:
                        missing.append("localsgd")
                    for name, chains in others.items():
                        best = tuned(p, chains, target, options)
                        if best:
                            note[name], runs[name] = best
                        else:
                            missing.append(name)
                    lines += show(what, race(runs, options.repeats), note)
                    if missing:
                        lines.append(f"{what:52} not: {', '.join(missing)}")
                        say(lines[-1])
        if cases[0].data == "mails":
            lines += path_times(programs, a, y, options)
    return lines


def path_times(programs, a, y, options):
    """50 lambdas of L1-penalised logistic regression, from the largest down to a hundredth of it."""
    p = penalized.Problem(a, y, "logistic")
    largest = p.lambda_max()
    lambdas = np.geomspace(largest, largest / 100, PATH)
    at_zero = p.value(p.null())
    patience = 100 * options.cap

    def values():
        found = []
        for x, strength in zip(programs.x().reshape(PATH, -1), lambdas):
            p.set_penalty(float(strength), 1)
            found.append(p.value(x))
        return np.array(found)

    def ours(start, tolerance):
        answer = programs.ours.ask(patience, "path", repr(largest), repr(largest / 100), PATH, start,
                                   repr(tolerance), programs.x_file)
        if answer["there"] < PATH:
            say(f"  {start} path: {PATH - answer['there']} lambdas are not proven")
        return answer["seconds"], answer["cpu"], answer["epochs"]

    def glmnet(threshold):
        answer = programs.glmnet(p).ask(patience, "binomial", 1, repr(largest / 100), PATH, 2, "none",
                                        threshold, "all", programs.x_file)
        if "seconds" not in answer:
            raise Failed
        return answer["seconds"], answer["cpu"]

    ours("warm", 1e-9 * at_zero)
    optima_there = values()
    lines = []
    for level in LEVELS:
        runs = {"localsgd": lambda t=level * at_zero: ours("warm", t),
                "localsgd, 50 cold starts": lambda t=level * at_zero: ours("cold", t)}
        note = {name: f"{run()[2]:.0f} epochs" for name, run in runs.items()}
        for k in range(3, 20):
            try:
                glmnet(f"1e-{k}")
            except Failed:
                break
            if (values() <= optima_there + level * at_zero).all():
                runs["glmnet"] = lambda k=k: glmnet(f"1e-{k}")
                note["glmnet"] = f"thresh=1e-{k}"
                break
        what = f"mails, path of {PATH}, each to {level:g} f(0)"
        lines += show(what, race(runs, options.repeats), note)
    return lines


def arguments():
    parser = argparse.ArgumentParser(prog="benchmark/compare/run.sh --penalties")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--data", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", action="store_true", help="measure times")
    parser.add_argument("--quick", action="store_true", help="coarser grids for the others")
    parser.add_argument("--datasets", help="names separated by commas")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall",
                        help="by which the others are tuned (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each (default: %(default)s)")
    parser.add_argument("--cap", type=float, default=20,
                        help="seconds of one run (default: %(default)s)")
    options = parser.parse_args()
    battery_data.shared_sets(options.data)
    every = list(dict.fromkeys(c.data for c in (TIMES if options.seconds else OPTIMA)))
    options.sets = options.datasets.split(",") if options.datasets else every
    if not set(options.sets) <= set(every):
        parser.error(f"the data sets are {', '.join(every)}")
    options.cores = len(os.sched_getaffinity(0))
    return options


def main():
    options = arguments()
    head = compare.environment(options)
    say(head)
    if not have_glmnet():
        say("skipped: glmnet: there is no R with it (package r-cran-glmnet)")
    lines = times(options) if options.seconds else optima(options)
    path = os.path.join(
        options.build, "penalties_seconds.txt" if options.seconds else "penalties.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([head, *lines]) + "\n")
    say(f"In {path}")


if __name__ == "__main__":
    main()
