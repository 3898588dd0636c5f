// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE settings
#include "localsgd/settings.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "test/support/problems.hpp"

namespace {

using localsgd::invalid_settings;
using localsgd::settings;
using localsgd::detail::default_local_steps;
using localsgd::detail::steps_of;
using support::infinity;
using support::not_a_number;

void check_refused(settings const& s, std::string const& field, std::string const& value,
                   std::string const& rule) {
  auto const e = support::error_of<invalid_settings>([&] { s.validate(); });
  BOOST_TEST(e.field == field);
  BOOST_TEST(e.value == value);
  BOOST_TEST(e.rule == rule);
  std::string const message = e.what();
  for (std::string const& part : {field, value, rule})
    BOOST_TEST(message.find(part) != std::string::npos, message << " lacks " << part);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_defaults_are_valid_and_as_documented) {
  settings const s;
  s.validate();
  BOOST_TEST(s.workers == 8U);
  BOOST_TEST(s.local_steps == 0U);
  BOOST_TEST(s.batch_size == 1U);
  BOOST_TEST(s.epochs == 10.0);
  BOOST_TEST(s.steps == 0U);
  BOOST_TEST(s.tolerance == 0.0);
  BOOST_TEST(s.seed == 0U);
  BOOST_TEST(s.evaluations == 0U);
}

BOOST_AUTO_TEST_CASE(members_can_be_named_in_their_order) {
  settings const s{.workers = 2,
                   .local_steps = 3,
                   .batch_size = 4,
                   .epochs = 5,
                   .steps = 6,
                   .tolerance = 7,
                   .seed = 8,
                   .evaluations = 9};
  s.validate();
  BOOST_TEST(s.evaluations == 9U);
}

BOOST_AUTO_TEST_CASE(workers_are_1_to_a_million) {
  check_refused({.workers = 0}, "workers", "0", ">= 1");
  check_refused({.workers = 1048577}, "workers", "1048577", "<= 1048576");
  settings{.workers = 1}.validate();
  settings{.workers = 1048576}.validate();
}

BOOST_AUTO_TEST_CASE(the_batch_size_is_at_least_1) {
  check_refused({.batch_size = 0}, "batch_size", "0", ">= 1");
}

BOOST_AUTO_TEST_CASE(epochs_are_finite_and_not_negative) {
  check_refused({.epochs = -1}, "epochs", "-1", "finite and >= 0");
  check_refused({.epochs = infinity}, "epochs", "inf", "finite and >= 0");
  check_refused({.epochs = not_a_number}, "epochs", "nan", "finite and >= 0");
  settings{.epochs = 0}.validate();
  settings{.epochs = 0.25}.validate();
}

BOOST_AUTO_TEST_CASE(steps_are_at_most_2_to_the_53) {
  check_refused({.steps = 9007199254740993}, "steps", "9007199254740993", "<= 2^53");
  settings{.steps = 9007199254740992}.validate();
}

BOOST_AUTO_TEST_CASE(the_tolerance_is_finite_and_not_negative) {
  check_refused({.tolerance = -0.5}, "tolerance", "-0.5", "finite and >= 0");
  check_refused({.tolerance = infinity}, "tolerance", "inf", "finite and >= 0");
  check_refused({.tolerance = not_a_number}, "tolerance", "nan", "finite and >= 0");
}

BOOST_AUTO_TEST_CASE(any_seed_any_gap_and_any_number_of_evaluations_is_valid) {
  settings{
      .local_steps = ~std::size_t{0}, .seed = ~std::uint64_t{0}, .evaluations = ~std::size_t{0}}
      .validate();
  BOOST_TEST(true);  // nothing was thrown
}

BOOST_AUTO_TEST_CASE(an_error_shows_enough_digits_to_tell_numbers_apart) {
  auto const e = support::error_of<invalid_settings>(
      [] { localsgd::detail::require_positive("x", -0.1 - 0x1p-56); });
  BOOST_TEST(e.value == "-0.10000000000000002");  // the neighbour of -0.1, which is shown as -0.1
}

BOOST_AUTO_TEST_CASE(steps_come_from_epochs_rounded_up) {
  BOOST_TEST(steps_of({.workers = 1, .epochs = 3}, 10) == 30U);
  BOOST_TEST(steps_of({.workers = 4, .epochs = 1}, 10) == 3U);                   // 10/4 = 2.5
  BOOST_TEST(steps_of({.workers = 4, .batch_size = 2, .epochs = 3}, 10) == 4U);  // 30/8 = 3.75
  BOOST_TEST(steps_of({.workers = 2, .batch_size = 5, .epochs = 1}, 10) == 1U);
  BOOST_TEST(steps_of({.workers = 3, .epochs = 0.25}, 8) == 1U);  // 2/3
  BOOST_TEST(steps_of({.epochs = 0}, 10) == 0U);
}

BOOST_AUTO_TEST_CASE(steps_override_epochs) {
  BOOST_TEST(steps_of({.epochs = 0, .steps = 17}, 10) == 17U);
}

BOOST_AUTO_TEST_CASE(epochs_that_would_take_too_many_steps_are_refused) {
  BOOST_TEST(steps_of({.workers = 1, .epochs = 0x1p53}, 1) == std::uint64_t{1} << 53);
  auto const e =
      support::error_of<invalid_settings>([] { steps_of({.workers = 1, .epochs = 0x1p53}, 2); });
  BOOST_TEST(e.field == "epochs");
  BOOST_TEST(e.value == "9007199254740992");
  BOOST_TEST(e.rule.find("2^53") != std::string::npos);
  // Even where the product overflows.
  BOOST_CHECK_THROW(steps_of({.workers = 1, .epochs = 1e308}, ~std::size_t{0}), invalid_settings);
}

BOOST_AUTO_TEST_CASE(one_worker_has_nothing_to_average_and_only_long_stretches) {
  BOOST_TEST(default_local_steps(100000, 10000, 1, 1, 50, 50) == 1024U);
  BOOST_TEST(default_local_steps(10, 10000, 1, 1, 50, 50) == 10U);
  BOOST_TEST(default_local_steps(0, 10000, 1, 1, 50, 50) == 1U);
}

BOOST_AUTO_TEST_CASE(the_default_gap_is_at_least_1_and_at_most_half_of_what_keeps_the_rate) {
  for (std::uint64_t const steps : {0U, 1U, 10U, 1000U, 1000000U})
    for (std::size_t const workers : {2U, 8U, 100U})
      for (std::size_t const batch : {1U, 16U})
        for (double const flops : {0.0, 10.0, 1e6}) {
          // So few samples that 8 rounds an epoch are one a step.
          auto const h = default_local_steps(steps, 8, workers, batch, 300, flops);
          double const cap =
              std::sqrt(static_cast<double>(steps) / static_cast<double>(workers * batch)) / 2;
          BOOST_TEST(h >= 1U);
          BOOST_TEST(static_cast<double>(h) <= std::max(1.0, cap));
        }
}

BOOST_AUTO_TEST_CASE(where_rounds_would_cost_more_than_steps_the_gap_is_raised_to_8_rounds_an_epoch) {
  // A round is worth 400,000 + 500 multiply-adds, a step 37 + 13: 8,010 steps. ½√(T/K) is 16, and
  // √(2·8010·T), where the run is over before a longer gap would pay, is 11,456.
  BOOST_TEST(default_local_steps(8192, 1 << 30, 8, 1, 100000, 37) == 8010U);
  BOOST_TEST(default_local_steps(8192, 64000, 8, 1, 100000, 37) == 64000U / 8 / 8);
  BOOST_TEST(default_local_steps(8192, 64000, 8, 1, 100000, 37, 1) == 64000U / 8);  // to one
  BOOST_TEST(default_local_steps(8192, 100, 8, 1, 100000, 37) == 16U);
  BOOST_TEST(default_local_steps(128, 1 << 30, 8, 1, 100000, 37) == 1432U);  // ⌈√(2·8010·128)⌉
}

BOOST_AUTO_TEST_CASE(the_default_gap_is_the_smallest_of_four_rounds_worth_of_work) {
  constexpr std::uint64_t many = std::uint64_t{1} << 50;  // so that the rate does not limit it
  for (std::size_t const batch : {1U, 4U})
    for (double const flops : {0.0, 1.0, 12.0, 300.0}) {
      auto const h = static_cast<double>(default_local_steps(many, 1 << 30, 8, batch, 300, flops));
      double const work = static_cast<double>(batch) * (flops + 13), round = 4 * 300 + 500;
      BOOST_TEST(h * work >= 4 * round);
      BOOST_TEST((h - 1) * work < 4 * round);
    }
}

BOOST_AUTO_TEST_CASE(the_default_gaps_of_the_data_sets_of_the_manual) {
  // As many steps as a round is worth, (4d + 500)/(flops + 13): more than ½√(T/K), 44 and 35.
  BOOST_TEST(default_local_steps(62187, 49749, 8, 1, 300, 11.65) == 68U);  // w8a
  BOOST_TEST(default_local_steps(40702, 32561, 8, 1, 123, 13.87) == 36U);  // a9a
}
