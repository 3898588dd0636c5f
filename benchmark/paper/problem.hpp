// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "examples/support/gunzip.hpp"

#include <localsgd/localsgd.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief The problem of the experiment: logistic regression, λ = 1/n, no intercept.

namespace paper {

using samples = localsgd::dataset<localsgd::csr_matrix<float>>;

inline double lambda_of(samples const& data) {
  return 1 / static_cast<double>(data.features.rows());
}

inline auto objective_of(samples const& data) {
  return localsgd::linear_objective(data.features, data.targets, localsgd::logistic{},
                                    localsgd::l2{lambda_of(data)});
}

inline samples read(std::filesystem::path const& file) {
  return localsgd::parse_libsvm<float>(support::gunzip(file), file.string());
}

/// @brief f*, as the library finds it: certified to 1e-12 or to what numbers can tell.
/// @throws std::runtime_error if it is not known to 1e-10
inline double optimum(samples const& data) {
  auto const f = objective_of(data);
  auto const r = localsgd::minimize(f, {.workers = 2, .tolerance = 1e-12});
  if (!(r.usable() && r.certificate <= 1e-10))
    throw std::runtime_error("f* is only known to within " + std::to_string(r.certificate));
  return r.objective;
}

/// @brief A small problem of the same kind, a function of nothing: labels from a random linear
///        model.
inline samples generated(std::size_t rows, std::size_t columns, std::size_t per_row) {
  using namespace localsgd;
  auto const shape = [](std::size_t n) { return std::array<std::size_t, 1>{n}; };
  vector<std::size_t> starts(shape(rows + 1));
  vector<std::uint32_t> indices(shape(rows * per_row));
  vector<float> values(shape(rows * per_row));
  vector<double> targets(shape(rows));
  starts.data()[0] = 0;
  for (std::size_t i = 0; i != rows; ++i) {
    double score = 0;
    for (std::size_t k = 0; k != per_row; ++k) {
      std::size_t const at = i * per_row + k;
      auto const words = random_words(1, random_stream::noise, 0, std::uint64_t{at});
      std::size_t const first = k * columns / per_row, last = (k + 1) * columns / per_row;
      std::size_t const column = first + index_below(last - first, words[0]);
      indices.data()[at] = static_cast<std::uint32_t>(column);
      values.data()[at] = static_cast<float>(unit_interval(words[1]));
      score += column % 2 == 0 ? values.data()[at] : -values.data()[at];
    }
    double const u = unit_interval(random_words(1, random_stream::noise, 1, std::uint64_t{i})[0]);
    targets.data()[i] = u < 1 / (1 + std::exp(-2 * score)) ? 1 : -1;
    starts.data()[i + 1] = (i + 1) * per_row;
  }
  return {csr_matrix<float>(columns, std::move(starts), std::move(indices), std::move(values)),
          std::move(targets)};
}

}  // namespace paper
