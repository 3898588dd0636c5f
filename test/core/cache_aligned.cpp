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

using localsgd::detail::cache_alignment;
using localsgd::detail::aligned_allocator;
using localsgd::detail::aligned_vector;

namespace {

std::uintptr_t address(void const* p) { return reinterpret_cast<std::uintptr_t>(p); }

}  // namespace

BOOST_AUTO_TEST_CASE(a_vector_starts_at_the_start_of_a_line) {
  for (std::size_t n = 1; n < 300; n += 7) {
    aligned_vector<float> const floats(n);
    aligned_vector<char> const chars(n);
    BOOST_TEST(address(floats.data()) % cache_alignment == 0U);
    BOOST_TEST(address(chars.data()) % cache_alignment == 0U);
  }
}

BOOST_AUTO_TEST_CASE(no_two_vectors_share_a_line) {
  std::vector<aligned_vector<char>> all;
  for (int i = 0; i != 100; ++i) all.emplace_back(static_cast<std::size_t>(1 + i), 'x');
  for (auto const& a : all)
    for (auto const& b : all)
      if (&a != &b)
        BOOST_TEST((address(a.data() + a.size() - 1) / cache_alignment < address(b.data()) / cache_alignment ||
                    address(b.data() + b.size() - 1) / cache_alignment < address(a.data()) / cache_alignment));
}

BOOST_AUTO_TEST_CASE(a_vector_behaves_as_any_other) {
  aligned_vector<double> v{1, 2, 3};
  aligned_vector<double> const copy = v;
  v.push_back(4);
  v.resize(1000);
  BOOST_TEST(v[3] == 4.0);
  BOOST_TEST(v[999] == 0.0);
  double const* const at = v.data();
  aligned_vector<double> const moved = std::move(v);
  BOOST_TEST(moved.data() == at);  // all allocators are equal: nothing is copied
  BOOST_TEST(copy.size() == 3U);
  BOOST_TEST(aligned_vector<double>().empty());
}

BOOST_AUTO_TEST_CASE(a_size_that_overflows_is_refused_and_not_wrapped) {
  aligned_allocator<double> a;
  std::size_t const most = static_cast<std::size_t>(-1);
  BOOST_CHECK_THROW(a.allocate(most), std::bad_array_new_length);
  BOOST_CHECK_THROW(a.allocate(most / 8), std::bad_array_new_length);
  BOOST_TEST((a == aligned_allocator<double>(aligned_allocator<char>())));
}
