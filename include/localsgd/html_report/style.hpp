// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file
/// @brief The style sheet of an HTML report. ASCII only.

// clang-format off
namespace localsgd::detail {

inline constexpr char report_style[] = R"css(
:root {
  color-scheme: light dark;
  --text: #1b2733; --quiet: #566573; --back: #ffffff; --card: #f5f7f9; --line: #d5dce3; --grid: #e6ebef;
  --run-0: #0b6bcb; --run-1: #c9420d; --run-2: #0a7f58; --run-3: #8b3fb5;
  --run-4: #946200; --run-5: #b0235f; --run-6: #3f6f8f; --run-7: #55701a;
  --computing: #0b6bcb; --exchanging: #c9a227; --averaging: #c9420d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e2e8ee; --quiet: #9fb0bf; --back: #12181e; --card: #1b232b; --line: #35424f; --grid: #28333d;
    --run-0: #6db3ff; --run-1: #ff8f5e; --run-2: #4fd1a1; --run-3: #cf9bf0;
    --run-4: #e5b94e; --run-5: #ff87b5; --run-6: #8fc3df; --run-7: #b5d65c;
    --computing: #6db3ff; --exchanging: #e5b94e; --averaging: #ff8f5e;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0.3rem 0 1rem; line-height: 1.2; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.6rem; }
h3 { font-size: 1rem; margin: 0 0 0.3rem; }
p { margin: 0.3rem 0; }
.quiet, figcaption, footer { color: var(--quiet); font-size: 0.88rem; }
.swatch { display: inline-block; width: 0.8em; height: 0.8em; border-radius: 2px; margin-right: 0.45em; background: var(--quiet); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 0.7rem 0.9rem; }
.cards { display: grid; gap: 0.6rem 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.9rem 0.25rem 0; text-align: left; vertical-align: top; }
.numbers th, .numbers td { text-align: right; padding: 0.25rem 0.7rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
.numbers th:first-child { text-align: left; white-space: normal; min-width: 9rem; }
.columns { display: grid; gap: 0.8rem 2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); }
.columns th { font-weight: normal; color: var(--quiet); width: 11.5rem; }
.controls { display: flex; flex-wrap: wrap; gap: 0.5rem 1.4rem; align-items: center; }
.controls select { font: inherit; max-width: 100%; }
.charts { display: grid; gap: 1rem 1.5rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 460px), 1fr)); margin-top: 0.8rem; }
figure { margin: 0; min-width: 0; }
.plot { min-width: 0; overflow: hidden; margin-top: 0.3rem; }
details { margin: 0.5rem 0; }
summary { cursor: pointer; }
footer { margin: 2.5rem 0 1rem; border-top: 1px solid var(--line); padding-top: 0.6rem; }
.uplot { max-width: 100%; font-family: inherit; }
.u-legend { font-size: 0.85rem; max-width: 100%; text-align: left; margin: 0; }
.u-legend tr { max-width: 100%; }
.uplot .u-legend th { font-weight: normal; }
.u-legend th > * { display: inline; }
.u-legend .u-marker { display: inline-block; }
.u-select { background: color-mix(in srgb, var(--text) 12%, transparent); }
)css";

}  // namespace localsgd::detail
// clang-format on
