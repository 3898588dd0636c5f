// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// The only header that includes xsimd. The instruction set is the one the including project
// compiles for.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push  // g++ 12 warns about its own AVX-512 headers when it inlines them
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <xsimd/xsimd.hpp>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include "localsgd/core/compiler.hpp"

#include <cstddef>
#include <span>

/// @file
/// @brief Dense kernels on contiguous spans. `float` data is widened: all arithmetic is double.

namespace localsgd::detail {

using lanes = xsimd::batch<double>;

inline lanes load(double const* p) noexcept { return xsimd::load_unaligned(p); }

/// xsimd converts float to double through memory; this loop compiles to the conversion instruction.
inline lanes load(float const* p) noexcept {
#if defined(__AVX512F__)
  return _mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(p));  // unmasked, g++ 12 warns of its header
#elif defined(__AVX__)
  return _mm256_cvtps_pd(_mm_loadu_ps(p));
#elif defined(__SSE2__)
  return _mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64(reinterpret_cast<__m128i const*>(p))));
#else
  return xsimd::load_as<double>(p, xsimd::unaligned_mode{});
#endif
}

inline void store(lanes const& v, double* p) noexcept { v.store_unaligned(p); }

inline void store(lanes const& v, float* p) noexcept {
  alignas(lanes) double wide[lanes::size];
  v.store_aligned(wide);
  for (std::size_t i = 0; i != lanes::size; ++i) p[i] = static_cast<float>(wide[i]);
}

/// @brief The sum of the lanes, pairwise. (xsimd's version makes g++ 12 warn about its AVX-512
///        header.)
inline double sum_of(lanes const& v) noexcept {
  alignas(lanes) double parts[lanes::size];
  v.store_aligned(parts);
  for (std::size_t width = lanes::size / 2; width != 0; width /= 2)
    for (std::size_t i = 0; i != width; ++i) parts[i] += parts[i + width];
  return parts[0];
}

/// @brief a·b + c, rounded once if the instruction set supports it. (xsimd 8 has no version for
///        AVX-512, and only some compilers fuse a product and a sum.)
inline lanes multiply_add(lanes const& a, lanes const& b, lanes const& c) noexcept {
#if defined(__AVX512F__)
  return _mm512_fmadd_pd(a, b, c);
#else
  return xsimd::fma(a, b, c);
#endif
}

/// @brief Keeps v in a register: g++ would reload a number for each use.
inline void keep_in_register(lanes& v) noexcept {
#if defined(__GNUC__) && defined(__AVX512F__)
  asm("" : "+v"(v.data));
#elif defined(__GNUC__) && defined(__AVX__)
  asm("" : "+x"(v.data));
#else
  static_cast<void>(v);
#endif
}

/// @brief Loads the first n lanes from p; the others are zero. @pre n ≤ lanes::size
template <class A>
lanes load_first(A const* p, std::size_t n) noexcept {
#if defined(__AVX512VL__)
  auto const mask = static_cast<__mmask8>((1U << n) - 1);
  if constexpr (sizeof(A) == sizeof(double))
    return _mm512_maskz_loadu_pd(mask, p);
  else
    return _mm512_maskz_cvtps_pd(0xff, _mm256_maskz_loadu_ps(mask, p));
#else
  alignas(lanes) double parts[lanes::size] = {};
  for (std::size_t i = 0; i != n; ++i) parts[i] = static_cast<double>(p[i]);
  return lanes::load_aligned(parts);
#endif
}

/// @brief Stores the first n lanes to p. @pre n ≤ lanes::size
template <class A>
void store_first(lanes const& v, A* p, std::size_t n) noexcept {
#if defined(__AVX512VL__)
  if constexpr (sizeof(A) == sizeof(double)) {
    _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1U << n) - 1), v);
    return;
  }
#endif
  alignas(lanes) double parts[lanes::size];
  v.store_aligned(parts);
  for (std::size_t i = 0; i != n; ++i) p[i] = static_cast<A>(parts[i]);
}

// Loops end with a partially filled step, not with scalar code: compilers may or may not contract
// a·b + c there, and two loops that compute the same number must not differ by that.

/// @brief Σ_i a_i b_i over n elements with four independent sums. If `Ahead`, also prefetches the n
///        elements at `soon` at the same rate.
template <bool Ahead, class A, class B>
double dot_product(A const* a, B const* b, std::size_t n, [[maybe_unused]] A const* soon) noexcept {
  constexpr std::size_t w = lanes::size;
  lanes sum0(0.0), sum1(0.0), sum2(0.0), sum3(0.0);
  std::size_t i = 0;
  for (; i + 4 * w <= n; i += 4 * w) {
    if constexpr (Ahead)
      for (std::size_t j = i; j < i + 4 * w; j += 64 / sizeof(A)) LOCALSGD_PREFETCH(soon + j);
    sum0 = multiply_add(load(a + i), load(b + i), sum0);
    sum1 = multiply_add(load(a + i + w), load(b + i + w), sum1);
    sum2 = multiply_add(load(a + i + 2 * w), load(b + i + 2 * w), sum2);
    sum3 = multiply_add(load(a + i + 3 * w), load(b + i + 3 * w), sum3);
  }
  for (; i + w <= n; i += w) sum0 = multiply_add(load(a + i), load(b + i), sum0);
  if (i != n) sum0 = multiply_add(load_first(a + i, n - i), load_first(b + i, n - i), sum0);
  return sum_of((sum0 + sum1) + (sum2 + sum3));
}
template <class A, class B>
double dot(A const* a, B const* b, std::size_t n) noexcept {
  return dot_product<false>(a, b, n, a);
}
/// @brief The same number; also prefetches the row at `soon`.
template <class A, class B>
double dot_ahead(A const* a, B const* b, std::size_t n, A const* soon) noexcept {
  return dot_product<true>(a, b, n, soon);
}

/// @brief y ← y + c·a over n elements. @pre a and y do not overlap.
template <class A>
void add_scaled(double c, A const* a, float* y, std::size_t n) noexcept {
  for (std::size_t i = 0; i != n; ++i) y[i] += static_cast<float>(c * static_cast<double>(a[i]));
}
template <class A>
void add_scaled(double c, A const* a, double* y, std::size_t n) noexcept {
  constexpr std::size_t w = lanes::size;
  lanes const factor(c);
  std::size_t i = 0;
  for (; i + w <= n; i += w) store(multiply_add(factor, load(a + i), load(y + i)), y + i);
  if (std::size_t const rest = n - i; rest != 0)
    store_first(multiply_add(factor, load_first(a + i, rest), load_first(y + i, rest)), y + i,
                rest);
}

/// @brief y ← y + c·a and z ← z + e·a, reading a once. @pre a, y and z do not overlap.
template <class A>
void add_scaled_to_both(double c, double e, A const* a, double* LOCALSGD_RESTRICT y,
                        double* LOCALSGD_RESTRICT z, std::size_t n) noexcept {
  constexpr std::size_t w = lanes::size;
  lanes const factor_y(c), factor_z(e);
  std::size_t i = 0;
  for (; i + w <= n; i += w) {
    lanes const value = load(a + i);
    store(multiply_add(factor_y, value, load(y + i)), y + i);
    store(multiply_add(factor_z, value, load(z + i)), z + i);
  }
  if (std::size_t const rest = n - i; rest != 0) {
    lanes const value = load_first(a + i, rest);
    store_first(multiply_add(factor_y, value, load_first(y + i, rest)), y + i, rest);
    store_first(multiply_add(factor_z, value, load_first(z + i, rest)), z + i, rest);
  }
}

/// @brief add_scaled_to_both(c, e, a, y, z, n), then dot(b, y, n), with the same bits in one pass.
///        Also prefetches the n elements at `soon` at the same rate. @pre nothing overlaps y or z.
template <class A>
double add_scaled_to_both_and_dot(double c, double e, A const* a, double* LOCALSGD_RESTRICT y,
                                  double* LOCALSGD_RESTRICT z, A const* b, std::size_t n,
                                  A const* soon) noexcept {
  constexpr std::size_t w = lanes::size;
  lanes const factor_y(c), factor_z(e);
  lanes sum0(0.0), sum1(0.0), sum2(0.0), sum3(0.0);
  auto const move = [&](std::size_t i, lanes& sum) {
    lanes const value = load(a + i), moved = multiply_add(factor_y, value, load(y + i));
    store(moved, y + i);
    store(multiply_add(factor_z, value, load(z + i)), z + i);
    sum = multiply_add(load(b + i), moved, sum);
  };
  std::size_t i = 0;
  for (; i + 4 * w <= n; i += 4 * w) {
    for (std::size_t j = i; j < i + 4 * w; j += 64 / sizeof(A)) LOCALSGD_PREFETCH(soon + j);
    move(i, sum0);
    move(i + w, sum1);
    move(i + 2 * w, sum2);
    move(i + 3 * w, sum3);
  }
  for (; i + w <= n; i += w) move(i, sum0);
  if (std::size_t const rest = n - i; rest != 0) {
    lanes const value = load_first(a + i, rest);
    lanes const moved = multiply_add(factor_y, value, load_first(y + i, rest));
    store_first(moved, y + i, rest);
    store_first(multiply_add(factor_z, value, load_first(z + i, rest)), z + i, rest);
    sum0 = multiply_add(load_first(b + i, rest), moved, sum0);
  }
  return sum_of((sum0 + sum1) + (sum2 + sum3));
}

/// @brief ‖a‖².
template <class A>
double squared_norm(std::span<A const> a) noexcept {
  return dot(a.data(), a.data(), a.size());
}

/// @brief ‖a‖², or an upper bound on it if some squares may have underflowed.
/// @param squares ‖a‖² as computed by at most d + 2 operations, d the length of a; returned
///                unchanged from 2⁻⁹⁰⁰ on, and if a is 0
template <class A>
double above_underflow(double squares, std::span<A const> a) noexcept {
  if (!(squares < 0x1p-900)) return squares;
  for (A const each : a)
    if (each != 0) return squares + static_cast<double>(a.size() + 2) * 0x1p-1074;
  return squares;
}

/// @brief ‖a/n‖², or an upper bound on it if some squares may have underflowed.
template <class A>
double squared_norm_above(std::span<A const> a, double n = 1) noexcept {
  return above_underflow(squared_norm(a) / n / n, a);
}

/// @brief ‖x − y‖². @pre x and y have the same length
template <class A>
LOCALSGD_ONE_COPY double squared_distance(std::span<A const> x, std::span<A const> y) noexcept {
  constexpr std::size_t w = lanes::size;
  lanes sum0(0.0), sum1(0.0);
  auto const add = [](lanes const& a, lanes const& b, lanes& sum) {
    lanes const difference = a - b;
    sum = multiply_add(difference, difference, sum);
  };
  std::size_t const n = x.size();
  std::size_t i = 0;
  for (; i + 2 * w <= n; i += 2 * w) {
    add(load(&x[i]), load(&y[i]), sum0);
    add(load(&x[i + w]), load(&y[i + w]), sum1);
  }
  for (; i + w <= n; i += w) add(load(&x[i]), load(&y[i]), sum0);
  if (i != n) add(load_first(&x[i], n - i), load_first(&y[i], n - i), sum1);
  return sum_of(sum0 + sum1);
}

}  // namespace localsgd::detail
