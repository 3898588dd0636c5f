// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// parse_liblinear: a model that is read is written and read with the same bits.

#include "fuzz/model.hpp"

#include "localsgd/model/liblinear.hpp"

namespace {

using namespace localsgd;
using fuzz::expect;

constexpr std::string_view name = "text";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const read = fuzz::parsed(data, size, parse_liblinear, name);
  if (!read) return 0;
  linear_model const& model = *read;
  model.validate();
  expect(model.coefficients.size() <= size, "a coefficient takes at least one byte");
  std::string text;
  try {
    text = to_liblinear(model);
  } catch (invalid_settings const& e) {
    expect(e.field == "model.features", "only the number of features may be too large to write");
    return 0;
  }
  linear_model const again = parse_liblinear(text, name);
  expect(again.features == model.features && again.labels == model.labels &&
             fuzz::same_numbers(again, model),
         "a model written is read");
  expect(again.loss == model.loss || model.kind() == model_kind::regression ||
             model.loss == "crammer_singer",
         "the loss is kept");
  expect(to_liblinear(again) == text, "the text is kept");
  return 0;
}
