// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "benchmark/compare/serving.hpp"

#include <linear.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>
#include <vector>

/// @file
/// @brief LIBLINEAR, with the data in its own form in memory.

namespace compare {

/// @brief The problem in the form LIBLINEAR wants: rows of (index from 1, value), each ended by -1.
class liblinear_problem {
 public:
  /// @param bias the value of a constant feature appended to every row; negative: none
  explicit liblinear_problem(samples const& data, double bias = -1) {
    std::size_t const n = data.features.rows();
    int const columns = static_cast<int>(data.features.columns()) + (bias >= 0 ? 1 : 0);
    nodes_.reserve(data.features.nonzeros() + 2 * n);
    std::vector<std::size_t> starts;
    for (std::size_t i = 0; i != n; ++i) {
      starts.push_back(nodes_.size());
      auto const row = data.features.row(i);
      for (std::size_t k = 0; k != row.indices.size(); ++k)
        nodes_.push_back(
            {static_cast<int>(row.indices[k]) + 1, static_cast<double>(row.values[k])});
      if (bias >= 0) nodes_.push_back({columns, bias});
      nodes_.push_back({-1, 0});
    }
    for (std::size_t const start : starts) rows_.push_back(nodes_.data() + start);
    targets_.assign(data.targets.begin(), data.targets.end());
    problem_.l = static_cast<int>(n);
    problem_.n = columns;
    problem_.y = targets_.data();
    problem_.x = rows_.data();
    problem_.bias = bias;
  }
  liblinear_problem(liblinear_problem const&) = delete;
  liblinear_problem& operator=(liblinear_problem const&) = delete;

  /// @brief Trains with the penalty parameter c, and returns x and the seconds that took.
  /// @param free_bias the coefficient of the constant feature is not penalised, from version 2.40
  /// on
  std::pair<std::vector<double>, times> train(int solver, double eps, double c,
                                              bool free_bias = false) const {
    parameter p{};
#if LIBLINEAR_VERSION >= 240
    p.regularize_bias = free_bias ? 0 : 1;
#else
    if (free_bias) throw std::runtime_error("this LIBLINEAR has no -R");
#endif
    p.solver_type = solver;
    p.eps = eps;
    p.C = c;
    if (char const* const error = check_parameter(&problem_, &p)) throw std::runtime_error(error);
    // LIBLINEAR's own generator: the same numbers in every run, whatever ran before.
    std::srand(1);
    model* m = nullptr;
    times const time = timed([&] { m = ::train(&problem_, &p); });
    std::vector<double> x(m->w, m->w + problem_.n);
    // A classifier's w belongs to the label it lists first.
    if (m->label != nullptr && m->label[0] != 1)
      for (double& v : x) v = -v;
    free_and_destroy_model(&m);
    return {std::move(x), time};
  }

 private:
  std::vector<feature_node> nodes_;
  std::vector<feature_node*> rows_;
  std::vector<double> targets_;
  problem problem_{};
};

}  // namespace compare
