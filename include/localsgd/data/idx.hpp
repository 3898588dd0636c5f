// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/data/dataset.hpp"
#include "localsgd/io/mapped_file.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

/// @file
/// @brief Dense data sets in IDX format, the format of MNIST and related data sets.

namespace localsgd {

namespace detail {

/// @brief Reads the big-endian number at `p`.
template <class Number>
Number big_endian(char const* p) noexcept {
  using bits = std::conditional_t<
      sizeof(Number) == 8, std::uint64_t,
      std::conditional_t<sizeof(Number) == 4, std::uint32_t,
                         std::conditional_t<sizeof(Number) == 2, std::uint16_t, std::uint8_t>>>;
  bits all = 0;
  for (std::size_t i = 0; i != sizeof(Number); ++i)
    all = static_cast<bits>(std::uint64_t{all} << 8U | static_cast<unsigned char>(p[i]));
  return std::bit_cast<Number>(all);
}

/// @brief The sizes of an IDX file, interpreted as a matrix, and the offset of its elements.
struct idx_header {
  unsigned type = 0;        ///< The code of the element type.
  std::size_t rows = 1;     ///< The first dimension.
  std::size_t columns = 1;  ///< The product of all others.
  std::size_t size = 0;     ///< The number of bytes before the first element.
};

inline idx_header read_idx_header(std::string_view bytes, std::string_view name) {
  refuse_compressed(bytes, name);
  constexpr std::string_view two_zeros("\0\0", 2);
  if (bytes.size() < 4)
    throw invalid_data(name, std::to_string(bytes.size()) + " bytes", "at least 4 bytes");
  if (!bytes.starts_with(two_zeros))
    throw invalid_data(name, "a different magic number",
                       "an IDX file, which starts with two zero bytes");

  idx_header header;
  header.type = static_cast<unsigned char>(bytes[2]);
  std::size_t const dimensions = static_cast<unsigned char>(bytes[3]);
  header.size = 4 + 4 * dimensions;
  if (dimensions == 0) throw invalid_data(name, "0 dimensions", "at least one dimension");
  if (bytes.size() < header.size)
    throw invalid_data(name, std::to_string(bytes.size()) + " bytes (truncated)",
                       "a header of " + std::to_string(header.size) + " bytes");

  header.rows = big_endian<std::uint32_t>(bytes.data() + 4);
  for (std::size_t k = 0; k != dimensions; ++k) {
    std::size_t const size = big_endian<std::uint32_t>(bytes.data() + 4 + 4 * k);
    if (size == 0)
      throw invalid_data(name, "size 0 in dimension " + std::to_string(k + 1), "at least 1");
    if (k == 0) continue;
    // The limit leaves space for the rows, 8 bytes for each element, and the header.
    if (header.columns > std::numeric_limits<std::size_t>::max() / 16 / header.rows / size)
      throw invalid_data(name, "dimensions whose product overflows",
                         "dimensions whose product fits in memory");
    header.columns *= size;
  }
  return header;
}

/// @brief Converts the elements of an IDX file of known type and size.
template <class Source, class Value>
dense_matrix<Value> idx_elements(std::string_view bytes, idx_header const& header,
                                 std::string_view name) {
  std::size_t const wanted = header.size + header.rows * header.columns * sizeof(Source);
  if (bytes.size() != wanted)
    throw invalid_data(name,
                       std::to_string(bytes.size()) +
                           (bytes.size() < wanted ? " bytes (truncated)" : " bytes (too long)"),
                       std::to_string(wanted) + " bytes, the size in its header");

  dense_matrix<Value> matrix(std::array<std::size_t, 2>{header.rows, header.columns});
  char const* const source = bytes.data() + header.size;
  Value* const elements = matrix.data();
  std::size_t const count = matrix.size();
  for (std::size_t i = 0; i != count; ++i) {
    auto const x = big_endian<Source>(source + i * sizeof(Source));
    if constexpr (std::floating_point<Source>) {
      // NaN also fails. Checked before the conversion, which is undefined for values out of range.
      if (!(std::fabs(double{x}) <= double{std::numeric_limits<Value>::max()}))
        throw invalid_data(
            name, shown(x) + " at byte " + std::to_string(header.size + i * sizeof(Source)),
            std::string("a finite number in the range of ") +
                (std::same_as<Value, float> ? "float" : "double"));
    }
    elements[i] = static_cast<Value>(x);
  }
  return matrix;
}

}  // namespace detail

/// @brief Reads IDX-formatted bytes from memory.
///
/// The format: two zero bytes, the code of the element type, the number of dimensions, then the
/// size of each dimension and all elements, big-endian and row-major. Codes are 08 (unsigned
/// byte), 09 (signed byte), 0B (int16), 0C (int32), 0D (float) and 0E (double).
///
/// @tparam Value `float` or `double`; int32 and double are rounded to `float`.
/// @param  bytes Must not be compressed.
/// @param  name  The name of the bytes in error messages, e.g. a file name.
/// @return n × d: the first dimension is n, the product of the others is d, which is 1 for a
///         one-dimensional file. Elements are not scaled: 0 … 255 for unsigned bytes.
/// @throws invalid_data for compressed data, a bad magic number, an unknown type, missing or
///         trailing bytes, no dimensions, a dimension of size 0, sizes whose product overflows, and
///         numbers that are not finite or too large for `Value`.
template <class Value = float>
dense_matrix<Value> parse_idx(std::string_view bytes, std::string_view name) {
  static_assert(std::same_as<Value, float> || std::same_as<Value, double>);
  auto const header = detail::read_idx_header(bytes, name);
  switch (header.type) {
    case 0x08:
      return detail::idx_elements<std::uint8_t, Value>(bytes, header, name);
    case 0x09:
      return detail::idx_elements<std::int8_t, Value>(bytes, header, name);
    case 0x0b:
      return detail::idx_elements<std::int16_t, Value>(bytes, header, name);
    case 0x0c:
      return detail::idx_elements<std::int32_t, Value>(bytes, header, name);
    case 0x0d:
      return detail::idx_elements<float, Value>(bytes, header, name);
    case 0x0e:
      return detail::idx_elements<double, Value>(bytes, header, name);
    default:
      throw invalid_data(name, "element type " + std::to_string(header.type),
                         "one of the types 8, 9, 11, 12, 13 and 14");
  }
}

/// @brief Reads a file in IDX format; see parse_idx for the format and the rules.
/// @throws invalid_data also if the file is missing, a directory or unreadable.
template <class Value = float>
dense_matrix<Value> read_idx(std::filesystem::path const& path) {
  detail::mapped_file const file(path);
  return parse_idx<Value>(file.bytes(), path.string());
}

}  // namespace localsgd
