// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_cache
#include "localsgd/data/cache.hpp"

#include <algorithm>
#include "localsgd/data/libsvm.hpp"
#include "test/support/problems.hpp"
#include "test/support/temporary_path.hpp"

#include <array>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>
#if defined(__unix__)
#include <sys/resource.h>

#include <csignal>
#endif

namespace {

using localsgd::csr_matrix;
using localsgd::dataset;
using localsgd::dense_matrix;
using localsgd::invalid_data;
using localsgd::load;
using localsgd::save;
using localsgd::vector;
using localsgd::detail::cache_header;
using support::temporary_path;
namespace fs = std::filesystem;

using matrices =
    std::tuple<csr_matrix<float>, csr_matrix<double>, dense_matrix<float>, dense_matrix<double>>;

// An n × d data set of small numbers, every third feature 0, with targets that use all digits.
template <class Matrix>
dataset<Matrix> some_data(std::size_t n, std::size_t d) {
  using value = typename Matrix::value_type;
  std::mt19937_64 random(n * 1000 + d);
  dense_matrix<value> dense(std::array<std::size_t, 2>{n, d});
  for (value& x : dense) x = random() % 3 == 0 ? value{0} : static_cast<value>(random()) / 7;
  vector<double> targets(std::array<std::size_t, 1>{n});
  for (double& y : targets) y = static_cast<double>(random()) / 3;
  if constexpr (std::same_as<Matrix, dense_matrix<value>>)
    return {std::move(dense), std::move(targets)};
  else
    return {localsgd::to_csr(dense), std::move(targets)};
}

// Every number of a data set, bit by bit, and its shape.
template <class Matrix>
std::vector<std::uint64_t> bits(dataset<Matrix> const& data) {
  using value = typename Matrix::value_type;
  std::vector<std::uint64_t> all;
  auto const add = [&](double x) { all.push_back(std::bit_cast<std::uint64_t>(x)); };
  if constexpr (std::same_as<Matrix, dense_matrix<value>>) {
    all = {data.features.shape(0), data.features.shape(1)};
    for (value const x : data.features) add(double{x});
  } else {
    all = {data.features.rows(), data.features.columns()};
    for (std::size_t i = 0; i != data.features.rows(); ++i) {
      auto const row = data.features.row(i);
      all.push_back(row.indices.size());
      for (auto const j : row.indices) all.push_back(j);
      for (value const x : row.values) add(double{x});
    }
  }
  for (double const y : data.targets) add(y);
  return all;
}

std::string bytes_of(fs::path const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write(fs::path const& path, std::string const& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// The number of one-byte changes, byte ⊕ change(0 … changes − 1), that are not detected.
template <class Matrix, class Change>
std::size_t unnoticed(fs::path const& path, int changes, Change const& change) {
  auto const good = bytes_of(path);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  auto const put = [&](std::size_t i, char c) {
    file.seekp(static_cast<std::streamoff>(i)).put(c).flush();
  };
  std::size_t accepted = 0;
  for (std::size_t i = 0; i != good.size(); ++i) {
    for (int k = 0; k != changes; ++k) {
      put(i, static_cast<char>(good[i] ^ change(k)));
      try {
        load<Matrix>(path);
        ++accepted;
      } catch (invalid_data const&) {
      }
    }
    put(i, good[i]);
  }
  BOOST_TEST((bytes_of(path) == good));
  load<Matrix>(path);
  return accepted;
}

// The rows {0: 1, 2: 2}, {}, {1: 3} with the targets 1, 2, 3, as a file.
dataset<csr_matrix<float>> small() {
  return {csr_matrix<float>(3, vector<std::size_t>{0, 2, 2, 3}, vector<std::uint32_t>{0, 2, 1},
                            vector<float>{1, 2, 3}),
          vector<double>{1, 2, 3}};
}
std::string small_bytes() {
  temporary_path const path;
  save(small(), path());
  return bytes_of(path());
}
cache_header header_of(std::string const& bytes) {
  cache_header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  return header;
}

template <class Matrix = csr_matrix<float>>
invalid_data error_in(std::string const& bytes) {
  temporary_path const path(bytes);
  auto const e = support::error_of<invalid_data>([&] { load<Matrix>(path()); });
  BOOST_TEST(e.file == path().string());
  BOOST_TEST(e.line == 0U);
  return e;
}
std::string const advice = "; read the original file again and save a new cache";

template <class Matrix = csr_matrix<float>>
void check(std::string const& bytes, std::string const& found, std::string const& expected) {
  auto const e = error_in<Matrix>(bytes);
  BOOST_TEST(e.found == found);
  BOOST_TEST(e.expected == expected + advice);
}

// The bytes with a header modified by `change`, and with all checksums recomputed: a forgery.
std::string forged(std::string bytes, std::function<void(cache_header&)> const& change) {
  auto header = header_of(bytes);
  for (auto& section : header.sections)
    if (section.offset != 0)
      section.checksum = localsgd::detail::checksum(
          bytes.data() + section.offset, static_cast<std::size_t>((section.bytes + 63) / 64 * 64));
  change(header);
  header.own_checksum = header.right_checksum();
  std::memcpy(bytes.data(), &header, sizeof(header));
  return bytes;
}
// The same with element i of section s set to x.
template <class T>
std::string with_element(std::string bytes, std::size_t s, std::size_t i, T x) {
  auto const at = header_of(bytes).sections[s].offset + i * sizeof(T);
  std::memcpy(bytes.data() + at, &x, sizeof(T));
  return forged(std::move(bytes), [](cache_header&) {});
}

std::size_t files_in(fs::path const& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

// --- round trips
// --------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE_TEMPLATE(what_was_saved_is_loaded_bit_for_bit, Matrix, matrices) {
  temporary_path const path;
  for (std::size_t const n : {0U, 1U, 2U, 15U, 100U})
    for (std::size_t const d : {0U, 1U, 3U, 16U, 50U}) {
      auto const data = some_data<Matrix>(n, d);
      save(data, path());
      auto const again = load<Matrix>(path());
      BOOST_TEST((bits(again) == bits(data)));
      BOOST_TEST(fs::file_size(path()) % 64 == 0U);
    }
}

BOOST_AUTO_TEST_CASE(a_default_matrix_can_be_saved) {
  temporary_path const path;
  save(dataset<csr_matrix<float>>{}, path());
  auto const again = load(path());
  BOOST_TEST(again.features.rows() == 0U);
  BOOST_TEST(again.features.columns() == 0U);
  BOOST_TEST(again.targets.size() == 0U);
}

BOOST_AUTO_TEST_CASE(stored_zeros_signs_subnormals_and_odd_targets_survive) {
  double const infinity = std::numeric_limits<double>::infinity();
  dataset<csr_matrix<double>> const data{
      csr_matrix<double>(
          std::size_t{1} << 32U, vector<std::size_t>{0, 4}, vector<std::uint32_t>{0, 1, 2, ~0U},
          vector<double>{0.0, -0.0, std::numeric_limits<double>::denorm_min(), 1e300}),
      vector<double>{-infinity}};
  temporary_path const path;
  save(data, path());
  BOOST_TEST((bits(load<csr_matrix<double>>(path())) == bits(data)));
}

BOOST_AUTO_TEST_CASE(a_text_and_its_cache_are_the_same_data_set) {
  std::string text;
  std::mt19937_64 random(5);
  for (int i = 0; i != 3000; ++i) {
    text += i % 2 == 0 ? "+1" : "-1";
    for (unsigned j = 1; j < 200; j += 1 + static_cast<unsigned>(random() % 60))
      text += " " + std::to_string(j) + ":" + std::to_string(random() % 100000);
    text += "\n";
  }
  auto const read = localsgd::parse_libsvm(text, "text");
  temporary_path const path;
  save(read, path());
  BOOST_TEST((bits(load(path())) == bits(read)));
}

BOOST_AUTO_TEST_CASE(rows_of_a_loaded_matrix_outlive_the_file_and_the_data_set) {
  auto const data = some_data<csr_matrix<float>>(50, 20);
  csr_matrix<float> copy;
  {
    temporary_path const path;
    save(data, path());
    auto const loaded = load(path());
    copy = loaded.features;
    save(some_data<csr_matrix<float>>(3, 3), path());  // replaces the name, not the bytes
  }
  BOOST_TEST((bits(dataset<csr_matrix<float>>{copy, data.targets}) == bits(data)));
}

BOOST_AUTO_TEST_CASE(a_loaded_matrix_is_the_file_not_a_copy_of_it) {
  temporary_path const path;
  save(some_data<csr_matrix<float>>(100, 10), path());
  auto const d = load(path());
  auto const first = [](auto span) { return reinterpret_cast<std::uintptr_t>(span.data()); };
  auto const header = header_of(bytes_of(path()));
  // Indices and values have the same distance as in the file, and start at cache lines.
  BOOST_TEST(first(d.features.row(0).values) - first(d.features.row(0).indices) ==
             header.sections[2].offset - header.sections[1].offset);
  BOOST_TEST(first(d.features.row(0).values) % 64 == 0U);
}

BOOST_AUTO_TEST_CASE(the_layout_is_the_one_that_is_documented) {
  auto const bytes = small_bytes();
  auto const at = [&]<class T>(std::size_t offset, T x) {
    std::memcpy(&x, bytes.data() + offset, sizeof(T));
    return x;
  };
  std::uint32_t const u32 = 0;
  std::uint64_t const u64 = 0;
  BOOST_TEST((bytes.substr(0, 8) == "\x89LSGD\r\n\x1a"));
  BOOST_TEST(at(8, u32) == 0x01020304U);
  BOOST_TEST(at(12, u32) == 1U);   // version
  BOOST_TEST(at(16, u32) == 1U);   // csr
  BOOST_TEST(at(20, u32) == 32U);  // float
  BOOST_TEST(at(24, u32) == 32U);
  BOOST_TEST(at(28, u32) == 8 * sizeof(std::size_t));
  BOOST_TEST(at(32, u64) == bytes.size());
  BOOST_TEST(at(40, u64) == 3U);  // rows
  BOOST_TEST(at(48, u64) == 3U);  // columns
  BOOST_TEST(at(56, u64) == 3U);  // entries
  // Four sections of one block each.
  std::array<std::uint64_t, 4> const lengths{4 * sizeof(std::size_t), 12, 12, 24};
  for (std::size_t i = 0; i != 4; ++i) {
    BOOST_TEST(at(64 + 24 * i, u64) == 256 + 64 * i);
    BOOST_TEST(at(72 + 24 * i, u64) == lengths[i]);
    BOOST_TEST(at(80 + 24 * i, u64) == localsgd::detail::checksum(bytes.data() + 256 + 64 * i, 64));
  }
  BOOST_TEST(at(192, u64) == localsgd::detail::checksum(bytes.data(), 192));
  BOOST_TEST(bytes.size() == 512U);
  BOOST_TEST(at(256 + 2 * 64 + 8, 0.0F) == 3.0F);
  BOOST_TEST(at(256 + 3 * 64 + 16, 0.0) == 3.0);
}

// --- damage
// ----------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE_TEMPLATE(every_flip_of_a_single_bit_is_detected, Matrix, matrices) {
  temporary_path const path;
  save(some_data<Matrix>(3, 5), path());
  BOOST_TEST(unnoticed<Matrix>(path(), 8, [](int k) { return 1 << k; }) == 0U);
}

BOOST_AUTO_TEST_CASE(every_other_value_of_a_single_byte_is_detected) {
  temporary_path const path;
  save(small(), path());
  BOOST_TEST(unnoticed<csr_matrix<float>>(path(), 255, [](int k) { return k + 1; }) == 0U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_truncation_and_every_tail_is_detected, Matrix, matrices) {
  temporary_path const path;
  save(some_data<Matrix>(3, 5), path());
  auto const good = bytes_of(path());
  for (std::size_t n = 0; n != good.size(); ++n) {
    auto const e = error_in<Matrix>(good.substr(0, n));
    BOOST_TEST(e.found == (n == 0 ? "an empty file" : std::to_string(n) + " bytes (truncated)"));
  }
  for (std::size_t const n : {1U, 63U, 64U, 1000U})
    check<Matrix>(good + std::string(n, '\0'),
                  std::to_string(good.size() + n) + " bytes (too long)",
                  std::to_string(good.size()) + " bytes, the size in its header");
}

BOOST_AUTO_TEST_CASE(damage_is_reported_with_the_part_it_is_in) {
  auto const good = small_bytes();
  std::array<std::string, 4> const names{"row starts", "indices", "values", "targets"};
  for (std::size_t s = 0; s != 4; ++s)
    for (std::size_t const at : {0U, 63U}) {  // the last byte is padding
      auto bad = good;
      ++bad[256 + 64 * s + at];
      check(bad, "damaged " + names[s] + " (checksum mismatch)", "intact data");
    }
  for (std::size_t const at : {8U, 33U, 100U, 170U, 195U, 255U}) {
    auto bad = good;
    ++bad[at];
    check(bad, "a damaged header (checksum mismatch)", "an intact header");
  }
}

BOOST_AUTO_TEST_CASE(blocks_that_changed_places_are_detected) {
  // 48 doubles of targets fill 6 blocks: exchanging any two blocks, or two words, keeps every sum.
  dataset<dense_matrix<float>> data{dense_matrix<float>({48, 0}),
                                    vector<double>(std::array<std::size_t, 1>{48})};
  for (std::size_t i = 0; i != 48; ++i) data.targets(i) = static_cast<double>(i);
  temporary_path const path;
  save(data, path());
  auto const good = bytes_of(path());
  auto const start = static_cast<std::ptrdiff_t>(header_of(good).sections[3].offset);
  for (std::ptrdiff_t const size : {8, 64})
    for (std::ptrdiff_t i = 0; i != 384 / size; ++i)
      for (std::ptrdiff_t j = 0; j != i; ++j) {
        auto bad = good;
        auto const from = bad.begin() + start + i * size;
        std::swap_ranges(from, from + size, bad.begin() + start + j * size);
        check<dense_matrix<float>>(bad, "damaged targets (checksum mismatch)", "intact data");
      }
}

// --- other files
// -----------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_file_that_is_not_a_cache_is_refused) {
  for (auto const& text :
       {std::string("-1 1:2\n"), std::string(10000, 'x'), std::string("\x89PNG")})
    check(text, "a file in another format", "a cache file written by save()");
  check("", "an empty file", "a cache file written by save()");
}

BOOST_AUTO_TEST_CASE(a_missing_file_and_a_directory_are_errors) {
  temporary_path const path;
  BOOST_TEST(support::error_of<invalid_data>([&] { load(path()); }).found == "no such file");
  fs::create_directory(path());
  BOOST_TEST(support::error_of<invalid_data>([&] { load(path()); }).found == "a directory");
}

BOOST_AUTO_TEST_CASE(a_file_of_the_other_byte_order_is_refused) {
  // The output of such a machine: every number of the header byte-swapped.
  auto bytes = small_bytes();
  for (std::size_t at = 8; at != 32; at += 4)
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                 bytes.begin() + static_cast<std::ptrdiff_t>(at + 4));
  for (std::size_t at = 32; at != 256; at += 8)
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                 bytes.begin() + static_cast<std::ptrdiff_t>(at + 8));
  check(bytes, "another byte order", "the byte order of this machine");
}

BOOST_AUTO_TEST_CASE(another_version_is_refused_whatever_the_rest_of_its_header_is) {
  auto bytes = small_bytes();
  bytes[std::endian::native == std::endian::little ? 12 : 15] = 2;
  check(bytes, "format version 2 (newer)", "version 1");
  bytes[std::endian::native == std::endian::little ? 12 : 15] = 0;
  check(bytes, "format version 0 (older)", "version 1");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_cache_of_another_matrix_is_refused_with_both_names, Matrix,
                              matrices) {
  temporary_path const path;
  save(some_data<Matrix>(4, 4), path());
  auto const bytes = bytes_of(path());
  auto const name = []<class M>(std::optional<M>) {
    std::string const value = sizeof(typename M::value_type) == 4 ? "<float>" : "<double>";
    bool const dense = std::same_as<M, dense_matrix<typename M::value_type>>;
    return (dense ? "dense_matrix" : "csr_matrix") + value;
  };
  std::string const own = name(std::optional<Matrix>());
  int others = 0;
  auto const refuses = [&]<class M>(std::optional<M> which) {
    if constexpr (!std::same_as<M, Matrix>) {
      check<M>(bytes, "a cache of " + own, name(which) + " (or load it as " + own + ")");
      ++others;
    }
  };
  refuses(std::optional<csr_matrix<float>>());
  refuses(std::optional<csr_matrix<double>>());
  refuses(std::optional<dense_matrix<float>>());
  refuses(std::optional<dense_matrix<double>>());
  BOOST_TEST(others == 3);
}

// --- forgeries: all checksums are correct
// ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_forgery_without_a_change_is_the_file_itself) {
  auto const good = small_bytes();
  BOOST_TEST((forged(good, [](cache_header&) {}) == good));
}

BOOST_AUTO_TEST_CASE(forged_entries_never_lead_outside_the_arrays) {
  auto const good = small_bytes();
  check(with_element<std::uint32_t>(good, 1, 1, 3), "indices[1] = 3",
        "below 3, the number of columns");
  check(with_element<std::uint32_t>(good, 1, 2, ~0U), "indices[2] = 4294967295",
        "below 3, the number of columns");
  check(with_element<std::uint32_t>(good, 1, 1, 0), "indices[1] = 0",
        "above 0, because the indices of a row must increase");
  check(with_element<std::size_t>(good, 0, 0, 1), "row_starts[0] = 1", "0");
  check(with_element<std::size_t>(good, 0, 1, 900), "row_starts[2] = 2",
        "at least 900, because row_starts must not decrease");
  check(with_element<std::size_t>(good, 0, 3, ~std::size_t{0}),
        "row_starts[3] = " + std::to_string(~std::size_t{0}), "3, the number of values");
  check(with_element<float>(good, 2, 0, std::numeric_limits<float>::infinity()), "values[0] = inf",
        "a finite number");
}

BOOST_AUTO_TEST_CASE(forged_headers_never_lead_outside_the_file) {
  auto const good = small_bytes();
  auto const e = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::uint64_t> const numbers{0,     1,         2,      63,     64,     256,
                                           512,   4096,      e,      e - 1,  e / 2,  e / 4,
                                           e / 8, e / 8 + 1, e - 63, e - 64, e - 511};
  std::string const found = "sections whose sizes do not match the shape";
  std::string const expected = "sections of the sizes that the shape requires";
  for (std::uint64_t const x : numbers) {
    check(forged(good, [x](cache_header& h) { h.rows = x; }), found, expected);
    check(forged(good, [x](cache_header& h) { h.entries = x; }), found, expected);
    for (std::size_t i = 0; i != 4; ++i) {
      if (x != 256 + 64 * i)
        check(forged(good, [=](cache_header& h) { h.sections[i].offset = x; }), found, expected);
      check(forged(good, [=](cache_header& h) { h.sections[i].bytes = x; }), found, expected);
    }
    if (x != good.size())
      check(forged(good, [x](cache_header& h) { h.file_bytes = x; }),
            "512 bytes (" + std::string(x > 512 ? "truncated" : "too long") + ")",
            std::to_string(x) + " bytes, the size in its header");
  }
  // Sections that a dense matrix does not have must be absent.
  temporary_path const path;
  save(some_data<dense_matrix<double>>(4, 4), path());
  auto const dense = bytes_of(path());
  auto const check_dense = [&](std::function<void(cache_header&)> const& change) {
    check<dense_matrix<double>>(forged(dense, change), found, expected);
  };
  for (std::uint64_t const x : numbers) {
    if (x != 0)
      for (std::size_t i = 0; i != 2; ++i) {
        check_dense([=](cache_header& h) { h.sections[i].offset = x; });
        check_dense([=](cache_header& h) { h.sections[i].bytes = x; });
      }
    check_dense([x](cache_header& h) { h.columns = x; });
    check_dense([x](cache_header& h) { h.entries = x; });
  }
  // 2^32 × 2^32 is 0 modulo 2^64.
  check_dense([](cache_header& h) {
    h.rows = h.columns = std::uint64_t{1} << 32U;
    h.entries = 0;
  });
}

BOOST_AUTO_TEST_CASE(widths_of_another_machine_are_refused) {
  check(forged(small_bytes(), [](cache_header& h) { h.start_bits = 96 - h.start_bits; }),
        "32-bit indices and " + std::to_string(96 - 8 * sizeof(std::size_t)) + "-bit row starts",
        "32 and " + std::to_string(8 * sizeof(std::size_t)) + " bits");
}

// --- saving
// ----------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(one_target_for_each_row_or_nothing_is_written) {
  temporary_path const path;
  auto data = small();
  data.targets = vector<double>{1, 2};
  auto const e = support::error_of<invalid_data>([&] { save(data, path()); });
  BOOST_TEST(e.file == "targets");
  BOOST_TEST(e.found == "2 targets");
  BOOST_TEST(e.expected == "3, one for each row");
  BOOST_TEST(!fs::exists(path()));
}

BOOST_AUTO_TEST_CASE(saving_leaves_one_file_and_replaces_what_was_there) {
  temporary_path const folder;
  fs::create_directory(folder());
  auto const path = folder() / "cache";
  write(path, "something else");
  save(small(), path);
  save(some_data<csr_matrix<float>>(5, 5), path);
  BOOST_TEST(files_in(folder()) == 1U);
  BOOST_TEST(load(path).features.rows() == 5U);
}

BOOST_AUTO_TEST_CASE(a_failure_names_path_and_reason_and_leaves_nothing_behind) {
  temporary_path const folder;
  fs::create_directory(folder());
  auto const missing = folder() / "no" / "cache";
  auto const e = support::error_of<fs::filesystem_error>([&] { save(small(), missing); });
  BOOST_TEST((e.code() == std::errc::no_such_file_or_directory));
  BOOST_TEST((e.path1() == missing));

  // The last step fails: the name belongs to a directory.
  auto const taken = folder() / "taken";
  fs::create_directory(taken);
  auto const late = support::error_of<fs::filesystem_error>([&] { save(small(), taken); });
  BOOST_TEST((late.path1() == taken));
  BOOST_TEST(std::string(late.what()).find(taken.string()) != std::string::npos);
  BOOST_TEST(files_in(folder()) == 1U);
  BOOST_TEST(fs::is_directory(taken));
}

#if defined(__unix__)
BOOST_AUTO_TEST_CASE(a_full_disk_leaves_the_older_file) {
  temporary_path const folder;
  fs::create_directory(folder());
  auto const path = folder() / "cache";
  save(small(), path);

  // A file size limit simulates a full disk: the write fails halfway.
  struct ::rlimit before {};
  BOOST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  std::optional<fs::filesystem_error> error;
  for (::rlim_t const limit : {0U, 100U, 256U, 5000U}) {
    struct ::rlimit tight = before;
    tight.rlim_cur = limit;
    BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
    try {
      save(some_data<csr_matrix<float>>(100, 100), path);
    } catch (fs::filesystem_error const& e) {
      error = e;
    }
    ::setrlimit(RLIMIT_FSIZE, &before);
    BOOST_REQUIRE(error.has_value());
    BOOST_TEST((error->code() == std::errc::file_too_large));
    BOOST_TEST((error->path1() == path));
    BOOST_TEST((bits(load(path)) == bits(small())));
    BOOST_TEST(files_in(folder()) == 1U);
    error.reset();
  }
  std::signal(SIGXFSZ, handler);
}
#endif
