// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Messages between ranks that are not those of a compressor: the entries of a sparse_sum, and the
// descriptions that require_same_run compares.

#include "fuzz/input.hpp"

#include "localsgd/communicator/ranks/agreement.hpp"
#include "localsgd/evaluation/sparse_sum.hpp"

#include <vector>

namespace {

using namespace localsgd;
using fuzz::expect;

/// One thread of two ranks, which receives the input from the other one.
struct team {
  std::span<std::byte const> received;

  std::size_t thread() const { return 0; }
  std::size_t threads() const { return 2; }
  void barrier() {}
  template <class Owned>
  void all_gather(std::span<std::uint64_t> values, Owned const&) {
    values[1] = received.size();
  }
  void all_gather_v(std::span<std::vector<std::byte>> messages) {
    messages[1].assign(received.begin(), received.end());
  }
  template <class Scalar, class Work>
  bool split(std::size_t dimension, Work const& work) {
    return work(0, dimension / 3) && work(dimension / 3, dimension);
  }
};

void check_sum(std::span<std::byte const> message) {
  std::vector<std::vector<double>> parts(2, std::vector<double>(700, 1.0));
  parts[0][5] = 3;
  std::vector<double> total(700);
  team ranks{message};
  detail::sparse_sum<> sum(2);
  try {
    bool const made = sum(ranks, std::span<std::vector<double> const>(parts), std::span(total),
                          [](std::size_t, std::size_t, std::span<double> out) {
                            std::fill(out.begin(), out.end(), 1.0);
                          });
    expect(!made || total[5] - total[5] != 0 || !message.empty() || total[5] == 4,
           "the sum of an empty message is that of the expected entries");
  } catch (invalid_data const& e) {
    fuzz::expect_readable(e, "message");
  }
}

void check_agreement(std::string_view text) {
  std::size_t const middle = std::min(text.find('\0'), text.size());
  std::vector<std::string> all(2);
  all[0] = text.substr(0, middle);
  if (middle != text.size()) all[1] = text.substr(middle + 1);
  try {
    detail::require_same_run(all);
  } catch (invalid_settings const& e) {
    expect(all[0] != all[1], "equal runs agree");
    expect(e.field.ends_with(" on rank 1"), "an error names the rank");
    return;
  }
  all[1] = all[0];
  detail::require_same_run(all);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  check_sum(std::as_bytes(std::span(data, size)));
  check_agreement(fuzz::text_of(data, size));
  return 0;
}
