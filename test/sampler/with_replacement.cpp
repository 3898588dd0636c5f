// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE sampler_with_replacement
#include "localsgd/sampler/with_replacement.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "test/support/samplers.hpp"

namespace {
using localsgd::with_replacement;
using support::drawn;
using support::make_plan;
}  // namespace

BOOST_AUTO_TEST_CASE(a_stretch_is_its_single_steps_in_any_order) {
  for (std::size_t const b : {1U, 2U, 3U, 5U})
    support::check_purity(with_replacement{}, make_plan(1000, 1, 3, b, 7));
}

BOOST_AUTO_TEST_CASE(every_index_is_below_n) {
  for (std::size_t const n : {1U, 2U, 49749U})
    for (std::size_t const i : drawn(with_replacement{}, make_plan(n, 1, 2, 3), 1, 0, 500))
      BOOST_TEST(i < n);
}

BOOST_AUTO_TEST_CASE(samples_are_the_words_of_the_workers_lane) {
  auto const p = make_plan(1000, 1, 3, 3, 7);
  auto const all = drawn(with_replacement{}, p, 2, 0, 5);
  for (std::size_t i = 0; i != all.size(); ++i) {
    auto const words = localsgd::random_words(7, localsgd::random_stream::samples, 2, i / 2);
    BOOST_TEST(all[i] == localsgd::index_below(1000, words[i % 2]));
  }
}

BOOST_AUTO_TEST_CASE(seeds_and_workers_draw_independently) {
  // Two independent draws from 10 are equal with probability 1/10: in 10000, with a standard
  // deviation of √(10000·0.09) = 30, 1000 ± 180.
  auto const of = [](std::uint64_t seed, std::size_t worker, std::uint64_t from) {
    return drawn(with_replacement{}, make_plan(10, 1, 4, 1, seed), worker, from, 10000);
  };
  auto const first = of(1, 0, 0);
  for (auto const& other : {of(2, 0, 0), of(1, 1, 0), of(1, 3, 0), of(1, 0, 10000), of(1, 0, 1)}) {
    double equal = 0;
    for (std::size_t i = 0; i != first.size(); ++i) equal += first[i] == other[i];
    BOOST_TEST(std::abs(equal - 1000) <= 180);
  }
}

BOOST_AUTO_TEST_CASE(every_sample_is_equally_likely) {
  std::vector<double> counts(50);
  for (std::size_t const i : drawn(with_replacement{}, make_plan(50, 1, 2, 5, 3), 1, 0, 10000))
    ++counts[i];
  double chi_square = 0;  // 49 degrees of freedom: 49 ± 6·√98
  for (double const c : counts) chi_square += (c - 1000) * (c - 1000) / 1000;
  BOOST_TEST(chi_square <= 49 + 6 * std::sqrt(98.0));
}

BOOST_AUTO_TEST_CASE(steps_near_2_to_the_53_can_be_drawn) {
  std::uint64_t const late = (std::uint64_t{1} << 53) - 2;
  auto const p = make_plan(1000, 1, 2, 3, 7);
  BOOST_TEST((drawn(with_replacement{}, p, 0, late, 2) != drawn(with_replacement{}, p, 0, 0, 2)));
}

BOOST_AUTO_TEST_CASE(every_worker_sees_all_samples) {
  BOOST_TEST(with_replacement::shard_size(make_plan(17, 1, 4, 1), 3) == 17U);
}
