// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/error.hpp"
#include "localsgd/tensor.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <string>
#include <string_view>
#include <system_error>

/// @file
/// @brief What the readers of files return, and how they come by a file's bytes.

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

/// @brief All bytes of a file; pipes and other files without a size work too.
/// @throws invalid_data if it does not exist, is a directory or cannot be read.
inline std::string read_file(std::filesystem::path const& path) {
  constexpr std::string_view wanted = "a file that can be read";
  std::string const name = path.string();
  std::error_code error;
  auto const status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) throw invalid_data(name, "no such file", wanted);
  if (std::filesystem::is_directory(status)) throw invalid_data(name, "a directory", wanted);

  std::ifstream in(path, std::ios::binary);
  if (!in) throw invalid_data(name, "a file that cannot be opened", wanted);

  // One byte more than the file has, so that the first read already meets its end.
  std::size_t step = std::size_t{1} << 16U;
  if (auto const size = std::filesystem::file_size(path, error); !error)
    step = static_cast<std::size_t>(size) + 1;
  std::string bytes;
  while (in) {
    std::size_t const before = bytes.size();
    bytes.resize(before + step);
    in.read(bytes.data() + before, static_cast<std::streamsize>(step));
    bytes.resize(before + static_cast<std::size_t>(in.gcount()));
    step = std::size_t{1} << 16U;
  }
  if (in.bad()) throw invalid_data(name, "an error while reading", wanted);
  return bytes;
}

/// @brief Compressed bytes would only give a riddle as error: say what to do.
inline void refuse_gzip(std::string_view bytes, std::string_view name) {
  if (bytes.substr(0, 2) == "\x1f\x8b")
    throw invalid_data(name, "a gzip file", "decompressed data: decompress it first");
}

}  // namespace detail

}  // namespace localsgd
