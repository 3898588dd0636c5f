// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/test/unit_test.hpp>

#include "localsgd/sampler/concept.hpp"
#include "test/support/problems.hpp"

/// @file
/// @brief What must hold for every Sampler.

namespace support {

/// @brief The samples of `count` steps of one worker, drawn at once.
template <localsgd::Sampler S>
std::vector<std::size_t> drawn(S const& sampler, localsgd::plan const& p, std::size_t worker,
                               std::uint64_t first, std::size_t count) {
  std::vector<std::size_t> out(count * p.batch_size, ~std::size_t{0});
  sampler.draw(p, worker, first, out);
  return out;
}

/// @brief A stretch of steps is its parts, wherever it is cut, and whatever was asked for before.
template <localsgd::Sampler S>
void check_purity(S const& sampler, localsgd::plan const& p) {
  constexpr std::size_t steps = 25;
  std::size_t const b = p.batch_size;
  for (std::size_t worker = p.workers; worker-- != 0;)
    for (std::uint64_t const first : {0U, 1U, 2U, 1001U}) {
      auto const whole = drawn(sampler, p, worker, first, steps);
      for (std::size_t const piece : {1U, 2U, 3U, 24U})
        for (std::size_t from = steps / piece * piece; from <= steps; from -= piece) {
          std::size_t const count = std::min(piece, steps - from);
          auto const part = drawn(sampler, p, worker, first + from, count);
          BOOST_TEST(std::equal(part.begin(), part.end(),
                                whole.begin() + static_cast<std::ptrdiff_t>(from * b)));
        }
      BOOST_TEST((drawn(S(sampler), p, worker, first, steps) == whole));
    }
}

}  // namespace support
