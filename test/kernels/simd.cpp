// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_simd
#include "localsgd/kernels/simd.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <tuple>
#include <vector>

namespace {

namespace detail = localsgd::detail;
using scalars = std::tuple<float, double>;

constexpr std::size_t longest = 70;  // more than two iterations of the widest loop

// Small integers: all products and sums are exact, in any order and with any contraction.
template <class Value>
std::vector<Value> integers(std::size_t n, int salt) {
  std::vector<Value> v(n);
  for (std::size_t i = 0; i != n; ++i)
    v[i] = static_cast<Value>((static_cast<int>(i) * 7 + salt * 5) % 19 - 9);
  return v;
}

// Calls check(n, offset) for all lengths, and with data at every offset in a vector register.
template <class Check>
void with_all_lengths(Check const& check) {
  for (std::size_t n = 0; n <= longest; ++n)
    for (std::size_t offset = 0; offset != 9; ++offset) check(n, offset);
}

template <class A, class B>
void check_dot() {
  with_all_lengths([](std::size_t n, std::size_t offset) {
    auto const a = integers<A>(offset + n, 1);
    auto const b = integers<B>(offset + n, 2);
    double expected = 0;
    for (std::size_t i = offset; i != offset + n; ++i)
      expected += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    BOOST_TEST(detail::dot(a.data() + offset, b.data() + offset, n) == expected);
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(dot_is_the_sum_of_the_products, A, scalars) {
  check_dot<A, double>();
  check_dot<A, float>();
}

BOOST_AUTO_TEST_CASE(floats_are_widened_before_they_are_multiplied) {
  // 1 + 2⁻²³ squared is 1 + 2⁻²² + 2⁻⁴⁶: not a float, but a double.
  std::vector<float> const a(longest, 1 + 0x1p-23F);
  for (std::size_t n = 1; n <= longest; ++n)
    BOOST_TEST(detail::dot(a.data(), a.data(), n) ==
               static_cast<double>(n) * (1 + 0x1p-22 + 0x1p-46));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(add_scaled_changes_n_elements_and_no_others, A, scalars) {
  with_all_lengths([](std::size_t n, std::size_t offset) {
    auto const check = [&]<class Target>(Target) {
      auto const a = integers<A>(offset + n, 1);
      auto const before = integers<Target>(offset + n + 9, 2);
      auto y = before;
      detail::add_scaled(-3.0, a.data() + offset, y.data() + offset, n);
      auto expected = before;
      for (std::size_t i = offset; i != offset + n; ++i)
        expected[i] += static_cast<Target>(-3 * static_cast<double>(a[i]));
      BOOST_TEST((y == expected));
    };
    check(0.0);
    check(0.0F);
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(add_scaled_to_both_changes_each_by_its_factor, A, scalars) {
  with_all_lengths([](std::size_t n, std::size_t offset) {
    auto const a = integers<A>(offset + n, 1);
    auto y = integers<double>(offset + n + 9, 2), z = integers<double>(offset + n + 9, 3);
    auto expected_y = y, expected_z = z;
    for (std::size_t i = offset; i != offset + n; ++i) {
      expected_y[i] += -3.0 * static_cast<double>(a[i]);
      expected_z[i] += 0.5 * static_cast<double>(a[i]);
    }
    detail::add_scaled_to_both(-3, 0.5, a.data() + offset, y.data() + offset, z.data() + offset, n);
    BOOST_TEST((y == expected_y));
    BOOST_TEST((z == expected_z));
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(one_pass_that_moves_and_multiplies_has_the_bits_of_two, A, scalars) {
  // Numbers whose sums and products are rounded, so that another order or contraction is visible.
  auto const rounded = []<class Value>(Value, std::size_t n, std::uint64_t seed) {
    std::vector<Value> v(n);
    for (std::size_t i = 0; i != n; ++i)
      v[i] = static_cast<Value>(std::sin(static_cast<double>(seed * 1000 + i)));
    return v;
  };
  with_all_lengths([&](std::size_t n, std::size_t offset) {
    auto const a = rounded(A{}, offset + n, 1), b = rounded(A{}, offset + n, 2);
    auto y = rounded(0.0, offset + n + 9, 3), z = rounded(0.0, offset + n + 9, 4);
    auto expected_y = y, expected_z = z;
    detail::add_scaled_to_both(-0.3, 0.7, a.data() + offset, expected_y.data() + offset,
                               expected_z.data() + offset, n);
    double const expected = detail::dot(b.data() + offset, expected_y.data() + offset, n);
    double const product = detail::add_scaled_to_both_and_dot(
        -0.3, 0.7, a.data() + offset, y.data() + offset, z.data() + offset, b.data() + offset, n,
        b.data() + offset);
    BOOST_TEST(product == expected);
    BOOST_TEST((y == expected_y));
    BOOST_TEST((z == expected_z));
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_first_lanes_are_loaded_and_stored_and_no_others, A, scalars) {
  constexpr std::size_t w = detail::lanes::size;
  for (std::size_t n = 0; n <= w; ++n) {
    auto const from = integers<A>(n, 1);  // exactly this length: sanitizers detect reads beyond it
    auto to = integers<A>(w, 2);
    auto expected = to;
    std::copy(from.begin(), from.end(), expected.begin());
    detail::lanes const loaded = detail::load_first(from.data(), n);
    double parts[w];
    detail::store(loaded, parts);
    for (std::size_t i = n; i != w; ++i) BOOST_TEST(parts[i] == 0);
    detail::store_first(loaded, to.data(), n);
    BOOST_TEST((to == expected));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(squared_norm_is_the_sum_of_the_squares, A, scalars) {
  std::vector<A> const a{3, -4, 12};
  BOOST_TEST(detail::squared_norm(std::span(a)) == 169);
  BOOST_TEST(detail::squared_norm(std::span<A const>{}) == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(squared_distance_is_the_sum_of_the_squared_differences, A, scalars) {
  with_all_lengths([](std::size_t n, std::size_t offset) {
    auto const a = integers<A>(offset + n, 1), b = integers<A>(offset + n, 2);
    double expected = 0;
    for (std::size_t i = offset; i != offset + n; ++i) {
      double const difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
      expected += difference * difference;
    }
    BOOST_TEST(detail::squared_distance(std::span(a).subspan(offset), std::span(b).subspan(offset)) ==
               expected);
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_product_that_asks_for_the_next_row_has_the_same_bits, A, scalars) {
  std::vector<A> a(longest), soon(longest);
  std::vector<double> b(longest);
  for (std::size_t i = 0; i != longest; ++i) {
    a[i] = static_cast<A>(std::sin(static_cast<double>(i)));
    b[i] = std::cos(static_cast<double>(i));
  }
  for (std::size_t n = 0; n <= longest; ++n)
    BOOST_TEST(detail::dot_ahead(a.data(), b.data(), n, soon.data()) ==
               detail::dot(a.data(), b.data(), n));
}

// Empty lanes at the end of a loop are zeros; they must not produce 0·∞.
BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_not_finite_stays_in_its_place, A, scalars) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (std::size_t n = 1; n <= longest; ++n) {
    std::vector<A> a(n, A{1});
    std::vector<double> y(n + 9, 2), z(n + 9, 2);
    detail::add_scaled(infinity, a.data(), y.data(), n);
    detail::add_scaled_to_both(infinity, -infinity, a.data(), y.data(), z.data(), n);
    for (std::size_t i = 0; i != n + 9; ++i) {
      BOOST_TEST(y[i] == (i < n ? infinity : 2));
      BOOST_TEST(z[i] == (i < n ? -infinity : 2));
    }
    BOOST_TEST(detail::dot(a.data(), y.data(), n) == infinity);
    for (std::size_t const at : {std::size_t{0}, n / 2, n - 1}) {
      std::vector<A> bad(n, A{1});
      bad[at] = std::numeric_limits<A>::quiet_NaN();
      BOOST_TEST(std::isnan(detail::dot(bad.data(), z.data(), n)));
      BOOST_TEST(std::isnan(detail::squared_norm(std::span<A const>(bad))));
    }
  }
}

BOOST_AUTO_TEST_CASE(all_lanes_are_summed) {
  alignas(detail::lanes) double parts[detail::lanes::size];
  double expected = 0;
  for (std::size_t i = 0; i != detail::lanes::size; ++i)
    expected += parts[i] = static_cast<double>(std::size_t{1} << i);
  BOOST_TEST(detail::sum_of(detail::load(parts)) == expected);
}

BOOST_AUTO_TEST_CASE(a_squared_norm_above_is_not_below_the_norm_if_squares_underflow) {
  std::vector<double> const tiny{0x1p-600, 0, 0x1p-600}, ordinary{3, 4}, zero(3);
  BOOST_TEST(detail::squared_norm(std::span<double const>(tiny)) == 0);
  // Each of 3 products and 2 divisions loses less than 2^-1074.
  BOOST_TEST(detail::squared_norm_above(std::span<double const>(tiny)) == 5 * 0x1p-1074);
  BOOST_TEST(detail::squared_norm_above(std::span<double const>(ordinary)) == 25);
  BOOST_TEST(detail::squared_norm_above(std::span<double const>(ordinary), 2) == 6.25);
  BOOST_TEST(detail::squared_norm_above(std::span<double const>(zero)) == 0);
  BOOST_TEST(std::isnan(detail::above_underflow(std::nan(""), std::span<double const>(tiny))));
}
