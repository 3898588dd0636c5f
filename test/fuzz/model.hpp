// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fuzz/input.hpp"

#include "localsgd/model/linear_model.hpp"

#include <optional>

/// @file
/// @brief What the targets of model files share.

namespace fuzz {

/// @brief The model in the input, or none if `parse(text, name)` rejects it with a
///        readable error.
template <class Parse>
std::optional<localsgd::linear_model> parsed(std::uint8_t const* data, std::size_t size,
                                             Parse const& parse, std::string_view name) {
  try {
    return parse(text_of(data, size), name);
  } catch (localsgd::invalid_data const& e) {
    expect_readable(e, name);
    expect((e.line == 0) == (e.column == 0), "an error has a line and a column, or neither");
    return std::nullopt;
  }
}

/// @brief Whether the numbers of two models have the same bits.
inline bool same_numbers(localsgd::linear_model const& a, localsgd::linear_model const& b) {
  return same_bits(a.coefficients, b.coefficients) && same_bits(a.intercepts, b.intercepts);
}

}  // namespace fuzz
