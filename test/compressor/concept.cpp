// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE compressor_concept
#include "localsgd/compressor/concept.hpp"

#include "localsgd/compressor/identity.hpp"
#include "test/support/compressors.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <span>
#include <vector>

using namespace localsgd;

BOOST_AUTO_TEST_CASE(a_compressor_makes_an_encoder_for_each_worker) {
  static_assert(Compressor<support::as_it_is>);
  static_assert(!Compressor<support::as_it_is, float>);  // it binds to double only
  static_assert(!Compressor<identity>);                  // `identity` stands for no compressor
  static_assert(EncoderState<support::as_it_is::bound>);
}

BOOST_AUTO_TEST_CASE(what_is_decoded_by_ranges_adds_up) {
  auto encoder = support::as_it_is{}.bind<double>(plan{}, 0);
  std::vector<double> const change{1, -2, 3};
  std::vector<std::byte> message(100);  // will be overwritten
  encoder.encode(change, message);
  BOOST_TEST(message.size() == 24);
  std::vector<double> sums{10, 10, 10};
  auto const other = support::as_it_is{}.bind<double>(plan{}, 1);
  other.decode(message, 0.5, 2, std::span(sums).subspan(2));
  other.decode(message, 0.5, 0, std::span(sums).first(2));
  BOOST_TEST((sums == std::vector<double>{10.5, 9, 11.5}));
}
