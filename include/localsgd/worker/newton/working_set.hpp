// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/compressor/packing.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/kernels/coordinate_descent.hpp"
#include "localsgd/kernels/rank_update.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/worker/newton/hessian.hpp"
#include "localsgd/worker/newton/hessian_work.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief The coordinates that a proximal Newton step moves.

namespace localsgd::detail {

/// @brief The nonzero coordinates of x, plus those that F pushes away from 0 most strongly: the
///        same number again, but at least 64. All coordinates, if there are 64 or fewer.
///
/// With a regularizer such as `l1` only a few coordinates of the minimiser are nonzero, and only
/// for these the Hessian of the losses is needed: working sets as in \cite massias2018celer . The
/// other coordinates stay at 0 until the gradient pushes them away.
template <class = void>
class basic_working_set {
 public:
  static constexpr std::size_t least = 64;

  /// @param x           d numbers
  /// @param subgradient the least element of ∂F(x): d numbers
  /// @param penalized   the coordinates from this one on are not penalised: they are always
  ///                    included
  /// @return Whether the set is usable: it is empty where x = 0 is the minimiser.
  template <class Scalar>
  bool choose(std::span<Scalar const> x, std::span<Scalar const> subgradient,
              std::size_t penalized) {
    std::size_t const d = x.size();
    of_.clear();
    at_.assign(d, none);
    std::vector<std::size_t> pushed;
    for (std::size_t j = 0; j != d; ++j)
      if (x[j] != 0 || j >= penalized)
        of_.push_back(j);
      else if (subgradient[j] != 0)
        pushed.push_back(j);
    if (of_.size() + pushed.size() == 0) return false;
    // All coordinates: those that are not pushed now may be at the end of the step.
    if (d <= least) {
      of_.clear();
      pushed.resize(d);
      std::iota(pushed.begin(), pushed.end(), std::size_t{0});
    }
    std::size_t const room = std::min(pushed.size(), std::max(least, of_.size()));
    auto const before = [&](std::size_t a, std::size_t b) {
      auto const left = std::abs(subgradient[a]), right = std::abs(subgradient[b]);
      return left != right ? left > right : a < b;
    };
    auto const end = pushed.begin() + static_cast<std::ptrdiff_t>(room);
    std::nth_element(pushed.begin(), end, pushed.end(), before);
    of_.insert(of_.end(), pushed.begin(), end);
    arrange(std::less<>());
    return true;
  }

  /// @brief Changes the order of its coordinates, at first that of x.
  /// @param before a strict order of coordinates
  template <class Before>
  void arrange(Before const& before) {
    std::sort(of_.begin(), of_.end(), before);
    for (std::size_t k = 0; k != of_.size(); ++k) at_[of_[k]] = static_cast<std::uint32_t>(k);
  }

  /// @brief Chooses these of d coordinates.
  void take(std::vector<std::size_t> coordinates, std::size_t d) {
    of_ = std::move(coordinates);
    at_.assign(d, none);
    arrange(std::less<>());
  }

  std::size_t size() const noexcept { return of_.size(); }
  /// @brief The k-th of its coordinates.
  std::size_t operator[](std::size_t k) const noexcept { return of_[k]; }
  bool has(std::size_t j) const noexcept { return at_[j] != none; }
  /// @brief The position of j in the set, if has(j).
  std::uint32_t place_of(std::size_t j) const noexcept { return at_[j]; }

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  std::vector<std::size_t> of_;
  std::vector<std::uint32_t> at_;
};
using working_set = basic_working_set<>;  // a template: compiled only where it is used

/// @brief A sparse row restricted to a working set.
template <class = void>
class basic_sparse_entries {
 public:
  /// @param most maximum number of entries
  explicit basic_sparse_entries(std::size_t most) : place_(most + 1), value_(most + 1) {}

  void clear() noexcept { size_ = 0; }
  /// @brief Adds an entry if `counts`. Branch-free, because rows come in no particular order. @pre
  ///        size() ≤ most
  void push(std::uint32_t place, double value, bool counts) noexcept {
    place_[size_] = place;
    value_[size_] = value;
    size_ += counts ? 1 : 0;
  }
  std::size_t size() const noexcept { return size_; }
  std::uint32_t const* places() const noexcept { return place_.data(); }
  double const* values() const noexcept { return value_.data(); }
  void write(std::span<double> to) const noexcept {
    for (std::size_t k = 0; k != size_; ++k) to[place_[k]] = value_[k];
  }
  /// @brief Appends the weight of the row, the number of its entries and these to a message.
  void append_to(std::vector<std::byte>& message, double weight) const {
    put(message, weight);
    put(message, static_cast<std::uint32_t>(size_));
    std::size_t const first = message.size(), places = size_ * sizeof(std::uint32_t);
    message.resize(first + places + size_ * sizeof(double));
    std::memcpy(message.data() + first, place_.data(), places);
    std::memcpy(message.data() + first + places, value_.data(), size_ * sizeof(double));
  }
  /// @brief Adds w·aaᵀ to a packed triangle. @pre the positions ascend
  void add_square_to(std::span<double> triangle, double weight) const noexcept {
    add_square(place_.data(), value_.data(), size_, weight, triangle.data());
  }

 private:
  std::size_t size_ = 0;
  std::vector<std::uint32_t> place_;
  std::vector<double> value_;
};
using sparse_entries = basic_sparse_entries<>;  // a template: compiled only where it is used

/// @brief row ← the entries of a_i in a working set.
template <LinearObjective F>
void restrict_row(F const& f, std::size_t i, working_set const& set, sparse_entries& row) {
  auto const a = row_of(f.features(), i);
  row.clear();
  if constexpr (sparse_row<decltype(a)>) {
    for_each_entry(a, [&](std::size_t k, double value) {
      row.push(set.place_of(k), value, set.has(k));
    });
  } else {
    for (std::size_t k = 0; k != set.size(); ++k)
      if (set[k] < a.size())
        row.push(static_cast<std::uint32_t>(k), static_cast<double>(a[set[k]]), true);
  }
  std::size_t const last = f.dimension() - 1;
  if (f.intercept() != 0 && set.has(last)) row.push(set.place_of(last), f.intercept(), true);
}

/// @brief The work of adding the square of a row with some entries in a set of m coordinates.
inline double work_of_square(std::size_t entries, std::size_t m) noexcept {
  return is_full(entries, m) ? tile_rate(m) * tile_area(m) : 1.6 * pairs(entries);
}

/// @brief Adds Σ_i s_i φ''_i a_i a_iᵀ over some samples, restricted to the coordinates of a working
///        set, to a packed triangle; adds the work of this and of a gradient to the two numbers
///        after it.
template <LinearObjective F>
void add_hessian(F const& f, std::span<typename F::scalar const> x, index_range samples,
                 working_set const& set, std::span<double> triangle, double width = 0) {
  std::size_t const m = set.size();
  rank_update dense(m);
  sparse_entries row(m);
  double work = 0, gradient = 0;
  for_each_curvature(f, x, samples, width, [&](std::size_t i, double weight) {
    restrict_row(f, i, set, row);
    pass_work const all = work_of_sample(f, i, m);
    gradient += all.gradient;
    work += all.gradient + work_of_square(row.size(), m);
    if (weight == 0) return;
    if (!is_full(row.size(), m)) return row.add_square_to(triangle, weight);
    std::span<double> const to = dense.next();
    row.write(to);
    dense.push(weight);
    if (!dense.full()) return;
    dense.add_to(triangle, 0, 0);
    dense.clear();
  });
  dense.add_to(triangle, 0, 0);
  triangle[triangle.size() - 2] += work;
  triangle[triangle.size() - 1] += gradient;
}

/// @brief Adds to three numbers: the entries of row i in a set of m coordinates, the work of adding
///        it to the Hessian of the set, and that of a gradient.
template <LinearObjective F>
void add_work_of_row(F const& f, std::size_t i, std::size_t entries, std::size_t m,
                     std::span<double> sum) {
  double const gradient = work_of_sample(f, i, m).gradient;
  sum[0] += static_cast<double>(entries);
  sum[1] += gradient + work_of_square(entries, m);
  sum[2] += gradient;
}

/// @brief add_work_of_row() for the rows of some samples in a working set.
template <LinearObjective F>
LOCALSGD_ONE_COPY void add_work_of_hessian(F const& f, index_range samples, working_set const& set,
                                           std::span<double> sum) {
  sparse_entries row(set.size());
  for (std::size_t i = samples.first; i != samples.last; ++i) {
    restrict_row(f, i, set, row);
    add_work_of_row(f, i, row.size(), set.size(), sum);
  }
}

/// @brief Appends the rows of some samples, restricted to a working set, to a message, each with
///        its weight s_i φ''_i, and adds to three numbers as add_work_of_hessian(). Rows without an
///        entry or a weight are omitted.
template <LinearObjective F>
LOCALSGD_ONE_COPY void pack_rows(F const& f, std::span<typename F::scalar const> x,
                                 index_range samples, working_set const& set, double width,
                                 std::vector<std::byte>& message, std::span<double> sum) {
  sparse_entries row(set.size());
  message.clear();
  for_each_curvature(f, x, samples, width, [&](std::size_t i, double weight) {
    row.clear();
    if (weight > 0) restrict_row(f, i, set, row);
    if (row.size() != 0) row.append_to(message, weight);
    add_work_of_row(f, i, row.size(), set.size(), sum);
  });
}

/// @brief Adds the rows of pack_rows() to a matrix.
template <class = void>  // compiled only where it is used
LOCALSGD_ONE_COPY inline void unpack_rows(std::span<std::byte const> message,
                                          column_quadratic& to) {
  for (std::size_t at = 0; at != message.size();) {
    double const weight = get<double>(message, at);
    auto const count = get<std::uint32_t>(message, at + sizeof weight);
    at += sizeof weight + sizeof count;
    std::size_t const values = at + count * sizeof count;
    for (std::size_t k = 0; k != count; ++k)
      to.push(get<std::uint32_t>(message, at + k * sizeof count),
              get<double>(message, values + k * sizeof(double)));
    to.end_row(weight);
    at = values + count * sizeof(double);
  }
}

}  // namespace localsgd::detail
