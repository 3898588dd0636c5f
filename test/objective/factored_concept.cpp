// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_factored_concept
#include "localsgd/objective/factored_concept.hpp"

#include "localsgd/regularizer/no_penalty.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>

namespace {

using localsgd::FactoredObjective;
using batch = std::span<std::size_t const>;

struct objective {
  using scalar = double;
  std::size_t dimension() const { return 4; }
  std::size_t samples() const { return 1; }
  double gradient(std::span<double const>, batch, std::span<double>) const { return 0; }
};
static_assert(localsgd::Objective<objective> && !FactoredObjective<objective>);

struct minimal : objective {
  std::size_t outputs() const { return 2; }
  localsgd::no_penalty regularizer() const { return {}; }
  void slopes(std::span<double const>, double, batch, std::size_t, std::span<double>) const {}
  void add_rows(batch, std::span<double const>, std::span<double>) const {}
};
static_assert(FactoredObjective<minimal>);

struct signed_outputs : minimal {
  int outputs() const;
};
static_assert(!FactoredObjective<signed_outputs>);
struct number_for_a_regularizer : minimal {
  float regularizer() const;
};
static_assert(!FactoredObjective<number_for_a_regularizer>);
struct mutable_slopes : minimal {
  void slopes(std::span<double const>, double, batch, std::size_t, std::span<double>);
};
static_assert(!FactoredObjective<mutable_slopes>);
struct slopes_with_a_loss : minimal {
  double slopes(std::span<double const>, double, batch, std::size_t, std::span<double>) const;
};
static_assert(!FactoredObjective<slopes_with_a_loss>);
struct mutable_rows : minimal {
  void add_rows(batch, std::span<double const>, std::span<double>);
};
static_assert(!FactoredObjective<mutable_rows>);

// The factors alone do not make an objective.
struct no_objective {
  std::size_t outputs() const;
  localsgd::no_penalty regularizer() const;
  void slopes(std::span<double const>, double, batch, std::size_t, std::span<double>) const;
  void add_rows(batch, std::span<double const>, std::span<double>) const;
};
static_assert(!FactoredObjective<no_objective>);

}  // namespace

BOOST_AUTO_TEST_CASE(what_the_concept_asks_for_is_checked_by_the_compiler) {
  BOOST_TEST(minimal{}.outputs() == 2U);
}
