// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE compressor_random_k
#include "localsgd/compressor/random_k.hpp"

#include "localsgd/checkpoint/archive.hpp"
#include "test/support/encodings.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

using namespace localsgd;
using support::decoded;
using support::encoded;
using support::encoder_of;
using support::problem;

BOOST_AUTO_TEST_CASE(one_coordinate_of_each_range_travels_in_two_bytes) {
  auto state = encoder_of(random_k{0.3}, 10);  // ranges 0–2, 3–5, 6–9
  std::vector<std::size_t> seen(10);
  for (int round = 0; round != 120; ++round) {
    state.reset();
    auto const message = encoded(state, std::vector<double>(10, 1.0));
    BOOST_TEST(message.size() == 1 + 3 * 2u);
    auto const all = decoded(state, message, 10, 10);
    BOOST_TEST(std::count(all.begin(), all.begin() + 3, 1.0) == 1);
    BOOST_TEST(std::count(all.begin() + 3, all.begin() + 6, 1.0) == 1);
    BOOST_TEST(std::count(all.begin() + 6, all.end(), 1.0) == 1);
    for (std::size_t i = 0; i != 10; ++i) seen[i] += all[i] != 0;
  }
  for (std::size_t i = 0; i != 10; ++i) {
    double const expected = i < 6 ? 40 : 30;  // a third, a quarter; five standard deviations are at most 26
    BOOST_TEST(std::abs(static_cast<double>(seen[i]) - expected) < 26);
  }
}

BOOST_AUTO_TEST_CASE(what_does_not_travel_is_added_to_the_next) {
  std::size_t const d = 12;
  auto state = encoder_of(random_k{0.25}, d);
  std::vector<double> sent(d), changes(d);
  for (std::size_t round = 0; round != 100; ++round) {
    std::vector<double> const change(d, round < 10 ? 1.0 : 0.0);
    auto const all = decoded(state, encoded(state, change), d, d);
    for (std::size_t i = 0; i != d; ++i) sent[i] += all[i], changes[i] += change[i];
  }
  // The chance that one of the twelve was not chosen in the last 90 rounds is 12·(3/4)^90 < 1e-10.
  BOOST_TEST(sent == changes, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(all_workers_choose_the_same_coordinates_and_other_seeds_others) {
  std::size_t const d = 500;
  std::vector<double> const change(d, 1.0);
  auto one = encoder_of(random_k{0.1}, d, 1, 7), two = encoder_of(random_k{0.1}, d, 2, 7),
       other = encoder_of(random_k{0.1}, d, 1, 8);
  auto const first = encoded(one, change);
  BOOST_TEST((encoded(two, change) == first));
  // The state of any worker decodes it.
  BOOST_TEST(decoded(two, first, d, d) == decoded(one, first, d, d), boost::test_tools::per_element());
  BOOST_TEST((decoded(other, encoded(other, change), d, d) != decoded(one, first, d, d)));
}

BOOST_AUTO_TEST_CASE(how_the_coordinates_are_split_does_not_change_the_sums) {
  std::size_t const d = 1003;
  for (double const fraction : {0.01, 0.3, 0.7, 1.0}) {
    auto state = encoder_of(random_k{fraction}, d);
    auto const message = encoded(state, support::uneven_change(d));
    auto const whole = decoded(state, message, d, d, 0.25);
    for (std::size_t const step : {1u, 3u, 64u, 511u})
      BOOST_TEST(decoded(state, message, d, step, 0.25) == whole, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_message_is_refused) {
  auto state = encoder_of(random_k{0.3}, 10);
  auto message = encoded(state, std::vector<double>(10, 1.0));
  for (std::size_t n = 0; n != message.size(); ++n)
    BOOST_CHECK_THROW(decoded(state, {message.begin(), message.begin() + static_cast<long>(n)}, 10,
                              10),
                      invalid_data);
  message.push_back(std::byte{0});
  BOOST_CHECK_THROW(decoded(state, message, 10, 10), invalid_data);
}

BOOST_AUTO_TEST_CASE(after_a_reset_nothing_is_left_to_send) {
  auto state = encoder_of(random_k{0.5}, 2);
  encoded(state, {1, 2});
  state.reset();
  BOOST_TEST(decoded(state, encoded(state, {0, 0}), 2, 2) == (std::vector<double>{0, 0}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(its_state_has_the_memory_and_the_round) {
  std::size_t const d = 100;
  auto state = encoder_of(random_k{0.1}, d), copy = encoder_of(random_k{0.1}, d);
  for (std::size_t round = 0; round != 3; ++round) encoded(state, support::uneven_change(d, round));
  detail::state_writer written;
  state.state(written);
  detail::state_reader reader(written.bytes);
  copy.state(reader);
  BOOST_TEST((encoded(copy, std::vector<double>(d)) == encoded(state, std::vector<double>(d))));
}

BOOST_AUTO_TEST_CASE(compressed_runs_have_the_same_bits_on_any_number_of_threads) {
  problem const data(200, 41, 0.3);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  settings const s{.workers = 5, .local_steps = 4, .steps = 100, .evaluations = 3};
  auto const expected = support::bits(minimize(f, s, serial{}, random_k{0.2}));
  for (std::size_t const threads : {2u, 3u}) {
    thread_pool pool(threads);
    BOOST_TEST(support::bits(minimize(f, s, pool, random_k{0.2})) == expected);
  }
}

BOOST_AUTO_TEST_CASE(messages_are_counted_as_they_are) {
  problem const data(50, 1000);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 3, .local_steps = 2, .steps = 20};
  auto const r = minimize(f, s, serial{}, constant_step{1e-3}, random_k{0.01});
  BOOST_TEST(r.rounds == 10u);
  BOOST_TEST(r.bytes == r.rounds * 2 * (3 - 1) * (1 + 10 * 2));  // from 2 workers to the first, and back
}

BOOST_AUTO_TEST_CASE(plain_and_variance_reduced_steps_converge_with_it) {
  quadratic const q({.spectrum = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, .samples = 20, .variance = 0.1});
  auto const plain = minimize(q, {.workers = 4, .local_steps = 4, .epochs = 3000}, random_k{0.2});
  BOOST_TEST(plain.objective - q.minimum() < 1e-3);

  problem const data(200, 20);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  auto const reduced = minimize(f, {.workers = 4, .tolerance = 1e-6}, svrg{}, random_k{0.25});
  BOOST_TEST((reduced.reason == stop_reason::tolerance_reached));
}

BOOST_AUTO_TEST_CASE(what_it_cannot_do_is_refused_by_name) {
  problem const data(20, 3);
  support::custom const f{&data.dense, &data.reals};
  auto const names = [](std::string const& field) {
    return [field](invalid_settings const& e) { return e.field == field; };
  };
  for (double const fraction : {0.0, 0.1, 1.5, std::numeric_limits<double>::quiet_NaN()})
    BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, random_k{fraction}), invalid_settings,
                          names("random_k.fraction"));
  BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, asynchronous{1}, random_k{1}), invalid_settings,
                        names("compressor"));
}

BOOST_AUTO_TEST_CASE(its_identity_has_its_parameter) {
  BOOST_TEST(random_k{0.25}.identity() == "random_k{fraction = 0.25}");
}
