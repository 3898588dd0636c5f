// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "files.hpp"

#include "examples/support/gunzip.hpp"

#include <localsgd/data/libsvm.hpp>
#include <localsgd/io/mapped_file.hpp>
#include <localsgd/io/replacing_file.hpp>
#include <localsgd/model/json.hpp>
#include <localsgd/model/liblinear.hpp>

#include <cstdio>
#include <string_view>
#include <system_error>

namespace train {

namespace fs = std::filesystem;

samples read_samples(fs::path const& path, std::size_t columns) {
  localsgd::libsvm_options options;
  options.columns = columns;
  {
    localsgd::detail::mapped_file const file(path);
    if (!file.bytes().starts_with("\x1f\x8b"))
      return localsgd::parse_libsvm<double>(file.bytes(), path.string(), options);
  }
  return localsgd::parse_libsvm<double>(support::gunzip(path), path.string(), options);
}

model_format format_of(fs::path const& path) {
  return path.extension() == ".json" ? model_format::json : model_format::liblinear;
}

void check_writable(fs::path const& path) {
  if (fs::is_directory(path)) throw std::runtime_error(path.string() + ": is a folder, not a file");
  localsgd::detail::replacing_file const file(path);  // removed again, since it is not committed
}

void check_different(fs::path const& input, fs::path const& output) {
  std::error_code missing;
  if (fs::equivalent(input, output, missing))
    throw usage_error(output.string() + ": " + input.string() + " is the input; name another file");
}

void check_two_outputs(fs::path const& one, fs::path const& other) {
  std::error_code missing;
  if (fs::equivalent(one, other, missing) ||
      fs::absolute(one).lexically_normal() == fs::absolute(other).lexically_normal())
    throw usage_error(other.string() + ": is both the model and the report; name another file");
}

void save_model(localsgd::linear_model const& m, fs::path const& path, model_format format) {
  if (format == model_format::json)
    localsgd::save_json(m, path);
  else
    localsgd::save_liblinear(m, path);
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
  localsgd::detail::replacing_file file(path);
  file.write(text.data(), text.size());
  file.commit();
}

}  // namespace train
