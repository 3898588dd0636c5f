// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_sharded_concept
#include "localsgd/objective/sharded_concept.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <type_traits>

namespace {

using localsgd::ShardedObjective;
using localsgd::detail::stepped_objective;
using batch = std::span<std::size_t const>;

struct one_shard {
  using scalar = double;
  std::size_t dimension() const { return 1; }
  std::size_t samples() const { return 1; }
  double gradient(std::span<double const>, batch, std::span<double>) const { return 0; }
};
static_assert(localsgd::Objective<one_shard> && !ShardedObjective<one_shard>);

struct minimal : one_shard {
  using shard_type = one_shard;
  std::size_t shards() const { return 2; }
  std::size_t shard_size(std::size_t) const;
  one_shard const& shard(std::size_t) const;
  bool is_here(std::size_t) const;
};
static_assert(ShardedObjective<minimal>);

struct shards_of_nothing : minimal {
  using shard_type = int;
};
static_assert(!ShardedObjective<shards_of_nothing>);
struct signed_shards : minimal {
  int shards() const;
};
static_assert(!ShardedObjective<signed_shards>);
struct shard_by_value : minimal {
  one_shard shard(std::size_t) const;
};
static_assert(!ShardedObjective<shard_by_value>);
struct mutable_size : minimal {
  std::size_t shard_size(std::size_t);
};
static_assert(!ShardedObjective<mutable_size>);
struct counted_presence : minimal {
  int is_here(std::size_t) const;
};
static_assert(!ShardedObjective<counted_presence>);

// Local steps use the shards if there are any, and otherwise the objective.
static_assert(std::is_same_v<stepped_objective<minimal>, one_shard>);
static_assert(std::is_same_v<stepped_objective<one_shard>, one_shard>);

}  // namespace

BOOST_AUTO_TEST_CASE(what_the_concept_asks_for_is_checked_by_the_compiler) {
  BOOST_TEST(minimal{}.shards() == 2U);
}
