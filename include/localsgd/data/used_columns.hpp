// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/data/csr_matrix.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Sparse matrices without empty columns, which are common with hashed features.

namespace localsgd::detail {

template <class Matrix>
inline constexpr bool is_csr_matrix = false;
template <class Value>
inline constexpr bool is_csr_matrix<csr_matrix<Value>> = true;

/// @brief A matrix without its empty columns, with the most frequent columns first.
template <class Value>
struct used_columns {
  csr_matrix<Value> matrix;
  std::vector<std::uint32_t> original;  ///< Column j of `matrix` is column original[j].
};

/// @brief The number of entries of each column.
template <class Value>
std::vector<std::uint32_t> entries_per_column(csr_matrix<Value> const& a) {
  std::vector<std::uint32_t> count(a.columns());
  for (std::uint32_t const j : csr_access::indices(a)) ++count[j];
  return count;
}

/// @brief A count that at most `most` columns reach.
inline std::uint32_t count_of_frequent(std::span<std::uint32_t const> count, std::size_t most) {
  std::vector<std::uint32_t> ordered;
  for (std::uint32_t const c : count)
    if (c != 0) ordered.push_back(c);
  if (ordered.size() <= most) return 1;
  auto const first_left_out = ordered.begin() + static_cast<std::ptrdiff_t>(most);
  std::nth_element(ordered.begin(), first_left_out, ordered.end(), std::greater<>());
  return *first_left_out + 1;
}

/// @brief The matrix with column j as column label[j]. @pre Labels below `frequent` increase with
///        j, and so do the others.
template <class Value>
csr_matrix<Value> relabelled(csr_matrix<Value> const& a, std::span<std::uint32_t const> label,
                             std::uint32_t frequent, std::size_t columns) {
  struct arrays {
    std::vector<std::uint32_t> indices;
    std::vector<Value> values;
    csr_matrix<Value> starts;  // owns the row starts, which are the same
  };
  auto const own = std::make_shared<arrays>();
  own->starts = a;
  own->indices.resize(a.nonzeros());
  own->values.resize(a.nonzeros());
  std::vector<std::pair<std::uint32_t, Value>> rare;  // of one row
  std::size_t at = 0;
  for (std::size_t i = 0; i != a.rows(); ++i) {
    auto const row = a.row(i);
    rare.resize(std::max(rare.size(), row.indices.size()));
    std::size_t rare_ones = 0;
    for (std::size_t k = 0; k != row.indices.size(); ++k) {
      std::uint32_t const j = label[row.indices[k]];
      if (j < frequent) {
        own->indices[at] = j;
        own->values[at++] = row.values[k];
      } else {
        rare[rare_ones++] = {j, row.values[k]};
      }
    }
    for (std::size_t k = 0; k != rare_ones; ++k, ++at) {
      own->indices[at] = rare[k].first;
      own->values[at] = rare[k].second;
    }
  }
  arrays const& all = *own;
  return csr_access::view<Value>(columns, csr_access::row_starts(a), all.indices, all.values, own);
}

/// @brief The fraction of columns that must be empty for a run of many steps.
inline constexpr double usual_share_of_empty_columns = 0.25;

/// @brief The matrix without its empty columns, if there are many: vectors of length d are then
///        shorter, and their most used entries, which come first, stay in the cache.
///
/// Takes O(nonzeros + d), and memory for another copy. This pays off if it saves more work on
/// vectors than it adds passes over the entries: a run makes some dozens of steps for each element
/// of a vector that does not fit in an L1 cache, and the copy takes about two passes.
/// @param least_share the fraction of columns that must be empty: larger for a run of few steps
/// @return nothing if it does not pay off. The result depends only on the arguments.
template <class Value>
std::optional<used_columns<Value>> without_empty_columns(
    csr_matrix<Value> const& a, double least_share = usual_share_of_empty_columns) {
  constexpr std::size_t cached = 4096;  // numbers in an L1 cache of 32 KiB
  std::size_t const d = a.columns(),
                    least = static_cast<std::size_t>(least_share * static_cast<double>(d)),
                    worthwhile = std::max(least, a.nonzeros() / 32);
  if (d <= 2 * cached || worthwhile >= d || a.nonzeros() == 0 ||
      a.nonzeros() > std::numeric_limits<std::uint32_t>::max())
    return std::nullopt;
  std::vector<std::uint32_t> const count = entries_per_column(a);
  std::size_t const used = d - static_cast<std::size_t>(std::ranges::count(count, 0U));
  if (d - used < worthwhile) return std::nullopt;

  std::uint32_t const often = count_of_frequent(count, cached);
  used_columns<Value> result{{}, std::vector<std::uint32_t>(used)};
  std::vector<std::uint32_t> label(d);
  std::uint32_t next = 0, frequent = 0;
  auto const give_labels = [&](auto const& chosen) {
    for (std::size_t j = 0; j != d; ++j)
      if (count[j] != 0 && chosen(count[j])) {
        result.original[next] = static_cast<std::uint32_t>(j);
        label[j] = next++;
      }
  };
  give_labels([&](std::uint32_t c) { return c >= often; });
  frequent = next;
  give_labels([&](std::uint32_t c) { return c < often; });
  result.matrix = relabelled(a, std::span<std::uint32_t const>(label), frequent, used);
  return result;
}

}  // namespace localsgd::detail
