// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE checkpoint_archive
#include "localsgd/checkpoint/archive.hpp"

#include "localsgd/core/cache_aligned.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

using localsgd::detail::state_reader;
using localsgd::detail::state_writer;

namespace {

struct pair {
  double a = 0, b = 0;
  friend bool operator==(pair const&, pair const&) = default;
};

/// A part that is made of parts.
struct inner {
  std::vector<double> numbers;
  bool flag = false;
  template <class Archive>
  void state(Archive& archive) {
    archive(numbers, flag);
  }
  friend bool operator==(inner const&, inner const&) = default;
};
struct outer {
  inner first;
  localsgd::detail::aligned_vector<float> floats;
  std::vector<pair> pairs;
  std::array<int, 3> fixed{};
  std::uint64_t count = 0;
  std::string text;
  inner last;
  double room = 0;  // no state
  template <class Archive>
  void state(Archive& archive) {
    archive(first, floats, pairs, fixed);
    archive(count, text, last);
  }
  friend bool operator==(outer const&, outer const&) = default;
};

outer some() {
  outer o;
  o.first = {{1, -0.0, std::numeric_limits<double>::infinity()}, true};
  o.floats = {1.5f, 2.5f};
  o.pairs = {{1, 2}, {3, 4}, {5, 6}};
  o.fixed = {7, 8, 9};
  o.count = std::uint64_t{1} << 63;
  o.text = "words";
  return o;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_written_is_read_whatever_was_there) {
  outer written = some(), read;
  written.room = 1;
  read.room = 2;
  read.last.numbers.assign(100, 1.0);  // to become shorter
  state_writer out;
  out(written);
  state_reader in(out.bytes);
  in(read);
  BOOST_TEST(in.left() == 0u);
  BOOST_TEST(read.room == 2);
  read.room = 1;
  BOOST_TEST((read == written));
}

BOOST_AUTO_TEST_CASE(writing_changes_nothing_and_appends) {
  outer written = some();
  state_writer out;
  out(written);
  auto const once = out.bytes;
  out(written);
  BOOST_TEST((written == some()));
  BOOST_TEST(out.bytes.size() == 2 * once.size());
  BOOST_TEST(std::equal(once.begin(), once.end(),
                        out.bytes.begin() + static_cast<std::ptrdiff_t>(once.size())));
}

BOOST_AUTO_TEST_CASE(a_state_cut_anywhere_is_an_error) {
  outer written = some();
  state_writer out;
  out(written);
  for (std::size_t n = 0; n != out.bytes.size(); ++n) {
    outer read;
    state_reader in(std::span(out.bytes).first(n));
    BOOST_CHECK_THROW(in(read), std::length_error);
  }
}

BOOST_AUTO_TEST_CASE(a_count_beyond_the_end_is_an_error_and_no_allocation) {
  for (std::uint64_t count : {std::uint64_t{1}, std::uint64_t{1} << 61, ~std::uint64_t{0}}) {
    state_writer out;
    out(count);
    std::vector<double> read{1, 2};
    state_reader in(out.bytes);
    BOOST_CHECK_THROW(in(read), std::length_error);
    BOOST_TEST(read.size() == 2u);
  }
}

namespace {

/// Records the largest size that was asked of it.
struct watched : std::vector<double> {
  std::size_t most = 0;
  void resize(std::size_t n) {
    most = std::max(most, n);
    std::vector<double>::resize(n);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(no_memory_is_allocated_for_one_number_more_than_there_is) {
  for (std::uint64_t const claimed : {7U, 8U, 56U, 57U}) {  // seven numbers, of 56 bytes, are there
    state_writer out;
    std::uint64_t count = claimed;
    std::array<double, 7> numbers{};
    out(count, numbers);
    watched read;
    state_reader in(out.bytes);
    if (claimed == 7) {
      in(read);
      BOOST_TEST(read.most == 7u);
      continue;
    }
    BOOST_CHECK_THROW(in(read), std::length_error);
    BOOST_TEST(read.most == 0u);
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_asked_for_is_left) {
  double a = 1, b = 2;
  state_writer out;
  out(a, b);
  state_reader in(out.bytes);
  in(b);
  BOOST_TEST(b == 1);
  BOOST_TEST(in.left() == sizeof(double));
}
