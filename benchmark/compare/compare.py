# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Measures and compares; run.sh says how to call it."""

import argparse
import csv
import gzip
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time

import numpy as np
import scipy
import sklearn

import plot
import systems

HERE = os.path.dirname(os.path.abspath(__file__))
LEVELS = [5e-3, 1e-3, 1e-4, 1e-6, 1e-8]
TEST_ERROR = 0.16
LINEAR = ["w8a", "a9a", "heart_scale", "synthetic"]
PARTS = LINEAR + ["fashion", "file_to_model", "post_local"]
FASHION = "/usr/share/datasets/fashion-mnist"
HEART_SCALE = "/usr/share/doc/liblinear-tools/examples/heart_scale"
# Found by Newton's method, confirmed by LIBLINEAR: they tell whether the data are the right ones.
KNOWN = {"w8a": 0.12618068651051342, "a9a": 0.32337958246484744}
FIELDS = "dataset,system,configuration,level,median_seconds,min_seconds,max_seconds,reached,runs"


def say(*words, sep=" "):
    print(*words, sep=sep, flush=True)


class Skipped(Exception):
    pass


class Wrong(Exception):
    """A result that cannot be true."""


# --- tuning and timing ---------------------------------------------------------------------------


def first_below(points, target):
    """Seconds of the first point at or below the target; None if there is none."""
    return next((seconds for seconds, value in points if value <= target), None)


def pause():
    time.sleep(0.02)  # threads that a system has left spinning go to sleep


def tune(system, targets, cap, budget):
    """The fastest configuration of a system for each target, and all points that were seen.

    All chains advance together, so that a budget that runs out has not been spent on one of them.
    A chain ends when its configurations have become too slow to be of use: at the hardest target,
    above the best time of every target, or where the next one would exceed the cap."""
    best = {}
    seen = []
    spent = 0
    running = [iter(configs) for configs in system.chains]
    while running:
        configs = running.pop(0)
        config = next(configs, None)
        if config is None:
            continue
        if spent > budget and seen:
            say(f"  {system.name}: tuning ends after {budget:g} s, before '{config.name}'")
            break
        points = config.run()
        spent += points[-1][0]
        pause()
        if points[-1][0] < 0.05:  # the first run also warms up
            again = config.run()
            spent += again[-1][0]
            points = again if again[-1][0] < points[-1][0] else points
            pause()
        seconds = points[-1][0]
        seen += points
        for target in targets:
            at = first_below(points, target)
            if at is not None and (target not in best or at < best[target][0]):
                best[target] = (at, config)
        done = min(value for _, value in points) <= targets[-1]
        useless = all(target in best and seconds > best[target][0] for target in targets)
        if not (done or useless or 1.5 * seconds > cap):
            running.append(configs)
    return best, seen


def compare(dataset, all_systems, targets, names, repeats, cap, budget):
    """Rows of the results, and the points of the figure, for one data set."""
    chosen = {}
    curves = {}
    for system in all_systems:
        chosen[system.name], curves[system.name] = tune(system, targets, cap, budget)
        say(f"  tuned {system.name}: best {min(v for _, v in curves[system.name]):.6g}")

    # Each of the chosen configurations in turn; the next round begins with another system.
    runs = {}  # by system and configuration: the points of each run
    for repeat in range(repeats):
        shift = repeat % len(all_systems)
        for system in all_systems[shift:] + all_systems[:shift]:
            for config in {c.name: c for _, c in chosen[system.name].values()}.values():
                runs.setdefault((system.name, config.name), []).append(config.run())
                pause()
        say(f"  round {repeat + 1} of {repeats} done")

    rows = []
    for system in all_systems:
        for target, level in zip(targets, names):
            found = []  # what was chosen for one level may turn out to be the best for another
            for (name, config), several in runs.items():
                t = [first_below(points, target) for points in several]
                t = [seconds for seconds in t if seconds is not None]
                if name == system.name and len(t) > repeats / 2:
                    value = next(v for points in several for _, v in points if v <= target)
                    found.append((statistics.median(t), min(t), max(t), value, len(t), config))
            if found:
                *figures, config = min(found)
                rows.append([dataset, system.name, config, level, *figures])
            else:
                reached = min(value for _, value in curves[system.name])
                rows.append([dataset, system.name, "", level, *[math.nan] * 3, reached, 0])

    # Ours may be one run that passes all levels: then the figure shows the median one.
    for system in all_systems:
        whole = [p for (name, _), r in runs.items() if name == system.name for p in r if len(p) > 1]
        if whole:
            curves[system.name] = sorted(whole, key=lambda points: points[-1][0])[len(whole) // 2]
    return rows, curves


# --- the parts -----------------------------------------------------------------------------------


def source_of(dataset, options):
    if dataset == "synthetic":
        return "generated"
    if dataset == "heart_scale":
        path = HEART_SCALE if os.path.exists(HEART_SCALE) else HEART_SCALE + ".gz"
        if not os.path.exists(path):
            raise Skipped(f"there is no {HEART_SCALE} (package liblinear-tools, with its examples)")
        return path
    path = os.path.join(options.data, dataset + ".gz")
    if not os.path.exists(path):
        raise Skipped(f"there is no {path} (LOCALSGD_DATA names the folder)")
    return path


def prepare(dataset, options):
    """The file with the problem and its optimum; made once, and again when it has become stale."""
    source = source_of(dataset, options)
    path = os.path.join(options.build, "data", dataset + ".problem")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    made_by = [os.path.join(HERE, "problem.hpp")] + ([source] if os.path.exists(source) else [])
    if not os.path.exists(path) or any(
        os.path.getmtime(m) > os.path.getmtime(path) for m in made_by
    ):
        say(f"{dataset}: preparing the data and finding the optimum ...")
        command = [program("linear", options), "prepare", source, path]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return path


def program(name, options):
    return os.path.join(options.build, "benchmark", "compare", "benchmark.compare." + name)


def linear(dataset, options):
    path = prepare(dataset, options)
    problem = systems.Problem(path)
    f0 = problem.objective(np.zeros(problem.a.shape[1]))
    if dataset in KNOWN and abs(problem.optimum - KNOWN[dataset]) > 1e-13:
        raise RuntimeError(f"{dataset}: f* = {problem.optimum!r}: these are other data")
    n, d = problem.a.shape
    say(f"{dataset}: n = {n}, d = {d}, {problem.a.nnz} nonzeros, f(0) = {f0:.6f}, "
        f"f* = {problem.optimum:.16g}")
    per_epoch = 2
    cap = 60 if n > 200000 else 20
    budget = (20 if options.quick else 120) * (1 if n <= 200000 else 6)
    server = systems.Server(program("linear", options), "serve", path)
    everyone = [
        systems.localsgd(server, problem.optimum, options.epochs, per_epoch * options.epochs, cap)
    ]
    everyone += systems.liblinear(server, options.quick)
    everyone += systems.logistic_regressions(problem, options.quick, say)
    everyone.append(systems.sgd_classifier(problem, options.quick))
    targets = [problem.optimum + level for level in LEVELS]
    names = [f"{level:g}" for level in LEVELS]
    rows, curves = compare(dataset, everyone, targets, names, options.repeats, cap, budget)
    for row in rows:
        row[7] -= problem.optimum
        if row[7] < -1e-13:
            raise RuntimeError(f"{dataset}: {row[1]} went below the optimum by {-row[7]:g}")

    wanted = 1e-4
    runs = [server("certified", options.epochs, wanted) for _ in range(options.repeats)]
    server.close()
    t = [r["seconds"] for r in runs]
    if all(r["reason"] == "tolerance_reached" for r in runs):
        reached = runs[0]["objective"] - problem.optimum
        rows.append([dataset, "localsgd", f"tolerance={wanted:g}", f"certified {wanted:g}",
                     statistics.median(t), min(t), max(t), reached, len(t)])
    else:
        rows.append([dataset, "localsgd", "", f"certified {wanted:g}", math.nan, math.nan, math.nan,
                     runs[0]["certificate"], 0])
        say(f"  not certified in {options.epochs} epochs ({runs[0]['reason']}): f - f* <= "
            f"{runs[0]['certificate']:.3g}")
    curves = {s: [(t, v - problem.optimum) for t, v in points] for s, points in curves.items()}
    return rows, curves


def fashion(options):
    if not os.path.exists(FASHION):
        raise Skipped(f"there is no {FASHION} (package dataset-fashion-mnist)")
    say("fashion: softmax regression of 60000 pictures, to test accuracy", 1 - TEST_ERROR)
    pictures = systems.Pictures(FASHION)
    server = systems.Server(program("pictures", options), FASHION)
    everyone = systems.pictures_systems(server, pictures, options.quick, options.cores)
    cap, budget = 60, 120 if options.quick else 600
    answer = compare(
        "fashion", everyone, [TEST_ERROR], ["test accuracy 0.84"], options.repeats, cap, budget
    )
    server.close()
    return answer


def model_objective(path, problem):
    """f at the model that liblinear-train has written."""
    with open(path) as file:
        lines = [line.strip() for line in file]
    labels = next(line for line in lines if line.startswith("label ")).split()[1:]
    x = np.array([float(v) for v in lines[lines.index("w") + 1 :] if v])
    return problem.objective(x if labels[0] == "1" else -x)


def file_to_model(options):
    dataset = "w8a"
    problem = systems.Problem(prepare(dataset, options))
    theirs = shutil.which("liblinear-train")
    if theirs is None:
        raise Skipped("there is no liblinear-train (package liblinear-tools)")
    folder = os.path.join(options.build, "data")
    text = os.path.join(folder, dataset)
    with gzip.open(source_of(dataset, options)) as packed, open(text, "wb") as file:
        shutil.copyfileobj(packed, file)
    their_model, our_model = text + ".liblinear", text + ".localsgd"

    def run(*command):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    liblinear = (theirs, "-s", "0", "-q", text, their_model)
    run(*liblinear)
    target = model_objective(their_model, problem)
    localsgd = (program("file_to_model", options), text, our_model, repr(target))
    say(f"file_to_model: {dataset}, to the f - f* = {target - problem.optimum:.3g} that "
        "liblinear-train -s 0 ends at")
    try:
        run(*localsgd)
    except subprocess.CalledProcessError:
        raise Skipped("localsgd does not get there: see its message above") from None
    times = {"LIBLINEAR L2R_LR": [], "localsgd": []}
    for _ in range(options.repeats):
        times["LIBLINEAR L2R_LR"].append(run(*liblinear))
        times["localsgd"].append(run(*localsgd))
    reached = problem.objective(np.loadtxt(our_model))
    if reached > target + 1e-13:
        raise RuntimeError(f"localsgd's model has f = {reached!r}, more than {target!r}")
    rows = []
    for name, value in (("localsgd", reached), ("LIBLINEAR L2R_LR", target)):
        t = times[name]
        rows.append([f"{dataset}, file to model", name, "default", "LIBLINEAR's default",
                     statistics.median(t), min(t), max(t), value - problem.optimum,
                     len(t)])
    return rows, None


def post_local(options):
    have = subprocess.run(
        [sys.executable, "-c", "import torch.distributed"], capture_output=True, check=False
    )
    if have.returncode != 0:
        raise Skipped("PyTorch is not installed (package python3-torch)")
    commands = {
        "localsgd": [program("local_steps", options)],
        "PyTorch": [sys.executable, os.path.join(HERE, "torch_local_steps.py")],
    }
    rows = []
    for batch in (1, 32):
        say(f"post_local: two workers, d = 300, batches of {batch}")
        runs = {name: [] for name in commands}
        for _ in range(options.repeats):
            for name, command in commands.items():
                out = subprocess.run(
                    command + [str(batch)], check=True, capture_output=True, text=True
                )
                runs[name].append(json.loads(out.stdout))
        for what, unit in (("us_step", 1e-6), ("ms_round", 1e-3)):
            for name, found in runs.items():
                t = [unit * r[what] for r in found]
                label = "a local step" if what == "us_step" else "a round"
                rows.append(["post-local SGD", name, f"batch={batch}", f"{label}, b = {batch}",
                             statistics.median(t), min(t), max(t), math.nan, len(t)])
    return rows, None


# --- the report ----------------------------------------------------------------------------------


def shown(seconds):
    """Three digits, in a unit that fits."""
    for unit, name in ((1, "s"), (1e-3, "ms")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds / 1e-6:.3g} us"


def table(rows):
    """Lines: each data set and level with localsgd's time and the best of the others."""
    head = ("data set", "to", "localsgd", "best other", "other/ours", "which")
    lines = ["{:22} {:20} {:>10} {:>10} {:>10}  {}".format(*head)]
    wanted = dict.fromkeys((r[0], r[3]) for r in rows)
    for dataset, level in wanted:
        here = [r for r in rows if (r[0], r[3]) == (dataset, level)]
        ours = [r for r in here if r[1] == "localsgd"][0]
        others = sorted((r for r in here if r[1] != "localsgd" and r[8] > 0), key=lambda r: r[4])
        line = f"{dataset:22} {level:20} {shown(ours[4]) if ours[8] else 'not':>10}"
        if others:
            best = others[0]
            ratio = f"{best[4] / ours[4]:.2f}" if ours[8] else "-"
            line += f" {shown(best[4]):>10} {ratio:>10}  {best[1]}, {best[2]}"
        lines.append(line)
    return lines


def environment(options):
    model = ""
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            model = next((line.split(":")[1].strip() for line in file if "model name" in line), "")
    try:
        import threadpoolctl

        blas = [f"{i['internal_api']} {i['version']}" for i in threadpoolctl.threadpool_info()
                if i["user_api"] == "blas"]
    except ImportError:
        blas = []
    return (f"{model or platform.machine()}, {options.cores} cores; scikit-learn "
            f"{sklearn.__version__}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
            f"BLAS: {', '.join(blas) or 'not known'}")


def arguments():
    parser = argparse.ArgumentParser(prog="benchmark/compare/run.sh")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--data", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="coarser grids, no synthetic problem")
    parser.add_argument("--datasets", help="some of: " + ",".join(PARTS))
    parser.add_argument("--repeats", type=int, help="runs of each (default: 5; --quick: 3)")
    parser.add_argument("--epochs", type=int, default=400, help="localsgd's budget (default: 400)")
    options = parser.parse_args()
    if options.repeats is None:
        options.repeats = 3 if options.quick else 5
    if options.repeats < 1 or options.epochs < 1:
        parser.error("--repeats and --epochs are at least 1")
    options.parts = options.datasets.split(",") if options.datasets else list(PARTS)
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"there is no data set '{part}', only: {', '.join(PARTS)}")
    options.cores = len(os.sched_getaffinity(0))
    return options


def main():
    options = arguments()
    if not options.datasets and options.quick:
        options.parts.remove("synthetic")
        say("skipped: synthetic, because of --quick")
    head = environment(options)
    say(head)
    if os.getloadavg()[0] > 0.5:
        say(f"warning: busy machine (load {os.getloadavg()[0]:.1f}), doubtful times")
    rows, panels, skipped = [], {}, []
    for part in options.parts:
        try:
            if part in LINEAR:
                more, curves = linear(part, options)
            else:
                more, curves = {
                    "fashion": fashion,
                    "file_to_model": file_to_model,
                    "post_local": post_local,
                }[part](options)
        except Skipped as why:
            skipped.append(f"skipped: {part}: {why}")
            say(skipped[-1])
            continue
        rows += more
        if curves:
            panels[part] = curves
    if not rows:
        sys.exit("nothing was measured")

    with open(os.path.join(options.build, "results.csv"), "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(FIELDS.split(","))
        for row in rows:
            out.writerow(["" if isinstance(v, float) and math.isnan(v) else v for v in row])
    with open(os.path.join(options.build, "curves.csv"), "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["dataset", "system", "seconds", "value"])
        for dataset, curves in panels.items():
            for system, points in curves.items():
                out.writerows([dataset, system, *point] for point in points)
    if panels:
        plot.draw(panels, options.build)
    lines = table(rows) + skipped
    with open(os.path.join(options.build, "table.txt"), "w") as file:
        file.write("\n".join([head, ""] + lines) + "\n")
    say("", *lines, "", f"In {options.build}: results.csv, table.txt, curves.csv" +
        (", compare.svg, compare.png" if panels else ""), sep="\n")


if __name__ == "__main__":
    main()
