// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE sampler_sharded
#include "localsgd/sampler/sharded.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "localsgd/sampler/shuffled.hpp"
#include "test/support/samplers.hpp"

namespace {

using localsgd::invalid_settings;
using localsgd::sharded;
using localsgd::shuffled;
using sizes = std::vector<std::size_t>;
using support::drawn;
using support::make_plan;

std::string refused(auto const& call) { return support::error_of<invalid_settings>(call).field; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_stretch_is_its_single_steps_in_any_order) {
  for (std::size_t const b : {1U, 2U, 3U}) {
    support::check_purity(sharded{}, make_plan(100, 1, 3, b, 7));
    support::check_purity(sharded{shuffled{}}, make_plan(100, 1, 3, b, 7));
    support::check_purity(sharded(sizes{1, 90, 9}), make_plan(100, 1, 3, b, 7));
  }
}

// One pass of a shuffled shard shows all of it.
BOOST_AUTO_TEST_CASE(even_shards_are_contiguous_and_cover_all_samples_without_overlap) {
  for (std::size_t const n : {5U, 16U, 100U, 101U})
    for (std::size_t const workers : {1U, 2U, 3U, 5U}) {
      auto const p = make_plan(n, 1, workers, 1);
      std::size_t next = 0;
      for (std::size_t k = 0; k != workers; ++k) {
        std::size_t const size = sharded{}.shard_size(p, k);
        BOOST_TEST(size >= n / workers);
        BOOST_TEST(size <= (n + workers - 1) / workers);
        BOOST_TEST(next == k * n / workers);
        auto pass = drawn(sharded{shuffled{}}, p, k, 0, size);
        std::ranges::sort(pass);
        for (std::size_t const i : pass) BOOST_TEST(i == next++);
      }
      BOOST_TEST(next == n);
    }
}

BOOST_AUTO_TEST_CASE(shards_may_have_different_sizes) {
  sizes const given{3, 1, 6};
  auto const p = make_plan(10, 1, 3, 1);
  sharded const sampler(given, shuffled{});
  std::size_t next = 0;
  for (std::size_t k = 0; k != 3; ++k) {
    BOOST_TEST(sampler.shard_size(p, k) == given[k]);
    auto pass = drawn(sampler, p, k, 0, given[k]);
    std::ranges::sort(pass);
    for (std::size_t const i : pass) BOOST_TEST(i == next++);
  }
  BOOST_TEST(next == 10U);
}

BOOST_AUTO_TEST_CASE(a_shard_is_the_range_that_its_worker_draws_from) {
  sharded<> const own(sizes{1, 90, 9});
  auto const p = make_plan(100, 1, 3, 1);
  BOOST_TEST(own.shard(p, 1).first == 1U);
  BOOST_TEST(own.shard(p, 1).last == 91U);
  for (std::size_t k = 0; k != 3; ++k) {
    BOOST_TEST(own.shard(p, k).size() == own.shard_size(p, k));
    BOOST_TEST(sharded{}.shard(p, k).size() == sharded{}.shard_size(p, k));
  }
}

BOOST_AUTO_TEST_CASE(a_worker_stays_in_its_shard_and_sees_all_of_it) {
  auto const p = make_plan(100, 1, 4, 3, 7);
  for (std::size_t k = 0; k != 4; ++k) {
    auto all = drawn(sharded{}, p, k, 0, 200);  // a sample is missed with probability e^(−24)
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    BOOST_TEST(all.size() == 25U);
    BOOST_TEST(all.front() == 25 * k);
    BOOST_TEST(all.back() == 25 * k + 24);
  }
}

BOOST_AUTO_TEST_CASE(a_shuffled_shard_is_visited_once_per_pass_of_its_own_size) {
  auto const p = make_plan(23, 1, 2, 3, 7);  // shards of 11 and 12, batches of 3
  for (std::size_t k = 0; k != 2; ++k) {
    std::size_t const size = k == 0 ? 11 : 12;
    auto const all = drawn(sharded{shuffled{}}, p, k, 0, 4 * size);
    for (std::size_t pass = 0; pass != 12; ++pass) {
      auto const first = all.begin() + static_cast<std::ptrdiff_t>(pass * size);
      std::vector<std::size_t> seen(first, first + static_cast<std::ptrdiff_t>(size));
      std::ranges::sort(seen);
      for (std::size_t i = 0; i != size; ++i) BOOST_TEST(seen[i] == i + (k == 0 ? 0U : 11U));
    }
  }
}

BOOST_AUTO_TEST_CASE(shards_draw_independently_of_each_other) {
  auto const p = make_plan(200, 1, 2, 1, 7);
  auto const same_places = [&](auto const& sampler) {
    auto const a = drawn(sampler, p, 0, 0, 100), b = drawn(sampler, p, 1, 0, 100);
    return std::ranges::equal(a, b, {}, {}, [](std::size_t i) { return i - 100; });
  };
  BOOST_TEST(!same_places(sharded{}));
  BOOST_TEST(!same_places(sharded{shuffled{}}));
}

BOOST_AUTO_TEST_CASE(shards_that_would_be_empty_are_refused) {
  auto const p = make_plan(3, 1, 4, 1);
  BOOST_TEST(refused([&] { sharded{}.shard_size(p, 0); }) == "workers");
  BOOST_TEST(refused([] { sharded(sizes{2, 0, 1}); }) == "sharded.sizes");
  BOOST_TEST(refused([] { sharded(sizes{}); }) == "sharded.sizes");
}

BOOST_AUTO_TEST_CASE(sizes_that_do_not_fit_the_workers_or_the_samples_are_refused) {
  sharded const sampler(sizes{3, 1, 6});
  BOOST_TEST(refused([&] { sampler.shard_size(make_plan(10, 1, 2, 1), 0); }) == "sharded.sizes");
  BOOST_TEST(refused([&] { sampler.shard_size(make_plan(10, 1, 4, 1), 0); }) == "sharded.sizes");
  BOOST_TEST(refused([&] { sampler.shard_size(make_plan(11, 1, 3, 1), 0); }) == "sharded.sizes");
  BOOST_TEST(refused([&] { sampler.shard_size(make_plan(9, 1, 3, 1), 0); }) == "sharded.sizes");
}

BOOST_AUTO_TEST_CASE(sizes_whose_sum_overflows_are_refused) {
  auto const p = make_plan(10, 1, 2, 1);  // 2⁶⁴ − 1 + 11 is 10 in 64 bits
  BOOST_TEST(refused([&] {
               sharded(sizes{~std::size_t{0}, 11}).shard_size(p, 0);
             }) == "sharded.sizes");
}
