// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "benchmark/support.hpp"
#include "test/support/temporary_path.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string_view>

// Data sets from text and from a cache, beside a bare pass over the same bytes.

using namespace localsgd;

namespace {

/// A text in a file of its own, as read_libsvm would find it.
struct text_file {
  explicit text_file(std::string_view text) : path(text), bytes(static_cast<double>(text.size())) {}

  support::temporary_path path;
  double bytes;

  static text_file const& w8a() {
    static text_file const once([] {
      char const* const folder = std::getenv("LOCALSGD_DATA");
      std::filesystem::path const path = folder != nullptr ? folder : LOCALSGD_DEFAULT_DATA;
      return support::gunzip(path / "w8a.gz");
    }());
    return once;
  }

  /// About 200 MB: 5 to 60 of 100,000 features a line, standard normal with six digits.
  static text_file const& generated() {
    static text_file const once([] {
      constexpr std::size_t size = 200'000'000;
      std::string text;
      text.reserve(size + 10'000);
      std::array<char, 32> number{};
      for (std::uint64_t i = 0; text.size() < size; ++i) {
        auto const line = random_words(1, random_stream::noise, 0, i);
        text += line[0] % 2 == 0 ? "+1" : "-1";
        std::uint64_t const entries = 5 + line[1] % 56;
        std::uint64_t index = 0;
        for (std::uint32_t j = 0; j != entries; ++j) {
          auto const words = random_words(1, random_stream::noise, j + 1, i);
          index += 1 + words[0] % (100'000 / entries);
          double const x = standard_normal(words);
          auto const end = std::to_chars(number.data(), number.data() + number.size(), x,
                                         std::chars_format::fixed, 6)
                               .ptr;
          text.append(1, ' ').append(std::to_string(index)).append(1, ':');
          text.append(number.data(), end);
        }
        text += "\n";
      }
      return text;
    }());
    return once;
  }
};

/// One pass over the bytes, a word at a time.
std::uint64_t sum_of(std::string_view bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    sum += word;
  }
  return sum;
}

void parse_text(benchmark::State& state, text_file const& text) {
  auto const threads = static_cast<std::size_t>(state.range(0));
  double of_parse = 0, of_pass = 0;
  for (auto _ : state) {
    of_parse += bench::seconds([&] {
      detail::mapped_file const file(text.path());
      auto split = detail::libsvm_split::of(file.bytes().size());
      split.threads = threads;
      benchmark::DoNotOptimize(
          detail::parse_libsvm<float>(file.bytes(), "text", libsvm_options{}, split));
    });
    of_pass += bench::seconds([&] {
      detail::mapped_file const file(text.path());
      benchmark::DoNotOptimize(sum_of(file.bytes()));
    });
  }
  double const megabytes = text.bytes * static_cast<double>(state.iterations()) / 1e6;
  state.counters["MB_s"] = megabytes / of_parse;
  state.counters["pass_MB_s"] = megabytes / of_pass;
  state.counters["ratio"] = of_parse / of_pass;
}
void parse_w8a(benchmark::State& state) { parse_text(state, text_file::w8a()); }
BENCHMARK(parse_w8a)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
void parse_200_MB(benchmark::State& state) { parse_text(state, text_file::generated()); }
BENCHMARK(parse_200_MB)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void load_text(benchmark::State& state, text_file const& text) {
  support::temporary_path const path;
  save(read_libsvm(text.path()), path());
  double of_load = 0, of_text = 0, of_pass = 0;
  for (auto _ : state) {
    of_load += bench::seconds([&] { benchmark::DoNotOptimize(load(path())); });
    of_text += bench::seconds([&] { benchmark::DoNotOptimize(read_libsvm(text.path())); });
    of_pass += bench::seconds([&] {
      detail::mapped_file const file(path());
      benchmark::DoNotOptimize(sum_of(file.bytes()));
    });
  }
  double const megabytes = static_cast<double>(std::filesystem::file_size(path())) *
                           static_cast<double>(state.iterations()) / 1e6;
  state.counters["us_MB"] = 1e6 * of_load / megabytes;
  state.counters["pass_us_MB"] = 1e6 * of_pass / megabytes;
  state.counters["text_over_cache"] = of_text / of_load;
}
void load_w8a(benchmark::State& state) { load_text(state, text_file::w8a()); }
BENCHMARK(load_w8a)->Unit(benchmark::kMillisecond)->UseRealTime();
void load_200_MB(benchmark::State& state) { load_text(state, text_file::generated()); }
BENCHMARK(load_200_MB)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
