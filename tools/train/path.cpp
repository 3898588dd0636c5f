// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "problem.hpp"

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

namespace train {

namespace {

/// @brief `prefix-007.json`, with as many digits as the last one needs.
std::string name_of(std::string const& prefix, std::size_t i, std::size_t count) {
  std::string const last = std::to_string(count), number = std::to_string(i);
  return prefix + "-" + std::string(last.size() - number.size(), '0') + number + ".json";
}

/// @brief Refuses names of models that are those of other files, or cannot be written.
void check_models(path_options const& o, std::size_t count) {
  for (std::size_t i = 1; i <= count && !o.models.empty(); ++i) {
    std::string const name = name_of(o.models, i, count);
    check_different(o.input.data, name);
    if (!o.output.empty()) check_two_outputs(o.output, name, "the table and a model");
    if (i == 1) check_writable(name);
  }
}

void save(path_options const& o, prepared const& all, std::vector<path_model> const& models) {
  std::string text = "lambda nonzeros objective certificate\n";
  for (std::size_t i = 0; i != models.size(); ++i) {
    path_model const& each = models[i];
    char line[160];
    std::snprintf(line, sizeof line, "%.6g %zu %.10g %.3g\n", each.lambda, each.nonzeros,
                  each.objective, each.certificate);
    text += line;
    if (!o.models.empty())
      save_model(finished(each.model, all), name_of(o.models, i + 1, models.size()),
                 model_format::json);
  }
  write_text(text, o.output);
}

}  // namespace

void print_path(path_options const& o, job const& ranks) {
  prepared all;
  ranks.do_together([&] {
    check_threads(o.threads);
    if (ranks.leads() && !o.output.empty()) {
      check_different(o.input.data, o.output);
      check_writable(o.output);
    }
    all = prepare(o);
    if (ranks.size() > all.p.settings.workers)
      throw usage_error(
          "path: has " + std::to_string(all.p.settings.workers) +
          " workers, of which each rank needs one; start at most as many ranks, not " +
          std::to_string(ranks.size()));
    all.p.lambdas = decreasing(o.lambdas);
    all.p.lambda_count = o.count;
    if (ranks.leads()) check_models(o, o.lambdas.empty() ? o.count : all.p.lambdas.size());
  });
  ranks.require_same("--count", std::to_string(o.count));
  run_together(all, o, ranks, [&] {
    auto const models = all.kind->path(all.p);
    if (ranks.leads()) save(o, all, models);
  });
}

}  // namespace train
