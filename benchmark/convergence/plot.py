#!/usr/bin/env python3
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""usage: plot.py FILE.csv FIGURE.svg
Draws f - f* against exchanges and against virtual seconds."""
import csv
import re
import sys

import matplotlib

matplotlib.use('Agg')
matplotlib.rcParams.update({'svg.fonttype': 'none', 'svg.hashsalt': 'localsgd', 'font.size': 10})
import matplotlib.pyplot as plt  # noqa: E402


def main():
    runs = {}
    with open(sys.argv[1], encoding='utf-8') as file:
        for row in csv.DictReader(file):
            runs.setdefault(row['run'], []).append(row)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    for name, rows in runs.items():
        label = 'H = 1 (mini-batch SGD)' if name == 'H = 1' else name
        if name == 'tolerance':  # a handful of evaluations: no curve
            continue
        style = {'label': label, 'linewidth': 1.4}
        for axis, key in zip(axes, ('exchanges', 'seconds')):
            shown = [(float(r[key]), float(r['gap'])) for r in rows
                     if float(r[key]) > 0 and float(r['gap']) > 0]
            axis.loglog([x for x, _ in shown], [y for _, y in shown], **style)
    axes[0].set_xlabel('exchanges')
    axes[1].set_xlabel('seconds on the simulated cluster')
    axes[0].set_ylabel('f − f*')
    for axis in axes:
        axis.grid(True, linewidth=0.3)
        axis.set_ylim(1e-4, 1)
    figure.legend(*axes[0].get_legend_handles_labels(), loc='lower center', ncol=5, frameon=False,
                  fontsize=8)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    figure.savefig(sys.argv[2], metadata={'Date': None, 'Creator': None})
    with open(sys.argv[2], encoding='utf-8') as file:
        text = file.read()
    # A hundredth of a point is enough for coordinates. Labels keep their digits.
    text = re.sub(r'<text.*?</text>|(\d\.\d\d)\d+', lambda m: m.group(1) or m.group(0), text,
                  flags=re.DOTALL)
    with open(sys.argv[2], 'w', encoding='utf-8') as file:
        file.write(text)


main()
