// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/compressor/packing.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/kernels/rank_update.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/worker/newton/class_columns.hpp"
#include "localsgd/worker/newton/class_set.hpp"
#include "localsgd/worker/newton/hessian.hpp"
#include "localsgd/worker/newton/hessian_work.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

/// @file
/// @brief Σ_i ∇²φ_i(x) of softmax regression in the coordinates of a working set.

namespace localsgd::detail {

/// @brief row ← a_i for every class, in the coordinates of a set.
template <knows_probabilities F>
void restrict_row(F const& f, std::size_t i, class_set const& set, sparse_entries& row) {
  auto const a = row_of(f.features(), i);
  class_layout const& of = set.layout();
  row.clear();
  if constexpr (sparse_row<decltype(a)>) {
    for (std::size_t c = 0; c != of.classes; ++c) {
      if (set.size_of(c) == 0) continue;
      for_each_entry(a, [&](std::size_t j, double value) {
        std::size_t const at = of.coordinate(c, j);
        row.push(set.place_of(at), value, set.has(at));
      });
      if (of.constant == 0) continue;
      std::size_t const at = of.coordinate(c, of.columns);
      row.push(set.place_of(at), of.constant, set.has(at));
    }
  } else {
    for (std::size_t k = 0; k != set.size(); ++k) {
      std::size_t const j = of.column_of(set[k]);
      double const value = j < of.columns ? static_cast<double>(a[j]) : of.constant;
      row.push(static_cast<std::uint32_t>(k), value, true);
    }
  }
}

/// @brief The work of adding the share of a row with some entries, over all classes, to the Hessian
///        of m coordinates.
inline double work_of_classes(std::size_t entries, std::size_t m, std::size_t classes) noexcept {
  double const share = 1 / static_cast<double>(classes);
  return 15 / share + (1 + share) * work_of_square(entries, m);
}

/// @brief Adds Σ_i s_i (diag p_i − p_i p_iᵀ) ⊗ a_i a_iᵀ over some samples, restricted to a set, to
///        a packed triangle; adds the work of this and of a gradient to the two numbers after it.
///
/// This is the square of p_i ⊗ a_i with weight −s_i, and for each class that of a_i with weight
/// s_i p_ic.
template <knows_probabilities F>
void add_hessian(F const& f, std::span<typename F::scalar const> x, index_range samples,
                 class_set const& set, std::span<double> triangle, double /*width*/ = 0) {
  std::size_t const m = set.size(), classes = set.classes();
  std::vector<double> const point(x.begin(), x.end());
  std::vector<double> p(classes), scaled(m);
  sparse_entries row(m);
  rank_update all(m);
  std::vector<rank_update> own;
  for (std::size_t c = 0; c != classes; ++c) own.emplace_back(set.size_of(c));
  auto const add_dense = [&] {
    all.add_to(triangle, 0, 0);
    all.clear();
    for (std::size_t c = 0; c != classes; ++c) {
      own[c].add_to(triangle, set.first(c), set.first(c));
      own[c].clear();
    }
  };
  double work = 0, gradient = 0;
  for (std::size_t i = samples.first; i != samples.last; ++i) {
    restrict_row(f, i, set, row);
    double const pass = work_of_sample(f, i, x.size()).gradient, scale = scale_of(f, i);
    gradient += pass;
    work += pass + work_of_classes(row.size(), m, classes);
    if (scale == 0 || row.size() == 0) continue;
    f.probabilities(std::span<double const>(point), std::span<std::size_t const>(&i, 1),
                    std::span(p));
    std::uint32_t const* const place = row.places();
    double const* const value = row.values();
    bool const full = is_full(row.size(), m);
    std::span<double> const to_all = full ? all.next() : std::span<double>(scaled);
    for (std::size_t c = 0, k = 0; c != classes; ++c) {
      std::size_t const first = k;
      std::span<double> const to = full ? own[c].next() : std::span<double>();
      for (; k != row.size() && place[k] < set.first(c + 1); ++k) {
        if (full) to[place[k] - set.first(c)] = value[k];
        to_all[full ? place[k] : k] = p[c] * value[k];
      }
      if (full)
        own[c].push(scale * p[c]);
      else
        add_square(place + first, value + first, k - first, scale * p[c], triangle.data());
    }
    if (full)
      all.push(-scale);
    else
      add_square(place, scaled.data(), row.size(), -scale, triangle.data());
    if (all.full()) add_dense();
  }
  add_dense();
  triangle[triangle.size() - 2] += work;
  triangle[triangle.size() - 1] += gradient;
}

/// @brief Adds to three numbers: the entries of row i in the set, over all classes, the work of
///        adding it to the Hessian of the set, and that of a gradient.
template <knows_probabilities F>
void add_work_of_row(F const& f, std::size_t i, std::size_t entries, class_set const& set,
                     std::span<double> sum) {
  double const gradient = work_of_sample(f, i, f.dimension()).gradient;
  sum[0] += 2 * static_cast<double>(entries);  // of a column_quadratic: two vectors instead of one
  sum[1] += gradient + work_of_classes(entries, set.size(), set.classes());
  sum[2] += gradient;
}

/// @brief add_work_of_row() for the rows of some samples.
template <knows_probabilities F>
LOCALSGD_ONE_COPY void add_work_of_hessian(F const& f, index_range samples, class_set const& set,
                                           std::span<double> sum) {
  sparse_entries row(set.size());
  for (std::size_t i = samples.first; i != samples.last; ++i) {
    restrict_row(f, i, set, row);
    add_work_of_row(f, i, row.size(), set, sum);
  }
}

/// @brief Appends the rows of some samples, restricted to the columns of a set, to a message, each
///        with s_i and p_i, and adds to three numbers as add_work_of_hessian(). Rows without an
///        entry or a weight are omitted.
template <knows_probabilities F>
LOCALSGD_ONE_COPY void pack_rows(F const& f, std::span<typename F::scalar const> x,
                                 index_range samples, class_set const& set, double /*width*/,
                                 std::vector<std::byte>& message, std::span<double> sum) {
  std::vector<double> const point(x.begin(), x.end());
  std::vector<double> p(set.classes());
  sparse_entries in_set(set.size()), row(set.columns().size());
  std::size_t const columns = set.layout().columns;
  message.clear();
  for (std::size_t i = samples.first; i != samples.last; ++i) {
    restrict_row(f, i, set, in_set);
    add_work_of_row(f, i, in_set.size(), set, sum);
    double const scale = scale_of(f, i);
    if (!(scale > 0) || in_set.size() == 0) continue;
    row.clear();
    for_each_entry(row_of(f.features(), i), [&](std::size_t j, double value) {
      row.push(set.place_of_column(j), value, set.uses(j));
    });
    if (set.uses(columns)) row.push(set.place_of_column(columns), set.layout().constant, true);
    f.probabilities(std::span<double const>(point), std::span<std::size_t const>(&i, 1),
                    std::span(p));
    std::size_t const first = message.size(), bytes = p.size() * sizeof(double);
    message.resize(first + bytes);
    std::memcpy(message.data() + first, p.data(), bytes);
    row.append_to(message, scale);
  }
}

/// @brief Adds the rows of pack_rows() to a matrix.
template <class = void>  // compiled only where it is used
LOCALSGD_ONE_COPY inline void unpack_rows(std::span<std::byte const> message, std::size_t classes,
                                          class_column_quadratic& to) {
  std::vector<double> p(classes);
  for (std::size_t at = 0; at != message.size();) {
    std::memcpy(p.data(), message.data() + at, classes * sizeof(double));
    at += classes * sizeof(double);
    double const scale = get<double>(message, at);
    auto const count = get<std::uint32_t>(message, at + sizeof scale);
    at += sizeof scale + sizeof count;
    std::size_t const values = at + count * sizeof count;
    for (std::size_t k = 0; k != count; ++k)
      to.push(get<std::uint32_t>(message, at + k * sizeof count),
              get<double>(message, values + k * sizeof(double)));
    to.end_row(scale, p);
    at = values + count * sizeof(double);
  }
}

}  // namespace localsgd::detail
