# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""The figures: how far from the optimum each system is after how much time, and the profile of the
battery."""

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


def draw_profile(ratios, folder):
    """Dolan and More's performance profile: the share of cells in which a system's time is within a
    factor of the best one. {system: [factor, ...]}, infinite where it fails."""
    figure, axis = plt.subplots(figsize=(7, 5))
    last = max([r for some in ratios.values() for r in some if math.isfinite(r)] + [2]) * 1.1
    for system, found in sorted(ratios.items(), key=lambda item: item[0] != "localsgd"):
        steps = sorted(r for r in found if math.isfinite(r))
        x = [1, *steps, last]
        y = [0, *((k + 1) / len(found) for k in range(len(steps))), len(steps) / len(found)]
        ours = system == "localsgd"
        axis.step(x, y, where="post", label=system, linewidth=2.5 if ours else 1.2,
                  color="black" if ours else None)
    axis.set_xscale("log")
    axis.set_xlim(1, last)
    axis.set_ylim(0, 1.02)
    axis.set_xlabel("time / time of the fastest")
    axis.set_ylabel("share of the cells")
    axis.grid(True, alpha=0.3)
    axis.legend(loc="lower right")
    figure.tight_layout()
    for kind in ("svg", "png"):
        figure.savefig(os.path.join(folder, "profile." + kind), dpi=150)
    plt.close(figure)
