// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "files.hpp"

#include <localsgd/io/mapped_file.hpp>
#include <localsgd/io/replacing_file.hpp>
#include <localsgd/model/json.hpp>
#include <localsgd/model/liblinear.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <system_error>

namespace train {

namespace fs = std::filesystem;

model_format format_of(fs::path const& path) {
  return path.extension() == ".json" ? model_format::json : model_format::liblinear;
}

namespace {
/// @brief Whether something is there that must not be replaced: a device or a pipe.
bool is_special(fs::path const& path) {
  std::error_code missing;
  return fs::is_other(fs::status(path, missing));
}
}  // namespace

void check_writable(fs::path const& path) {
  if (fs::is_directory(path)) throw std::runtime_error(path.string() + ": is a folder, not a file");
  if (is_special(path)) return;
  localsgd::detail::replacing_file const file(path);  // removed again, since it is not committed
}

void check_regular(fs::path const& path) {
  if (is_special(path))
    throw std::runtime_error(path.string() + ": is a device or a pipe; name a file");
}

void check_different(fs::path const& input, fs::path const& output) {
  std::error_code missing;
  if (fs::equivalent(input, output, missing))
    throw usage_error(output.string() + ": " + input.string() + " is the input; name another file");
}

void check_two_outputs(fs::path const& one, fs::path const& other, std::string const& what) {
  std::error_code missing;
  if (fs::equivalent(one, other, missing) ||
      fs::absolute(one).lexically_normal() == fs::absolute(other).lexically_normal())
    throw usage_error(other.string() + ": is both " + what + "; name another file");
}

void save_model(localsgd::linear_model const& m, fs::path const& path, model_format format) {
  write_text(format == model_format::json ? localsgd::to_json_text(m) : localsgd::to_liblinear(m),
             path);
}

localsgd::linear_model load_model(fs::path const& path) {
  localsgd::detail::mapped_file const file(path);
  std::string_view const text = file.bytes();
  std::size_t const first = text.find_first_not_of(" \t\r\n");
  bool const json = first != std::string_view::npos && text[first] == '{';
  return json ? localsgd::parse_json(text, path.string())
              : localsgd::parse_liblinear(text, path.string());
}

void write_text(std::string const& text, fs::path const& path) {
  if (path.empty()) {
    bool const written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (std::fflush(stdout) != 0 || !written)
      throw std::runtime_error("standard output: cannot be written");
    return;
  }
  if (is_special(path)) {
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (file != nullptr) written = std::fclose(file) == 0 && written;
    if (!written)
      throw std::runtime_error(path.string() + ": cannot be written: " + std::strerror(errno));
    return;
  }
  localsgd::detail::replacing_file file(path);
  file.write(text.data(), text.size());
  file.commit();
}

}  // namespace train
