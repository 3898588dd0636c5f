// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE sampler_concept
#include "localsgd/sampler/concept.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

namespace {

using localsgd::plan;
using localsgd::Sampler;
using samples = std::span<std::size_t>;

// Everybody draws the first sample.
struct minimal {
  void draw(plan const&, std::size_t, std::uint64_t, samples out) const {
    for (auto& i : out) i = 0;
  }
  std::size_t shard_size(plan const&, std::size_t) const { return 1; }
};
static_assert(Sampler<minimal>);

struct mutable_draw : minimal {
  void draw(plan const&, std::size_t, std::uint64_t, samples);
};
static_assert(!Sampler<mutable_draw>);
struct returns_samples : minimal {
  samples draw(plan const&, std::size_t, std::uint64_t, samples) const;
};
static_assert(!Sampler<returns_samples>);
struct without_worker : minimal {
  void draw(plan const&, std::uint64_t, samples) const;
};
static_assert(!Sampler<without_worker>);
struct of_32_bit_samples : minimal {
  void draw(plan const&, std::size_t, std::uint64_t, std::span<std::uint32_t>) const;
};
static_assert(!Sampler<of_32_bit_samples>);
struct mutable_size : minimal {
  std::size_t shard_size(plan const&, std::size_t);
};
static_assert(!Sampler<mutable_size>);
struct signed_size : minimal {
  int shard_size(plan const&, std::size_t) const;
};
static_assert(!Sampler<signed_size>);
struct without_size {
  void draw(plan const&, std::size_t, std::uint64_t, samples) const;
};
static_assert(!Sampler<without_size>);
struct not_copyable : minimal {
  not_copyable(not_copyable const&) = delete;
};
static_assert(!Sampler<not_copyable>);  // every worker keeps one

}  // namespace

BOOST_AUTO_TEST_CASE(what_the_concept_asks_for_is_checked_by_the_compiler) {
  BOOST_TEST(minimal{}.shard_size({}, 0) == 1U);
}
