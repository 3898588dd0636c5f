// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_dane_visible_samples
#include "localsgd/worker/dane/visible_samples.hpp"

#include "localsgd/sampler/sharded.hpp"
#include "localsgd/sampler/shuffled.hpp"
#include "localsgd/sampler/with_replacement.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace localsgd;
using detail::visible_samples;

namespace {

plan plan_of(std::size_t samples, std::size_t workers) {
  plan p;
  p.samples = samples;
  p.workers = workers;
  p.batch_size = 1;
  return p;
}

/// Draws from the first half only, and does not say so.
struct hides_half {
  void draw(plan const&, std::size_t, std::uint64_t, std::span<std::size_t> out) const {
    for (std::size_t& i : out) i = 0;
  }
  std::size_t shard_size(plan const& p, std::size_t) const { return p.samples / 2; }
};
static_assert(Sampler<hides_half>);

}  // namespace

BOOST_AUTO_TEST_CASE(every_sample_belongs_to_one_worker) {
  for (std::size_t const n : {1u, 7u, 100u, 5000u})
    for (std::size_t const workers : {1u, 3u, 8u}) {
      std::vector<int> owners(n);
      for (std::size_t k = 0; k != workers; ++k)
        for (index_range const& each : visible_samples(with_replacement{}, plan_of(n, workers), k))
          for (std::size_t i = each.first; i != each.last; ++i) ++owners[i];
      BOOST_TEST(owners == std::vector<int>(n, 1), boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_worker_has_its_share_of_every_stretch) {
  // 1000 samples, 4 workers: blocks of 1000/64 = 15, so 15 of any 60 consecutive ones from a multiple of 60 on.
  for (std::size_t k = 0; k != 4; ++k) {
    auto const blocks = visible_samples(shuffled{}, plan_of(1000, 4), k);
    BOOST_TEST(blocks.front().first == 15 * k);
    BOOST_TEST(blocks.front().size() == 15u);
    for (std::size_t i = 1; i != blocks.size(); ++i)
      BOOST_TEST(blocks[i].first == blocks[i - 1].first + 60);
  }
}

BOOST_AUTO_TEST_CASE(a_shard_is_what_sharded_says) {
  sharded<> const sizes(std::vector<std::size_t>{2, 5, 3});
  auto const own = visible_samples(sizes, plan_of(10, 3), 1);
  BOOST_TEST(own.size() == 1u);
  BOOST_TEST(own[0].first == 2u);
  BOOST_TEST(own[0].last == 7u);
}

BOOST_AUTO_TEST_CASE(a_sampler_that_hides_samples_must_say_which) {
  BOOST_CHECK_EXCEPTION(visible_samples(hides_half{}, plan_of(10, 2), 0), invalid_settings,
                        [](auto const& e) { return e.field == "sampler.shard_size()"; });
}
