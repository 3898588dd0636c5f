// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE run_used_columns
#include "localsgd/run/used_columns.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

using namespace localsgd;

namespace {

constexpr std::size_t gap = 37;  // columns from one that occurs to the next

/// The same rows with feature j in column gap·j + 1.
csr_matrix<float> spread(csr_matrix<float> const& a) {
  auto const indices = detail::csr_access::indices(a);
  std::vector<std::uint32_t> wide;
  for (std::uint32_t const j : indices) wide.push_back(static_cast<std::uint32_t>(gap * j + 1));
  return {gap * a.columns(), detail::to_vector<std::size_t>(detail::csr_access::row_starts(a)),
          detail::to_vector<std::uint32_t>(std::span<std::uint32_t const>(wide)),
          detail::to_vector<float>(detail::csr_access::values(a))};
}

support::problem const& data() {
  static support::problem const it(60, 300, 0.3);
  return it;
}
csr_matrix<float> const& hashed() {
  static csr_matrix<float> const it = spread(data().sparse);
  return it;
}

/// All but vectors of length d and times.
std::vector<std::uint64_t> numbers_of(result<> const& r) {
  std::vector<std::uint64_t> all{r.rounds, r.steps, r.gradients, r.exchanges, r.bytes,
                                 static_cast<std::uint64_t>(r.reason),
                                 std::bit_cast<std::uint64_t>(r.objective),
                                 std::bit_cast<std::uint64_t>(r.certificate)};
  for (evaluation const& e : r.history)
    all.insert(all.end(), {e.steps, e.bytes, std::bit_cast<std::uint64_t>(e.objective),
                           std::bit_cast<std::uint64_t>(e.certificate),
                           std::bit_cast<std::uint64_t>(e.drift)});
  return all;
}

void check_same_run(settings const& s, linear_options const& options) {
  linear_objective const narrow(data().sparse, data().labels, logistic{}, l2{0.01}, options);
  linear_objective const wide(hashed(), data().labels, logistic{}, l2{0.01}, options);
  auto const expected = minimize(narrow, s, serial{});
  auto const found = minimize(wide, s, serial{});
  BOOST_TEST((numbers_of(found) == numbers_of(expected)));
  auto const check = [&](vector<double> const& x, vector<double> const& few) {
    BOOST_REQUIRE(x.size() == wide.dimension());
    vector<double> all = vector<double>::from_shape({x.size()});
    all.fill(0);
    for (std::size_t j = 0; j != 300; ++j) all[gap * j + 1] = few[j];
    if (few.size() == 301) all[gap * 300] = few[300];  // the intercept
    BOOST_TEST((x == all));
  };
  check(found.x, expected.x);
  check(found.average, expected.average);
  check(found.last, expected.last);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_is_that_of_the_features_that_occur) {
  check_same_run({.tolerance = 1e-6}, {});
  check_same_run({.workers = 3, .epochs = 4}, {});
}

BOOST_AUTO_TEST_CASE(the_intercept_stays_the_last_coordinate) {
  check_same_run({.tolerance = 1e-6}, {.intercept = 1});
}

BOOST_AUTO_TEST_CASE(the_objective_keeps_its_weights_and_offsets) {
  std::vector<double> weights(60), offset(60);
  for (std::size_t i = 0; i != 60; ++i) {
    weights[i] = 1 + static_cast<double>(i % 3);
    offset[i] = 0.1 * static_cast<double>(i % 5);
  }
  check_same_run({.tolerance = 1e-6}, {.intercept = 2, .weights = weights, .offset = offset});
}

BOOST_AUTO_TEST_CASE(the_bits_do_not_depend_on_threads) {
  linear_objective const f(hashed(), data().labels, logistic{}, l2{0.01});
  settings const s{.tolerance = 1e-6};
  auto const r = minimize(f, s, serial{});
  BOOST_TEST((support::bits(minimize(f, s, thread_pool(3))) == support::bits(r)));
}

BOOST_AUTO_TEST_CASE(components_that_see_coordinates_see_all_of_them) {
  using sparse = linear_objective<csr_matrix<float>, logistic>;
  static_assert(detail::may_leave_out_columns<sparse>);
  static_assert(detail::may_leave_out_columns<sparse, serial, shuffled, every, mean, identity,
                                              constant_step, checkpoint, progress_bar>);
  static_assert(!detail::may_leave_out_columns<sparse, warm_start>);
  static_assert(!detail::may_leave_out_columns<sparse, serial, linear_sgd>);
  static_assert(!detail::may_leave_out_columns<sparse, server_momentum>);
  static_assert(!detail::may_leave_out_columns<sparse, top_k>);
  // Penalties whose coordinates may differ, and features that are all there.
  static_assert(!detail::may_leave_out_columns<
                linear_objective<csr_matrix<float>, logistic, double, group_l1>>);
  static_assert(!detail::may_leave_out_columns<linear_objective<dense_matrix<float>, logistic>>);
  static_assert(!detail::may_leave_out_columns<support::custom>);

  linear_objective const f(hashed(), data().labels, logistic{}, l2{0.01});
  settings const s{.epochs = 60};  // of local steps: dual ascent would set x_0 = 0 exactly
  vector<double> start(std::array<std::size_t, 1>{f.dimension()}, 0.0);
  start[0] = 1;  // no sample has this feature: the penalty alone draws it to 0
  auto const r = minimize(f, s, serial{}, warm_start(start));
  BOOST_TEST(r.certificate <= 1e-3);
  BOOST_TEST(r.x.size() == f.dimension());
  BOOST_TEST(r.x[0] != 0);
}
