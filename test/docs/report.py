#!/usr/bin/env python3
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""usage: report.py FOLDER [SCREENSHOTS]

Opens the reports that report_pages.cpp has written in FOLDER in headless Chromium, and checks that
  - every chart is drawn, at 1200 and at 400 pixels, light and dark, without horizontal scrolling;
  - the horizontal axis can be switched, also to logarithms;
  - a click on a name hides its curve in all charts;
  - the tables of all evaluations open;
  - the console has no errors, nothing is loaded, and names are text.
With SCREENSHOTS, saves pictures of the pages there."""
import pathlib
import sys
import time

from browser import Browser, SIZES, check, failed

CHARTS = {'single.html': 4, 'several.html': 6}  # the gaps, drift, H; with step sizes and a timeline
AXES = {'single.html': 6, 'several.html': 7}  # with epochs

# The number of canvases on which something is drawn.
DRAWN = '''return [...document.querySelectorAll(".plot canvas")].filter(c => c.width > 0 &&
    c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some(v => v !== 0)).length'''
OVERFLOW = 'return document.documentElement.scrollWidth - window.innerWidth'
SELECT = '''const s = document.getElementById("x-axis");
    s.selectedIndex = arguments[0]; s.dispatchEvent(new Event("change"));
    return s.selectedOptions[0].textContent'''
X_LABEL = 'return document.querySelector(".u-legend .u-series .u-label").textContent'


def drawn(browser, number):
    return browser.wait(DRAWN.replace('return', f'return {number} ===', 1))


def inspect(browser, folder, name, screenshots):
    number = CHARTS[name]
    browser.open((folder / name).resolve().as_uri())
    backgrounds = set()
    for label, size in SIZES.items():
        for scheme in ('light', 'dark'):
            where = f'{name}, {label}, {scheme}'
            browser.resize(*size)
            browser.colour_scheme(scheme)
            check(drawn(browser, number), f'{where}: not {number} charts are drawn')
            # Charts take a moment to follow the size of the window.
            check(browser.wait('return [...document.querySelectorAll(".plot")].every('
                               'p => p.scrollWidth <= p.clientWidth)'), f'{where}: a chart is too wide')
            overflow = browser.run(OVERFLOW)
            check(overflow <= 0, f'{where}: {overflow} pixels too wide')
            backgrounds.add((scheme, browser.run('return getComputedStyle(document.body).backgroundColor')))
            if screenshots:
                browser.screenshot(screenshots / f'report-{pathlib.Path(name).stem}-{label}-{scheme}.png',
                                   whole=True)
    check(len(backgrounds) == 2 and len({b for _, b in backgrounds}) == 2,
          f'{name}: light and dark look the same')
    browser.resize(*SIZES['wide'])
    browser.colour_scheme('light')

    options = browser.run('return document.getElementById("x-axis").length')
    check(options == AXES[name], f'{name}: {options} horizontal axes, not {AXES[name]}')
    for log in (False, True):
        if log:
            browser.run('document.getElementById("x-log").click()')
        for option in range(options):
            text = browser.run(SELECT, option)
            check(drawn(browser, number), f'{name}: axis of {text}: not {number} charts are drawn')
            check(browser.run(X_LABEL) == text, f'{name}: the axis is not that of {text}')

    legends = browser.run('return document.querySelectorAll(".u-legend").length')
    for hidden in (legends, 0):
        browser.run('document.querySelector(".u-legend .u-series:nth-child(2) th").click()')
        check(browser.wait(f'return document.querySelectorAll(".u-series.u-off").length === {hidden}'),
              f'{name}: a click on a name does not leave {hidden} curves hidden')

    browser.run('document.querySelectorAll("details").forEach(d => { d.open = true; })')
    runs = browser.run('return document.querySelectorAll("details[data-run]").length')
    check(browser.wait(f'return document.querySelectorAll("details tr").length === {32 * runs}'),
          f'{name}: the tables of evaluations do not have 31 rows')
    browser.resize(*SIZES['narrow'])
    check(browser.wait(f'{OVERFLOW} <= 0'), f'{name}: too wide with its tables')
    check(browser.run('return performance.getEntriesByType("resource").length') == 0,
          f'{name}: loads another file')
    check(browser.run('return window.broken === undefined'), f'{name}: runs the name of a run')
    for message in browser.console_errors():
        check(False, f'{name}: console: {message}')


def main():
    folder = pathlib.Path(sys.argv[1])
    screenshots = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if screenshots:
        screenshots.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    browser = Browser()
    try:
        for name in CHARTS:
            inspect(browser, folder, name, screenshots)
        title = browser.run('return document.title')
        check(title == 'Runs & </title> names', f'several.html: has the title {title}')
        names = browser.run('return [...document.querySelectorAll(".card h3")].map(h => h.textContent)')
        check(names[2] == '</script><script>window.broken = 1</script><b>"\'&',
              f'several.html: has the name {names[2]}')
    finally:
        browser.close()
    print(f'reports: {len(CHARTS)} pages in {time.monotonic() - start:.0f} s, {failed()} failures')
    return 1 if failed() else 0


if __name__ == '__main__':
    sys.exit(main())
