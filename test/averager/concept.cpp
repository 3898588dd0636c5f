// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE averager_concept
#include "localsgd/averager/concept.hpp"

#include "test/support/averagers.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

using namespace localsgd;

namespace {

struct identity_missing {
  template <class Scalar>
  support::outer_momentum::bound<Scalar> bind(plan const&, std::span<std::size_t const>) const;
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_optional_is_recognised) {
  static_assert(Averager<support::outer_momentum> && Averager<support::coordinate_maximum>);
  static_assert(!Averager<identity_missing> && !Averager<int>);
  static_assert(detail::combines_rows<support::coordinate_maximum::bound<double>, double>);
  static_assert(!detail::combines_rows<support::outer_momentum::bound<double>, double>);
}

BOOST_AUTO_TEST_CASE(the_memory_of_an_averager_changes_when_a_round_is_accepted) {
  plan p;
  p.dimension = 2;
  std::vector<std::size_t> const sizes{3, 3};
  auto state = support::outer_momentum{}.bind<double>(p, sizes);
  BOOST_TEST(state.weight(1) == 0.5);
  auto const round = [&](std::vector<double> mean, bool accepted) {
    std::vector<double> const previous{10, 20};
    state.begin_round({});
    // In two ranges, like two threads.
    state.apply(1, std::span(previous).subspan(1), std::span(mean).subspan(1));
    state.apply(0, std::span(previous).first(1), std::span(mean).first(1));
    accepted ? state.commit() : state.rollback();
    return mean;
  };
  BOOST_TEST((round({14, 20}, true) == std::vector<double>{14, 20}));  // v = (4, 0)
  double const bad = std::numeric_limits<double>::infinity();
  round({bad, 20}, false);
  BOOST_TEST((state.velocity == std::vector<double>{4, 0}));
  BOOST_TEST((round({10, 22}, true) == std::vector<double>{12, 22}));  // v = (2 + 0, 0 + 2)
  BOOST_TEST((state.velocity == std::vector<double>{2, 2}));
}
