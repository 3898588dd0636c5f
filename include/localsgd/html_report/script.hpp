// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file
/// @brief The script of an HTML report. ASCII only.

// clang-format off
namespace localsgd::detail {

inline constexpr char report_script[] = R"js(
(function () {
'use strict';
const data = JSON.parse(document.getElementById('report-data').textContent);
const runs = data.runs;
const element = (tag, text, kind) => {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (kind) e.className = kind;
  return e;
};
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colour_of = i => colour('--run-' + i % 8);
const dash_of = i => [[], [7, 4], [2, 3]][Math.floor(i / 8) % 3];

const unknown = '\u2013';
const compact = new Intl.NumberFormat('en', {notation: 'compact', maximumSignificantDigits: 4});
function shown(v) {
  if (v === null || v === undefined) return unknown;
  const size = Math.abs(v);
  if (Number.isInteger(v)) return size < 1e4 ? String(v) : compact.format(v);
  if (size >= 1e-3 && size < 1e5) return String(Number(v.toPrecision(4)));
  return v.toExponential(3).replace(/\.?0+e/, 'e').replace('e+', 'e');
}
function shown_bytes(v) {
  if (v === null || v === undefined) return unknown;
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
  let unit = 0;
  for (; v >= 999.95 && unit < 6; ++unit) v /= 1000;
  return Number(v.toPrecision(4)) + ' ' + units[unit];
}

// What the horizontal axis can show.
const axes = {
  seconds: {label: 'seconds of training', of: r => r.history.seconds},
  epochs: {label: 'epochs (n component gradients)', needs: r => r.samples > 0,
           of: r => r.history.gradients.map(g => g / r.samples)},
  gradients: {label: 'component gradients', of: r => r.history.gradients},
  exchanges: {label: 'exchanges', of: r => r.history.exchanges},
  bytes: {label: 'bytes exchanged', of: r => r.history.bytes, shown: shown_bytes},
  rounds: {label: 'rounds', of: r => r.history.rounds},
  steps: {label: 'local steps of each worker', of: r => r.history.steps},
};

// The reference of the gaps, and how far it is proven to be above the minimum.
let lowest = Infinity, bound = -Infinity;
for (const r of runs)
  r.history.objective.forEach((f, i) => {
    if (f === null) return;
    lowest = Math.min(lowest, f);
    const c = r.history.certificate[i];
    if (c !== null) bound = Math.max(bound, f - c);
  });
const known = data.minimum !== null;
const reference = known ? data.minimum : lowest, reference_text = Number(reference.toPrecision(8));

// The lowest point has no logarithm: it is drawn at its bound, but not above another point.
const gaps = runs.flatMap(r => r.history.objective).filter(f => f !== null && f > lowest).map(f => f - lowest);
const drawn_lowest = bound > -Infinity ? gaps.reduce((a, b) => Math.min(a, b), lowest - bound) : 0;

const metrics = [
  {title: known ? 'Objective gap' : 'Objective above the lowest',
   note: known ? 'f(x) minus its minimum, ' + reference_text + '.'
               : 'f(x) minus the lowest objective of this page, ' + reference_text +
                     (bound > -Infinity && lowest >= bound
                          ? ', which is proven to be at most ' + shown(lowest - bound) +
                                ' above the minimum' + (runs.length > 1 ? ' if all runs have the same f.' : '.')
                          : '. The minimum is not known, so the curves may end too low.'),
   of: r => r.history.objective.map(f => f === null ? null : known || f > lowest ? f - reference : drawn_lowest)},
  {title: 'Certified gap', note: 'The certificate: a proven upper bound on f(x) \u2212 f*.',
   none: 'No run has a certificate.', of: r => r.history.certificate},
  {title: 'Drift of the workers',
   note: 'Mean squared distance of the workers from their average, just before the average.',
   of: r => r.history.drift},
  {title: 'Local steps per round, H', note: 'The mean between two evaluations.',
   of: r => r.history.steps.map((t, i) => {
     const rounds = i === 0 ? 0 : r.history.rounds[i] - r.history.rounds[i - 1];
     return rounds > 0 ? (t - r.history.steps[i - 1]) / rounds : 0;
   })},
  {title: 'Step size', note: '\u03b7 of plain local steps.', of: r => r.step_size || []},
];

// The points of a run that can be drawn. Undefined values are skipped; null makes a gap.
function points(x, y, log) {
  const xs = [], ys = [];
  x.forEach((at, i) => {
    if (y[i] === undefined || y[i] <= 0 && y[i] !== null || log && !(at > 0)) return;
    if (xs.length && xs[xs.length - 1] === at) { xs.pop(); ys.pop(); }
    xs.push(at);
    ys.push(y[i]);
  });
  return [xs, ys];
}

let charts = [];
const space = document.getElementById('charts');
const choice = document.getElementById('x-axis');
const log_box = document.getElementById('x-log');
const width_of = plot => Math.max(200, Math.floor(plot.clientWidth));
// Grid lines of logarithmic axes: powers of ten only, if there are several.
function powers(u, splits) {
  const is_power = v => v > 0 && Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-9;
  return splits.filter(is_power).length < 3 ? splits : splits.map(v => is_power(v) ? v : null);
}
const axis_style = log => ({
  stroke: colour('--quiet'), grid: Object.assign({stroke: colour('--grid'), width: 1}, log ? {filter: powers} : {}),
  ticks: Object.assign({stroke: colour('--line'), width: 1, size: 5}, log ? {filter: powers} : {})});

function figure(title, note) {
  const f = element('figure'), plot = element('div', undefined, 'plot');
  f.append(element('h3', title), element('figcaption', note), plot);
  return [f, plot];
}

function draw_metric(metric) {
  const [f, plot] = figure(metric.title, metric.note);
  const axis = axes[choice.value], log = log_box.checked;
  const ys = runs.map(metric.of);
  if (!ys.some(y => y.some(v => v > 0))) {
    if (metric.none) { space.append(f); plot.append(element('p', metric.none, 'quiet')); }
    return;
  }
  space.append(f);
  const tables = runs.map((r, i) => points(axis.of(r), ys[i], log));
  if (!tables.some(t => t[1].some(v => v !== null))) {
    plot.append(element('p', 'No value to draw on this axis.', 'quiet'));
    return;
  }
  const show_x = axis.shown || shown;
  charts.push([plot, 280, new uPlot({
    width: width_of(plot), height: 280,
    scales: {x: {time: false, distr: log ? 3 : 1}, y: {distr: 3}},
    cursor: {sync: {key: 'localsgd', setSeries: true}, drag: {x: true, y: false}},
    series: [{label: axis.label, value: (u, v) => show_x(v)}].concat(runs.map((r, i) => ({
      label: r.name, stroke: colour_of(i), width: 2, dash: dash_of(i),
      points: {size: 5, fill: colour_of(i)}, value: (u, v) => shown(v)}))),
    axes: [Object.assign(axis_style(log), {label: axis.label, labelSize: 22, size: 34, labelFont: '12px system-ui, sans-serif',
                                        space: 70, values: (u, s) => s.map(v => v === null ? '' : show_x(v))}),
           Object.assign(axis_style(true), {size: 58, values: (u, s) => s.map(v => v === null ? '' : shown(v))})],
  }, uPlot.join(tables), plot)]);
  const rows = plot.querySelectorAll('.u-series');
  tables.forEach((t, i) => { if (!t[1].some(v => v !== null)) rows[i + 1].style.display = 'none'; });
}

function draw_timeline(r) {
  const sim = r.simulation;
  if (!sim || !sim.spans.length) return;
  const rows = sim.rows.length, end = Math.max(...sim.spans.map(s => s[3]));
  const [f, plot] = figure('Timeline: ' + r.name, sim.note);
  const legend = element('p', undefined, 'quiet');
  const kinds = [['--computing', 'local steps '], ['--exchanging', 'exchange '], ['--averaging', 'average']];
  kinds.forEach(([name, text], kind) => {
    if (!sim.spans.some(s => s[1] === kind)) return;
    const swatch = element('span', undefined, 'swatch');
    swatch.style.background = 'var(' + name + ')';
    legend.append(swatch, text + '\u2003');
  });
  f.append(legend);
  space.append(f);
  const height = Math.min(420, 80 + 22 * rows);
  charts.push([plot, height, new uPlot({
    width: width_of(plot), height: height, legend: {show: false},
    scales: {x: {time: false}, y: {range: [-0.5, rows - 0.5], dir: -1}},
    cursor: {y: false, points: {show: false}, drag: {x: true, y: false}},
    series: [{}, {paths: () => null, points: {show: false}}],
    axes: [Object.assign(axis_style(), {label: 'seconds of the simulated cluster', labelSize: 22, size: 34, labelFont: '12px system-ui, sans-serif',
                                        space: 70, values: (u, s) => s.map(shown)}),
           Object.assign(axis_style(), {size: 72, grid: {show: false}, splits: () => sim.rows.map((n, i) => i),
                                        values: () => sim.rows.map((n, i) => rows <= 16 || i % 4 === 0 || i === rows - 1 ? n : '')})],
    hooks: {draw: [u => {
      const c = u.ctx, b = u.bbox, tall = 0.8 * b.height / rows;
      const fills = kinds.map(k => colour(k[0]));
      c.save();
      c.beginPath();
      c.rect(b.left, b.top, b.width, b.height);
      c.clip();
      for (const [row, kind, from, to] of sim.spans) {
        const left = u.valToPos(from, 'x', true), right = u.valToPos(to, 'x', true);
        c.fillStyle = fills[kind];
        c.fillRect(left, u.valToPos(row, 'y', true) - tall / 2, Math.max(1, right - left - 1), tall);
      }
      c.restore();
    }]},
  }, [[0, end], [0, 0]], plot)]);
}

function resize() {
  charts.forEach(([plot, height, chart]) => {
    if (chart.width !== width_of(plot)) chart.setSize({width: width_of(plot), height: height});
  });
}

function draw() {
  charts.forEach(c => c[2].destroy());
  charts = [];
  space.textContent = '';
  metrics.forEach(draw_metric);
  runs.forEach(draw_timeline);
  resize();
}

function fill_history(details, r) {
  const names = Object.keys(r.history), table = element('table', undefined, 'numbers');
  const head = element('tr');
  names.forEach(n => head.append(element('th', n)));
  table.append(head);
  r.history.steps.forEach((t, i) => {
    const row = element('tr');
    names.forEach(n => row.append(element('td', r.history[n][i] === null ? unknown : String(r.history[n][i]))));
    table.append(row);
  });
  const box = element('div', undefined, 'scroll');
  box.append(table);
  details.append(box);
}

for (const name of Object.keys(axes)) {
  if (axes[name].needs && !runs.every(axes[name].needs)) continue;
  const option = element('option', axes[name].label);
  option.value = name;
  choice.append(option);
}
choice.addEventListener('change', draw);
log_box.addEventListener('change', draw);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
document.querySelectorAll('.swatch[data-run]').forEach(s => {
  s.style.background = 'var(--run-' + s.dataset.run % 8 + ')';
});
document.querySelectorAll('details[data-run]').forEach(d => {
  d.addEventListener('toggle', () => {
    if (d.open && !d.querySelector('table')) fill_history(d, runs[d.dataset.run]);
  });
});
document.querySelector('.controls').hidden = false;
draw();
new ResizeObserver(() => requestAnimationFrame(resize)).observe(space);
})();
)js";

}  // namespace localsgd::detail
// clang-format on
