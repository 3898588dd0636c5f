// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "benchmark/compare/problem.hpp"

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
  explicit liblinear_problem(samples const& data) {
    std::size_t const n = data.features.rows();
    nodes_.reserve(data.features.nonzeros() + n);
    std::vector<std::size_t> starts;
    for (std::size_t i = 0; i != n; ++i) {
      starts.push_back(nodes_.size());
      auto const row = data.features.row(i);
      for (std::size_t k = 0; k != row.indices.size(); ++k)
        nodes_.push_back(
            {static_cast<int>(row.indices[k]) + 1, static_cast<double>(row.values[k])});
      nodes_.push_back({-1, 0});
    }
    for (std::size_t const start : starts) rows_.push_back(nodes_.data() + start);
    targets_.assign(data.targets.begin(), data.targets.end());
    problem_.l = static_cast<int>(n);
    problem_.n = static_cast<int>(data.features.columns());
    problem_.y = targets_.data();
    problem_.x = rows_.data();
    problem_.bias = -1;
  }
  liblinear_problem(liblinear_problem const&) = delete;
  liblinear_problem& operator=(liblinear_problem const&) = delete;

  /// @brief Trains with the penalty parameter c, and returns x and the seconds that took.
  std::pair<std::vector<double>, double> train(int solver, double eps, double c) const {
    parameter p{};
    p.solver_type = solver;
    p.eps = eps;
    p.C = c;
    if (char const* const error = check_parameter(&problem_, &p)) throw std::runtime_error(error);
    // LIBLINEAR's own generator: the same numbers in every run, whatever ran before.
    std::srand(1);
    model* m = nullptr;
    double const time = seconds([&] { m = ::train(&problem_, &p); });
    std::vector<double> x(m->w, m->w + m->nr_feature);
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
