// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "test/support/holdings.hpp"
#include "test/support/runs.hpp"

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <new>
#include <utility>
#include <vector>

/// @file
/// @brief The n-th allocation by new fails, for n = 1, 2, 3 and so on until a call makes fewer. The
///        caller gets std::bad_alloc, or a right result where the library can do without; nothing is
///        lost, and the same objects work as before.
///
/// It replaces operator new and delete, so only one file of a program can include it.

namespace support {

inline constexpr std::uint64_t never = 0;
inline std::atomic<std::uint64_t> fails_at{never}, made{0};  // counted where one is to fail
inline std::atomic<std::int64_t> live{0};

inline void* allocate(std::size_t bytes, std::size_t alignment) {
  if (std::uint64_t const n = fails_at; n != never && ++made == n) throw std::bad_alloc();
  std::size_t const lines = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment;
  void* const block = std::aligned_alloc(alignment, lines * alignment);
  if (block == nullptr) throw std::bad_alloc();
  ++live;
  return block;
}
inline void release(void* block) noexcept {
  if (block != nullptr) --live;
  std::free(block);
}
inline constexpr std::size_t usual = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

}  // namespace support

void* operator new(std::size_t bytes) { return support::allocate(bytes, support::usual); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return support::allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept { support::release(block); }
void operator delete(void* block, std::size_t) noexcept { support::release(block); }
void operator delete(void* block, std::align_val_t) noexcept { support::release(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { support::release(block); }

namespace support {

/// @param call returns whether its result is right
template <class Call>
void survives_without_memory(Call const& call) {
  for (int i = 0; i != 4; ++i) BOOST_TEST(call());  // what is kept for the next call is there
  made = 0;
  fails_at = std::numeric_limits<std::uint64_t>::max();
  BOOST_TEST(call());
  fails_at = never;
  std::uint64_t const all = made;
  BOOST_TEST_MESSAGE(all << " allocations");
  BOOST_TEST(all > 0U);
  // All of the first 300, then about 300 more, in odd strides.
  std::uint64_t const stride = all <= 600 ? 1 : (all - 300) / 300 | 1U;
  std::ptrdiff_t const threads_before = threads();
  for (std::uint64_t n = 1;; n += n < 300 ? 1 : stride) {
    bool right = false, refused = false;
    std::int64_t const before = live;
    made = 0;
    fails_at = n;
    try {
      right = call();
    } catch (std::bad_alloc const&) {
      refused = true;
    }
    fails_at = never;
    bool const missed = made < n;
    std::int64_t const after = live;
    BOOST_TEST_CONTEXT("allocation " << n) {
      BOOST_TEST((right || refused));
      if (missed) BOOST_TEST(!refused);
      BOOST_TEST(after == before);
      BOOST_TEST(threads_are(threads_before));
      BOOST_TEST(call());
    }
    if (missed) return;
  }
}

/// Whether all runs have the bits of the first.
class same_bits {
 public:
  bool operator()(localsgd::result<double> const& r) {
    auto bits = support::bits(r);
    if (expected_.empty()) expected_ = std::move(bits);
    return bits.empty() || bits == expected_;
  }

 private:
  std::vector<std::uint64_t> expected_;
};

}  // namespace support
