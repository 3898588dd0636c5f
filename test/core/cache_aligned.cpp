// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE core_cache_aligned
#include "localsgd/core/cache_aligned.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

using localsgd::detail::cache_alignment;
using localsgd::detail::aligned_allocator;
using localsgd::detail::aligned_vector;
using localsgd::detail::fixed_array;

namespace {

std::uintptr_t address(void const* p) { return reinterpret_cast<std::uintptr_t>(p); }

// An object that can be neither copied nor moved, and counts how many there are.
struct counted {
  explicit counted(int number) : value(number) {
    if (number == 3) throw std::runtime_error("the third one");
    ++alive;
  }
  counted(counted const&) = delete;
  counted& operator=(counted const&) = delete;
  ~counted() { --alive; }

  int value;
  inline static int alive = 0;
};

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

BOOST_AUTO_TEST_CASE(the_objects_of_an_array_are_made_in_place_and_destroyed_with_it) {
  {
    fixed_array<counted> all(2, [](std::size_t i) { return counted(static_cast<int>(i) + 1); });
    BOOST_TEST(counted::alive == 2);
    BOOST_TEST(all.size() == 2U);
    BOOST_TEST(all[0].value == 1);
    BOOST_TEST(all.data()[1].value == 2);
    BOOST_TEST(address(all.data()) % cache_alignment == 0U);
    int sum = 0;
    for (counted const& each : all) sum += each.value;
    BOOST_TEST(sum == 3);
    counted const* const at = all.data();
    fixed_array<counted> const taken_over = std::move(all);
    BOOST_TEST(taken_over.data() == at);
    BOOST_TEST(counted::alive == 2);
  }
  BOOST_TEST(counted::alive == 0);
}

BOOST_AUTO_TEST_CASE(an_array_can_be_emptied_and_assigned) {
  fixed_array<counted> all;
  BOOST_TEST(all.size() == 0U);
  all = fixed_array<counted>(1, [](std::size_t) { return counted(7); });
  BOOST_TEST(all[0].value == 7);
  all.clear();
  BOOST_TEST(all.size() == 0U);
  BOOST_TEST(counted::alive == 0);
}

BOOST_AUTO_TEST_CASE(an_array_of_what_can_be_copied_can_be_copied) {
  fixed_array<int> const from(3, [](std::size_t i) { return static_cast<int>(i) + 4; });
  fixed_array<int> to = from;
  BOOST_TEST(to.size() == 3U);
  to[1] = 0;
  BOOST_TEST(from[1] == 5);
  to = from;
  BOOST_TEST(to[1] == 5);
  BOOST_TEST((!std::is_copy_constructible_v<fixed_array<counted>>));
}

BOOST_AUTO_TEST_CASE(where_an_object_of_an_array_cannot_be_made_the_others_are_destroyed) {
  auto const make = [](std::size_t i) { return counted(static_cast<int>(i) + 1); };
  BOOST_CHECK_THROW(fixed_array<counted>(5, make), std::runtime_error);
  BOOST_TEST(counted::alive == 0);
}

BOOST_AUTO_TEST_CASE(objects_of_an_array_have_the_values_of_their_default_constructor) {
  struct pair {
    int first = 3;
    int second = 4;
  };
  fixed_array<pair> const all(3);
  for (pair const& each : all) BOOST_TEST((each.first == 3 && each.second == 4));
}
