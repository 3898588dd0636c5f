// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_linear_concept
#include "localsgd/objective/linear_concept.hpp"

#include "localsgd/regularizer/no_penalty.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <vector>

namespace {

using localsgd::LinearObjective;
using batch = std::span<std::size_t const>;

struct objective {
  using scalar = double;
  std::size_t dimension() const { return 1; }
  std::size_t samples() const { return 1; }
  double gradient(std::span<double const>, batch, std::span<double>) const { return 0; }
};
static_assert(localsgd::Objective<objective> && !LinearObjective<objective>);

struct loss_type {
  double value(double, double) const;
  double derivative(double, double) const;
};

struct minimal : objective {
  localsgd::dense_matrix<double> const& features() const;
  loss_type loss() const;
  double scale(std::size_t) const { return 1; }
  double target(std::size_t) const;
  localsgd::no_penalty regularizer() const;
  double intercept() const;
};
static_assert(LinearObjective<minimal>);

struct with_offsets : minimal {
  std::vector<double> all;
  std::span<double const> offsets() const { return all; }
};
static_assert(LinearObjective<with_offsets>);

struct features_without_rows : minimal {
  double features() const;
};
static_assert(!LinearObjective<features_without_rows>);
struct loss_without_derivative : minimal {
  struct value_alone {
    double value(double, double) const;
  };
  value_alone loss() const;
};
static_assert(!LinearObjective<loss_without_derivative>);
struct float_scale : minimal {
  float scale(std::size_t) const;
};
static_assert(!LinearObjective<float_scale>);
struct mutable_target : minimal {
  double target(std::size_t);
};
static_assert(!LinearObjective<mutable_target>);
struct number_for_a_regularizer : minimal {
  double regularizer() const;
};
static_assert(!LinearObjective<number_for_a_regularizer>);
struct bool_intercept : minimal {
  bool intercept() const;  // returns the value, not whether there is one
};
static_assert(!LinearObjective<bool_intercept>);

}  // namespace

BOOST_AUTO_TEST_CASE(offsets_are_added_to_predictions_where_there_are_some) {
  using localsgd::detail::offsets_of;
  using localsgd::detail::with_offset;
  BOOST_TEST(offsets_of(minimal{}).empty());
  BOOST_TEST(with_offset(minimal{}, 0, 1.5) == 1.5);
  with_offsets f;
  BOOST_TEST(with_offset(f, 0, 1.5) == 1.5);
  f.all = {0.25, -3};
  BOOST_TEST(with_offset(f, 0, 1.5) == 1.75);
  BOOST_TEST(with_offset(f, 1, 1.5) == -1.5);
}

BOOST_AUTO_TEST_CASE(what_the_concept_asks_for_is_checked_by_the_compiler) {
  BOOST_TEST(minimal{}.scale(0) == 1.0);
}
