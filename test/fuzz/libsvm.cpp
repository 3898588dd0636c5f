// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// parse_libsvm with every option, against a slow parser that shares no code with it.

#include "fuzz/input.hpp"

#include "localsgd/core/checksum.hpp"
#include "localsgd/data/libsvm.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <concepts>
#include <limits>
#include <optional>
#include <system_error>
#include <vector>

namespace {

using namespace localsgd;
using fuzz::expect;

constexpr std::string_view name = "text";

/// What came out of a text: samples, or the place of the first error.
template <class Value>
struct outcome {
  std::vector<std::size_t> row_starts{0};
  std::vector<std::uint32_t> indices;
  std::vector<Value> values;
  std::vector<double> targets;
  std::size_t columns = 0, line = 0, column = 0;
  bool failed = false;
  std::string found, expected;
};

template <class Value>
bool same(outcome<Value> const& a, outcome<Value> const& b) {
  if (a.failed || b.failed) return a.failed && b.failed && a.line == b.line && a.column == b.column;
  return a.row_starts == b.row_starts && a.indices == b.indices && a.columns == b.columns &&
         fuzz::same_bits(a.values, b.values) && fuzz::same_bits(a.targets, b.targets);
}

template <class Value, class Parse>
outcome<Value> outcome_of(Parse const& parse) {
  outcome<Value> all;
  try {
    dataset<csr_matrix<Value>> const data = parse();
    all.columns = data.features.columns();
    expect(data.features.rows() != 0, "there are samples");
    expect(data.targets.size() == data.features.rows(), "one target for each row");
    for (std::size_t i = 0; i != data.features.rows(); ++i) {
      auto const row = data.features.row(i);
      for (std::size_t j = 0; j != row.indices.size(); ++j) {
        expect(row.indices[j] < all.columns, "indices are below the number of columns");
        expect(j == 0 || row.indices[j] > row.indices[j - 1], "indices ascend");
        expect(std::isfinite(row.values[j]), "values are finite");
      }
      all.indices.insert(all.indices.end(), row.indices.begin(), row.indices.end());
      all.values.insert(all.values.end(), row.values.begin(), row.values.end());
      all.row_starts.push_back(all.indices.size());
      all.targets.push_back(data.targets[i]);
      expect(std::isfinite(all.targets.back()), "targets are finite");
    }
    expect(all.indices.size() == data.features.nonzeros(), "rows have all entries");
    detail::csr_access::check(data.features);
  } catch (invalid_data const& e) {
    fuzz::expect_readable(e, name);
    expect((e.line == 0) == (e.column == 0), "an error has a line and a column, or neither");
    all.failed = true;
    all.line = e.line;
    all.column = e.column;
    all.found = e.found;
    all.expected = e.expected;
  }
  return all;
}

template <class Value>
outcome<Value> parsed(std::string_view text, libsvm_options const& options) {
  return outcome_of<Value>([&] { return parse_libsvm<Value>(text, name, options); });
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// The number at `at`, which ends at a blank; nothing if there is none in range.
template <class Value>
std::optional<Value> number_at(std::string_view line, std::size_t& at) {
  auto token = line.substr(at, std::min(line.find_first_of(" \t", at), line.size()) - at);
  std::size_t const after = at + token.size();
  if (token.size() > 1 && token[0] == '+' && token[1] != '-') token.remove_prefix(1);
  double wide = 0;
  Value x{};
  char const *const first = token.data(), *const last = first + token.size();
  auto const as_double = std::from_chars(first, last, wide);
  auto const as_value = std::from_chars(first, last, x);
  if (as_double.ec != std::errc{} || as_double.ptr != last) return {};
  if (as_value.ec != std::errc{}) {
    if (std::abs(wide) >= 1) return {};
    x = static_cast<Value>(wide);
  }
  if (!std::isfinite(x)) return {};
  at = after;
  return x;
}

template <class Value>
outcome<Value> slow(std::string_view text, libsvm_options const& options) {
  outcome<Value> all;
  std::uint64_t const base = options.index_base;
  std::uint64_t const most =
      (options.columns == 0 ? libsvm_options::max_columns : options.columns) - 1 + base;
  all.columns = options.columns;
  auto const fail = [&](std::size_t number, std::size_t at) {
    all.failed = true;
    all.line = number;
    all.column = at + 1;
    return all;
  };
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = line.substr(0, line.find('#'));
    std::size_t at = 0;
    auto const next = [&] {
      while (at != line.size() && is_blank(line[at])) ++at;
      return at != line.size();
    };
    if (!next()) continue;
    auto const label = number_at<double>(line, at);
    if (!label) return fail(number, at);
    std::uint64_t least = base;
    while (next()) {
      if (line.substr(at).starts_with("qid:")) {
        if (!options.skip_qid) return fail(number, at);
        while (at != line.size() && !is_blank(line[at])) ++at;
        continue;
      }
      std::uint64_t index = 0;
      char const* const last = line.data() + line.size();
      auto const [colon, status] = std::from_chars(line.data() + at, last, index);
      if (status != std::errc{} || colon == last || *colon != ':') return fail(number, at);
      if (index < least || index > most) return fail(number, at);
      auto const after = static_cast<std::size_t>(colon + 1 - line.data());
      at = after;
      if (!next()) return fail(number, after);
      auto const value = number_at<Value>(line, at);
      if (!value) return fail(number, at);
      all.indices.push_back(static_cast<std::uint32_t>(index - base));
      all.values.push_back(*value);
      least = index + 1;
      all.columns = std::max<std::size_t>(all.columns, least - base);
    }
    all.row_starts.push_back(all.indices.size());
    all.targets.push_back(*label);
  }
  if (all.targets.empty()) all.failed = true;
  return all;
}

template <class Value>
std::string text_of(outcome<Value> const& all) {
  std::string text;
  for (std::size_t i = 0; i != all.targets.size(); ++i) {
    text += detail::shown(all.targets[i]);
    for (std::size_t j = all.row_starts[i]; j != all.row_starts[i + 1]; ++j)
      text += ' ' + std::to_string(all.indices[j] + std::uint64_t{1}) + ':' +
              detail::shown(all.values[j]);
    text += '\n';
  }
  return text;
}

/// The shards together are the text, and the first of their errors is that of the text.
template <class Value>
void check_shards(std::string_view text, libsvm_options options, outcome<Value> const& whole) {
  options.shards = 3;
  outcome<Value> sum;
  for (options.shard = 0; options.shard != options.shards; ++options.shard) {
    auto const part = parsed<Value>(text, options);
    if (part.failed && part.line == 0) continue;  // no samples
    if (part.failed) {
      expect(whole.failed && whole.line == part.line && whole.column == part.column &&
                 whole.found == part.found && whole.expected == part.expected,
             "the first error of the shards is that of the text");
      return;
    }
    for (std::size_t i = 1; i != part.row_starts.size(); ++i)
      sum.row_starts.push_back(sum.indices.size() + part.row_starts[i]);
    sum.indices.insert(sum.indices.end(), part.indices.begin(), part.indices.end());
    sum.values.insert(sum.values.end(), part.values.begin(), part.values.end());
    sum.targets.insert(sum.targets.end(), part.targets.begin(), part.targets.end());
    sum.columns = std::max(sum.columns, part.columns);
  }
  expect(whole.failed == sum.targets.empty(), "a text has samples if a shard has");
  expect(whole.failed || same(whole, sum), "the shards together are the text");
}

template <class Value>
void check(std::string_view text) {
  std::string_view body = text;
  bool const readable = !body.starts_with("\xff\xfe") && !body.starts_with("\xfe\xff") &&
                        detail::compression_of(body).empty();
  if (body.starts_with("\xef\xbb\xbf")) body.remove_prefix(3);
  bool const utf16 = body.starts_with("\xff\xfe") || body.starts_with("\xfe\xff");
  auto const chosen = detail::checksum(text.data(), text.size()) % 8;
  for (unsigned variant = 0; variant != 8; ++variant) {
    if (!fuzz::thorough && variant != chosen) continue;
    libsvm_options options;
    options.index_base = variant & 1U;
    options.skip_qid = (variant & 2U) != 0;
    options.columns = (variant & 4U) != 0 ? 3 : 0;
    auto const whole = parsed<Value>(text, options);
    if (!readable || utf16) {
      expect(whole.failed, "compressed texts and UTF-16 are refused");
      continue;
    }
    expect(same(whole, slow<Value>(body, options)), "the slow parser agrees");
    for (std::size_t const bytes : {1U, 7U}) {
      auto const cut = outcome_of<Value>([&] {
        return detail::parse_libsvm<Value>(body, name, options, {1, bytes});
      });
      expect(same(whole, cut) && whole.found == cut.found, "chunks do not matter");
    }
    check_shards(text, options, whole);
    if (whole.failed) continue;
    options.columns = whole.columns;
    options.index_base = 1;
    expect(same(whole, parsed<Value>(text_of(whole), options)), "a text written is read");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  check<float>(fuzz::text_of(data, size));
  check<double>(fuzz::text_of(data, size));
  return 0;
}
