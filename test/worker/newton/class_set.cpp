// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_class_set
#include "localsgd/worker/newton/class_set.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <vector>

#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "test/support/problems.hpp"

namespace {

using localsgd::detail::class_layout;
using localsgd::detail::class_set;
using point = std::vector<double>;
using indices = std::vector<std::size_t>;

indices members(class_set const& set) {
  indices all;
  for (std::size_t k = 0; k != set.size(); ++k) all.push_back(set[k]);
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_layout_maps_coordinates_to_classes_and_columns) {
  for (double const constant : {0.0, 2.0}) {
    class_layout const layout{3, 5, constant};
    std::size_t const columns = constant != 0 ? 6 : 5;
    for (std::size_t c = 0; c != 3; ++c)
      for (std::size_t j = 0; j != columns; ++j) {
        std::size_t const at = layout.coordinate(c, j);
        BOOST_TEST(at == (j < 5 ? 5 * c + j : 15 + c));
        BOOST_TEST(layout.class_of(at) == c);
        BOOST_TEST(layout.column_of(at) == j);
      }
  }
}

BOOST_AUTO_TEST_CASE(the_layout_is_that_of_the_objective) {
  auto const a = support::random_features<double>(4, 5, 1);
  std::vector<int> const labels{0, 1, 2, 0};
  for (double const constant : {0.0, 2.0}) {
    localsgd::softmax_objective const f(a, labels, 3, localsgd::l1{0.1}, {.intercept = constant});
    auto const layout = class_layout::of(f);
    BOOST_TEST(layout.classes == 3);
    BOOST_TEST(layout.columns == 5);
    BOOST_TEST(layout.constant == constant);
  }
}

BOOST_AUTO_TEST_CASE(the_coordinates_of_a_class_are_consecutive_and_its_intercept_is_last) {
  // 2 classes of 40 columns and an intercept: 82 coordinates. x is 0 except at column 7 of both.
  class_layout const layout{2, 40, 1.0};
  point x(82), pushes(82);
  x[7] = x[47] = 1;
  pushes[3] = pushes[45] = 2;
  class_set set;
  std::span<double const> const at(x), by(pushes);
  BOOST_REQUIRE(set.choose(at, by, 80, layout));
  BOOST_TEST(members(set) == (indices{3, 7, 80, 45, 47, 81}), boost::test_tools::per_element());
  for (std::size_t k = 0; k != set.size(); ++k) BOOST_TEST(set.place_of(set[k]) == k);
  BOOST_TEST(set.first(0) == 0);
  BOOST_TEST(set.first(1) == 3);
  BOOST_TEST(set.first(2) == 6);
  BOOST_TEST(set.size_of(1) == 3);
  // The columns 3, 5, 7 and the intercept.
  BOOST_TEST(set.columns() == (indices{3, 5, 7, 40}), boost::test_tools::per_element());
  indices columns, classes;
  for (std::size_t k = 0; k != set.size(); ++k) {
    columns.push_back(set.column_of(k));
    classes.push_back(set.class_of(k));
  }
  BOOST_TEST(columns == (indices{0, 2, 3, 1, 2, 3}), boost::test_tools::per_element());
  BOOST_TEST(classes == (indices{0, 0, 0, 1, 1, 1}), boost::test_tools::per_element());
  BOOST_TEST((set.uses(5) && set.place_of_column(5) == 1 && !set.uses(4)));
}

BOOST_AUTO_TEST_CASE(a_class_may_have_no_coordinate) {
  point x(200), pushes(200);
  x[0] = x[199] = 1;
  class_set set;
  BOOST_REQUIRE(set.choose(std::span<double const>(x), std::span<double const>(pushes), 200,
                           class_layout{4, 50, 0.0}));
  BOOST_TEST(members(set) == (indices{0, 199}), boost::test_tools::per_element());
  BOOST_TEST(set.size_of(1) == 0);
  BOOST_TEST(set.size_of(2) == 0);
  BOOST_TEST(set.first(3) == 1);
  // And it can be chosen anew.
  x[0] = x[199] = 0;
  BOOST_TEST(!set.choose(std::span<double const>(x), std::span<double const>(pushes), 200,
                         class_layout{4, 50, 0.0}));
}
