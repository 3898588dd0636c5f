// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ios>
#include <random>
#include <span>
#include <string>
#include <string_view>

/// @file
/// @brief What the fuzz targets share. A target defines LLVMFuzzerTestOneInput and aborts if the
///        bytes break one of its rules.

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace fuzz {

/// @brief Whether a target tries all options on each input, as the replay does. Otherwise it may
///        choose one of them by the input, to try more inputs.
inline bool thorough = false;

inline void expect(bool ok, std::string const& rule) {
  if (ok) return;
  std::fprintf(stderr, "fuzz: broken rule: %s\n", rule.c_str());
  std::abort();
}

inline std::string_view text_of(std::uint8_t const* data, std::size_t size) noexcept {
  return {reinterpret_cast<char const*>(data), size};
}

/// @brief Whether two arrays have the same bits, so that −0 differs from +0.
template <class A, class B>
bool same_bits(A const& a, B const& b) {
  static_assert(sizeof(*a.data()) == sizeof(*b.data()));
  return a.size() == b.size() &&
         (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size() * sizeof(*a.data())) == 0);
}

inline bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i != text.size();) {
    auto const lead = static_cast<unsigned char>(text[i++]);
    std::size_t more = lead < 0x80 ? 0 : lead >> 5U == 6 ? 1 : lead >> 4U == 14 ? 2 : 3;
    if (lead >= 0x80 && (lead < 0xc2 || lead > 0xf4)) return false;
    for (; more != 0; --more, ++i)
      if (i == text.size() || (static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80) return false;
  }
  return true;
}

/// @brief The rules of every message: short, in UTF-8, without control characters.
inline void expect_readable(localsgd::invalid_data const& e, std::string_view name) {
  std::string_view const what = e.what();
  expect(e.file == name, "an error names the file");
  expect(!e.found.empty() && !e.expected.empty(), "an error says what was found and expected");
  expect(what.size() < 1000 + name.size(), "a message is short");
  expect(is_utf8(what), "a message is UTF-8");
  expect(std::none_of(what.begin(), what.end(),
                      [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }),
         "a message has no control characters");
}

/// @brief A temporary file, in memory where the system has such a folder.
class scratch_file {
 public:
  scratch_file() {
    std::error_code ignored;
    std::filesystem::path const memory = "/dev/shm";
    auto const folder = std::filesystem::is_directory(memory, ignored)
                            ? memory
                            : std::filesystem::temp_directory_path();
    path_ = folder / ("localsgd-fuzz-" + std::to_string(std::random_device{}()));
  }
  scratch_file(scratch_file const&) = delete;
  scratch_file& operator=(scratch_file const&) = delete;
  ~scratch_file() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  std::filesystem::path const& path() const noexcept { return path_; }
  std::string name() const { return path_.string(); }
  void write(std::string_view bytes) const {
    std::ofstream(path_, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::filesystem::path path_;
};

/// @brief Numbers from the start of the input; 0 after its end.
class reader {
 public:
  reader(std::uint8_t const* data, std::size_t size) noexcept : rest_(data, size) {}

  template <class Number>
  Number take() noexcept {
    Number number{};
    std::size_t const n = std::min(sizeof number, rest_.size());
    if (n != 0) std::memcpy(&number, rest_.data(), n);
    rest_ = rest_.subspan(n);
    return number;
  }
  std::span<std::uint8_t const> rest() const noexcept { return rest_; }

 private:
  std::span<std::uint8_t const> rest_;
};

}  // namespace fuzz
