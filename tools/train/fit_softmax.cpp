// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "run.hpp"

#include <localsgd/core/tensor.hpp>
#include <localsgd/objective/softmax.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace train {

namespace {

/// @brief The rows with one column more, of a constant.
localsgd::csr_matrix<double> with_constant(localsgd::csr_matrix<double> const& rows,
                                           double constant) {
  std::vector<std::size_t> starts{0};
  std::vector<std::uint32_t> indices;
  std::vector<double> values;
  indices.reserve(rows.nonzeros() + rows.rows());
  values.reserve(rows.nonzeros() + rows.rows());
  for (std::size_t i = 0; i != rows.rows(); ++i) {
    auto const row = rows.row(i);
    indices.insert(indices.end(), row.indices.begin(), row.indices.end());
    values.insert(values.end(), row.values.begin(), row.values.end());
    indices.push_back(static_cast<std::uint32_t>(rows.columns()));
    values.push_back(constant);
    starts.push_back(values.size());
  }
  using localsgd::detail::to_vector;
  return {rows.columns() + 1, to_vector<std::size_t>(std::span<std::size_t const>(starts)),
          to_vector<std::uint32_t>(std::span<std::uint32_t const>(indices)),
          to_vector<double>(std::span<double const>(values))};
}

/// @brief Makes intercepts of the last coefficient of each class.
void move_intercepts(localsgd::linear_model& m, double constant) {
  std::vector<double> coefficients;
  for (std::size_t k = 0; k != m.outputs(); ++k) {
    auto const row = m.coefficients_of(k);
    coefficients.insert(coefficients.end(), row.begin(), row.end() - 1);
    m.intercepts[k] = constant * row.back();
  }
  m.coefficients = coefficients;
  --m.features;
}

}  // namespace

fitted fit_softmax(problem const& p) {
  bool const intercept = p.intercept != 0;
  auto const rows = intercept ? with_constant(p.rows, p.intercept) : p.rows;
  std::size_t const classes = p.encoding.classes();
  localsgd::softmax_options options;
  options.weights = p.weights;
  auto const with = [&](auto regularizer) {
    localsgd::softmax_objective const f(rows, p.targets, classes, regularizer, options);
    return run(f, p, std::log(static_cast<double>(classes)));
  };
  fitted all = p.l1 == 0 ? with(localsgd::l2{p.l2}) : with(localsgd::elastic_net{p.l1, p.l2});
  if (intercept && all.usable) move_intercepts(all.model, p.intercept);
  return all;
}

}  // namespace train
