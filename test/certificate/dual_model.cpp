// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_dual_model
#include "localsgd/certificate/dual_model.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <vector>

namespace {

namespace detail = localsgd::detail;
using detail::dual_model;
using vector = std::vector<double>;

// Small integers: all products and sums are exact, in whatever order.
vector integers(std::size_t n, int salt) {
  vector v(n);
  for (std::size_t i = 0; i != n; ++i)
    v[i] = static_cast<double>((static_cast<int>(i) * 7 + salt * 5) % 19 - 9);
  return v;
}

// q(c) by its definition, for λ = 2.
double value_at(vector const& x, vector const& g, std::vector<vector> const& xs,
                std::vector<vector> const& hs, vector const& c) {
  double norm = 0, cross = 0;
  for (std::size_t j = 0; j != x.size(); ++j) {
    double sum = g[j], points = 0, changes = 0;
    for (std::size_t k = 0; k != c.size(); ++k) {
      double const change = hs[k][j] - (g[j] - 2 * x[j]);
      sum += c[k] * change;
      points += c[k] * (xs[k][j] - x[j]);
      changes += c[k] * change;
    }
    norm += sum * sum;
    cross += points * changes;
  }
  return norm / 4 + cross / 2;
}

double value_of(dual_model const& q, vector const& c) {
  double value = q.constant;
  for (std::size_t k = 0; k != c.size(); ++k) {
    value += q.b[k] * c[k];
    for (std::size_t i = 0; i != c.size(); ++i) value += q.a[k][i] * c[k] * c[i] / 2;
  }
  return value;
}

template <std::size_t N>
void check(std::size_t d) {
  vector const x = integers(d, 1), g = integers(d, 2);
  std::vector<vector> xs, hs;
  std::array<detail::dual_direction, dual_model::most> past{};
  for (std::size_t k = 0; k != N; ++k) {
    xs.push_back(integers(d, 3 + static_cast<int>(k)));
    hs.push_back(integers(d, 9 + static_cast<int>(k)));
  }
  for (std::size_t k = 0; k != N; ++k) past[k] = {xs[k].data(), hs[k].data()};
  dual_model const q = detail::dual_model_of<N>(x, g, 2, past);
  vector c(N);
  for (int const step : {0, 1, -3, 4}) {
    for (std::size_t k = 0; k != N; ++k) c[k] = step * (static_cast<int>(k) - 1);
    BOOST_TEST(value_of(q, c) == value_at(x, g, xs, hs, c));
  }
  for (std::size_t k = 0; k != N; ++k)
    for (std::size_t i = 0; i != N; ++i) BOOST_TEST(q.a[k][i] == q.a[i][k]);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_model_is_the_gap_by_its_definition_for_every_length) {
  for (std::size_t d = 1; d != 40; ++d) {
    check<1>(d);
    check<2>(d);
    check<3>(d);
    check<4>(d);
  }
}

BOOST_AUTO_TEST_CASE(at_no_coefficients_it_is_the_bound_by_the_gradient) {
  vector const x{1, 2}, g{3, 4};
  dual_model const q = detail::dual_model_of<1>(x, g, 2, {{{x.data(), x.data()}}});
  BOOST_TEST(q.constant == 25.0 / 4);  // ‖g‖²/(2λ)
}
