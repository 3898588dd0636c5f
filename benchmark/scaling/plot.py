# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Draws scaling.csv. usage: plot.py FOLDER"""

import csv
import os
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend comes first)


def main():
    folder = sys.argv[1]
    sweeps = {}
    with open(os.path.join(folder, "scaling.csv")) as file:
        for row in csv.DictReader(file):
            figures = [float(row[f"{k}_ns_gradient"]) for k in ("median", "min", "max")]
            sweeps.setdefault(row["quantity"], []).append((float(row["value"]), *figures))
    figure, grid = plt.subplots(2, 4, figsize=(16, 7))
    axes = list(grid.flat)
    for axis, (quantity, points) in zip(axes, sweeps.items()):
        value, median, least, most = zip(*points)
        axis.plot(value, median, marker=".")
        axis.fill_between(value, least, most, alpha=0.2)
        axis.set_xscale("log")
        axis.set_ylim(0)
        axis.set_xlabel(quantity)
        axis.set_ylabel("ns a gradient")
        axis.grid(True, alpha=0.3)
    for axis in axes[len(sweeps) :]:
        axis.set_visible(False)
    figure.tight_layout()
    for kind in ("svg", "png"):
        figure.savefig(os.path.join(folder, "scaling." + kind), dpi=150)


if __name__ == "__main__":
    main()
