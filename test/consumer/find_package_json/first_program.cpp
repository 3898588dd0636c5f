// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include <localsgd/model/json.hpp>

#include <cstdio>
#include <string>

int main() {
  localsgd::linear_model m;
  m.loss = "squared";
  m.features = 2;
  m.coefficients = {0.1, -2};
  m.intercepts = {0.5};
  std::string const text = localsgd::to_json_text(m);
  std::printf("%s", text.c_str());
  return localsgd::parse_json(text, "text") == m ? 0 : 1;
}
