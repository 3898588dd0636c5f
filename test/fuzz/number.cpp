// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// The readers of numbers against std::from_chars; the counter of characters against std::count.

#include "fuzz/input.hpp"

#include "localsgd/core/count.hpp"
#include "localsgd/data/text/decimal.hpp"
#include "localsgd/data/text/number_from_chars.hpp"
#include "localsgd/io/available_cores.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <vector>

namespace {

using namespace localsgd;
using fuzz::expect;

template <class Number>
bool same(Number a, Number b) {
  return a == b ? std::signbit(a) == std::signbit(b) : std::isnan(a) && std::isnan(b);
}

template <class Number>
void check(std::string_view text) {
  char const *const first = text.data(), *const last = first + text.size();
  Number right = 7, x = 7;
  auto const expected = std::from_chars(first, last, right);
  auto const got = detail::strtod_from_chars(first, last, x);
  expect(got.ec == expected.ec && got.ptr == expected.ptr && same(x, right),
         "strtod_from_chars is from_chars");

  std::vector<char> room(text.begin(), text.end());
  room.resize(detail::plain_decimal_reach + text.size(), ' ');
  Number fast = 7;
  char const* const end = detail::plain_decimal(room.data(), fast);
  if (end == nullptr) {
    expect(fast == 7, "a number that is not read is not changed");
    return;
  }
  char const* const start = room.data() + (room[0] == '+' ? 1 : 0);
  auto const whole = std::from_chars(start, end, right);
  expect(whole.ec == std::errc{} && whole.ptr == end && same(fast, right),
         "plain_decimal is from_chars");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text = fuzz::text_of(data, size);
  check<float>(text);
  check<double>(text);

  auto const [colons, ends] = detail::count_both(text, ':', '\n');
  expect(colons == static_cast<std::size_t>(std::count(text.begin(), text.end(), ':')) &&
             ends == static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')),
         "count_both counts");

  // The input is the list of control groups, and the text of every file.
  double const quota = detail::cgroup_quota(std::string(text),
                                            [&](std::string const&) { return std::string(text); });
  expect(quota > 0, "a quota is positive");
  expect(detail::cores_within(64, 0, quota) <= 64, "a quota adds no cores");
  return 0;
}
