// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE run_components
#include "localsgd/run/components.hpp"

#include "localsgd/localsgd.hpp"
#include "test/support/compressors.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>

using namespace localsgd;
using namespace localsgd::detail;

namespace {

using objective = quadratic<>;
struct nothing {};

/// How many kinds a type is of.
template <class C>
constexpr std::size_t kinds =
    count_of<sampler_kind, objective, C> + count_of<step_size_kind, objective, C> +
    count_of<worker_kind, objective, C> + count_of<schedule_kind, objective, C> +
    count_of<averager_kind, objective, C> + count_of<compressor_kind, objective, C> +
    count_of<synchronizer_kind, objective, C> + count_of<observer_kind, objective, C> +
    count_of<checkpoint_kind, objective, C> + count_of<warm_start_kind, objective, C>;

}  // namespace

BOOST_AUTO_TEST_CASE(each_component_is_of_one_kind) {
  static_assert(kinds<with_replacement> == 1 && kinds<shuffled> == 1);
  static_assert(kinds<constant_step> == 1 && kinds<automatic_step> == 1);
  static_assert(kinds<sgd> == 1 && kinds<svrg> == 1);
  static_assert(kinds<every> == 1 && kinds<adaptive> == 1);
  static_assert(kinds<mean> == 1 && kinds<weighted_mean> == 1);
  static_assert(kinds<identity> == 1 && kinds<support::as_it_is> == 1);
  static_assert(kinds<serial> == 1 && kinds<overlapped> == 1 && kinds<asynchronous> == 1 &&
                kinds<simulated> == 1);
  static_assert(kinds<progress_bar> == 1 && kinds<no_observer> == 1);
  static_assert(kinds<checkpoint> == 1 && kinds<warm_start> == 1);
  static_assert(kinds<nothing> == 0 && kinds<int> == 0);
}

BOOST_AUTO_TEST_CASE(components_of_one_kind_exclude_each_other) {
  static_assert(at_most_one_component_of_each_kind<objective, every, mean, serial>);
  static_assert(!at_most_one_component_of_each_kind<objective, every, mean, one_shot>);
  static_assert(!at_most_one_component_of_each_kind<objective, identity, support::as_it_is>);
  static_assert(ComponentFor<sgd, objective> && !ComponentFor<linear_sgd, objective>);
  static_assert(ComponentFor<support::as_it_is, objective> && !ComponentFor<nothing, objective>);
}

BOOST_AUTO_TEST_CASE(the_component_of_a_kind_is_picked_or_the_fallback) {
  every const schedule{7};
  constant_step eta{0.5};
  std::tuple<every const&, constant_step&> const given(schedule, eta);
  auto const other = [] { return every{1}; };
  decltype(auto) picked = pick<schedule_kind, objective>(other, given);
  BOOST_TEST(&picked == &schedule);
  decltype(auto) step = pick<step_size_kind, objective>([] { return constant_step{1}; }, given);
  BOOST_TEST(&step == &eta);
  BOOST_TEST((pick<schedule_kind, objective>(other, std::tuple<constant_step&>(eta)).next(0) == 1));
}
