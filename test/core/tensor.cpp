// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE core_tensor
#include "localsgd/core/tensor.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

using localsgd::dense_matrix;
using localsgd::vector;
using localsgd::detail::span_of;
using localsgd::detail::to_vector;

BOOST_AUTO_TEST_CASE(a_matrix_holds_one_sample_after_the_other) {
  dense_matrix<> a{{1, 2, 3}, {4, 5, 6}};
  static_assert(std::is_same_v<decltype(a)::value_type, float>);
  for (std::size_t i = 0; i != 6; ++i) BOOST_TEST(a.data()[i] == static_cast<float>(i + 1));
  BOOST_TEST(a.shape(0) == 2U);
  BOOST_TEST(a.shape(1) == 3U);
}

BOOST_AUTO_TEST_CASE(a_span_is_the_memory_of_its_container) {
  vector<double> v{1, 2, 3};
  auto const writable = span_of(v);
  static_assert(std::is_same_v<decltype(span_of(v)), std::span<double>>);
  writable[1] = 7;
  BOOST_TEST(v(1) == 7.0);
  auto const& constant = v;
  static_assert(std::is_same_v<decltype(span_of(constant)), std::span<double const>>);
  BOOST_TEST(span_of(constant).data() == v.data());
  std::vector<float> w(5);
  BOOST_TEST(span_of(w).size() == 5U);
  std::vector<float> none;
  BOOST_TEST(span_of(none).empty());
}

BOOST_AUTO_TEST_CASE(a_vector_is_a_copy_in_the_type_asked_for) {
  std::vector<double> from{1, 2.5, -3};
  auto const same = to_vector<double>(std::span<double const>(from));
  auto const narrow = to_vector<float>(std::span<double const>(from));
  static_assert(std::is_same_v<decltype(narrow), vector<float> const>);
  from.assign(3, 0);
  BOOST_TEST(same.size() == 3U);
  BOOST_TEST(same(1) == 2.5);
  BOOST_TEST(narrow(2) == -3.0F);
  BOOST_TEST(to_vector<double>(std::span<double const>()).size() == 0U);
}
