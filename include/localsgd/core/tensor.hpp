// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"

// The only header that includes xtensor: version 0.26 moved every header into subfolders.
#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xtensor.hpp>
#endif

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

/// @file
/// @brief Vectors and matrices at the interface, and spans over them for the loops.

namespace localsgd {

/// @brief A dense vector of length d.
template <class Value>
using vector = xt::xtensor<Value, 1, xt::layout_type::row_major>;

/// @brief n samples of d features, row-major, one sample per row, independent of
/// XTENSOR_DEFAULT_LAYOUT. A matrix of another layout converts by assignment:
/// `dense_matrix<double> a = b;`.
template <class Value = float>
using dense_matrix = xt::xtensor<Value, 2, xt::layout_type::row_major>;

namespace detail {

/// @brief The elements of anything contiguous that has `data()` and `size()`.
template <class Container>
constexpr auto span_of(Container& c) noexcept {
  return std::span<std::remove_pointer_t<decltype(c.data())>>(c.data(), c.size());
}

/// @brief A vector with the elements of `from`.
template <class Value, class From>
LOCALSGD_ONE_COPY vector<Value> to_vector(std::span<From const> from) {
  vector<Value> v(std::array<std::size_t, 1>{from.size()});
  for (std::size_t i = 0; i != from.size(); ++i) v.data()[i] = static_cast<Value>(from[i]);
  return v;
}

}  // namespace detail

}  // namespace localsgd
