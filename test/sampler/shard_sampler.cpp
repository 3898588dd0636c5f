// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE sampler_shard_sampler
#include "localsgd/sampler/shard_sampler.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "localsgd/sampler/shuffled.hpp"
#include "localsgd/sampler/with_replacement.hpp"
#include "test/support/samplers.hpp"

namespace {

using localsgd::plan;
using localsgd::sharded;
using localsgd::shuffled;
using localsgd::with_replacement;
using localsgd::detail::shard_sampler;
using localsgd::detail::sampler_for;

struct plain {
  using scalar = double;
  std::size_t dimension() const { return 1; }
  std::size_t samples() const { return 10; }
  double gradient(std::span<double const>, std::span<std::size_t const>, std::span<double>) const {
    return 0;
  }
};
struct in_shards : plain {
  using shard_type = plain;
  static constexpr std::size_t sizes[] = {2, 7, 1};
  plain one;
  std::size_t shards() const { return 3; }
  std::size_t shard_size(std::size_t k) const { return sizes[k]; }
  plain const& shard(std::size_t) const { return one; }
  bool is_here(std::size_t) const { return true; }
};
static_assert(localsgd::ShardedObjective<in_shards>);

plan const p = support::make_plan(10, 1, 3, 4, 99);

template <class Inner>
void check_it_is_sharded_without_the_offset() {
  in_shards const f;
  shard_sampler<in_shards, Inner> const own(f, Inner());
  sharded<Inner> const whole(std::vector<std::size_t>{2, 7, 1}, Inner());
  std::size_t offset = 0;
  for (std::size_t k = 0; k != 3; ++k) {
    auto const mine = support::drawn(own, p, k, 5, 30), all = support::drawn(whole, p, k, 5, 30);
    for (std::size_t i = 0; i != mine.size(); ++i) {
      BOOST_TEST(mine[i] < f.shard_size(k));
      BOOST_TEST(mine[i] + offset == all[i]);
    }
    BOOST_TEST(own.shard_size(p, k) == f.shard_size(k));
    offset += f.shard_size(k);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_worker_draws_what_sharded_draws_counted_from_the_start_of_its_shard) {
  check_it_is_sharded_without_the_offset<with_replacement>();
  check_it_is_sharded_without_the_offset<shuffled>();
}

BOOST_AUTO_TEST_CASE(a_stretch_is_its_single_steps_in_any_order) {
  in_shards const f;
  support::check_purity(shard_sampler<in_shards, with_replacement>(f, {}), p);
  support::check_purity(shard_sampler<in_shards, shuffled>(f, {}), p);
}

BOOST_AUTO_TEST_CASE(only_objectives_in_shards_need_another_sampler) {
  plain const whole;
  in_shards const parts;
  static_assert(std::is_same_v<decltype(sampler_for(whole, shuffled{})), shuffled>);
  static_assert(
      std::is_same_v<decltype(sampler_for(parts, shuffled{})), shard_sampler<in_shards, shuffled>>);
  BOOST_TEST(sampler_for(whole, shuffled{}).shard_size(p, 1) == 10U);
  BOOST_TEST(sampler_for(parts, shuffled{}).shard_size(p, 1) == 7U);
}
