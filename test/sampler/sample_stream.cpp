// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE sampler_sample_stream
#include "localsgd/sampler/sample_stream.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace {

using localsgd::plan;

// The samples of step t are t·b, …, t·b + b − 1. Notes how far it was asked to go.
struct counting {
  std::uint64_t* end;

  void draw(plan const& p, std::size_t, std::uint64_t step, std::span<std::size_t> out) const {
    for (std::size_t i = 0; i != out.size(); ++i) out[i] = step * p.batch_size + i;
    *end = std::max(*end, step + out.size() / p.batch_size);
  }
  static std::size_t shard_size(plan const& p, std::size_t) { return p.samples; }
};

// Calls check(stream, end, b, steps) for batches and stretches shorter and longer than what is drawn
// at once; `end` is the step before which all samples drawn so far come.
template <class Check>
void with_all_shapes(Check const& check) {
  for (std::size_t const b : {1U, 2U, 3U, 8U, 9U, 100U, 127U, 128U, 129U, 500U})
    for (std::uint64_t const steps : {1U, 2U, 7U, 64U, 127U, 128U, 129U, 136U, 137U, 300U}) {
      plan p;
      p.samples = 1'000'000;
      p.batch_size = b;
      std::uint64_t end = 0;
      counting const sampler{&end};
      localsgd::detail::sample_stream<counting> stream(sampler, p, 0);
      check(stream, std::as_const(end), b, steps);
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_step_gets_its_own_samples_in_order) {
  with_all_shapes([](auto& stream, auto const&, std::size_t b, std::uint64_t steps) {
    for (std::uint64_t const from : {std::uint64_t{0}, steps, std::uint64_t{5}}) {  // and back again
      stream.rewind(from, from + steps);
      for (std::uint64_t t = from; t != from + steps; ++t) {
        auto const batch = stream.next();
        BOOST_TEST_REQUIRE(batch.size() == b);
        for (std::size_t i = 0; i != b; ++i) BOOST_TEST_REQUIRE(batch[i] == t * b + i);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(the_next_eight_samples_are_known_unless_the_stretch_ends_before) {
  with_all_shapes([](auto& stream, auto const&, std::size_t b, std::uint64_t steps) {
    stream.rewind(0, steps);
    for (std::uint64_t t = 0; t != steps; ++t) {
      stream.next();
      auto const upcoming = stream.upcoming();
      for (std::size_t i = 0; i != upcoming.size(); ++i)
        BOOST_TEST_REQUIRE(upcoming[i] == (t + 1) * b + i);
      std::size_t const rest = (steps - 1 - t) * b;
      if (b < 128) BOOST_TEST(upcoming.size() >= std::min<std::size_t>(8, rest));
    }
  });
}

BOOST_AUTO_TEST_CASE(nothing_is_drawn_beyond_the_stretch) {
  with_all_shapes([](auto& stream, auto const& end, std::size_t, std::uint64_t steps) {
    stream.rewind(3, 3 + steps);
    for (std::uint64_t t = 0; t != steps; ++t) stream.next();
    BOOST_TEST(end == 3 + steps);
  });
}
