// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"

#include <string>
#include <string_view>

/// @file
/// @brief The result type of the file readers.

namespace localsgd {

/// @brief n samples and their targets.
/// @tparam Matrix `csr_matrix<Value>` or `dense_matrix<Value>`: n rows, one sample per row.
template <class Matrix>
struct dataset {
  Matrix features;                 ///< n × d
  vector<double> targets;          ///< n labels or values, in the order of the rows.
};

// Older compilers (clang 14) do not deduce template arguments for aggregates.
template <class Matrix>
dataset(Matrix, vector<double>) -> dataset<Matrix>;

namespace detail {

/// @brief The format of compressed bytes, from their first bytes; empty if they are not compressed.
inline std::string_view compression_of(std::string_view bytes) noexcept {
  struct format {
    std::string_view magic, name;
  };
  constexpr format formats[] = {
      {"\x1f\x8b", "a gzip"},
      {std::string_view("\xfd" "7zXZ\0", 6), "an xz"},
      {"BZh", "a bzip2"},
      {"PK\x03\x04", "a zip"},
      {"PK\x05\x06", "a zip"},  // without entries
      {"\x28\xb5\x2f\xfd", "a zstd"},
      {"7z\xbc\xaf\x27\x1c", "a 7z"},
      {"\x04\x22\x4d\x18", "an lz4"},
      {"LZIP", "an lzip"},
      {"\x1f\x9d", "a compress (.Z)"},
  };
  for (format const& each : formats)
    if (bytes.starts_with(each.magic)) return each.name;
  return {};
}

/// @brief Rejects compressed bytes with advice; parsing them would produce an obscure error.
inline void refuse_compressed(std::string_view bytes, std::string_view name) {
  std::string_view const format = compression_of(bytes);
  if (!format.empty())
    throw invalid_data(name, std::string(format) + " file",
                       "uncompressed data; decompress the file first");
}

}  // namespace detail

}  // namespace localsgd
