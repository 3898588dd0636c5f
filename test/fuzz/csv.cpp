// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// parse_csv, the same table by its own coding, and the table written as text.

#include "fuzz/input.hpp"

#include "localsgd/data/csv.hpp"

#include <vector>

namespace {

using namespace localsgd;
using fuzz::expect;

constexpr std::string_view name = "text";

template <class Value>
void expect_same(csv_table<Value> const& a, csv_table<Value> const& b, char const* rule) {
  expect(a.coding == b.coding && a.features.rows() == b.features.rows() &&
             a.features.columns() == b.features.columns() &&
             fuzz::same_bits(detail::csr_access::row_starts(a.features),
                             detail::csr_access::row_starts(b.features)) &&
             fuzz::same_bits(detail::csr_access::indices(a.features),
                             detail::csr_access::indices(b.features)) &&
             fuzz::same_bits(detail::csr_access::values(a.features),
                             detail::csr_access::values(b.features)) &&
             fuzz::same_bits(detail::span_of(a.targets), detail::span_of(b.targets)),
         rule);
}

std::string quoted(std::string const& text) {
  std::string all = "\"";
  for (char const c : text) all += c == '"' ? "\"\"" : std::string(1, c);
  return all + "\"";
}

// The records with quotes around every field: nothing else may change. None with marks of missing
// values or infinite numbers, for which quotes have a meaning.
std::string requoted(std::string_view text, char separator) {
  detail::csv_records records(text, name, separator);
  std::string all;
  for (std::vector<detail::csv_field> fields; records.next(fields); all += "\r\n")
    for (auto const& each : fields) {
      if (&each != fields.data()) all += separator;
      all += quoted(each.text);
    }
  return all;
}

template <class Value>
void check(std::string_view text, csv_options const& options) {
  try {
    auto const table = parse_csv<Value>(text, name, options);
    expect(table.features.rows() != 0, "there are samples");
    expect(table.targets.size() == table.features.rows(), "one target for each sample");
    expect(table.features.columns() == table.coding.features() &&
               table.coding.feature_names().size() == table.coding.features(),
           "the coding names all features");
    detail::csr_access::check(table.features);
    table.coding.validate();
    expect_same(parse_csv<Value>(text, name, table.coding, {.separator = options.separator}), table,
                "a coding reproduces its table");
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    expect_same(parse_csv<Value>(requoted(text, options.separator), name, options), table,
                "quotes change nothing");
  } catch (invalid_data const& e) {
    fuzz::expect_readable(e, name);
    expect((e.line == 0) == (e.column == 0), "an error has a line and a column, or neither");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const text = fuzz::text_of(data, size);
  check<float>(text, {.label = "1"});
  check<double>(text, {.label = "-1", .max_categories = 2});
  if (fuzz::thorough || size % 8 == 0) check<double>(text, {.label = "y", .separator = ';'});
  return 0;
}
