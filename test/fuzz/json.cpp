// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// parse_json: a model that is read is written and read with the same bits.

#include "fuzz/model.hpp"

#include "localsgd/model/json.hpp"

namespace {

using namespace localsgd;
using fuzz::expect;

constexpr std::string_view name = "text";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const read = fuzz::parsed(data, size, parse_json, name);
  if (!read) return 0;
  linear_model const& model = *read;
  model.validate();
  std::string const text = to_json_text(model);
  linear_model const again = parse_json(text, name);
  expect(again == model && fuzz::same_numbers(again, model) &&
             fuzz::same_bits(again.labels, model.labels),
         "a model written is read");
  expect(to_json_text(again) == text, "the text is kept");
  return 0;
}
