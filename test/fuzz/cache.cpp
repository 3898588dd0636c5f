// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// load() on any bytes, and on bytes whose checksums are made right: a forged file may contain any
// shape, but no access leaves its arrays.

#include "fuzz/input.hpp"

#include "localsgd/core/checksum.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/data/cache.hpp"

#include <cmath>

namespace {

using namespace localsgd;
using fuzz::expect;

/// The checksums of the header and of the sections; if unused[0] is odd also their places.
std::string mended(std::string bytes) {
  detail::cache_header header;
  if (bytes.size() < sizeof header) return bytes;
  std::memcpy(&header, bytes.data(), sizeof header);
  header.magic = detail::cache_header::right_magic;
  header.byte_order = detail::cache_header::this_order;
  header.version = detail::cache_header::this_version;
  header.zeros = {};
  if (header.unused[0] % 2 == 1) header.place_sections(bytes.size());
  header.file_bytes = bytes.size();
  for (auto& section : header.sections) {
    if (section.offset > bytes.size() || section.bytes > bytes.size() - section.offset) continue;
    std::string part = bytes.substr(section.offset, section.bytes + 63);
    part.resize((section.bytes + 63) / 64 * 64);
    section.checksum = detail::checksum(part.data(), part.size());
  }
  header.own_checksum = header.right_checksum();
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

template <class Value>
bool same(csr_matrix<Value> const& a, csr_matrix<Value> const& b) {
  using access = detail::csr_access;
  return a.columns() == b.columns() &&
         fuzz::same_bits(access::row_starts(a), access::row_starts(b)) &&
         fuzz::same_bits(access::indices(a), access::indices(b)) &&
         fuzz::same_bits(access::values(a), access::values(b));
}
template <class Value>
bool same(dense_matrix<Value> const& a, dense_matrix<Value> const& b) {
  return a.shape(0) == b.shape(0) && a.shape(1) == b.shape(1) &&
         fuzz::same_bits(detail::span_of(a), detail::span_of(b));
}

template <class Value>
void check_rows(csr_matrix<Value> const& m, std::size_t rows) {
  expect(m.rows() == rows, "one row for each target");
  std::size_t entries = 0;
  for (std::size_t i = 0; i != m.rows(); ++i) {
    auto const row = m.row(i);
    entries += row.indices.size();
    for (std::size_t j = 0; j != row.indices.size(); ++j) {
      expect(row.indices[j] < m.columns(), "indices are below the number of columns");
      expect(j == 0 || row.indices[j] > row.indices[j - 1], "indices ascend");
      expect(std::isfinite(row.values[j]), "values are finite");
    }
  }
  expect(entries == m.nonzeros(), "rows have all entries");
}
template <class Value>
void check_rows(dense_matrix<Value> const& m, std::size_t rows) {
  expect(m.shape(0) == rows, "one row for each target");
  expect(m.size() == m.shape(0) * m.shape(1), "rows times columns elements");
}

template <class Matrix>
void check(fuzz::scratch_file const& file) {
  static fuzz::scratch_file const copy;
  try {
    auto const data = load<Matrix>(file.path());
    check_rows(data.features, data.targets.size());
    save(data, copy.path());
    auto const again = load<Matrix>(copy.path());
    expect(same(again.features, data.features) &&
               fuzz::same_bits(detail::span_of(again.targets), detail::span_of(data.targets)),
           "a data set written is read");
  } catch (invalid_data const& e) {
    fuzz::expect_readable(e, file.name());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static fuzz::scratch_file const file;
  std::string const bytes(fuzz::text_of(data, size));
  for (std::string const& each : {bytes, mended(bytes)}) {
    file.write(each);
    check<csr_matrix<float>>(file);
    check<csr_matrix<double>>(file);
    check<dense_matrix<float>>(file);
    check<dense_matrix<double>>(file);
  }
  return 0;
}
