// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "problem.hpp"

#include <localsgd/html_report/write_report.hpp>
#include <localsgd/report.hpp>

#include <cstddef>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace train {

namespace {

namespace fs = std::filesystem;

/// @brief The report of the run, which may have diverged.
void save_report(train_options const& o, fitted const& f, prepared const& all) {
  localsgd::report_run run(o.input.data, f.outcome, f.settings, all.description);
  run.samples = all.p.rows.rows();
  localsgd::write_report({run}, o.report, {.title = "localsgd-train"});
}

void check_outputs(train_options const& o) {
  check_different(o.input.data, o.model);
  if (!o.input.labels.empty()) check_different(o.input.labels, o.model);
  check_writable(o.model);
  if (!o.report.empty()) {
    check_different(o.input.data, o.report);
    check_two_outputs(o.model, o.report, "the model and the report");
    check_regular(o.report);
    check_writable(o.report);
  }
  if (o.checkpoint.empty()) return;
  check_different(o.input.data, o.checkpoint);
  check_two_outputs(o.model, o.checkpoint, "the model and the checkpoint");
  if (!o.report.empty()) check_two_outputs(o.report, o.checkpoint, "the report and the checkpoint");
  check_regular(o.checkpoint);
  check_writable(o.checkpoint);
  bool const there = fs::exists(o.checkpoint);
  if (there && !o.resume)
    throw usage_error(o.checkpoint + ": exists; to continue its run pass --resume, otherwise remove it");
  if (!there && o.resume)
    throw std::runtime_error(o.checkpoint + ": is not there; to start a run omit --resume");
}

/// @brief Whether samples held out choose the strength of the penalty, or the moment to stop.
bool selects(train_options const& o) { return o.folds != 0 || o.validation != 0; }

void set_run(problem& p, train_options const& o) {
  p.settings.workers = o.workers;
  p.settings.local_steps = o.local_steps;
  p.settings.batch_size = o.batch_size;
  p.settings.tolerance = o.tolerance ? *o.tolerance : o.epochs ? 0 : -1;
  if (o.epochs) p.settings.epochs = *o.epochs;
  if (p.settings.tolerance == 0 && !o.quiet) p.settings.evaluations = 10;
  if (p.settings.tolerance == 0 && !o.report.empty()) p.settings.evaluations = 40;
  p.keeps_checkpoints = !o.checkpoint.empty();
  p.checkpoint_rounds = o.checkpoint_every;
  p.checkpoint = o.checkpoint;
  if (o.checkpoint.empty()) {  // in a folder where a file can be created
    std::error_code unknown;  // on ranks that do not write it
    bool const device = fs::is_other(fs::status(o.model, unknown));
    p.checkpoint = (device ? fs::temp_directory_path() : fs::absolute(o.model).parent_path()) /
                   (".localsgd-train-" + std::to_string(std::random_device{}()) + ".checkpoint");
  }
  p.lambdas = decreasing(o.lambdas);
  p.folds = o.folds;
  p.validation = o.validation;
}

/// @brief Collective. Rank 0 writes the files.
void fit_and_save(train_options const& o, prepared const& all, model_format format,
                  job const& ranks) {
  std::string table;
  fitted f;
  if (selects(o)) {
    selected chosen = all.kind->select(all.p);
    table = std::move(chosen.table);
    f = std::move(chosen.fit);
  } else {
    f = all.kind->fit(all.p);
  }
  if (f.outcome.reason == localsgd::stop_reason::interrupted)
    throw std::runtime_error(o.checkpoint + ": the run was interrupted; to continue it, repeat the "
                                            "command with --resume");
  bool const reports = !o.report.empty() && ranks.leads();
  if (!f.outcome.usable()) {
    if (reports) save_report(o, f, all);
    throw std::runtime_error(o.input.data +
                             ": the run diverged; scale the features with --scale standard");
  }
  if (ranks.leads()) save_model(finished(std::move(f.model), all), o.model, format);
  if (reports) save_report(o, f, all);
  if (!o.quiet && ranks.leads()) write_text(table + to_string(f.outcome), {});
}

}  // namespace

void train_model(train_options const& o, job const& ranks) {
  model_format const format = o.model_format == "auto"   ? format_of(o.model)
                              : o.model_format == "json" ? model_format::json
                                                         : model_format::liblinear;
  prepared all;
  ranks.do_together([&] {
    if (!o.lambdas.empty() && o.folds == 0)
      throw usage_error("--lambdas: requires --cross-validate, which chooses one of them");
    check_threads(o.threads);
    if (ranks.leads()) check_outputs(o);
    all = prepare(o);
    check_can_save(all, o, format);
    set_run(all.p, o);
  });
  run_together(all, o, ranks, [&] { fit_and_save(o, all, format, ranks); });
}

}  // namespace train
