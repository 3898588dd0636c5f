// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_views_csr_view
#include "localsgd/data/views/csr_view.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

// (1 0 2)
// (0 3 0)
dense_matrix<double> const expected{{1, 0, 2}, {0, 3, 0}};

}  // namespace

BOOST_AUTO_TEST_CASE(indices_and_values_are_read_where_they_are) {
  std::vector<int> const row_starts{0, 2, 3}, indices{0, 2, 1};
  std::vector<double> const values{1, 2, 3};
  auto const a = csr_view(3, row_starts, indices, values);
  BOOST_TEST((to_dense(a) == expected));
  BOOST_TEST(a.row(0).values.data() == values.data());
  BOOST_TEST(static_cast<void const*>(a.row(1).indices.data()) ==
             static_cast<void const*>(indices.data() + 2));
}

BOOST_AUTO_TEST_CASE(row_starts_of_the_own_type_are_not_copied) {
  std::vector<std::size_t> row_starts{0, 2, 3};
  std::vector<std::uint32_t> const indices{0, 2, 1};
  std::vector<float> const values{1, 2, 3};
  auto const a = csr_view(3, row_starts, indices, values);
  BOOST_TEST(detail::csr_access::row_starts(a).data() == row_starts.data());
}

BOOST_AUTO_TEST_CASE(row_starts_of_other_types_may_be_temporary) {
  std::vector<std::int32_t> const indices{0, 2, 1};
  std::vector<double> const values{1, 2, 3};
  auto const a = csr_view(3, std::vector<std::int64_t>{0, 2, 3}, std::span(indices), std::span(values));
  auto const b = csr_view(3, std::vector<std::size_t>{0, 2, 3}, indices, values);
  BOOST_TEST((to_dense(a) == expected));
  BOOST_TEST((to_dense(b) == expected));
}

BOOST_AUTO_TEST_CASE(the_matrix_and_its_copies_keep_the_owner_alive) {
  struct arrays {
    std::vector<int> row_starts{0, 2, 3}, indices{0, 2, 1};
    std::vector<double> values{1, 2, 3};
  };
  std::weak_ptr<arrays> watch;
  csr_matrix<double> copy;
  {
    auto const own = std::make_shared<arrays>();
    watch = own;
    copy = csr_view(3, own->row_starts, own->indices, own->values, own);
  }
  BOOST_TEST(!watch.expired());
  BOOST_TEST((to_dense(copy) == expected));
  copy = {};
  BOOST_TEST(watch.expired());
}

BOOST_AUTO_TEST_CASE(every_rule_of_a_csr_matrix_is_checked) {
  std::vector<double> const values{1, 2, 3};
  auto const error_of = [&](std::vector<int> const& row_starts, std::vector<int> const& indices) {
    return support::error_of<invalid_data>([&] { (void)csr_view(3, row_starts, indices, values); });
  };
  BOOST_TEST(error_of({0, -1, 3}, {0, 2, 1}).file == "row_starts[1]");
  BOOST_TEST(error_of({0, -1, 3}, {0, 2, 1}).found == "-1");
  BOOST_TEST(error_of({0, 2, 2}, {0, 2, 1}).file == "row_starts[2]");
  BOOST_TEST(error_of({}, {0, 2, 1}).file == "row_starts");
  BOOST_TEST(error_of({0, 2, 3}, {0, 3, 1}).file == "indices[1]");
  BOOST_TEST(error_of({0, 2, 3}, {0, 2, -1}).file == "indices[2]");
  BOOST_TEST(error_of({0, 2, 3}, {0, 0, 1}).file == "indices[1]");
  BOOST_TEST(error_of({0, 2, 3}, {0, 2}).file == "indices");
}
