// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_targets
#include "localsgd/objective/targets.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using localsgd::dense_matrix;
using localsgd::invalid_data;
using localsgd::invalid_settings;
using namespace localsgd::detail;

template <class Call>
invalid_data refused(Call const& call) {
  return support::error_of<invalid_data>(call);
}

}  // namespace

BOOST_AUTO_TEST_CASE(only_a_temporary_that_owns_its_elements_would_dangle) {
  using owner = std::vector<double>;
  using span = std::span<double const>;
  static_assert(owning_temporary<owner> && owning_temporary<owner const>);
  static_assert(!owning_temporary<owner&> && !owning_temporary<owner const&>);
  static_assert(!owning_temporary<span> && !owning_temporary<std::span<double, 3>>);
  static_assert(span_of_double<owner> && span_of_double<span> && span_of_double<std::span<double>>);
  static_assert(!span_of_double<std::vector<float>> && !span_of_double<double>);
}

BOOST_AUTO_TEST_CASE(there_are_rows_columns_and_as_many_targets_as_rows) {
  dense_matrix<float> const a{{1, 2}, {3, 4}};
  check_shape(a, 2);
  check_shape(localsgd::to_csr(a), 2);
  BOOST_TEST(refused([&] { check_shape(a, 3); }).file == "targets");
  BOOST_TEST(refused([&] { check_shape(a, 3); }).found == "3 targets");
  BOOST_TEST(refused([&] { check_shape(a, 3); }).expected ==
             "one for each of the 2 rows of features");
  auto const empty = [](std::size_t n, std::size_t d) {
    return dense_matrix<float>(std::array<std::size_t, 2>{n, d});
  };
  BOOST_TEST(refused([&] { check_shape(empty(0, 3), 0); }).found == "0 rows");
  BOOST_TEST(refused([&] { check_shape(empty(3, 0), 3); }).found == "0 columns");
}

BOOST_AUTO_TEST_CASE(the_first_target_that_is_refused_is_named) {
  auto const positive = [](double y) { return y > 0; };
  std::vector<double> const y{1, 2, -0.5, -1};
  auto const e = refused([&] { check_targets(y, positive, "a number > 0"); });
  BOOST_TEST(e.file == "targets[2]");
  BOOST_TEST(e.found == "-0.5");
  BOOST_TEST(e.expected == "a number > 0");
  check_targets(std::span(y).first(2), positive, "a number > 0");
  check_targets({}, positive, "a number > 0");
  std::vector<double> const nan{support::not_a_number};
  BOOST_TEST(refused([&] { check_targets(nan, positive, ""); }).found == "nan");
}

BOOST_AUTO_TEST_CASE(borrowed_numbers_are_a_span_that_no_temporary_container_converts_to) {
  using localsgd::detail::borrowed_numbers;
  using numbers = std::vector<double>;
  static_assert(std::is_convertible_v<numbers&, borrowed_numbers>);
  static_assert(std::is_convertible_v<numbers const&, borrowed_numbers>);
  static_assert(std::is_convertible_v<std::span<double>, borrowed_numbers>);
  static_assert(!std::is_convertible_v<numbers, borrowed_numbers>);
  static_assert(!std::is_convertible_v<numbers const, borrowed_numbers>);
  static_assert(!std::is_convertible_v<std::vector<float>&, borrowed_numbers>);
  static_assert(!std::is_assignable_v<borrowed_numbers&, numbers>);
  numbers const w{1, 2, 3};
  borrowed_numbers const all = w, two{w.data(), 2};
  BOOST_TEST(all.data() == w.data());
  BOOST_TEST(all.size() == 3U);
  BOOST_TEST(two.size() == 2U);
  BOOST_TEST(borrowed_numbers{}.empty());
}

BOOST_AUTO_TEST_CASE(offsets_are_none_or_one_finite_number_for_each_sample) {
  using localsgd::detail::check_offsets;
  check_offsets({}, 5);
  check_offsets(std::vector<double>{1, -2}, 2);
  auto const e = refused([] { check_offsets(std::vector<double>{1, 2, 3}, 2); });
  BOOST_TEST(e.file == "offset");
  BOOST_TEST(e.found == "3 offsets");
  BOOST_TEST(e.expected == "one for each of the 2 samples");
  std::vector<double> const bad{1, support::infinity};
  BOOST_TEST(refused([&] { check_offsets(bad, 2); }).file == "offset[1]");
}

BOOST_AUTO_TEST_CASE(classes_without_samples_do_not_count_in_the_mean_weight) {
  std::vector<int> const labels{0, 0, 2};
  std::vector<double> const w{1, 2, 3}, of_classes{4, 100, 5};
  std::span<int const> const y(labels);
  BOOST_TEST(checked_mean_weight(w, of_classes, y, 3) == (4 + 8 + 15) / 3.0);
  BOOST_TEST(checked_mean_weight({}, of_classes, y, 3) == 13 / 3.0);
  BOOST_TEST(checked_mean_weight(w, {}, y, 3) == 2.0);
  BOOST_TEST(checked_mean_weight({}, {}, y, 3) == 1.0);
}

BOOST_AUTO_TEST_CASE(the_mean_weight_is_1_where_there_are_none) {
  BOOST_TEST(checked_mean_weight({}, 5) == 1.0);
  BOOST_TEST(checked_mean_weight(std::vector<double>{0, 3}, 2) == 1.5);
  BOOST_TEST(checked_mean_weight(std::vector<double>{0.5}, 1) == 0.5);
}

BOOST_AUTO_TEST_CASE(weights_are_one_for_each_sample_finite_not_negative_and_not_all_zero) {
  auto const field = [](std::vector<double> const& w) {
    return support::error_of<invalid_settings>([&] { checked_mean_weight(w, w.size()); }).field;
  };
  BOOST_TEST(field({1, -1}) == "weights[1]");
  BOOST_TEST(field({support::not_a_number, 1}) == "weights[0]");
  BOOST_TEST(field({1, support::infinity}) == "weights[1]");
  BOOST_TEST(field({0, 0}) == "sum of weights");
  BOOST_TEST(field({1e308, 1e308}) == "sum of weights");  // it overflows
  auto const e = refused([] { checked_mean_weight(std::vector<double>{1}, 2); });
  BOOST_TEST(e.found == "1 weights");
  BOOST_TEST(e.expected == "one for each of the 2 samples");
}
