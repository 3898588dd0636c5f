// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE compressor_quantized
#include "localsgd/compressor/quantized.hpp"

#include "localsgd/checkpoint/archive.hpp"
#include "test/support/encodings.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

using namespace localsgd;
using support::decoded;
using support::encoded;
using support::encoder_of;
using support::problem;

BOOST_AUTO_TEST_CASE(levels_are_multiples_of_the_largest_change_over_the_number_of_levels) {
  // 3 bits have the levels -3, …, 3: for 6, the multiples of 2, and these are sent exactly.
  auto state = encoder_of(quantized{3}, 5);
  std::vector<double> const change{6, -2, 0, 4, -6};
  BOOST_TEST(decoded(state, encoded(state, change), 5, 5) == change,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(rounding_is_to_one_of_the_two_next_levels_and_right_in_expectation) {
  std::size_t const rounds = 4000;
  auto state = encoder_of(quantized{4}, 4);
  std::vector<double> const change{7, -2.25, 0.5, 3.75};  // the levels are integers up to 7
  std::vector<double> sums(4);
  for (std::size_t round = 0; round != rounds; ++round) {
    state.reset();
    auto const sent = decoded(state, encoded(state, change), 4, 4);
    for (std::size_t i = 0; i != 4; ++i) {
      BOOST_TEST(std::abs(sent[i] - change[i]) < 1);
      BOOST_TEST(sent[i] == std::round(sent[i]));
      sums[i] += sent[i];
    }
  }
  for (std::size_t i = 0; i != 4; ++i)  // five standard deviations of a mean of 4000, each at most ½
    BOOST_TEST(std::abs(sums[i] / rounds - change[i]) < 5 * 0.5 / std::sqrt(4000.0));
}

BOOST_AUTO_TEST_CASE(two_bits_send_less_than_the_levels_so_that_the_memory_stays_bounded) {
  // For 1 and 127 times ½: Σ a² = 32.75 and the variance of the levels is 127/4 = 31.75, so that
  // ω = 31.75/32.75. The unit is 1/(1 + ω), of which 16 bits remain.
  auto state = encoder_of(quantized{2}, 128);
  std::vector<double> change(128, 0.5);
  change[5] = 1;
  auto const sent = decoded(state, encoded(state, change), 128, 128);
  double const unit = sent[5];
  BOOST_TEST(std::abs(unit - 32.75 / 64.5) < 1.0 / 256);
  BOOST_TEST(std::count(sent.begin(), sent.end(), 0.0) + std::count(sent.begin(), sent.end(), unit) ==
             128);
  double memory = 0;
  for (int round = 0; round != 1000; ++round) encoded(state, change);
  auto const last = decoded(state, encoded(state, std::vector<double>(128)), 128, 128);
  for (double const each : last) memory = std::max(memory, std::abs(each));
  BOOST_TEST(memory < 100);
}

BOOST_AUTO_TEST_CASE(rounding_errors_are_added_to_the_next_change) {
  std::size_t const d = 300;
  for (unsigned const bits : {2u, 4u, 9u, 16u}) {
    auto state = encoder_of(quantized{bits}, d);
    std::vector<double> sent(d), changes(d);
    double largest = 0;
    for (std::size_t round = 0; round != 100; ++round) {
      auto const change = round < 20 ? support::uneven_change(d, round) : std::vector<double>(d);
      auto const all = decoded(state, encoded(state, change), d, d);
      for (std::size_t i = 0; i != d; ++i) {
        sent[i] += all[i], changes[i] += change[i];
        largest = std::max(largest, std::abs(change[i]));
      }
    }
    for (std::size_t i = 0; i != d; ++i)
      BOOST_TEST(std::abs(sent[i] - changes[i]) <= (bits == 2 ? 1e-2 : 1e-6) * largest);
  }
}

BOOST_AUTO_TEST_CASE(the_numbers_are_a_function_of_seed_worker_and_round) {
  std::size_t const d = 200;
  auto const change = support::uneven_change(d);
  auto const first = [&](std::size_t worker, std::uint64_t seed) {
    auto state = encoder_of(quantized{3}, d, worker, seed);
    return encoded(state, change);
  };
  BOOST_TEST((first(1, 7) == first(1, 7)));
  BOOST_TEST((first(1, 7) != first(2, 7)));
  BOOST_TEST((first(1, 7) != first(1, 8)));
  auto state = encoder_of(quantized{3}, d, 1, 7);
  auto const one = encoded(state, change);
  state.reset();
  BOOST_TEST((encoded(state, change) != one));
}

BOOST_AUTO_TEST_CASE(how_the_coordinates_are_split_does_not_change_the_sums) {
  for (std::size_t const d : {1u, 127u, 9003u})
    for (unsigned const bits : {2u, 5u, 16u}) {
      auto state = encoder_of(quantized{bits}, d, 3);
      auto change = support::uneven_change(d);
      for (std::size_t i = 0; i != d; ++i)  // blocks of zeros, of few levels, and of many
        if (i / 128 % 3 == 0 || (i / 128 % 3 == 1 && i % 50 != 0)) change[i] = 0;
      auto const message = encoded(state, change);
      auto const whole = decoded(state, message, d, d, 0.25);
      for (std::size_t const step : {1u, 100u, 128u, 5000u})
        BOOST_TEST(decoded(state, message, d, step, 0.25) == whole,
                   boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_block_takes_its_levels_or_the_few_that_are_not_0) {
  std::vector<double> change(256, 1.0);
  auto state = encoder_of(quantized{4}, 256);
  BOOST_TEST(encoded(state, change).size() == 1 + 8 + 2 * (3 + 64u));  // all levels of both blocks
  state.reset();
  std::fill(change.begin(), change.begin() + 128, 0.0);
  BOOST_TEST(encoded(state, change).size() == 1 + 8 + 1 + (3 + 64u));  // the first is empty
  state.reset();
  std::fill(change.begin() + 131, change.end(), 0.0);  // three nonzero levels in the second block
  BOOST_TEST(encoded(state, change).size() == 1 + 8 + 1 + (3 + 3 + 2u));
}

BOOST_AUTO_TEST_CASE(the_mean_has_two_bits_more_and_any_worker_decodes_it) {
  plan p;
  p.dimension = 128;
  p.workers = 4;
  auto of_mean = quantized{3}.bind<double>(p, 4), of_worker = quantized{3}.bind<double>(p, 0);
  std::vector<double> change(128);
  for (std::size_t i = 0; i != 128; ++i) change[i] = static_cast<double>(i % 31) - 15;
  // The levels of 5 bits are -15, …, 15.
  BOOST_TEST(decoded(of_worker, encoded(of_mean, change), 128, 50) == change,
             boost::test_tools::per_element());
  BOOST_TEST(encoded(of_mean, change).size() == 1 + 8 + 3 + 16 * 5u);
}

BOOST_AUTO_TEST_CASE(a_damaged_message_is_refused) {
  auto state = encoder_of(quantized{4}, 300);
  std::vector<double> change(300, 1.0);
  std::fill(change.begin() + 128, change.end(), 0.0);
  change[200] = 1;  // a full block, one with a single level, and an empty one
  auto const message = encoded(state, change);
  for (std::size_t n = 0; n != message.size(); ++n)
    BOOST_CHECK_THROW(decoded(state, {message.begin(), message.begin() + static_cast<long>(n)}, 300,
                              300),
                      invalid_data);
  for (unsigned const bits : {0u, 1u, 17u, 255u}) {
    auto other = message;
    other[0] = static_cast<std::byte>(bits);
    BOOST_CHECK_THROW(decoded(state, other, 300, 300), invalid_data);
  }
  auto far = message;
  far[8] = std::byte{255};  // the first run begins 255·2^56 bytes from the start
  BOOST_CHECK_THROW(decoded(state, far, 300, 300), invalid_data);
}

BOOST_AUTO_TEST_CASE(huge_and_tiny_changes_stay_finite) {
  auto state = encoder_of(quantized{4}, 3);
  auto const sent = decoded(state, encoded(state, {1e300, -1e300, 1}), 3, 3);
  for (double const each : sent) BOOST_TEST(each - each == 0);
  BOOST_TEST(sent[0] > 1e38);
  state.reset();
  for (double const each : decoded(state, encoded(state, {1e-300, 0, -1e-300}), 3, 3))
    BOOST_TEST(std::abs(each) < 1e-37);
}

BOOST_AUTO_TEST_CASE(its_state_has_the_memory_and_the_round) {
  std::size_t const d = 200;
  auto state = encoder_of(quantized{3}, d), copy = encoder_of(quantized{3}, d);
  for (std::size_t round = 0; round != 3; ++round) encoded(state, support::uneven_change(d, round));
  detail::state_writer written;
  state.state(written);
  detail::state_reader reader(written.bytes);
  copy.state(reader);
  BOOST_TEST((encoded(copy, support::uneven_change(d)) == encoded(state, support::uneven_change(d))));
}

BOOST_AUTO_TEST_CASE(compressed_runs_have_the_same_bits_on_any_number_of_threads) {
  problem const data(200, 410, 0.3);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  settings const s{.workers = 5, .local_steps = 4, .steps = 100, .evaluations = 3};
  auto const expected = support::bits(minimize(f, s, serial{}, quantized{3}));
  for (std::size_t const threads : {2u, 3u}) {
    thread_pool pool(threads);
    BOOST_TEST(support::bits(minimize(f, s, pool, quantized{3})) == expected);
  }
}

BOOST_AUTO_TEST_CASE(plain_and_variance_reduced_steps_converge_with_it) {
  quadratic const q({.spectrum = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, .samples = 20, .variance = 0.1});
  problem const data(200, 20);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  for (unsigned const bits : {2u, 4u}) {
    auto const plain =
        minimize(q, {.workers = 4, .local_steps = 4, .epochs = 3000}, quantized{bits});
    BOOST_TEST(plain.objective - q.minimum() < 1e-3);
    auto const reduced = minimize(f, {.workers = 4, .tolerance = 1e-6}, svrg{}, quantized{bits});
    BOOST_TEST((reduced.reason == stop_reason::tolerance_reached));
  }
}

BOOST_AUTO_TEST_CASE(what_it_cannot_do_is_refused_by_name) {
  problem const data(20, 3);
  support::custom const f{&data.dense, &data.reals};
  auto const names = [](std::string const& field) {
    return [field](invalid_settings const& e) { return e.field == field; };
  };
  for (unsigned const bits : {0u, 1u, 17u, 64u})
    BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, quantized{bits}), invalid_settings,
                          names("quantized.bits"));
  BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, overlapped(1), quantized{}), invalid_settings,
                        names("compressor"));
}

BOOST_AUTO_TEST_CASE(its_identity_has_its_parameter) {
  BOOST_TEST(quantized{.bits = 3}.identity() == "quantized{bits = 3}");
}
