// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE compressor_top_k
#include "localsgd/compressor/top_k.hpp"

#include "test/support/encodings.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

using namespace localsgd;
using support::decoded;
using support::encoded;
using support::encoder_of;
using support::problem;

namespace {

auto bound_to(double fraction, std::size_t d) { return encoder_of(top_k{fraction}, d); }

}  // namespace

BOOST_AUTO_TEST_CASE(the_largest_changes_travel_and_the_rest_is_added_to_the_next) {
  auto state = bound_to(0.4, 5);  // two of five
  std::vector<std::byte> message;
  state.encode(std::vector<double>{1, -5, 2, 4, -3}, message);
  BOOST_TEST(decoded(state, message, 5, 5) == (std::vector<double>{0, -5, 0, 4, 0}),
             boost::test_tools::per_element());
  state.encode(std::vector<double>{1, 0, 0, 0.5, -3}, message);  // plus the error memory: 2, 0, 2, 0.5, -6
  BOOST_TEST(decoded(state, message, 5, 5) == (std::vector<double>{2, 0, 0, 0, -6}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_equal_changes_those_of_lower_index_travel) {
  auto state = bound_to(0.5, 4);
  std::vector<std::byte> message;
  state.encode(std::vector<double>{1, -1, 1, 1}, message);
  BOOST_TEST(decoded(state, message, 4, 4) == (std::vector<double>{1, -1, 0, 0}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(how_the_coordinates_are_split_does_not_change_the_sums) {
  for (std::size_t const d : {40u, 2000u}) {  // 12 entries, and 600: more than two stretches
    auto state = bound_to(0.3, d);
    auto const message = encoded(state, support::uneven_change(d));
    auto const whole = decoded(state, message, d, d, 0.25);
    BOOST_TEST(std::count(whole.begin(), whole.end(), 0.0) == static_cast<std::ptrdiff_t>(d - 3 * d / 10));
    for (std::size_t const step : {1u, 3u, 8u, 39u, 511u})
      BOOST_TEST(decoded(state, message, d, step, 0.25) == whole, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(an_entry_takes_a_value_of_two_bytes_and_its_distance) {
  auto state = bound_to(0.01, 1000);
  std::vector<double> change(1000, 1.0);
  BOOST_TEST(encoded(state, change).size() == 4 + 10 * 3u);  // the first ten
  state.reset();
  std::fill(change.begin() + 1, change.end(), 0.0);
  for (std::size_t i = 1; i != 10; ++i) change[100 * i] = 1;  // distances of 100
  BOOST_TEST(encoded(state, change).size() == 4 + 10 * 3u);
  state.reset();
  std::fill(change.begin(), change.end(), 0.0);
  change[0] = change[128] = change[999] = 1;  // the others are 0 and are not sent
  BOOST_TEST(encoded(state, change).size() == 4 + 3 * 2 + 1 + 2 + 2u);
}

BOOST_AUTO_TEST_CASE(every_256_entries_take_eight_bytes_more) {
  auto state = bound_to(1, 1000);
  // Three more stretches, whose first entries store the full index instead of a distance.
  BOOST_TEST(encoded(state, std::vector<double>(1000, 1.0)).size() == 4 + 1000 * 3 + 3 * (8 - 1u));
}

BOOST_AUTO_TEST_CASE(rounding_errors_of_values_are_added_to_the_next) {
  auto state = bound_to(1, 2);
  double const exact = 1 + 0x1p-9, sent = 1;  // 7 bits of the fraction are sent
  BOOST_TEST(decoded(state, encoded(state, {exact, 4}), 2, 2) == (std::vector<double>{sent, 4}),
             boost::test_tools::per_element());
  BOOST_TEST(decoded(state, encoded(state, {0, 0}), 2, 2) ==
                 (std::vector<double>{exact - sent, 0}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_change_of_zeros_is_a_message_of_no_entries) {
  auto state = bound_to(0.5, 4);
  auto const message = encoded(state, std::vector<double>(4));
  BOOST_TEST(message.size() == 4u);
  BOOST_TEST(decoded(state, message, 4, 3) == std::vector<double>(4),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_damaged_message_is_refused) {
  auto state = bound_to(1, 300);
  auto const message = encoded(state, std::vector<double>(300, 1.0));
  for (std::size_t n = 0; n != message.size(); ++n)
    BOOST_CHECK_THROW(decoded(state, {message.begin(), message.begin() + static_cast<long>(n)}, 300,
                              300),
                      invalid_data);
  auto more = message;
  more[0] = more[1] = more[2] = more[3] = std::byte{255};  // 2^32 − 1 entries
  BOOST_CHECK_THROW(decoded(state, more, 300, 300), invalid_data);
}

BOOST_AUTO_TEST_CASE(changes_larger_than_a_float_stay_finite) {
  auto state = bound_to(1, 2);
  auto const sent = decoded(state, encoded(state, {1e300, -1e300}), 2, 2);
  BOOST_TEST(sent[0] > 3e38);
  BOOST_TEST(sent[1] == -sent[0]);
  BOOST_TEST(sent[0] - sent[0] == 0);
}

BOOST_AUTO_TEST_CASE(after_a_reset_nothing_is_left_to_send) {
  auto state = bound_to(0.5, 2);
  std::vector<std::byte> message;
  state.encode(std::vector<double>{1, 2}, message);
  state.reset();
  state.encode(std::vector<double>{0.25, 0}, message);
  BOOST_TEST(decoded(state, message, 2, 2) == (std::vector<double>{0.25, 0}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(all_coordinates_give_nearly_the_plain_average) {
  problem const data(200, 11);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  settings const s{.workers = 4, .local_steps = 5, .steps = 100};
  auto const plain = minimize(f, s, serial{}).last;
  // The error memories hold at most a 256th of the last change, which is a part of the point itself.
  BOOST_TEST(support::distance(minimize(f, s, serial{}, top_k{1.0}).last, plain) <
             support::distance(plain, std::vector<double>(11)) / 256);
}

BOOST_AUTO_TEST_CASE(compressed_runs_have_the_same_bits_on_any_number_of_threads) {
  problem const data(200, 41, 0.3);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  settings const s{.workers = 5, .local_steps = 4, .steps = 100, .evaluations = 3};
  auto const expected = support::bits(minimize(f, s, serial{}, top_k{0.1}));
  for (std::size_t const threads : {2u, 3u, 5u}) {
    thread_pool pool(threads);
    BOOST_TEST(support::bits(minimize(f, s, pool, top_k{0.1})) == expected);
  }
  cluster const machines{.costs = {.gradient_seconds = 1e-6,
                                   .latency_seconds = 1e-5,
                                   .bytes_per_second = 1e9}};
  BOOST_TEST(minimize(f, s, simulated(machines), top_k{0.1}).objective ==
             minimize(f, s, serial{}, top_k{0.1}).objective);
}

BOOST_AUTO_TEST_CASE(compressed_messages_are_counted_as_they_are) {
  problem const data(50, 1000);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 3, .local_steps = 2, .steps = 20};
  auto const r = minimize(f, s, serial{}, constant_step{1e-3}, top_k{1.0});
  BOOST_TEST(r.rounds == 10u);
  BOOST_TEST(r.exchanges == 10u);
  // From 3 workers to 2 others each.
  BOOST_TEST(r.bytes == r.rounds * 3 * (3 - 1) * (4 + 1000 * 3 + 3 * (8 - 1)));
}

BOOST_AUTO_TEST_CASE(compressed_runs_come_close_to_the_minimum) {
  quadratic const f({.spectrum = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, .samples = 20, .variance = 0.1});
  auto const r = minimize(f, {.workers = 4, .local_steps = 4, .epochs = 3000}, top_k{0.1});
  BOOST_TEST(r.objective - f.minimum() < 1e-3);
}

BOOST_AUTO_TEST_CASE(variance_reduced_steps_reach_their_tolerance_with_compressed_changes) {
  problem const data(200, 20);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  auto const r = minimize(f, {.workers = 4, .tolerance = 1e-6}, top_k{0.25});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
}

BOOST_AUTO_TEST_CASE(a_change_that_is_not_finite_is_divergence) {
  quadratic const f({.spectrum = {1, 3, 9}, .samples = 20, .variance = 0.1});
  for (std::size_t const threads : {1u, 2u}) {
    thread_pool pool(threads);
    auto const r = minimize(f, {.workers = 4, .local_steps = 4, .steps = 1000}, pool,
                            constant_step{1e80}, top_k{0.5});
    BOOST_TEST((r.reason == stop_reason::diverged));
    for (double const each : r.x) BOOST_TEST(each - each == 0);
  }
}

BOOST_AUTO_TEST_CASE(what_it_cannot_do_is_refused_by_name) {
  problem const data(20, 3);
  support::custom const f{&data.dense, &data.reals};
  auto const names = [](std::string const& field) {
    return [field](invalid_settings const& e) { return e.field == field; };
  };
  for (double const fraction : {0.0, 0.1, -1.0, 1.5, std::numeric_limits<double>::quiet_NaN()})
    BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, top_k{fraction}), invalid_settings,
                          names("top_k.fraction"));
  BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, asynchronous{1}, top_k{}), invalid_settings,
                        names("compressor"));
  BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, overlapped(1), top_k{}), invalid_settings,
                        names("compressor"));
  BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, coordinate_median{}, top_k{}), invalid_settings,
                        names("compressor"));
}
