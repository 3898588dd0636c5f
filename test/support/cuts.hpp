// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "test/support/problems.hpp"
#include "test/support/runs.hpp"
#include "test/support/temporary_path.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

/// @file
/// @brief Runs that are interrupted in chosen rounds, and resumed.

namespace support {

/// @brief 50 rounds of 4 steps, on workers that 2, 3 or 4 threads do not divide evenly.
inline localsgd::settings const fifty{
    .workers = 5, .local_steps = 4, .steps = 200, .seed = 3, .evaluations = 3};
/// @brief 200 samples of 37 features: not a multiple of a cache line.
inline problem const& few_samples() {
  static problem const it(200, 37);
  return it;
}

/// @brief Samples with replacement. Requests a stop when the first worker begins step `at`, or a later
///        one.
struct stopping_sampler : localsgd::with_replacement {
  std::stop_source* source = nullptr;
  std::uint64_t at = 0;
  void draw(localsgd::plan const& p, std::size_t worker, std::uint64_t step,
            std::span<std::size_t> out) const {
    if (source != nullptr && worker == 0 && step + out.size() / p.batch_size > at)
      source->request_stop();
    with_replacement::draw(p, worker, step, out);
  }
};

inline localsgd::checkpoint_options only_stops(std::stop_token stop = {}) {
  return {.rounds = 0, .seconds = 0, .signals = false, .stop = std::move(stop)};
}
inline localsgd::checkpoint_options every_rounds(std::uint64_t rounds, std::stop_token stop = {}) {
  return {.rounds = rounds, .seconds = 0, .signals = false, .stop = std::move(stop)};
}

/// @brief All of a result but its times.
template <class Scalar>
std::vector<std::uint64_t> everything(localsgd::result<Scalar> const& r) {
  auto all = bits(r);
  for (auto const& e : r.history) all.insert(all.end(), {e.steps, e.rounds, e.gradients, e.bytes});
  all.insert(all.end(), {r.history.size(), static_cast<std::uint64_t>(r.reason), r.delay});
  return all;
}

/// @brief The number of times that a run was cut.
struct cuts {
  std::size_t made = 0, with_anchors = 0;
};

/// @brief Requests a stop in each of so many rounds of `gap` steps, and resumes the run with another
///        synchronizer. The result must be that of the uninterrupted run.
/// @param of `of(result, synchronizer)`: what must be equal
template <class Uncut, class Pools, class F, class Of>
cuts survives_cuts(Uncut& alone, Pools& pools, Of const& of, F const& f,
                   localsgd::settings const& s, std::uint64_t gap, std::size_t rounds,
                   auto const&... components) {
  using namespace localsgd;
  temporary_path const path;
  // A checkpoint that is not due changes nothing, as a test of its own says; with it, all three runs are
  // of one type, and compile once.
  auto const uncut = minimize(f, s, alone, stopping_sampler{},
                              checkpoint(path(), only_stops()), components...);
  auto const expected = of(uncut, alone);
  cuts seen;
  for (std::size_t r = 0; r != rounds; ++r) {
    std::stop_source source;
    auto& first = pools[r % pools.size()];
    auto& second = pools[(r + 1) % pools.size()];
    auto const cut = minimize(f, s, first, stopping_sampler{{}, &source, r * gap},
                              checkpoint(path(), only_stops(source.get_token())), components...);
    BOOST_TEST_INFO("cut in round " << r + 1 << ", after " << cut.steps << " steps");
    if (cut.reason != stop_reason::interrupted) {  // it was at its end
      BOOST_TEST((of(cut, first) == expected));
      break;
    }
    ++seen.made;
    if (cut.gradients != s.workers * s.batch_size * cut.steps) ++seen.with_anchors;
    BOOST_TEST(cut.rounds <= uncut.rounds);  // what ends a run may be after its last round
    BOOST_TEST(cut.history.back().steps == cut.steps);
    BOOST_REQUIRE(std::filesystem::exists(path()));
    auto const resumed = minimize(f, s, second, stopping_sampler{},
                                  checkpoint(path(), only_stops()), components...);
    BOOST_TEST_INFO("cut in round " << r + 1 << ", after " << cut.steps << " steps");
    BOOST_TEST((of(resumed, second) == expected));
    BOOST_TEST(!std::filesystem::exists(path()));
  }
  return seen;
}

/// @brief The same for all of a result but its times.
struct all_but_times {
  auto operator()(auto const& result, auto const&) const { return everything(result); }
};

/// @brief Interrupts a run as often as possible, which is after every `rounds` rounds, each time with
///        another synchronizer.
/// @return how often
template <class Uncut, class Pools, class F, class Of>
std::size_t survives_a_cut_after_every_round(std::size_t rounds, Uncut& alone, Pools& pools,
                                             Of const& of, F const& f,
                                             localsgd::settings const& s,
                                             auto const&... components) {
  using namespace localsgd;
  temporary_path const path;
  auto const expected = of(minimize(f, s, alone, components...), alone);
  std::stop_source source;
  source.request_stop();
  for (std::size_t calls = 0;; ++calls) {
    auto& pool = pools[calls % pools.size()];
    auto const r =
        minimize(f, s, pool, checkpoint(path(), only_stops(source.get_token())), components...);
    if (r.reason != stop_reason::interrupted) {
      BOOST_TEST((of(r, pool) == expected));
      return calls;
    }
    BOOST_REQUIRE(r.rounds == rounds * (calls + 1));
  }
}

}  // namespace support
