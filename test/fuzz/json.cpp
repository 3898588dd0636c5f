// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// parse_json: a model that is read is written and read with the same bits.

#include "fuzz/input.hpp"

#include "localsgd/model/json.hpp"

namespace {

using namespace localsgd;
using fuzz::expect;

constexpr std::string_view name = "text";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  linear_model model;
  try {
    model = parse_json(fuzz::text_of(data, size), name);
  } catch (invalid_data const& e) {
    fuzz::expect_readable(e, name);
    expect((e.line == 0) == (e.column == 0), "an error has a line and a column, or neither");
    return 0;
  }
  model.validate();
  std::string const text = to_json_text(model);
  linear_model const again = parse_json(text, name);
  expect(again == model && fuzz::same_bits(again.coefficients, model.coefficients) &&
             fuzz::same_bits(again.intercepts, model.intercepts) &&
             fuzz::same_bits(again.labels, model.labels),
         "a model written is read");
  expect(to_json_text(again) == text, "the text is kept");
  return 0;
}
