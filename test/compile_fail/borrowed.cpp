// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/softmax.hpp"

#include <array>
#include <span>
#include <utility>
#include <vector>

// Objectives borrow their data, and temporaries would be gone before the first step.
namespace {

using namespace localsgd;

dense_matrix<double> const a(std::array<std::size_t, 2>{2, 3}, 1.0);
std::vector<double> const y{1, -1};
std::vector<int> const labels{0, 1};
std::vector<double> w{1, 2};
std::array<double, 2> const pair{1, 2};
double const raw[]{1, 2};
vector<double> const tensor(std::array<std::size_t, 1>{2}, 1.0);

[[maybe_unused]] void kept_data_is_accepted() {
  linear_objective(a, y, logistic{}, l2{1}, {.weights = w});
  linear_objective(a, y, logistic{}, l2{1}, {.weights = std::as_const(w)});
  linear_objective(a, y, logistic{}, l2{1}, {.weights = std::span(w)});
  linear_objective(a, y, logistic{}, l2{1}, {.weights = std::span<double const>(w).first(2)});
  linear_objective(a, y, logistic{}, l2{1}, {.weights = pair});
  linear_objective(a, y, logistic{}, l2{1}, {.weights = raw});
  linear_objective(a, y, logistic{}, l2{1}, {.weights = tensor});
  linear_objective(a, y, logistic{}, l2{1}, {.weights = {w.data(), 2}});
  linear_objective(a, y, logistic{}, l2{1}, linear_options{0.5, w});
  linear_options options;
  options.weights = w;
  options.weights = {};
  linear_objective(a, std::span(y), logistic{}, l2{1}, options);
  softmax_objective(a, labels, 2, l2{1});
  softmax_objective(a, std::span(labels), 2, l2{1});
  softmax_objective(a, labels, 2, l2{1}, {.weights = w, .class_weights = pair});
}

#ifdef FAULTS
[[maybe_unused]] void temporaries_are_refused() {
  // expect: borrowed_numbers
  linear_options{.weights = std::vector<double>{1, 2}};
  // expect: borrowed_numbers
  linear_objective(a, y, logistic{}, l2{1}, linear_options{0, std::array<double, 2>{1, 2}});
  // expect: borrowed_numbers
  linear_options{.weights = std::move(w)};
  // expect: borrowed_numbers
  linear_options{.weights = vector<double>(tensor)};
  linear_options options;
  // expect: borrowed_numbers
  options.weights = std::vector<double>{1, 2};
  // expect: linear_objective
  linear_objective(a, std::vector<double>{1, -1}, logistic{}, l2{1});
  // expect: linear_objective
  linear_objective(dense_matrix<double>(a), y, logistic{}, l2{1});
  // expect: linear_objective
  linear_objective(to_csr(a), y, logistic{}, l2{1}, {.weights = w});
  // expect: softmax_objective
  softmax_objective(a, std::vector<int>{0, 1}, 2, l2{1});
  // expect: softmax_objective
  softmax_objective(to_csr(a), labels, 2, l2{1});
  // expect: softmax_objective
  softmax_objective(to_csr(a), labels, 2, l2{1}, {.weights = w});
  // expect: borrowed_numbers
  softmax_options{.class_weights = std::vector<double>{1, 2}};
}
#endif

}  // namespace
