// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_column_major
// An option of xtensor, as a program may have it for its own tensors.
#define XTENSOR_DEFAULT_LAYOUT ::xt::layout_type::column_major
#include "localsgd/minimize.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <string_view>
#include <vector>

#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/data/idx.hpp"
#include "localsgd/data/libsvm.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/synchronizer/serial.hpp"

namespace {

using namespace localsgd;

// ((1, 2, 3), (4, 5, 6))
template <class Matrix>
Matrix one_to_six() {
  Matrix a(std::array<std::size_t, 2>{2, 3});
  for (std::size_t i = 0; i != 2; ++i)
    for (std::size_t j = 0; j != 3; ++j) a(i, j) = static_cast<double>(3 * i + j + 1);
  return a;
}

}  // namespace

BOOST_AUTO_TEST_CASE(rows_are_rows_whatever_the_default_layout_is) {
  auto const a = one_to_six<dense_matrix<double>>();
  std::vector<double> const y{1, 2};
  linear_objective const f(a, y, squared{}, l2{0.1});
  std::vector<double> const x{1, 10, 100};
  std::vector<double> g(3);
  std::vector<std::size_t> const first{0};
  // z = 321, φ = ½·320², r = 0.05·10101; ∇ = 320·(1, 2, 3) + 0.1·x
  BOOST_TEST(f.gradient(x, first, g) == 51200 + 505.05, boost::test_tools::tolerance(1e-14));
  BOOST_TEST(g[1] == 641.0, boost::test_tools::tolerance(1e-14));
  // By hand f* = (λ/2) yᵀ(A Aᵀ + 2λI)⁻¹ y, A Aᵀ = ((14, 32), (32, 77)):
  // 0.05·(77.2 − 2·2·32 + 4·14.2)/(14.2·77.2 − 32²) = 0.05·6/72.24.
  auto const r = minimize(f, {.tolerance = 1e-10}, serial{});
  BOOST_TEST(r.objective == 0.3 / 72.24, boost::test_tools::tolerance(1e-7));
}

BOOST_AUTO_TEST_CASE(readers_and_conversions_keep_rows) {
  auto const a = one_to_six<dense_matrix<double>>();
  auto const c = to_csr(a);
  BOOST_TEST(c.row(0).values[1] == 2.0);
  BOOST_TEST(c.row(1).values[0] == 4.0);
  auto const back = to_dense(c);
  BOOST_TEST(back(0, 2) == 3.0);
  char const idx[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
  auto const m = parse_idx<double>(std::string_view(idx, sizeof idx), "idx");
  BOOST_TEST(m(0, 1) == 2.0);
  BOOST_TEST(m(1, 0) == 4.0);
  auto const d = parse_libsvm<double>("1 1:1 2:2\n-1 2:3\n", "text");
  linear_objective const f(d.features, d.targets, squared{}, l2{0.1});  // vectors are contiguous
  BOOST_TEST(f.samples() == 2U);
}

BOOST_AUTO_TEST_CASE(a_matrix_in_column_order_is_converted_or_refused_never_misread) {
  using columns = xt::xtensor<double, 2>;  // of the program
  static_assert(columns::static_layout == xt::layout_type::column_major);
  static_assert(!detail::feature_matrix<columns>);
  static_assert(!detail::feature_matrix<xt::xarray<double, xt::layout_type::dynamic>>);
  static_assert(detail::feature_matrix<dense_matrix<double>>);
  static_assert(detail::feature_matrix<dense_matrix<float>>);
  dense_matrix<double> const a = one_to_six<columns>();
  BOOST_TEST(a(0, 1) == 2.0);
  BOOST_TEST(a.data()[1] == 2.0);
}
