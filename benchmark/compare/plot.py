# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""The figure: how far from the optimum each system is after how much time."""

import math
import os

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend comes first)


def envelope(points):
    """Those points that no faster one is as good as, by time."""
    kept = []
    for seconds, value in sorted(points):
        if seconds > 0 and value > 0 and (not kept or value < kept[-1][1]):
            kept.append((seconds, value))
    return kept


def draw(panels, folder):
    """One panel for each data set: {data set: {system: [(seconds, value), ...]}}."""
    names = list(dict.fromkeys(s for curves in panels.values() for s in curves))
    others = [s for s in names if s != "localsgd"]
    colours = {s: matplotlib.colormaps["tab20"](k % 20) for k, s in enumerate(others)}
    colours["localsgd"] = "black"
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure, grid = plt.subplots(rows, columns, figsize=(6 * columns, 4 * rows + 1), squeeze=False)
    axes = list(grid.flat)
    for axis, (dataset, curves) in zip(axes, panels.items()):
        for system, points in curves.items():
            points = envelope(points)
            if not points:
                continue
            ours = system == "localsgd"
            axis.plot(
                *zip(*points),
                label=system,
                color=colours[system],
                linewidth=2.5 if ours else 1,
                marker=None if ours and len(points) > 30 else ".",
                zorder=3 if ours else 2,
            )
        axis.set_xscale("log")
        axis.set_xlabel("seconds of training")
        axis.set_title(dataset)
        axis.grid(True, alpha=0.3)
        if dataset == "fashion":
            axis.set_ylabel("error on the test set")
            axis.set_ylim(0.14, 0.3)
            axis.axhline(0.16, color="grey", linewidth=0.8)
        else:
            axis.set_ylabel("f - f*")
            axis.set_yscale("log")
            axis.set_ylim(1e-9, 1)
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    handles = {}
    for axis in axes[: len(panels)]:
        for handle, label in zip(*axis.get_legend_handles_labels()):
            handles.setdefault(label, handle)
    figure.legend(handles.values(), handles.keys(), loc="lower center", ncol=4, fontsize=8)
    figure.tight_layout(rect=(0, 0.12 if rows == 1 else 0.08, 1, 1))
    for kind in ("svg", "png"):
        figure.savefig(os.path.join(folder, "compare." + kind), dpi=150)
    plt.close(figure)
