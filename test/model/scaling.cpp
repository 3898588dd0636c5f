// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE model_scaling
#include "localsgd/model/scaling.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "localsgd/model/predict.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;
using numbers = std::vector<double>;

// Means 2, 0, 5; squared deviations 2·(4 + 4)/4, 0, …: the last is constant, the second all zeros.
dense_matrix<double> const rows{{0, 0, 5}, {4, 0, 5}, {0, 0, 5}, {4, 0, 5}};

linear_model two_outputs(std::size_t features) {
  linear_model m{.loss = "softmax",
                 .features = features,
                 .coefficients = {},
                 .intercepts = {1, -2},
                 .labels = {0, 1},
                 .names = {}};
  support::numbers random(5);
  for (std::size_t j = 0; j != 2 * features; ++j) m.coefficients.push_back(random.between(-3, 3));
  return m;
}

template <class Call>
std::string refused(Call const& call) {
  try {
    call();
  } catch (invalid_data const& e) {
    return e.file + ": " + e.found;
  } catch (invalid_settings const& e) {
    return e.field;
  }
  return "nothing";
}

}  // namespace

BOOST_AUTO_TEST_CASE(dense_rows_are_standardised_to_mean_0_and_deviation_1) {
  auto const s = standard_scaling(rows);
  BOOST_TEST((s.shift == numbers{2, 0, 5}));
  BOOST_TEST((s.scale == numbers{2, 1, 1}));
  BOOST_TEST(
      (scaled(rows, s) == dense_matrix<double>{{-1, 0, 0}, {1, 0, 0}, {-1, 0, 0}, {1, 0, 0}}));

  auto const some = support::random_features<double>(50, 7, 1);
  auto const result = scaled(some, standard_scaling(some));
  for (std::size_t j = 0; j != 7; ++j) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i != 50; ++i) {
      sum += result(i, j);
      squares += result(i, j) * result(i, j);
    }
    BOOST_TEST(std::abs(sum) < 1e-12);
    BOOST_TEST(squares == 50, boost::test_tools::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_CASE(sparse_rows_get_the_same_deviation_and_no_shift) {
  auto const some = support::random_features<float>(60, 9, 2, 0.3);
  auto const original = to_csr(some);
  auto const dense = standard_scaling(some), sparse = standard_scaling(original);
  BOOST_TEST(sparse.shift.empty());
  for (std::size_t j = 0; j != 9; ++j)
    BOOST_TEST(sparse.scale[j] == dense.scale[j], boost::test_tools::tolerance(1e-14));
  auto const result = scaled(original, sparse);
  BOOST_TEST(result.nonzeros() == original.nonzeros());
  for (std::size_t i = 0; i != 60; ++i) {
    auto const row = result.row(i), old = original.row(i);
    for (std::size_t k = 0; k != row.indices.size(); ++k) {
      BOOST_TEST(row.indices[k] == old.indices[k]);
      BOOST_TEST(row.values[k] ==
                 static_cast<float>(double{old.values[k]} / sparse.scale[row.indices[k]]));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_constant_column_of_awkward_numbers_is_only_shifted) {
  dense_matrix<double> const constant{{0.1}, {0.1}, {0.1}};
  auto const s = standard_scaling(constant);
  BOOST_TEST((s.scale == numbers{1}));
  BOOST_TEST((scaled(constant, s) == dense_matrix<double>{{0}, {0}, {0}}));
}

BOOST_AUTO_TEST_CASE(max_abs_scales_into_plus_and_minus_1) {
  dense_matrix<double> const some{{2, 0, -8}, {-1, 0, 4}};
  auto const s = max_abs_scaling(some);
  BOOST_TEST((s.scale == numbers{2, 1, 8}));
  BOOST_TEST(s.shift.empty());
  BOOST_TEST((max_abs_scaling(to_csr(some)) == s));
  BOOST_TEST((scaled(some, s) == dense_matrix<double>{{1, 0, -1}, {-0.5, 0, 0.5}}));
  dense_matrix<double> const huge{{1e308}, {-1e308}};
  BOOST_TEST((max_abs_scaling(huge).scale == numbers{1e308}));
  BOOST_TEST(refused([&] { standard_scaling(huge); }) ==
             "rows: column 0 with squares that overflow");
}

BOOST_AUTO_TEST_CASE(the_original_rows_do_not_change) {
  auto const sparse = to_csr(rows);
  scaled(sparse, max_abs_scaling(sparse));
  BOOST_TEST((to_dense(sparse) == rows));
  // The scaled rows outlive the originals.
  csr_matrix<double> kept;
  {
    auto const gone = to_csr(rows);
    kept = scaled(gone, max_abs_scaling(gone));
  }
  BOOST_TEST((to_dense(kept) == dense_matrix<double>{{0, 0, 1}, {1, 0, 1}, {0, 0, 1}, {1, 0, 1}}));
}

BOOST_AUTO_TEST_CASE(an_unscaled_model_predicts_from_the_data_as_it_is) {
  auto const some = support::random_features<double>(40, 6, 3, 0.5);
  auto const m = two_outputs(6);
  auto const check = [&](auto const& matrix, feature_scaling const& s) {
    auto const expected = decision_function(m, scaled(matrix, s));
    auto const found = decision_function(unscale(m, s), matrix);
    for (std::size_t i = 0; i != expected.size(); ++i)
      BOOST_TEST(std::abs(found[i] - expected[i]) < 1e-12);
  };
  check(some, standard_scaling(some));
  check(some, max_abs_scaling(some));
  check(to_csr(some), standard_scaling(to_csr(some)));
  check(to_csr(some), max_abs_scaling(to_csr(some)));
}

BOOST_AUTO_TEST_CASE(unscaling_divides_coefficients_and_moves_the_intercept) {
  linear_model const m{.loss = "squared",
                       .features = 2,
                       .coefficients = {6, 4},
                       .intercepts = {1},
                       .labels = {},
                       .names = {}};
  auto const raw = unscale(m, {.shift = {1, 2}, .scale = {3, 0.5}});
  BOOST_TEST((raw.coefficients == numbers{2, 8}));
  BOOST_TEST((raw.intercepts == numbers{1 - 2 - 16}));
  BOOST_TEST(raw.loss == "squared");
}

BOOST_AUTO_TEST_CASE(sparse_rows_may_lack_columns_or_have_more) {
  feature_scaling const s{.shift = {}, .scale = {2, 4}};
  dense_matrix<double> const wide{{1, 1, 1}}, narrow{{1}};
  BOOST_TEST((to_dense(scaled(to_csr(wide), s)) == dense_matrix<double>{{0.5, 0.25, 1}}));
  BOOST_TEST((to_dense(scaled(to_csr(narrow), s)) == dense_matrix<double>{{0.5}}));
  BOOST_TEST(refused([&] { scaled(wide, s); }) == "scaling.scale: 2 numbers");
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused_by_name) {
  auto const sparse = to_csr(rows);
  BOOST_TEST(refused([&] { scaled(sparse, standard_scaling(rows)); }) ==
             "scaling.shift: 3 numbers");
  BOOST_TEST(refused([&] {
               scaled(rows, {.shift = {1}, .scale = {1, 1, 1}});
             }) == "scaling.shift: 1 numbers");
  BOOST_TEST(refused([&] {
               scaled(rows, {.shift = {}, .scale = {1, 0, 1}});
             }) == "scaling.scale[1]");
  BOOST_TEST(refused([&] {
               scaled(rows, {.shift = {1, support::infinity, 1}, .scale = {1, 1, 1}});
             }) == "scaling.shift[1]");
  BOOST_TEST(refused([&] { unscale(two_outputs(2), max_abs_scaling(rows)); }) ==
             "scaling.scale: 3 numbers");
  BOOST_TEST(refused([&] {
               scaled(rows, {.shift = {}, .scale = {1e-320, 1, 1}});
             }) == "rows: inf in scaled row 1, column 0");
  BOOST_TEST(refused([&] {
               unscale(two_outputs(1), {.shift = {}, .scale = {1e-320}});
             }).starts_with("model.coefficients"));
  BOOST_TEST(refused([&] { max_abs_scaling(csr_matrix<float>()); }) == "rows: 0 rows");
}
