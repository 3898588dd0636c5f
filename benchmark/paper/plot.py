# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Draws points.csv beside theory.csv, and writes tables.md. usage: plot.py FOLDER"""

import collections
import csv
import os
import re
import statistics
import sys
from fractions import Fraction

import matplotlib
import matplotlib.ticker

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend comes first)

# The same points give the same file, with text that stays text.
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "localsgd", "font.size": 9})


class Points:
    """The steps T, medians over the seeds, by (b, epsilon, algorithm, tau, K, H)."""

    def __init__(self, path):
        steps = collections.defaultdict(list)
        self.rows = []
        with open(path) as file:
            for row in csv.DictReader(file):
                if not row["T"]:  # not reached
                    continue
                self.rows.append(row)
                tau = int(row["tau"]) if row["algorithm"] == "asynchronous" else None
                target = (int(row["b"]), float(row["epsilon"]))
                steps[(*target, tau, int(row["K"]), int(row["H"]))].append(int(row["T"]))
        self.all = dict(steps)
        self.steps = {key: statistics.median(values) for key, values in steps.items()}
        self.targets = sorted({key[:2] for key in self.steps})

    def speed_up(self, target, k, h, message, tau=None):
        """T(1, 1)/T(K, H), in time: a step takes b gradients, an average 2(K - 1) messages."""
        if k == 1 and tau is None:
            h = 1  # nothing to average
        steps = self.steps.get((*target, tau, k, h))
        alone = self.steps.get((*target, None, 1, 1))
        if steps is None or alone is None:
            return None
        rounds = steps / h
        return alone * target[0] / (steps * target[0] + rounds * 2 * (k - 1) * message)

    def workers(self, target, tau=None):
        return sorted({k for b, e, t, k, _ in self.steps if (b, e) == target and t == tau})

    def local_steps(self, target, tau=None):
        return sorted({h for b, e, t, _, h in self.steps if (b, e) == target and t == tau})


def read_theory(path):
    """{(b, epsilon, K, H, cost of a message as written): S}, {(b, epsilon, K, H): S by Corollary
    2.3}, and the costs in order."""
    table, corollary, costs = {}, {}, {}
    with open(path) as file:
        for row in csv.DictReader(file):
            cost = row["message_cost"]
            costs[cost] = float(Fraction(cost))
            key = (int(row["b"]), float(row["epsilon"]), int(row["K"]), int(row["H"]))
            table[(*key, cost)] = float(row["speed_up"])
            corollary[key] = float(row["of_corollary"])
    return table, corollary, costs


def colour(h):
    return matplotlib.colormaps["viridis"](h.bit_length() / 8.5)


def lines(axis, workers, local_steps, value, **style):
    """One line for each H, through the K that have a value."""
    for h in local_steps:
        points = [(k, value(k, h)) for k in workers]
        points = [(k, s) for k, s in points if s is not None]
        if points:
            axis.plot(*zip(*points), label=f"H = {h}", color=colour(h), **style)


def dress(axis, workers, title):
    for scale, line, powers in (
        (axis.set_xscale, axis.xaxis, range(0, 11, 2)),
        (axis.set_yscale, axis.yaxis, range(-4, 11, 2)),
    ):
        scale("log", base=2)
        ticks = [2.0**p for p in powers]
        line.set_major_locator(matplotlib.ticker.FixedLocator(ticks))
        line.set_major_formatter(
            matplotlib.ticker.FixedFormatter([str(Fraction(tick)) for tick in ticks]))
    axis.tick_params(length=0)
    axis.plot(workers, workers, color="grey", linewidth=0.8, linestyle=":")
    axis.set_title(title, fontsize=9)
    axis.grid(True, alpha=0.3)


def save(figure, axes, folder, name):
    legends = [axis.get_legend_handles_labels() for axis in axes]
    handles, labels = max(legends, key=lambda legend: len(legend[0]))
    if labels:  # else there are no points yet
        figure.legend(handles, labels, loc="lower center", ncol=len(labels), frameon=False)
    path = os.path.join(folder, name + ".svg")
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:  # a hundredth of a point is fine enough
        # Coordinates only: labels such as "0.005" stay as they are.
        file.write(re.sub(r"<text.*?</text>|(\d\.\d\d)\d+", lambda m: m.group(1) or m.group(0), text,
                          flags=re.DOTALL))
    figure.savefig(os.path.join(folder, name + ".png"), dpi=150)
    plt.close(figure)


def draw_speed_up(points, theory, costs, folder):
    """Measured beside theoretical for each target, a row for each cost of a message."""
    columns = 2 * len(points.targets)
    figure, grid = plt.subplots(
        len(costs), columns, figsize=(3.2 * columns, 2.9 * len(costs) + 0.5), squeeze=False,
        sharex=True, sharey="row")
    for axes, (cost, message) in zip(grid, costs.items()):
        for i, target in enumerate(points.targets):
            workers = points.workers(target)
            local_steps = points.local_steps(target)
            name = f"b = {target[0]}, ε = {target[1]:g}"
            lines(axes[2 * i], workers, local_steps,
                  lambda k, h: points.speed_up(target, k, h, message), linewidth=1.2)
            lines(axes[2 * i + 1], workers, local_steps,
                  lambda k, h: theory.get((*target, k, h, cost)), linewidth=1.2, linestyle="--")
            dress(axes[2 * i], workers, f"measured, {name}, c = {cost}")
            dress(axes[2 * i + 1], workers, f"theory, {name}, c = {cost}")
            axes[2 * i].set_ylim(2.0**-4, 2.0**11)
        axes[0].set_ylabel("speed-up S")
    for axis in grid[-1]:
        axis.set_xlabel("workers K")
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    save(figure, grid.flat, folder, "speed_up")


def draw_asynchronous(points, theory, costs, folder):
    """Algorithm 2 with each delay beside Algorithm 1; messages are free."""
    free = next((cost for cost, message in costs.items() if message == 0), None)
    target = points.targets[-1]
    delays = sorted({key[2] for key in points.steps if key[:2] == target and key[2] is not None})
    figure, grid = plt.subplots(1, 1 + len(delays), figsize=(3.2 * (1 + len(delays)), 3.6),
                                squeeze=False, sharey=True)
    for axis, tau in zip(grid[0], [None, *delays]):
        workers = points.workers(target, delays[0])
        local_steps = points.local_steps(target, delays[0])
        lines(axis, workers, local_steps, lambda k, h: points.speed_up(target, k, h, 0, tau),
              marker=".", linewidth=1.2)
        for h in local_steps:
            curve = [(k, theory.get((*target, k, h + (tau or 0), free))) for k in workers]
            axis.plot(*zip(*[p for p in curve if p[1] is not None]), color=colour(h),
                      linewidth=0.8, linestyle="--")
        dress(axis, workers,
              "all wait (Algorithm 1)" if tau is None else f"no waiting, τ = {tau}")
        axis.set_xlabel("workers K")
    grid[0][0].set_ylabel(f"speed-up S, b = {target[0]}, ε = {target[1]:g}")
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    save(figure, grid.flat, folder, "asynchronous")


def figure_of(value):
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(out, head, rows):
    out.append("| " + " | ".join(head) + " |")
    out.append("|" + "---|" * len(head))
    out.extend("| " + " | ".join(row) + " |" for row in rows)
    out.append("")


def write_tables(points, theory, corollary, costs, path):
    out = []
    free = next((cost for cost, message in costs.items() if message == 0), None)
    for target in points.targets:
        name = f"b = {target[0]}, ε = {target[1]:g}"
        workers, local_steps = points.workers(target), points.local_steps(target)
        heads = [f"H = {h}" for h in local_steps]

        def grid(value):
            return [[str(k), *(figure_of(value(k, h)) for h in local_steps)] for k in workers]

        alone = points.all.get((*target, None, 1, 1), [])
        if alone:
            out.append(f"{name}: T(1, 1) = {statistics.median(alone):.0f} steps, the median of "
                       f"{len(alone)} seeds from {min(alone)} to {max(alone)}.\n")
        out.append(f"Measured speed-up, {name}, messages free:\n")
        table(out, ["K", *heads], grid(lambda k, h: points.speed_up(target, k, h, 0)))

        def over(predictions, *cost):
            def ratio(k, h):
                measured = points.speed_up(target, k, h, 0)
                predicted = predictions.get((*target, k, h, *cost))
                return measured / predicted if measured is not None and predicted else None
            return grid(ratio)

        if free is not None:
            out.append(f"Measured over theoretical speed-up, {name}, messages free:\n")
            table(out, ["K", *heads], over(theory, free))
        out.append(f"Measured over that of Corollary 2.3 solved for T, {name}, messages free:\n")
        table(out, ["K", *heads], over(corollary))

    target = points.targets[-1]
    local_steps = points.local_steps(target)
    rows = []
    for k in (16, 64):
        for cost, message in costs.items():
            for what, value in (
                ("measured", lambda h: points.speed_up(target, k, h, message)),
                ("theory", lambda h: theory.get((*target, k, h, cost))),
            ):
                rows.append([str(k), cost, what, *(figure_of(value(h)) for h in local_steps)])
    out.append(f"Speed-up, b = {target[0]}, ε = {target[1]:g}, by the cost of a message c:\n")
    table(out, ["K", "c", "", *(f"H = {h}" for h in local_steps)], rows)

    rows = []
    for tau in sorted({key[2] for key in points.steps if key[2] is not None}):
        for k in points.workers(target, tau):
            own = points.local_steps(target, tau)
            rows.append([str(tau), str(k),
                         *(figure_of(points.speed_up(target, k, h, 0, tau)) for h in own)])
    if rows:
        out.append(f"Speed-up of Algorithm 2, b = {target[0]}, ε = {target[1]:g}, messages free:\n")
        table(out, ["τ", "K", *(f"H = {h}" for h in own)], rows)

    kinds = ("last", "uniform", "linear", "quadratic")
    shapes = sorted({row["step_size"] for row in points.rows})
    counts = collections.Counter(
        (row["b"], row["epsilon"], row["algorithm"], column) for row in points.rows
        for column in (row["reached_by"], row["step_size"]))
    out.append("Points reached first by which candidate, and with which shape of step size:\n")
    keys = sorted({key[:3] for key in counts}, key=lambda k: (int(k[0]), k[2] != "synchronous"))
    table(out, ["b", "ε", "algorithm", *kinds, *shapes],
          [[*key, *(str(counts[(*key, column)]) for column in (*kinds, *shapes))]
           for key in keys])
    with open(path, "w") as file:
        file.write("\n".join(out))


def main():
    folder = sys.argv[1]
    points = Points(os.path.join(folder, "points.csv"))
    theory, corollary, costs = read_theory(os.path.join(folder, "theory.csv"))
    draw_speed_up(points, theory, costs, folder)
    draw_asynchronous(points, theory, costs, folder)
    write_tables(points, theory, corollary, costs, os.path.join(folder, "tables.md"))


if __name__ == "__main__":
    main()
