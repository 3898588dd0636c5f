// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/simd.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <type_traits>

/// @file
/// @brief Products of the rows of a mini-batch with x: row-major, one row per class.

// For loops of constant length: their arrays live in registers only if the loops are unrolled.
#if defined(__GNUC__)
#define LOCALSGD_UNROLL _Pragma("GCC unroll 8")
#else
#define LOCALSGD_UNROLL
#endif

namespace localsgd::detail {

/// @brief The block size of the computation: as many sums as fit in the registers, so that each
///        loaded number serves several multiply-adds.
struct softmax_tile {
  static constexpr std::size_t classes = 5;
#if defined(__AVX512F__) || defined(__aarch64__)
  static constexpr std::size_t samples = 4, vectors = 4;  // 20 sums in 32 registers
#else
  static constexpr std::size_t samples = 2, vectors = 2;  // 10 sums in 16
#endif
  /// Columns per pass over a batch: 5 rows of x stay in the L1 cache.
  static constexpr std::size_t columns = 1024;
};

enum class direction { forward, backward };

/// @brief Calls work(first, integral_constant<count>) for groups of at most softmax_tile::classes
///        consecutive classes, as equal in size as possible.
template <class Work>
void for_class_groups(std::size_t classes, direction way, Work const& work) {
  static_assert(softmax_tile::classes == 5);
  std::size_t done = 0;
  for (std::size_t left = (classes + 4) / 5; left != 0; --left) {
    std::size_t const count = (classes - done + left - 1) / left;
    std::size_t const first = way == direction::forward ? done : classes - done - count;
    switch (count) {
      case 1:
        work(first, std::integral_constant<std::size_t, 1>{});
        break;
      case 2:
        work(first, std::integral_constant<std::size_t, 2>{});
        break;
      case 3:
        work(first, std::integral_constant<std::size_t, 3>{});
        break;
      case 4:
        work(first, std::integral_constant<std::size_t, 4>{});
        break;
      default:
        work(first, std::integral_constant<std::size_t, 5>{});
    }
    done += count;
  }
}

/// @brief Some rows of a row-major matrix: row s is numbers + batch[s]·columns. Row `soon` will be
///        needed next.
template <class A>
struct dense_rows {
  A const* numbers;
  std::size_t columns;
  std::span<std::size_t const> batch;
  std::size_t soon = batch.empty() ? 0 : batch.back();

  std::size_t size() const noexcept { return batch.size(); }
  A const* operator[](std::size_t s) const noexcept {
    return numbers + (s < batch.size() ? batch[s] : soon) * columns;
  }
};

/// @brief sum[s][c] += row[s]·x_c, at the columns that `load_at` loads.
template <std::size_t C, std::size_t S, class A, class X, class Load>
[[gnu::always_inline]] inline void add_products(A const* const (&row)[S], X const* x, std::size_t d,
                                                lanes (&sum)[S][C], Load const& load_at) noexcept {
  lanes a[S];
  LOCALSGD_UNROLL
  for (std::size_t s = 0; s != S; ++s) a[s] = load_at(row[s]);
  LOCALSGD_UNROLL
  for (std::size_t c = 0; c != C; ++c) {
    lanes of_class = load_at(x + c * d);
    keep_in_register(of_class);
    LOCALSGD_UNROLL
    for (std::size_t s = 0; s != S; ++s) sum[s][c] = multiply_add(a[s], of_class, sum[s][c]);
  }
}

/// @brief scores[s·stride + c] += Σ_{begin ≤ j < end} a_sj x_cj for C classes, the first at x, and
///        the S rows from `first` on. Prefetches the rows from `ahead` on.
template <std::size_t C, std::size_t S, class A, class X>
LOCALSGD_ONE_COPY void add_scores(dense_rows<A> rows, std::size_t first, std::size_t ahead,
                                  X const* x, std::size_t begin, std::size_t end, double* scores,
                                  std::size_t stride) noexcept {
  constexpr std::size_t w = lanes::size, line = 64 / sizeof(A);
  A const *row[S], *next[S];
  lanes sum[S][C];
  LOCALSGD_UNROLL
  for (std::size_t s = 0; s != S; ++s) {
    row[s] = rows[first + s];
    next[s] = rows[ahead + s];
    LOCALSGD_UNROLL
    for (std::size_t c = 0; c != C; ++c) sum[s][c] = lanes(0.0);
  }
  std::size_t j = begin;
  for (; j + w <= end; j += w) {
    if (j % line == 0) {
      LOCALSGD_UNROLL
      for (std::size_t s = 0; s != S; ++s) LOCALSGD_PREFETCH(next[s] + j);
    }
    add_products(row, x, rows.columns, sum, [j](auto const* p) { return load(p + j); });
  }
  if (std::size_t const n = end - j; n != 0)
    add_products(row, x, rows.columns, sum, [=](auto const* p) { return load_first(p + j, n); });
  LOCALSGD_UNROLL
  for (std::size_t s = 0; s != S; ++s) {
    LOCALSGD_UNROLL
    for (std::size_t c = 0; c != C; ++c) scores[(first + s) * stride + c] += sum_of(sum[s][c]);
  }
}

/// @brief add_scores for all rows from `first` on: S at a time, then the remainder.
template <std::size_t C, std::size_t S, class A, class X>
void add_scores_of_all(dense_rows<A> const& rows, std::size_t first, bool fetch, X const* x,
                       std::size_t begin, std::size_t end, double* scores,
                       std::size_t stride) noexcept {
  for (; first + S <= rows.size(); first += S)
    add_scores<C, S>(rows, first, fetch ? first + S : first, x, begin, end, scores, stride);
  if constexpr (S > 1)
    add_scores_of_all<C, S / 2>(rows, first, fetch, x, begin, end, scores, stride);
}

/// @brief scores[s·classes + c] ← ⟨a_s, x_c⟩. The bits do not depend on the position in the batch.
template <class A, class X>
void scores_of(dense_rows<A> const& rows, X const* x, std::size_t classes,
               double* scores) noexcept {
  constexpr std::size_t S = softmax_tile::samples;
  std::size_t const d = rows.columns;
  for (std::size_t s = 0; rows.size() > 1 && s != std::min(S, rows.size()); ++s)
    for (std::size_t j = 0; j < std::min(d, softmax_tile::columns); j += 64 / sizeof(A))
      LOCALSGD_PREFETCH(rows[s] + j);
  std::fill_n(scores, rows.size() * classes, 0.0);
  for (std::size_t begin = 0; begin < d; begin += softmax_tile::columns) {
    std::size_t const end = std::min(d, begin + softmax_tile::columns);
    for_class_groups(classes, direction::forward, [&](std::size_t c, auto count) {
      add_scores_of_all<count(), S>(rows, 0, c == 0, x + c * d, begin, end, scores + c, classes);
    });
  }
}

/// @brief The target of a gradient: g ← λx + …, or g ← g + … if x is null.
template <class X>
struct gradient_target {
  X const* x;
  double lambda;
  X* g;

  gradient_target from(std::size_t j) const noexcept {
    return {x != nullptr ? x + j : nullptr, lambda, g + j};
  }
};

/// @brief V vectors of columns of the gradient of C classes: reads and writes g once, and adds the
///        rows in order. Returns the squares of x in these columns, if `to` has x.
template <std::size_t C, std::size_t V, class A, class X, class Load, class Store>
[[gnu::always_inline]] inline lanes gradient_tile(dense_rows<A> const& rows, double const* slopes,
                                                  std::size_t stride, gradient_target<X> const& to,
                                                  Load const& load_at,
                                                  Store const& store_at) noexcept {
  constexpr std::size_t w = lanes::size;
  std::size_t const d = rows.columns;
  lanes sum[C][V], squares[V];
  LOCALSGD_UNROLL
  for (std::size_t v = 0; v != V; ++v) squares[v] = lanes(0.0);
  if (to.x != nullptr) {
    lanes const lambda(to.lambda);
    LOCALSGD_UNROLL
    for (std::size_t c = 0; c != C; ++c) {
      LOCALSGD_UNROLL
      for (std::size_t v = 0; v != V; ++v) {
        lanes const x = load_at(to.x + c * d + v * w);
        squares[v] = multiply_add(x, x, squares[v]);
        sum[c][v] = lambda * x;
      }
    }
  } else {
    LOCALSGD_UNROLL
    for (std::size_t c = 0; c != C; ++c) {
      LOCALSGD_UNROLL
      for (std::size_t v = 0; v != V; ++v) sum[c][v] = load_at(to.g + c * d + v * w);
    }
  }
  for (std::size_t s = 0; s != rows.size(); ++s) {
    A const* const row = rows[s];
    lanes a[V];
    LOCALSGD_UNROLL
    for (std::size_t v = 0; v != V; ++v) a[v] = load_at(row + v * w);
    LOCALSGD_UNROLL
    for (std::size_t c = 0; c != C; ++c) {
      lanes const slope(slopes[s * stride + c]);
      LOCALSGD_UNROLL
      for (std::size_t v = 0; v != V; ++v) sum[c][v] = multiply_add(slope, a[v], sum[c][v]);
    }
  }
  LOCALSGD_UNROLL
  for (std::size_t c = 0; c != C; ++c) {
    LOCALSGD_UNROLL
    for (std::size_t v = 0; v != V; ++v) store_at(sum[c][v], to.g + c * d + v * w);
  }
  LOCALSGD_UNROLL
  for (std::size_t v = 1; v < V; ++v) squares[0] += squares[v];
  return squares[0];
}

/// @brief The gradient of C classes in the columns from `begin` to `end`; returns ‖x‖² over them.
///        Takes arguments by value, since writes to g could alias references.
template <std::size_t C, class A, class X>
LOCALSGD_ONE_COPY double gradient_of_classes(dense_rows<A> rows, double const* slopes,
                                             std::size_t stride, gradient_target<X> to,
                                             std::size_t begin, std::size_t end) noexcept {
  constexpr std::size_t w = lanes::size, V = softmax_tile::vectors;
  lanes squares(0.0);
  std::size_t j = begin;
  auto const load_here = [&j](auto const* p) { return load(p + j); };
  auto const store_here = [&j](lanes const& v, auto* p) { store(v, p + j); };
  for (; j + V * w <= end; j += V * w)
    squares += gradient_tile<C, V>(rows, slopes, stride, to, load_here, store_here);
  for (; j + w <= end; j += w)
    squares += gradient_tile<C, 1>(rows, slopes, stride, to, load_here, store_here);
  if (std::size_t const n = end - j; n != 0)
    squares += gradient_tile<C, 1>(
        rows, slopes, stride, to, [=](auto const* p) { return load_first(p + j, n); },
        [=](lanes const& v, auto* p) { store_first(v, p + j, n); });
  return sum_of(squares);
}

/// @brief g_c ← λx_c + Σ_s slopes[s·classes + c] a_s and returns ‖x‖²; see gradient_target.
///
/// Runs backwards: the rows of x that the scores read last are still in the L1 cache.
template <class A, class X>
double add_gradient(dense_rows<A> const& rows, double const* slopes, gradient_target<X> const& to,
                    std::size_t classes) noexcept {
  double squares = 0;
  for (std::size_t begin = 0; begin < rows.columns; begin += softmax_tile::columns) {
    std::size_t const end = std::min(rows.columns, begin + softmax_tile::columns);
    for_class_groups(classes, direction::backward, [&](std::size_t c, auto count) {
      squares += gradient_of_classes<count()>(rows, slopes + c, classes, to.from(c * rows.columns),
                                              begin, end);
    });
  }
  return squares;
}

/// @brief Turns one sample's scores z into share·(softmax(z)_c − [c = label]). Returns its loss.
LOCALSGD_ONE_COPY inline double softmax_slopes(std::span<double> scores, std::size_t label,
                                               double share) noexcept {
  double top = scores[0];  // subtracted, so that no exponential overflows
  for (double const z : scores) top = std::max(top, z);
  double const of_label = scores[label] - top;
  double sum = 0;
  for (double& z : scores) sum += z = std::exp(z - top);
  for (double& z : scores) z *= share / sum;
  scores[label] -= share;
  return std::log(sum) - of_label;
}

}  // namespace localsgd::detail
