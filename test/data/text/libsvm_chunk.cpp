// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_text_libsvm_chunk
#include "localsgd/data/text/libsvm_chunk.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using localsgd::invalid_data;
using localsgd::detail::libsvm_arrays;
using localsgd::detail::libsvm_chunk;
using localsgd::detail::libsvm_reader;
using localsgd::detail::libsvm_rules;

// The arrays of a text with a part before the chunk, and the part that the chunk fills.
struct read_chunk {
  static constexpr std::size_t rows_before = 2, entries_before = 3, most = 20;
  std::vector<std::size_t> row_starts = std::vector<std::size_t>(most + 1, 99);
  std::vector<std::uint32_t> indices = std::vector<std::uint32_t>(most, 99);
  std::vector<double> values = std::vector<double>(most, 99), targets = values;
  libsvm_chunk chunk{};

  explicit read_chunk(std::string_view text, std::uint64_t base = 1) {
    // On the heap with the exact size: a sanitizer detects every read beyond the end.
    std::vector<char> const bytes(text.begin(), text.end());
    chunk.text = {bytes.data(), bytes.size()};
    chunk.lines_before = 10;
    chunk.rows_before = rows_before;
    chunk.entries_before = entries_before;
    chunk.most_rows = chunk.most_entries = 10;
    libsvm_rules const rules{"t", base, 1000, "columns = 1000"};
    libsvm_arrays<double> const arrays{row_starts.data(), indices.data(), values.data(),
                                       targets.data()};
    libsvm_reader<double>(rules, chunk, arrays)();
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_text_that_grows_entries_between_the_passes_is_refused_not_overrun) {
  // As if lines and colons had been counted before another process modified them.
  std::array<std::size_t, 3> starts{};
  std::array<std::uint32_t, 2> indices{};
  std::array<float, 2> values{};
  std::array<double, 2> targets{};
  localsgd::detail::libsvm_rules const rules{"t", 1, 100, ""};
  auto const refused = [&](std::size_t most_rows, std::size_t most_entries) {
    localsgd::detail::libsvm_chunk chunk;
    chunk.text = "1 1:1 2:2\n2\n";
    chunk.most_rows = most_rows;
    chunk.most_entries = most_entries;
    localsgd::detail::libsvm_arrays<float> const arrays{starts.data(), indices.data(),
                                                        values.data(), targets.data()};
    try {
      localsgd::detail::libsvm_reader<float>(rules, chunk, arrays)();
      return std::string();
    } catch (invalid_data const& e) {
      return e.found;
    }
  };
  BOOST_TEST(refused(2, 2).empty());
  BOOST_TEST(refused(1, 2) == "a file that changed during reading");
  BOOST_TEST(refused(2, 1) == "a file that changed during reading");
  BOOST_TEST(refused(0, 0) == "a file that changed during reading");
}

BOOST_AUTO_TEST_CASE(a_chunk_fills_its_part_of_the_arrays_and_no_more) {
  read_chunk const r("+1 1:0.5 7:2\n-1\n\n2.5 1000:-3e1 # 8:8\n");
  BOOST_TEST(r.chunk.rows == 3U);
  BOOST_TEST(r.chunk.entries == 3U);
  BOOST_TEST(r.chunk.columns == 1000U);
  // Row starts refer to the whole text: element i + 1 is the end of row i.
  BOOST_TEST((r.row_starts[2] == 99 && r.row_starts[3] == 5 && r.row_starts[4] == 5 &&
              r.row_starts[5] == 6 && r.row_starts[6] == 99));
  BOOST_TEST((r.targets[1] == 99 && r.targets[2] == 1 && r.targets[3] == -1 &&
              r.targets[4] == 2.5 && r.targets[5] == 99));
  BOOST_TEST((r.indices[2] == 99 && r.indices[3] == 0 && r.indices[4] == 6 && r.indices[5] == 999 &&
              r.indices[6] == 99));
  BOOST_TEST((r.values[2] == 99 && r.values[3] == 0.5 && r.values[4] == 2 && r.values[5] == -30 &&
              r.values[6] == 99));
}

BOOST_AUTO_TEST_CASE(a_chunk_without_rows_has_none) {
  for (std::string_view const text : {"", "\n", "# 1 1:1", " \t\r\n#\n"}) {
    read_chunk const r(text);
    BOOST_TEST(r.chunk.rows == 0U);
    BOOST_TEST(r.chunk.entries == 0U);
    BOOST_TEST(r.chunk.columns == 0U);
  }
}

BOOST_AUTO_TEST_CASE(indices_count_from_the_base) {
  BOOST_TEST(read_chunk("1 0:1 4:1", 0).chunk.columns == 5U);
  BOOST_TEST(read_chunk("1 0:1 4:1", 0).indices[3] == 0U);
  BOOST_TEST(read_chunk("1 1:1 4:1", 1).chunk.columns == 4U);
}

// A text is read eight bytes at a time if enough of it is left, and byte by byte near its end.
BOOST_AUTO_TEST_CASE(the_same_line_is_read_alike_wherever_it_stands) {
  std::string const line = "-1 3:0.125 12:4 100:-7.5e-1";
  std::string const padding = "\n#" + std::string(100, ' ');
  for (std::string const& text : {line, line + "\n", line + padding, line + "\r\n", line + "# "}) {
    read_chunk const r(text);
    BOOST_TEST(r.targets[2] == -1.0);
    BOOST_TEST((r.indices[3] == 2 && r.indices[4] == 11 && r.indices[5] == 99));
    BOOST_TEST((r.values[3] == 0.125 && r.values[4] == 4 && r.values[5] == -0.75));
    BOOST_TEST(r.chunk.entries == 3U);
  }
}

BOOST_AUTO_TEST_CASE(an_error_has_its_position_in_the_whole_text) {
  for (std::string const& rest : {std::string(), "\n" + std::string(100, ' ')}) {
    auto const e = support::error_of<invalid_data>([&] { read_chunk("1 1:1\n\n2 5:x" + rest); });
    BOOST_TEST(e.line == 13U);  // ten lines precede the chunk
    BOOST_TEST(e.column == 5U);
    BOOST_TEST(e.found == "x");
    BOOST_CHECK_THROW(read_chunk("1 5:1 5:1" + rest), invalid_data);
    BOOST_CHECK_THROW(read_chunk("1 1001:1" + rest), invalid_data);
    BOOST_CHECK_THROW(read_chunk("1 0:1" + rest), invalid_data);
  }
}
