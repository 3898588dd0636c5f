// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "localsgd/core/tensor.hpp"
#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/softmax.hpp"

#include <cstddef>
#include <span>
#include <vector>

// Every near-miss lacks exactly one thing that the concept Loss asks for, or lends an objective
// data that would be gone before the first step.
namespace {

struct good {
  double value(double, double) const;
  double derivative(double, double) const;
  double curvature() const;
};

struct without_value {
  double derivative(double, double) const;
  double curvature() const;
};
struct value_forgets_const : good {
  double value(double, double);
};
struct float_value : good {
  float value(double, double) const;
};
struct value_without_target : good {
  double value(double) const;
};
struct without_derivative {
  double value(double, double) const;
  double curvature() const;
};
struct derivative_forgets_const : good {
  double derivative(double, double);
};
struct without_curvature {
  double value(double, double) const;
  double derivative(double, double) const;
};
struct int_curvature : good {
  int curvature() const;
};
struct curvature_of_a_point : good {
  double curvature(double, double) const;
};
struct lipschitz_constant_forgets_const : good {
  double lipschitz_constant();
};
struct int_lipschitz_constant : good {
  int lipschitz_constant() const;
};
struct with_conjugate : good {
  double conjugate(double, double) const;
  double project_to_dual_domain(double, double) const;
};
struct conjugate_forgets_const : with_conjugate {
  double conjugate(double, double);
};
struct float_conjugate : with_conjugate {
  float conjugate(double, double) const;
};
struct conjugate_without_target : with_conjugate {
  double conjugate(double) const;
};
struct project_to_dual_domain_forgets_const : with_conjugate {
  double project_to_dual_domain(double, double);
};
struct without_project_to_dual_domain : good {
  double conjugate(double, double) const;
};
struct without_conjugate : good {
  double project_to_dual_domain(double, double) const;
};
struct with_evaluate : good {
  void evaluate(double const*, double const*, std::size_t, double*, double*) const;
};
struct evaluate_forgets_const : good {
  void evaluate(double const*, double const*, std::size_t, double*, double*);
};
struct evaluate_of_one_array : good {
  void evaluate(double const*, double const*, std::size_t, double*) const;
};
struct evaluate_of_spans : good {
  void evaluate(std::span<double const>, std::span<double const>, std::span<double>,
                std::span<double>) const;
};
struct evaluate_returns_a_sum : good {
  double evaluate(double const*, double const*, std::size_t, double*, double*) const;
};
struct cannot_be_copied : good {
  cannot_be_copied(cannot_be_copied const&) = delete;
};

template <localsgd::Loss L>
void use() {}

using matrix = localsgd::csr_matrix<float>;
matrix read_features();
std::vector<double> read_targets();

}  // namespace

void borrows(matrix const& features, std::vector<double> const& targets) {
  localsgd::l2 const penalty{0.1};
  localsgd::linear_objective const f(features, targets, localsgd::logistic{}, penalty);
  localsgd::softmax_objective const g(features, targets, 3, penalty);
#if defined(FAULTS)
  // expect: deleted
  localsgd::linear_objective const h(read_features(), targets, localsgd::logistic{}, penalty);
  // expect: deleted
  localsgd::linear_objective const i(features, read_targets(), localsgd::logistic{}, penalty);
  // expect: deleted
  localsgd::softmax_objective const j(read_features(), targets, 3, penalty);
  // expect: deleted
  localsgd::softmax_objective const k(features, read_targets(), 3, penalty);
#endif
}

int main() {
  use<good>();
  use<with_conjugate>();
  use<with_evaluate>();
#if defined(FAULTS)
  // expect: has_const_value
  use<without_value>();
  // expect: has_const_value
  use<value_forgets_const>();
  // expect: has_const_value
  use<float_value>();
  // expect: has_const_value
  use<value_without_target>();
  // expect: has_const_derivative
  use<without_derivative>();
  // expect: has_const_derivative
  use<derivative_forgets_const>();
  // expect: has_const_curvature
  use<without_curvature>();
  // expect: has_const_curvature
  use<int_curvature>();
  // expect: has_const_curvature
  use<curvature_of_a_point>();
  // expect: lipschitz_constant_is_const_and_returns_double
  use<lipschitz_constant_forgets_const>();
  // expect: lipschitz_constant_is_const_and_returns_double
  use<int_lipschitz_constant>();
  // expect: conjugate_is_const_and_returns_double
  use<conjugate_forgets_const>();
  // expect: conjugate_is_const_and_returns_double
  use<float_conjugate>();
  // expect: conjugate_is_const_and_returns_double
  use<conjugate_without_target>();
  // expect: project_to_dual_domain_is_const_and_returns_double
  use<project_to_dual_domain_forgets_const>();
  // expect: conjugate_and_project_to_dual_domain_come_together
  use<without_project_to_dual_domain>();
  // expect: conjugate_and_project_to_dual_domain_come_together
  use<without_conjugate>();
  // expect: evaluate_is_const_and_fills_two_arrays
  use<evaluate_forgets_const>();
  // expect: evaluate_is_const_and_fills_two_arrays
  use<evaluate_of_one_array>();
  // expect: evaluate_is_const_and_fills_two_arrays
  use<evaluate_of_spans>();
  // expect: evaluate_is_const_and_fills_two_arrays
  use<evaluate_returns_a_sum>();
  // expect: copy_constructible
  use<cannot_be_copied>();
#endif
}
