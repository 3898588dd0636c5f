// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "problem.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <string>

namespace train {

namespace {

/// @brief `prefix-007.json`, with as many digits as the last one needs.
std::string name_of(std::string const& prefix, std::size_t i, std::size_t count) {
  std::string const last = std::to_string(count), number = std::to_string(i);
  return prefix + "-" + std::string(last.size() - number.size(), '0') + number + ".json";
}

}  // namespace

void print_path(path_options const& o) {
  if (!o.output.empty()) {
    check_different(o.input.data, o.output);
    check_writable(o.output);
  }
  prepared all = prepare(o);
  if (all.kind->path == nullptr)
    throw usage_error("--loss " + all.loss + ": path is available for logistic, softmax and squared");
  all.p.lambdas = o.lambdas;
  std::ranges::sort(all.p.lambdas, std::greater<>());
  all.p.lambdas.erase(std::unique(all.p.lambdas.begin(), all.p.lambdas.end()), all.p.lambdas.end());
  all.p.lambda_count = o.count;
  std::size_t const count = o.lambdas.empty() ? o.count : all.p.lambdas.size();
  for (std::size_t i = 1; i <= count && !o.models.empty(); ++i) {
    std::string const name = name_of(o.models, i, count);
    check_different(o.input.data, name);
    if (!o.output.empty()) check_two_outputs(o.output, name, "the table and a model");
    if (i == 1) check_writable(name);
  }
  if (!o.quiet) std::fprintf(stderr, "%s\n", all.description.c_str());

  auto const models =
      with_named_samples(all, o.input.data, [&] { return all.kind->path(all.p); });
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

}  // namespace train
