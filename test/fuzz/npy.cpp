// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// parse_npy, and matrices written in this format in both orders.

#include "fuzz/input.hpp"

#include "localsgd/core/tensor.hpp"
#include "localsgd/data/npy.hpp"

#include <bit>
#include <cmath>

namespace {

using namespace localsgd;
using fuzz::expect;

constexpr std::string_view name = "bytes";

template <class Value>
std::string bytes_of(dense_matrix<Value> const& matrix, bool fortran) {
  std::size_t const rows = matrix.shape(0), columns = matrix.shape(1);
  std::string const text = std::string("{'descr': '>f") + (sizeof(Value) == 4 ? "4" : "8") +
                           "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': (" +
                           std::to_string(rows) + ", " + std::to_string(columns) + "), }";
  std::string bytes = "\x93NUMPY\x01";
  bytes += '\0';
  bytes += static_cast<char>(text.size());
  bytes += '\0';
  bytes += text;
  using bits = std::conditional_t<sizeof(Value) == 4, std::uint32_t, std::uint64_t>;
  for (std::size_t k = 0; k != matrix.size(); ++k) {
    std::size_t const at = fortran ? k % rows * columns + k / rows : k;
    bits const number = std::bit_cast<bits>(matrix.data()[at]);
    for (unsigned i = sizeof(Value); i != 0; --i)
      bytes += static_cast<char>(number >> (8 * (i - 1)) & 255U);
  }
  return bytes;
}

template <class Value>
void check(std::string_view bytes) {
  try {
    auto const matrix = parse_npy<Value>(bytes, name);
    expect(matrix.shape(0) != 0 && matrix.shape(1) != 0, "there are elements");
    expect(matrix.size() <= bytes.size(), "an element has at least one byte");
    for (std::size_t i = 0; i != matrix.size(); ++i)
      expect(std::isfinite(matrix.data()[i]), "elements are finite");
    for (bool const fortran : {false, true}) {
      auto const again = parse_npy<Value>(bytes_of(matrix, fortran), name);
      expect(again.shape(0) == matrix.shape(0) && again.shape(1) == matrix.shape(1) &&
                 fuzz::same_bits(detail::span_of(again), detail::span_of(matrix)),
             "a matrix written is read");
    }
  } catch (invalid_data const& e) {
    fuzz::expect_readable(e, name);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  check<float>(fuzz::text_of(data, size));
  check<double>(fuzz::text_of(data, size));
  return 0;
}
