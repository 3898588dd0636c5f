// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/data/dataset.hpp"
#include "localsgd/data/idx.hpp"
#include "localsgd/io/mapped_file.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// @file
/// @brief Dense data sets in NumPy's format, as numpy.save() writes them.

namespace localsgd {

namespace detail {

/// @brief The contents of the header of a .npy file.
struct npy_header {
  std::string type;                ///< Such as `f8`, without the byte order.
  bool big_endian = false;
  bool columns_first = false;      ///< Fortran order.
  std::vector<std::size_t> shape;  ///< At least one number.
  std::size_t size = 0;            ///< The number of bytes before the first element.
};

/// @brief Reads the header, a Python dictionary with three keys. All error messages name the file.
class npy_header_reader {
 public:
  npy_header_reader(std::string_view bytes, std::string_view name) : name_(name) {
    refuse_compressed(bytes, name);
    if (!bytes.starts_with("\x93NUMPY"))
      fail("a different magic number", "a .npy file, which starts with \\x93NUMPY");
    if (bytes.size() < 12) fail_truncated(bytes.size());
    auto const byte = [&](std::size_t i) {
      return std::size_t{static_cast<unsigned char>(bytes[i])};
    };
    if (byte(6) < 1 || byte(6) > 3)
      fail("format version " + std::to_string(byte(6)), "version 1, 2 or 3");
    std::size_t const first = byte(6) == 1 ? 10 : 12;
    std::size_t length = byte(8) | byte(9) << 8U;
    if (first == 12) length |= byte(10) << 16U | byte(11) << 24U;
    if (bytes.size() - first < length) fail_truncated(bytes.size());
    header_.size = first + length;
    rest_ = bytes.substr(first, length);
  }

  npy_header operator()() {
    take('{');
    while (!next_is('}')) {
      std::string_view const key = text();
      take(':');
      bool& seen = key == "descr"           ? has_type_
                   : key == "fortran_order" ? has_order_
                   : key == "shape"         ? has_shape_
                                            : other(key);
      if (seen) fail("the key " + printable(key) + " twice", "each key once");
      seen = true;
      if (&seen == &has_type_) read_type();
      if (&seen == &has_order_) header_.columns_first = truth();
      if (&seen == &has_shape_) read_shape();
      if (!next_is('}')) take(',');
    }
    take('}');
    if (!blanks().empty()) unexpected("the end of the header");
    if (!has_type_ || !has_order_ || !has_shape_)
      fail("a header without one of its keys", "descr, fortran_order and shape");
    return header_;
  }

 private:
  [[noreturn]] void fail(std::string_view found, std::string_view expected) const {
    throw invalid_data(name_, found, expected);
  }
  [[noreturn]] void fail_truncated(std::size_t bytes) const {
    fail(std::to_string(bytes) + " bytes (truncated)", "the whole header of a .npy file");
  }
  [[noreturn]] void unexpected(std::string const& expected) {
    fail(blanks().empty() ? "the end of the header" : printable(rest_, 20) + " in the header",
         expected);
  }
  bool& other(std::string_view key) {
    fail("the key " + printable(key) + " in the header", "descr, fortran_order or shape");
  }

  std::string_view blanks() noexcept {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n\t\r"), rest_.size()));
    return rest_;
  }
  bool next_is(char c) noexcept { return blanks().starts_with(c); }
  void take(char c) {
    if (!next_is(c)) unexpected(std::string("the character ") + c);
    rest_.remove_prefix(1);
  }
  std::string_view text() {
    if (!next_is('\'') && !next_is('"')) unexpected("a string");
    std::size_t const end = rest_.find(rest_[0], 1);
    if (end == std::string_view::npos) unexpected("a closing quote");
    std::string_view const all = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return all;
  }
  bool truth() {
    for (std::string_view const word : {"True", "False"})
      if (blanks().starts_with(word)) {
        rest_.remove_prefix(word.size());
        return word == "True";
      }
    unexpected("True or False");
  }
  void read_type() {
    if (next_is('['))
      fail("a structured array",
           "an array of numbers; save its columns as a two-dimensional array");
    std::string_view const all = text();
    char const order = all.empty() ? '\0' : all[0];
    bool const native_big = std::endian::native == std::endian::big;
    if (std::string_view("<>=|").find(order) == std::string_view::npos || order == '\0')
      fail("element type " + printable(all), "a byte order and a type, such as <f8");
    header_.big_endian = order == '>' || (order == '=' && native_big);
    header_.type = all.substr(1);
  }
  void read_shape() {
    take('(');
    while (!next_is(')')) {
      std::size_t size = 0;
      char const* const end = blanks().data() + rest_.size();
      auto const [last, status] = std::from_chars(rest_.data(), end, size);
      if (status != std::errc{}) unexpected("a size of the array below 2^64");
      rest_.remove_prefix(static_cast<std::size_t>(last - rest_.data()));
      header_.shape.push_back(size);
      if (!next_is(')')) take(',');
    }
    take(')');
  }

  std::string_view name_, rest_;
  npy_header header_;
  bool has_type_ = false, has_order_ = false, has_shape_ = false;
};

/// @brief The number of columns of all elements: the product of all sizes but the first.
/// @throws invalid_data unless the product of all sizes, in bytes, is small enough and not 0
inline std::size_t npy_columns(npy_header const& header, std::string_view name) {
  if (header.shape.empty()) throw invalid_data(name, "a single number", "an array of samples");
  std::size_t columns = 1;
  for (std::size_t k = 0; k != header.shape.size(); ++k) {
    std::size_t const size = header.shape[k];
    if (size == 0)
      throw invalid_data(name, "size 0 in dimension " + std::to_string(k + 1), "at least 1");
    // The limit leaves space for the rows, 8 bytes for each element, and the header.
    std::size_t const more = k == 0 ? 1 : size;
    if (columns > std::numeric_limits<std::size_t>::max() / 32 / header.shape[0] / more)
      throw invalid_data(name, "dimensions whose product overflows",
                         "dimensions whose product fits in memory");
    columns *= more;
  }
  return columns;
}

/// @brief The position of column c, where the last index varies fastest, in an array in which the
///        first index varies fastest, as a multiple of the number of rows.
inline std::size_t npy_fortran_place(std::vector<std::size_t> const& shape, std::size_t c) {
  std::size_t place = 0, stride = 1;
  for (std::size_t k = 1; k != shape.size(); ++k) stride *= shape[k];
  for (std::size_t k = shape.size(); k-- != 1;) {
    stride /= shape[k];
    place += c % shape[k] * stride;
    c /= shape[k];
  }
  return place;
}

template <class Source, class Value>
dense_matrix<Value> npy_elements(std::string_view bytes, npy_header const& header,
                                 std::string_view name) {
  std::size_t const columns = npy_columns(header, name), rows = header.shape[0];
  std::size_t const wanted = header.size + rows * columns * sizeof(Source);
  if (bytes.size() != wanted)
    throw invalid_data(name,
                       std::to_string(bytes.size()) +
                           (bytes.size() < wanted ? " bytes (truncated)" : " bytes (too long)"),
                       std::to_string(wanted) + " bytes, the size in its header");
  dense_matrix<Value> matrix(std::array<std::size_t, 2>{rows, columns});
  std::size_t const step = header.columns_first ? 1 : columns;  // from row to row
  std::vector<std::size_t> places(columns);
  for (std::size_t c = 0; c != columns; ++c)
    places[c] = header.columns_first ? npy_fortran_place(header.shape, c) * rows : c;
  for (std::size_t i = 0; i != rows; ++i)
    for (std::size_t c = 0; c != columns; ++c) {
      std::size_t const at = header.size + (places[c] + i * step) * sizeof(Source);
      std::array<char, sizeof(Source)> element;
      std::copy_n(bytes.data() + at, element.size(), element.data());
      if (!header.big_endian) std::reverse(element.begin(), element.end());
      auto const x = big_endian<Source>(element.data());
      // NaN also fails. Checked before the conversion, which is undefined for values out of range.
      if constexpr (std::floating_point<Source>)
        if (!(std::fabs(double{x}) <= double{std::numeric_limits<Value>::max()}))
          throw invalid_data(name, shown(x) + " at byte " + std::to_string(at),
                             std::string("a finite number in the range of ") +
                                 (std::same_as<Value, float> ? "float" : "double"));
      matrix.data()[i * columns + c] = static_cast<Value>(x);
    }
  return matrix;
}

}  // namespace detail

/// @brief Reads an array from bytes in NumPy's .npy format, version 1, 2 or 3.
///
/// Elements are float32, float64, signed or unsigned integers of 1 to 8 bytes, or bool; in either
/// byte order and in C or Fortran order.
///
/// @tparam Value `float` or `double`, to which elements are rounded.
/// @param  bytes Must not be compressed.
/// @param  name  The name of the bytes in error messages, e.g. a file name.
/// @return n × d: the first dimension is n, the product of the others is d, which is 1 for a
///         one-dimensional array.
/// @throws invalid_data for compressed data (.npz is a zip file), a bad magic number or header, a
///   wrong type, missing or trailing bytes, no dimensions, a dimension of size 0, sizes whose
///   product overflows, and numbers that are not finite or too large for `Value`
template <class Value = float>
dense_matrix<Value> parse_npy(std::string_view bytes, std::string_view name) {
  static_assert(std::same_as<Value, float> || std::same_as<Value, double>);
  auto const header = detail::npy_header_reader(bytes, name)();
  auto const read = [&]<class Source>(Source) {
    return detail::npy_elements<Source, Value>(bytes, header, name);
  };
  if (header.type == "f4") return read(float{});
  if (header.type == "f8") return read(double{});
  if (header.type == "i1") return read(std::int8_t{});
  if (header.type == "i2") return read(std::int16_t{});
  if (header.type == "i4") return read(std::int32_t{});
  if (header.type == "i8") return read(std::int64_t{});
  if (header.type == "u1" || header.type == "b1") return read(std::uint8_t{});
  if (header.type == "u2") return read(std::uint16_t{});
  if (header.type == "u4") return read(std::uint32_t{});
  if (header.type == "u8") return read(std::uint64_t{});
  throw invalid_data(name, "element type " + detail::printable(header.type),
                     "f4, f8, an integer or bool; convert the array with .astype(float)");
}

/// @brief Reads a file in .npy format; see parse_npy().
/// @throws invalid_data also if the file is missing, a directory or unreadable.
template <class Value = float>
dense_matrix<Value> read_npy(std::filesystem::path const& path) {
  detail::mapped_file const file(path);
  return parse_npy<Value>(file.bytes(), path.string());
}

}  // namespace localsgd
