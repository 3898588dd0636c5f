// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"

#include <string_view>

/// @file
/// @brief What the readers of files return.

namespace localsgd {

/// @brief n samples and what to predict for each of them.
/// @tparam Matrix `csr_matrix<Value>` or `dense_matrix<Value>`: n rows, one sample per row.
template <class Matrix>
struct dataset {
  Matrix features;                 ///< n × d
  xt::xtensor<double, 1> targets;  ///< n labels or values, in the order of the rows.
};

// Older compilers (clang 14) deduce no template arguments for aggregates.
template <class Matrix>
dataset(Matrix, xt::xtensor<double, 1>) -> dataset<Matrix>;

namespace detail {

/// @brief Compressed bytes would only give a riddle as error: say what to do.
inline void refuse_gzip(std::string_view bytes, std::string_view name) {
  if (bytes.substr(0, 2) == "\x1f\x8b")
    throw invalid_data(name, "a gzip file", "decompressed data: decompress it first");
}

}  // namespace detail

}  // namespace localsgd
