// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE sampler_shuffled
#include "localsgd/sampler/shuffled.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "test/support/samplers.hpp"

namespace {

using localsgd::shuffled;
using support::drawn;
using support::make_plan;

// The samples of the first `steps` steps of all workers, in the order (step, worker, place).
std::vector<std::size_t> dealt(localsgd::plan const& p, std::size_t steps) {
  std::vector<std::size_t> all;
  for (std::size_t t = 0; t != steps; ++t)
    for (std::size_t k = 0; k != p.workers; ++k)
      for (std::size_t const i : drawn(shuffled{}, p, k, t, 1)) all.push_back(i);
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_stretch_is_its_single_steps_in_any_order) {
  for (std::size_t const n : {1U, 7U, 100U})
    for (std::size_t const b : {1U, 2U, 5U})
      support::check_purity(shuffled{}, make_plan(n, 1, 3, b, 7));
}

BOOST_AUTO_TEST_CASE(every_epoch_deals_each_sample_exactly_once) {
  for (std::size_t const n : {1U, 2U, 10U, 97U})
    for (std::size_t const workers : {1U, 2U, 3U, 8U})
      for (std::size_t const b : {1U, 2U, 3U, 7U}) {
        auto const p = make_plan(n, 1, workers, b, 5);
        constexpr std::size_t epochs = 4;
        auto const all = dealt(p, epochs * n / (workers * b) + 1);
        auto const sorted = support::all_samples(n);
        for (std::size_t e = 0; e != epochs; ++e) {
          auto const first = all.begin() + static_cast<std::ptrdiff_t>(e * n);
          std::vector<std::size_t> epoch(first, first + static_cast<std::ptrdiff_t>(n));
          std::ranges::sort(epoch);
          BOOST_TEST((epoch == sorted));
        }
      }
}

BOOST_AUTO_TEST_CASE(every_epoch_has_its_own_order) {
  constexpr std::size_t n = 30;
  auto const all = dealt(make_plan(n, 1, 3, 1, 5), 20 * n / 3);
  std::set<std::vector<std::size_t>> orders;
  for (auto first = all.begin(); first != all.end(); first += n) orders.emplace(first, first + n);
  BOOST_TEST(orders.size() == 20U);
}

BOOST_AUTO_TEST_CASE(the_order_of_the_gradients_does_not_depend_on_how_they_are_shared) {
  auto const alone = dealt(make_plan(10, 1, 1, 1, 5), 60);
  BOOST_TEST((dealt(make_plan(10, 1, 3, 1, 5), 20) == alone));
  BOOST_TEST((dealt(make_plan(10, 1, 2, 3, 5), 10) == alone));
}

BOOST_AUTO_TEST_CASE(seeds_give_other_orders) {
  BOOST_TEST((dealt(make_plan(30, 1, 3, 1, 5), 10) != dealt(make_plan(30, 1, 3, 1, 6), 10)));
}

BOOST_AUTO_TEST_CASE(every_worker_sees_all_samples) {
  BOOST_TEST(shuffled::shard_size(make_plan(17, 1, 4, 1), 3) == 17U);
}
