// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// parse_idx, and matrices written in this format.

#include "fuzz/input.hpp"

#include "localsgd/core/tensor.hpp"
#include "localsgd/data/idx.hpp"

#include <bit>
#include <cmath>

namespace {

using namespace localsgd;
using fuzz::expect;

constexpr std::string_view name = "bytes";

template <class Value>
std::string bytes_of(dense_matrix<Value> const& matrix) {
  std::string bytes{'\0', '\0', sizeof(Value) == 4 ? '\x0d' : '\x0e', '\2'};
  auto const put = [&](std::uint64_t number, unsigned width) {
    for (unsigned i = width; i != 0; --i) bytes += static_cast<char>(number >> (8 * (i - 1)) & 255);
  };
  put(matrix.shape(0), 4);
  put(matrix.shape(1), 4);
  using bits = std::conditional_t<sizeof(Value) == 4, std::uint32_t, std::uint64_t>;
  for (std::size_t i = 0; i != matrix.size(); ++i)
    put(std::bit_cast<bits>(matrix.data()[i]), sizeof(Value));
  return bytes;
}

template <class Value>
void check(std::string_view bytes) {
  try {
    auto const matrix = parse_idx<Value>(bytes, name);
    expect(matrix.shape(0) != 0 && matrix.shape(1) != 0, "there are elements");
    expect(matrix.size() == matrix.shape(0) * matrix.shape(1), "rows times columns elements");
    expect(matrix.size() <= bytes.size(), "an element has at least one byte");
    for (std::size_t i = 0; i != matrix.size(); ++i)
      expect(std::isfinite(matrix.data()[i]), "elements are finite");
    auto const again = parse_idx<Value>(bytes_of(matrix), name);
    expect(again.shape(0) == matrix.shape(0) && again.shape(1) == matrix.shape(1) &&
               fuzz::same_bits(detail::span_of(again), detail::span_of(matrix)),
           "a matrix written is read");
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
