// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/synchronizer/basic_ranks.hpp"
#include "test/support/mailbox_communicator.hpp"
#include "test/support/problems.hpp"
#include "test/support/runs.hpp"
#include "test/support/temporary_path.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

/// @file
/// @brief What every LocalWorker that exchanges exact means must do: the same bits everywhere, after a
///        checkpoint too, and refusals by name.

namespace support {

inline problem const& data() {
  static problem const p(200, 12, 0.6);
  return p;
}
inline auto logistic_objective() {
  using namespace localsgd;
  return linear_objective(data().sparse, data().labels, logistic{}, l2{0.01});
}

/// @brief Checks the bits on threads, ranks and in virtual time against those of serial.
template <class F>
void same_bits_everywhere(F const& f, localsgd::settings const& s, auto const&... components) {
  using namespace localsgd;
  result const expected = minimize(f, s, components..., serial{});
  for (std::size_t const threads : {2u, 3u, 5u})
    BOOST_TEST(bits(minimize(f, s, components..., thread_pool{threads})) == bits(expected));
  simulated sim(cluster{.costs = {.gradient_seconds = 1e-6,
                                  .latency_seconds = 1e-4,
                                  .bytes_per_second = 1e8}},
                2);
  BOOST_TEST(bits(minimize(f, s, components..., sim)) == bits(expected));
  for (std::size_t const ranks : {2u, 3u}) {
    std::vector<std::vector<std::uint64_t>> found(ranks);
    on_mailboxes(ranks, [&](post_office& office, std::size_t r) {
      on_ranks<mailbox> synchronizer({.threads = 1 + r % 2}, office, r);
      found[r] = bits_without_bytes(minimize(f, s, components..., synchronizer));
    });
    for (auto const& each : found) BOOST_TEST((each == bits_without_bytes(expected)));
  }
}

/// @brief Checks that a run that was interrupted and resumed has the same bits. @pre s.evaluations ≥ 3
template <class F>
void survives_a_cut(F const& f, localsgd::settings const& s, auto const&... components) {
  using namespace localsgd;
  auto const expected = bits(minimize(f, s, components..., serial{}));
  for (std::uint64_t cut = 1; cut != 4; ++cut) {
    temporary_path const path;
    std::stop_source source;
    stops_after observer{&source, cut};
    result const part = minimize(f, s, components..., serial{}, observer,
                                 checkpoint(path(), {.seconds = 0, .stop = source.get_token()}));
    BOOST_TEST((part.reason == stop_reason::interrupted));
    result const whole =
        minimize(f, s, components..., thread_pool{2}, checkpoint(path(), {.seconds = 0}));
    BOOST_TEST(bits(whole) == expected);
  }
}

/// @brief The field that a run refuses.
template <class F>
std::string refused_field(F const& f, localsgd::settings const& s, auto&&... components) {
  return error_of<localsgd::invalid_settings>([&] { localsgd::minimize(f, s, components...); }).field;
}

/// @brief Checks that a worker that needs exact means refuses what has none, naming the field.
template <class F>
void refuses_other_means(F const& f, localsgd::settings const& s, auto const& worker) {
  using namespace localsgd;
  BOOST_TEST(refused_field(f, s, worker, asynchronous{}) == "synchronizer");
  BOOST_TEST(refused_field(f, s, worker, overlapped{}) == "synchronizer");
  BOOST_TEST(refused_field(f, s, worker, serial{}, server_momentum{}) == "averager");
  BOOST_TEST(refused_field(f, s, worker, serial{}, coordinate_median{}) == "averager");
  BOOST_TEST(refused_field(f, s, worker, serial{}, top_k{.fraction = 0.5}) == "compressor");
}

}  // namespace support
