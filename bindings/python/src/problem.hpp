// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <localsgd/data/csr_matrix.hpp>
#include <localsgd/data/views/dense_view.hpp>
#include <localsgd/result.hpp>
#include <localsgd/settings.hpp>

#include <cstddef>
#include <exception>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

/// @file
/// @brief What the module passes to the solvers. Each solver is compiled in a file of its own.

namespace localsgd::python {

/// @brief A problem without its features: f(x) = (1/S) Σ s_i φ_i + l1·‖w‖₁ + (l2/2)‖w‖².
struct problem {
  std::span<double const> targets;  ///< ±1, real numbers, or classes 0, 1, …
  std::span<double const> weights;  ///< s_i, or empty
  std::string loss;                 ///< The name of a loss of any_loss, or "softmax".
  double loss_parameter = 1;
  std::size_t classes = 2;  ///< of softmax
  double l1 = 0, l2 = 0;
  double intercept = 0;  ///< The value of the constant feature; 0 = no intercept.
  bool regularize_intercept = false;
};

/// @brief How to solve it.
struct solution {
  localsgd::settings settings;
  std::size_t threads = 1;
  std::span<double const> start;  ///< A warm start, or empty.
  std::stop_token stop;
};

/// @brief The run was stopped by its token.
struct stopped : std::exception {
  char const* what() const noexcept override { return "localsgd: the run was stopped"; }
};

/// @throws invalid_settings, invalid_data, stopped
template <class Features>
result<double> solve_linear(Features const& features, problem const& p, solution const& s);
template <class Features>
result<double> solve_softmax(Features const& features, problem const& p, solution const& s);

#define LOCALSGD_PYTHON_SOLVERS(prefix)                                                       \
  prefix solve_linear(dense_view<float> const&, problem const&, solution const&);            \
  prefix solve_linear(dense_view<double> const&, problem const&, solution const&);           \
  prefix solve_linear(csr_matrix<float> const&, problem const&, solution const&);            \
  prefix solve_linear(csr_matrix<double> const&, problem const&, solution const&);           \
  prefix solve_softmax(dense_view<float> const&, problem const&, solution const&);           \
  prefix solve_softmax(dense_view<double> const&, problem const&, solution const&);          \
  prefix solve_softmax(csr_matrix<float> const&, problem const&, solution const&);           \
  prefix solve_softmax(csr_matrix<double> const&, problem const&, solution const&);
LOCALSGD_PYTHON_SOLVERS(extern template result<double>)
#undef LOCALSGD_PYTHON_SOLVERS

}  // namespace localsgd::python
