// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE run_assemble
#include "localsgd/run/assemble.hpp"

#include "localsgd/localsgd.hpp"
#include "test/support/averagers.hpp"
#include "test/support/compressors.hpp"
#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>

using namespace localsgd;

namespace {

struct quiet : no_observer {};

}  // namespace

BOOST_AUTO_TEST_CASE(an_averager_that_transforms_the_mean_is_refused_before_any_work) {
  struct never_asked : support::custom {
    double gradient(std::span<double const>, std::span<std::size_t const>,
                    std::span<double>) const {
      throw std::logic_error("asked for a gradient");
    }
  };
  support::problem const data(20, 3);
  never_asked const f{{&data.dense, &data.reals}};
  auto const e = support::error_of<invalid_settings>([&] {
    minimize(f, {.workers = 2, .steps = 4}, constant_step{0.1}, asynchronous{1},
             support::outer_momentum{});
  });
  BOOST_TEST(e.field == "averager");
  BOOST_TEST(e.value == "outer_momentum");
}

BOOST_AUTO_TEST_CASE(ranks_have_all_types_in_common_but_observers_and_who_carries_them) {
  detail::run_identity plain, other, turned, without;
  detail::add_components<every, constant_step, quiet, serial>(plain);
  detail::add_components<every, constant_step, no_observer, thread_pool>(other);
  detail::add_components<serial, constant_step, every>(turned);
  detail::add_components<every>(without);
  BOOST_TEST(plain.text() == other.text());
  BOOST_TEST(plain.text() == turned.text());
  BOOST_TEST(plain.text() != without.text());
}

BOOST_AUTO_TEST_CASE(components_are_used_in_place_or_copied) {
  static_assert(std::is_same_v<detail::as_given<serial>, serial&>);
  static_assert(std::is_same_v<detail::as_given<quiet>, quiet&>);
  static_assert(std::is_same_v<detail::as_given<every>, every const&>);
}

BOOST_AUTO_TEST_CASE(a_compressor_that_sends_all_is_the_mean_to_rounding) {
  support::problem const data(60, 11);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 4, .local_steps = 3, .steps = 90};
  auto const usual = minimize(f, s, constant_step{0.05}),
             sent = minimize(f, s, constant_step{0.05}, support::as_it_is{});
  BOOST_TEST(support::distance(sent.x, usual.x) < 1e-12);
  BOOST_TEST(sent.exchanges == usual.exchanges);
}
