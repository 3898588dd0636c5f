// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/checksum.hpp"
#include "localsgd/core/error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

/// @file
/// @brief The first 256 bytes of a cache file, which describe the rest.

namespace localsgd::detail {

/// @brief One array of a cache file.
struct cache_section {
  std::uint64_t offset = 0;    ///< From the start of the file; a multiple of 64. 0 = absent.
  std::uint64_t bytes = 0;     ///< Excluding the zeros up to the next multiple of 64.
  std::uint64_t checksum = 0;  ///< checksum() of the bytes, including the zeros.
};

/// @brief The header as stored in the file, in the byte order of the machine that wrote it.
struct cache_header {
  static constexpr std::uint32_t this_order = 0x01020304;
  static constexpr std::uint32_t other_order = 0x04030201;
  static constexpr std::uint32_t this_version = 1;
  static constexpr std::uint32_t csr = 1, dense = 2;
  static constexpr std::uint64_t alignment = 64;

  /// The high bit and the line ends reveal transfers in text mode.
  static constexpr std::array<char, 8> right_magic{'\x89', 'L', 'S', 'G', 'D', '\r', '\n', '\x1a'};

  std::array<char, 8> magic = right_magic;
  std::uint32_t byte_order = this_order;
  std::uint32_t version = this_version;
  std::uint32_t layout = 0;      ///< csr or dense
  std::uint32_t value_bits = 0;  ///< IEC 60559: 32 or 64
  std::uint32_t index_bits = 0;  ///< csr: 32
  std::uint32_t start_bits = 0;  ///< csr: of a row start
  std::uint64_t file_bytes = 0;
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  std::uint64_t entries = 0;                ///< Stored values: rows·columns if dense
  std::array<cache_section, 4> sections{};  ///< In the order of section_names
  std::array<std::uint64_t, 4> unused{};
  std::uint64_t own_checksum = 0;  ///< Checksum of the 192 bytes before it.
  std::array<std::uint64_t, 7> zeros{};

  static constexpr std::size_t checked_bytes = 192;
  static constexpr std::array<std::string_view, 4> section_names{"row starts", "indices", "values",
                                                                 "targets"};

  /// @brief Places the sections of a matrix of this kind and shape, one after another.
  /// @return false if they would take more than `most` bytes; the sections are then incomplete.
  bool place_sections(std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) noexcept {
    bool const sparse = layout == csr;
    if (sparse && rows == std::numeric_limits<std::uint64_t>::max()) return false;
    std::array<std::uint64_t, 4> const counts{sparse ? rows + 1 : 0, sparse ? entries : 0, entries,
                                              rows};
    std::array<std::uint64_t, 4> const bits{start_bits, index_bits, value_bits, 64};
    file_bytes = sizeof(cache_header);
    for (std::size_t i = 0; i != sections.size(); ++i) {
      std::uint64_t const width = bits[i] / 8;
      sections[i] = {};
      if (width == 0) continue;
      if (file_bytes > most || counts[i] > (most - file_bytes) / alignment * alignment / width)
        return false;
      sections[i].offset = file_bytes;
      sections[i].bytes = counts[i] * width;
      file_bytes += (sections[i].bytes + alignment - 1) / alignment * alignment;
    }
    return file_bytes <= most;
  }

  [[nodiscard]] std::uint64_t right_checksum() const noexcept {
    return checksum(this, checked_bytes);
  }

  /// @brief The name of the matrix type, such as `csr_matrix<float>`.
  [[nodiscard]] std::string matrix() const {
    return std::string(layout == csr ? "csr_matrix" : "dense_matrix") +
           (value_bits == 32 ? "<float>" : "<double>");
  }
};
static_assert(sizeof(cache_header) == 256 && std::is_trivially_copyable_v<cache_header>);
static_assert(offsetof(cache_header, own_checksum) == cache_header::checked_bytes);

/// @brief Rejects a cache file and says what to do instead.
[[noreturn]] inline void refuse_cache(std::string_view name, std::string_view found,
                                      std::string_view expected) {
  throw invalid_data(name, found,
                     std::string(expected) + "; read the original file again and save a new cache");
}

/// @brief Reads the header of a cache file; checks every field against the file and the others.
/// @param wanted A header for the kind of matrix to be loaded.
/// @throws invalid_data naming the difference.
inline cache_header read_cache_header(std::string_view bytes, std::string_view name,
                                      cache_header const& wanted) {
  auto const number = [](std::uint64_t n) { return std::to_string(n); };
  cache_header header;
  std::string_view const magic(header.magic.data(), header.magic.size());
  if (bytes.substr(0, magic.size()) != magic.substr(0, bytes.size()) || bytes.empty())
    refuse_cache(name, bytes.empty() ? "an empty file" : "a file in another format",
                 "a cache file written by save()");
  if (bytes.size() < sizeof(header))
    refuse_cache(name, number(bytes.size()) + " bytes (truncated)",
                 "a header of " + number(sizeof(header)) + " bytes");
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.byte_order == cache_header::other_order)
    refuse_cache(name, "another byte order", "the byte order of this machine");
  if (header.byte_order == cache_header::this_order && header.version != wanted.version)
    refuse_cache(name,
                 "format version " + number(header.version) +
                     (header.version > wanted.version ? " (newer)" : " (older)"),
                 "version " + number(wanted.version));
  if (header.byte_order != cache_header::this_order ||
      header.own_checksum != header.right_checksum() || header.zeros != wanted.zeros)
    refuse_cache(name, "a damaged header (checksum mismatch)", "an intact header");

  if (header.layout != wanted.layout || header.value_bits != wanted.value_bits)
    refuse_cache(name, "a cache of " + header.matrix(),
                 wanted.matrix() + " (or load it as " + header.matrix() + ")");
  if (header.index_bits != wanted.index_bits || header.start_bits != wanted.start_bits)
    refuse_cache(name,
                 number(header.index_bits) + "-bit indices and " + number(header.start_bits) +
                     "-bit row starts",
                 number(wanted.index_bits) + " and " + number(wanted.start_bits) + " bits");
  if (bytes.size() != header.file_bytes)
    refuse_cache(name,
                 number(bytes.size()) + (bytes.size() < header.file_bytes ? " bytes (truncated)"
                                                                          : " bytes (too long)"),
                 number(header.file_bytes) + " bytes, the size in its header");

  // The checksum was correct, so only forgery or a bug in the writer can cause the errors below.
  cache_header right = header;
  bool fits = right.place_sections(bytes.size()) && right.file_bytes == header.file_bytes;
  for (std::size_t i = 0; i != header.sections.size(); ++i)
    fits = fits && header.sections[i].offset == right.sections[i].offset &&
           header.sections[i].bytes == right.sections[i].bytes;
  if (header.layout == cache_header::dense)
    fits = fits && (header.columns == 0 ? header.entries == 0
                                        : header.entries % header.columns == 0 &&
                                              header.entries / header.columns == header.rows);
  if (!fits)
    refuse_cache(name, "sections whose sizes do not match the shape",
                 "sections of the sizes that the shape requires");

  for (std::size_t i = 0; i != header.sections.size(); ++i) {
    auto const& section = header.sections[i];
    if (section.offset == 0) continue;
    std::uint64_t const whole = (section.bytes + cache_header::alignment - 1) /
                                cache_header::alignment * cache_header::alignment;
    if (checksum(bytes.data() + section.offset, static_cast<std::size_t>(whole)) !=
        section.checksum)
      refuse_cache(
          name, "damaged " + std::string(cache_header::section_names[i]) + " (checksum mismatch)",
          "intact data");
  }
  return header;
}

}  // namespace localsgd::detail
