// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// decode() of the compressors on any message, and encode() on any change.

#include "fuzz/input.hpp"

#include "localsgd/compressor/quantized.hpp"
#include "localsgd/compressor/random_k.hpp"
#include "localsgd/compressor/top_k.hpp"

#include <cmath>
#include <vector>

namespace {

using namespace localsgd;
using fuzz::expect;

template <class State>
std::vector<double> decoded(State const& state, std::span<std::byte const> message, std::size_t d,
                            std::size_t step) {
  std::vector<double> sums(d);
  for (std::size_t first = 0; first < d; first += step)
    state.decode(message, 1, first, std::span(sums).subspan(first, std::min(step, d - first)));
  return sums;
}

template <class C>
void check(C const& compressor, plan const& p, std::span<std::byte const> message,
           std::vector<double> const& change) {
  std::size_t const d = p.dimension;
  auto state = compressor.template bind<double>(p, 0);
  for (std::size_t const step : {d, std::size_t{37}, std::size_t{1}}) try {
      decoded(state, message, d, step);
    } catch (invalid_data const& e) {
      fuzz::expect_readable(e, "message");
    }

  // What is sent and what is kept add up to the change, where neither is rounded away.
  std::vector<std::byte> sent;
  state.encode(change, sent);
  auto const all = decoded(state, sent, d, d);
  for (double const each : all) expect(std::isfinite(each), "what is sent is finite");
  expect(fuzz::same_bits(all, decoded(state, sent, d, 37)), "ranges do not matter");
  expect(fuzz::same_bits(all, decoded(compressor.template bind<double>(p, 1), sent, d, 5)),
         "any worker decodes a message");
  for (std::size_t cut = 0; cut < sent.size(); cut += 1 + cut / 4) try {
      decoded(state, std::span(sent).first(cut), d, d);
      expect(false, "a truncated message is refused");
    } catch (invalid_data const&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  fuzz::reader in(data, size);
  plan p;
  p.dimension = std::size_t{1} + in.take<std::uint16_t>() % 600;
  p.workers = 3;
  p.seed = in.take<std::uint8_t>();
  double const fraction = (1 + in.take<std::uint8_t>()) / 256.0;
  unsigned const bits = 2 + in.take<std::uint8_t>() % 15u;

  auto const message = std::as_bytes(in.rest());
  std::vector<double> change(p.dimension);
  for (double& each : change) {
    each = in.take<double>();
    if (!std::isfinite(each)) each = 0;
  }
  if (std::round(fraction * static_cast<double>(p.dimension)) >= 1) {
    check(top_k{fraction}, p, message, change);
    check(random_k{fraction}, p, message, change);
  }
  check(quantized{bits}, p, message, change);
  return 0;
}
