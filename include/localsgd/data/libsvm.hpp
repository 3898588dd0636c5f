// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/count.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/data/dataset.hpp"
#include "localsgd/data/parallel_for.hpp"
#include "localsgd/data/text/libsvm_chunk.hpp"
#include "localsgd/io/available_cores.hpp"
#include "localsgd/io/large_buffer.hpp"
#include "localsgd/io/mapped_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// @file
/// @brief Sparse data sets in LIBSVM (SVMlight) format: `label index:value index:value …`.

namespace localsgd {

/// @brief Options for reading a LIBSVM file.
struct libsvm_options {
  /// The largest number of columns: indices counted from 0 are below 2^31.
  static constexpr std::size_t max_columns = std::size_t{1} << 31U;

  /// d, the number of columns; an index above it is an error. 0 = determined by the largest index
  /// in the file. Set it if two files must match, such as a training and a test set.
  std::size_t columns = 0;

  /// The index of the first column: 1, as usual, or 0.
  unsigned index_base = 1;

  /// Which of `shards` parts of the text to read, counted from 0: the lines that start in its
  /// byte range. Every line is in exactly one shard. Set `columns` if the shards must match.
  std::size_t shard = 0;
  std::size_t shards = 1;  ///< ≥ 1; 1 = the whole text.

  /// Whether to skip the `qid:…` of ranking data, between a label and its features: the samples are
  /// read as if it were absent. Otherwise it is an error.
  bool skip_qid = false;

  /// @throws invalid_settings naming the field, its value and the violated rule.
  void validate() const {
    detail::require(columns <= max_columns, "columns", columns, "<= 2^31");
    detail::require(index_base <= 1, "index_base", index_base, "0 or 1");
    detail::require(shards >= 1, "shards", shards, ">= 1");
    detail::require(shard < shards, "shard", shard,
                    "below the number of shards, " + std::to_string(shards));
  }
};

namespace detail {

/// @brief How the work on a text is divided. Affects only the time taken.
struct libsvm_split {
  std::size_t threads = 1;
  std::size_t chunk_bytes = std::size_t{1} << 20U;  ///< The approximate length of a chunk of lines.

  /// @brief As many threads as there are available cores, if each has enough work to justify
  ///        starting it; several chunks per thread, so that no thread waits long for the last one.
  static libsvm_split of(std::size_t bytes) noexcept {
    constexpr std::size_t least = std::size_t{1} << 19U;
    std::size_t const threads = std::clamp<std::size_t>(bytes / least, 1, available_cores());
    return {threads, std::clamp<std::size_t>(bytes / (8 * threads), least / 4, 8 * least)};
  }
};

/// @brief The start of the first line that starts in shard i or later.
inline std::size_t libsvm_shard_start(std::string_view text, std::size_t shards,
                                      std::size_t i) noexcept {
  std::size_t const start = text.size() / shards * i + text.size() % shards * i / shards;
  if (start == 0) return 0;
  std::size_t const end_of_line = text.find('\n', start - 1);
  return end_of_line == std::string_view::npos ? text.size() : end_of_line + 1;
}

/// @brief Splits a text after line ends.
inline std::vector<libsvm_chunk> libsvm_chunks(std::string_view text, std::size_t chunk_bytes) {
  std::vector<libsvm_chunk> chunks;
  chunks.reserve(text.size() / chunk_bytes + 1);
  while (!text.empty()) {
    std::size_t end = std::string_view::npos;
    if (text.size() > chunk_bytes) end = text.find('\n', chunk_bytes - 1);
    chunks.emplace_back().text = text.substr(0, end == std::string_view::npos ? end : end + 1);
    text.remove_prefix(chunks.back().text.size());
  }
  return chunks;
}

/// @brief parse_libsvm with the given division of work.
///
/// Makes two passes. Each sample ends a line and each entry has a colon, so counting both
/// determines where the part of each chunk starts in the arrays; each is written once, in place.
template <class Value>
dataset<csr_matrix<Value>> parse_libsvm(std::string_view text, std::string_view name,
                                        libsvm_options const& options, libsvm_split const& split) {
  auto chunks = libsvm_chunks(text, split.chunk_bytes);
  parallel_for(chunks.size(), split.threads, [&](std::size_t i) {
    auto& chunk = chunks[i];
    auto const [lines, colons] = count_both(chunk.text, '\n', ':');
    chunk.most_rows = lines + (chunk.text.back() == '\n' ? 0 : 1);
    chunk.most_entries = colons;
  });
  std::size_t most_rows = 0, most_entries = 0;
  for (auto& chunk : chunks) {
    chunk.lines_before = chunk.rows_before = std::exchange(most_rows, most_rows + chunk.most_rows);
    chunk.entries_before = std::exchange(most_entries, most_entries + chunk.most_entries);
  }

  std::size_t const starts_room = large_buffer::room_for<std::size_t>(most_rows + 1);
  std::size_t const indices_room = large_buffer::room_for<std::uint32_t>(most_entries);
  auto const own = std::make_shared<large_buffer>(starts_room + indices_room +
                                                  large_buffer::room_for<Value>(most_entries));
  vector<double> targets(std::array<std::size_t, 1>{most_rows});
  libsvm_arrays<Value> const arrays{
      own->template array<std::size_t>(0), own->template array<std::uint32_t>(starts_room),
      own->template array<Value>(starts_room + indices_room), targets.data()};
  bool const free = options.columns == 0;
  std::size_t const most = free ? libsvm_options::max_columns : options.columns;
  libsvm_rules const rules{name, options.index_base, most - 1 + options.index_base,
                           free ? "at most 2^31 columns" : "libsvm_options.columns",
                           options.skip_qid};
  parallel_for(chunks.size(), split.threads,
               [&](std::size_t i) { libsvm_reader<Value>(rules, chunks[i], arrays)(); });

  // Comments and blank lines leave gaps: the rows and entries after them are moved up.
  std::size_t rows = 0, entries = 0;
  std::uint64_t columns = options.columns;
  arrays.row_starts[0] = 0;
  for (auto const& chunk : chunks) {
    if (chunk.rows_before != rows) {
      auto const up = [&](auto* p) { std::copy_n(p + chunk.rows_before, chunk.rows, p + rows); };
      up(arrays.row_starts + 1);
      up(arrays.targets);
    }
    if (std::size_t const gap = chunk.entries_before - entries; gap != 0) {
      auto const up = [&](auto* p) {
        std::copy_n(p + chunk.entries_before, chunk.entries, p + entries);
      };
      up(arrays.indices);
      up(arrays.values);
      for (std::size_t i = 0; i != chunk.rows; ++i) arrays.row_starts[1 + rows + i] -= gap;
    }
    rows += chunk.rows;
    entries += chunk.entries;
    columns = std::max(columns, chunk.columns);
  }
  if (rows == 0) throw invalid_data(name, "no samples", "at least one line with a label");
  if (rows != most_rows) targets = to_vector<double>(std::span<double const>(targets.data(), rows));
  return {csr_access::view<Value>(static_cast<std::size_t>(columns), {arrays.row_starts, rows + 1},
                                  {arrays.indices, entries}, {arrays.values, entries}, own),
          std::move(targets)};
}

}  // namespace detail

/// @brief Reads LIBSVM-formatted text from memory.
///
/// One sample per line: a label, then `index:value` pairs with ascending indices, separated by
/// blanks or tabs. Blanks may also follow the colon. A line may consist of a label only: a sample
/// whose features are all zero. A `#` starts a comment; lines with nothing else are skipped. Lines
/// end in LF or CRLF. Numbers are decimal, independent of the locale, and correctly rounded. Stored
/// zeros are kept. A UTF-8 byte order mark at the start is skipped. Other dialects are rejected:
/// multiple labels (`1,2`), and `qid:` unless `skip_qid` is set.
///
/// @tparam Value   The type of the features, `float` or `double`.
/// @param  text    Any bytes; 10^9 lines and more are supported.
/// @param  name    The name of the text in error messages, e.g. a file name.
/// @param  options See libsvm_options.
/// @throws invalid_settings if an option is out of range.
/// @throws invalid_data with line and column (from 1, in bytes) of the offending token, what was
///         found and what was expected: a malformed label, index or value; a missing colon; an
///         index outside its range, repeated or out of order; a number that is not finite or not
///         representable (below the smallest `float`, but within `double`, is rounded); no samples
///         in the text or the shard.
template <class Value = float>
dataset<csr_matrix<Value>> parse_libsvm(std::string_view text, std::string_view name,
                                        libsvm_options options = {}) {
  options.validate();
  detail::refuse_compressed(text, name);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    throw invalid_data(name, 1, 1, "a UTF-16 byte order mark",
                       "ASCII or UTF-8 text; convert the file first");
  std::size_t const first = detail::libsvm_shard_start(text, options.shards, options.shard),
                    last = detail::libsvm_shard_start(text, options.shards, options.shard + 1);
  try {
    auto const shard = text.substr(first, last - first);
    return detail::parse_libsvm<Value>(shard, name, options,
                                       detail::libsvm_split::of(shard.size()));
  } catch (invalid_data const& e) {
    if (options.shards == 1) throw;
    if (e.line == 0)
      throw invalid_data(e.file, 0, 0,
                         e.found + " in shard " + std::to_string(options.shard) + " of " +
                             std::to_string(options.shards),
                         e.expected);
    auto const [before, again] = detail::count_both(text.substr(0, first), '\n', '\n');
    throw invalid_data(e.file, before + e.line, e.column, e.found, e.expected);
  }
}

/// @brief Reads a file in LIBSVM format; see parse_libsvm for the format and the rules.
/// @throws invalid_data also if the file is missing, a directory, unreadable or compressed.
template <class Value = float>
dataset<csr_matrix<Value>> read_libsvm(std::filesystem::path const& path,
                                       libsvm_options options = {}) {
  options.validate();  // before any work
  detail::mapped_file const file(path);
  return parse_libsvm<Value>(file.bytes(), path.string(), options);
}

}  // namespace localsgd
