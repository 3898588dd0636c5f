// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_memory
#include "localsgd/localsgd.hpp"
#include "test/support/problems.hpp"

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

// What a run takes besides the data: at most 3K + 4 vectors of length d, and 16 MiB; with a tolerance
// 20 more, 10 to extrapolate anchors and 8 to bound the optimum, and 6 of length n. All that is allocated by
// new is counted here, and its peak noted.

namespace {

std::atomic<std::size_t> live{0}, peak{0};

// The size lies before the block, as far as its alignment asks for.
void* allocate(std::size_t bytes, std::size_t alignment) {
  void* const start = std::aligned_alloc(
      alignment, (alignment + bytes + alignment - 1) / alignment * alignment);
  if (start == nullptr) throw std::bad_alloc();
  *static_cast<std::size_t*>(start) = bytes;
  std::size_t const now = live += bytes;
  for (std::size_t seen = peak; seen < now && !peak.compare_exchange_weak(seen, now);) {
  }
  return static_cast<std::byte*>(start) + alignment;
}
void release(void* block, std::size_t alignment) noexcept {
  if (block == nullptr) return;
  void* const start = static_cast<std::byte*>(block) - alignment;
  live -= *static_cast<std::size_t*>(start);
  std::free(start);
}

constexpr std::size_t usual = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes, usual); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept { release(block, usual); }
void operator delete(void* block, std::size_t) noexcept { release(block, usual); }
void operator delete(void* block, std::align_val_t alignment) noexcept {
  release(block, static_cast<std::size_t>(alignment));
}
void operator delete(void* block, std::size_t, std::align_val_t alignment) noexcept {
  release(block, static_cast<std::size_t>(alignment));
}

namespace {

using namespace localsgd;

// Rows of 5 features. With 5n = d each feature is in one row.
csr_matrix<double> rows_of(std::size_t n, std::size_t d) {
  auto const shape = [](std::size_t size) { return std::array<std::size_t, 1>{size}; };
  vector<std::size_t> starts(shape(n + 1));
  vector<std::uint32_t> indices(shape(5 * n));
  vector<double> values(shape(5 * n));
  for (std::size_t i = 0; i <= n; ++i) starts.data()[i] = 5 * i;
  for (std::size_t e = 0; e != 5 * n; ++e) {
    indices.data()[e] = static_cast<std::uint32_t>(e % 5 * (d / 5) + e / 5 * 7919 % (d / 5));
    values.data()[e] = 1;
  }
  return {d, std::move(starts), std::move(indices), std::move(values)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_allocated_is_counted) {
  std::size_t const before = live;
  peak = before;
  { std::vector<double> const some(1000); }
  detail::aligned_vector<double> const aligned(500);
  BOOST_TEST(live - before >= 4000u);
  BOOST_TEST(live - before < 8000u);
  BOOST_TEST(peak - before >= 8000u);
}

BOOST_AUTO_TEST_CASE(plain_steps_take_3k_plus_4_vectors_and_16_mib_and_all_others_20_more) {
  std::size_t const n = 20'000, d = 100'000;
  auto const a = rows_of(n, d);
  auto const y = support::random_signs(n, 2);
  linear_objective const f(a, y, logistic{}, l2{1e-3});
  thread_pool pool(2);
  auto const check = [&](std::size_t k, std::size_t more, auto const& run) {
    std::size_t const before = live;
    peak = before;
    auto const r = run();
    BOOST_TEST(r.usable());
    BOOST_TEST(peak - before <=
               ((3 * k + 4) * d + more) * sizeof(double) + (std::size_t{16} << 20U));
    if (r.rounds != 0)  // workers have memory from their first step on
      BOOST_TEST(peak - before >= 3 * k * d * sizeof(double));  // or this counts something else
    return r.rounds;
  };
  constexpr std::size_t more = 20 * d + 6 * n;
  for (std::size_t const k : {1U, 2U, 8U})
    BOOST_TEST_CONTEXT("K = " << k) {
      BOOST_TEST(check(k, 0, [&] { return minimize(f, {.workers = k}, pool, linear_sgd{}); }) > 0);
      BOOST_TEST(check(k, more, [&] { return minimize(f, {.workers = k, .epochs = 9}, pool); }) > 0);
      for (double const tolerance : {1e-2, 1e-6})  // dual ascent reaches it
        BOOST_TEST(check(k, more, [&] {
                     return minimize(f, {.workers = k, .tolerance = tolerance}, pool);
                   }) == 0);
    }
}

BOOST_AUTO_TEST_CASE(features_that_do_not_occur_take_no_vectors_of_workers) {
  std::size_t const n = 4000, d = 100'000, k = 8;  // a fifth of the features occur
  auto const a = rows_of(n, d);
  auto const y = support::random_signs(n, 2);
  linear_objective const f(a, y, logistic{}, l2{1e-3});
  std::size_t const before = live;
  peak = before;
  thread_pool pool(2);
  auto const r = minimize(f, {.workers = k, .epochs = 9}, pool);
  BOOST_TEST(r.usable());
  BOOST_TEST(r.rounds > 0);
  BOOST_TEST(peak - before < 3 * k * d * sizeof(double));
}
