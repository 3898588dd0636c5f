// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE observer_concept
#include "localsgd/observer/concept.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using localsgd::evaluation;
using localsgd::no_observer;
using localsgd::Observer;
using localsgd::plan;
using localsgd::proceed;

struct minimal {
  proceed after_evaluation(evaluation const&, plan const&) { return proceed::no; }
};
static_assert(Observer<minimal>);

struct constant {
  proceed after_evaluation(evaluation const&, plan const&) const;
};
static_assert(Observer<constant>);
struct not_copyable : minimal {
  not_copyable(not_copyable const&) = delete;
};
static_assert(Observer<not_copyable>);  // a run refers to it

struct answers_bool {
  bool after_evaluation(evaluation const&, plan const&);
};
static_assert(!Observer<answers_bool>);
struct answers_nothing {
  void after_evaluation(evaluation const&, plan const&);
};
static_assert(!Observer<answers_nothing>);
struct without_plan {
  proceed after_evaluation(evaluation const&);
};
static_assert(!Observer<without_plan>);
struct changes_the_evaluation {
  proceed after_evaluation(evaluation&, plan const&);
};
static_assert(!Observer<changes_the_evaluation>);
struct of_another_name {
  proceed observe(evaluation const&, plan const&);
};
static_assert(!Observer<of_another_name>);

}  // namespace

BOOST_AUTO_TEST_CASE(no_observer_never_stops_a_run) {
  static_assert(Observer<no_observer>);
  static_assert(no_observer::after_evaluation({}, {}) == proceed::yes);
  BOOST_TEST((minimal{}.after_evaluation({}, {}) == proceed::no));
}
