// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE core_cache_aligned
#include "localsgd/core/cache_aligned.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

using localsgd::detail::own_lines;
using localsgd::detail::own_lines_allocator;
using localsgd::detail::own_vector;

namespace {

std::uintptr_t address(void const* p) { return reinterpret_cast<std::uintptr_t>(p); }

}  // namespace

BOOST_AUTO_TEST_CASE(a_vector_starts_at_the_start_of_a_line) {
  for (std::size_t n = 1; n < 300; n += 7) {
    own_vector<float> const floats(n);
    own_vector<char> const chars(n);
    BOOST_TEST(address(floats.data()) % own_lines == 0U);
    BOOST_TEST(address(chars.data()) % own_lines == 0U);
  }
}

BOOST_AUTO_TEST_CASE(no_two_vectors_share_a_line) {
  std::vector<own_vector<char>> all;
  for (int i = 0; i != 100; ++i) all.emplace_back(static_cast<std::size_t>(1 + i), 'x');
  for (auto const& a : all)
    for (auto const& b : all)
      if (&a != &b)
        BOOST_TEST((address(a.data() + a.size() - 1) / own_lines < address(b.data()) / own_lines ||
                    address(b.data() + b.size() - 1) / own_lines < address(a.data()) / own_lines));
}

BOOST_AUTO_TEST_CASE(a_vector_behaves_as_any_other) {
  own_vector<double> v{1, 2, 3};
  own_vector<double> const copy = v;
  v.push_back(4);
  v.resize(1000);
  BOOST_TEST(v[3] == 4.0);
  BOOST_TEST(v[999] == 0.0);
  double const* const at = v.data();
  own_vector<double> const moved = std::move(v);
  BOOST_TEST(moved.data() == at);  // all allocators are equal: nothing is copied
  BOOST_TEST(copy.size() == 3U);
  BOOST_TEST(own_vector<double>().empty());
}

BOOST_AUTO_TEST_CASE(a_size_that_overflows_is_refused_and_not_wrapped) {
  own_lines_allocator<double> a;
  std::size_t const most = static_cast<std::size_t>(-1);
  BOOST_CHECK_THROW(a.allocate(most), std::bad_array_new_length);
  BOOST_CHECK_THROW(a.allocate(most / 8), std::bad_array_new_length);
  BOOST_TEST((a == own_lines_allocator<double>(own_lines_allocator<char>())));
}
