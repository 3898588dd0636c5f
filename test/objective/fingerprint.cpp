// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_fingerprint
#include "localsgd/objective/fingerprint.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace {

using localsgd::detail::fingerprint_of;
using localsgd::detail::objective_fingerprint;

// f_i(x) = ‖x‖²/2 + c_i·x_0
template <class Scalar = double>
struct tilted {
  using scalar = Scalar;
  std::vector<double> c;
  std::size_t d = 3;
  double factor = 1;
  mutable std::size_t calls = 0, largest_batch = 0;

  std::size_t dimension() const { return d; }
  std::size_t samples() const { return c.size(); }
  double gradient(std::span<Scalar const> x, std::span<std::size_t const> batch,
                  std::span<Scalar> g) const {
    ++calls;
    largest_batch = batch.size() > largest_batch ? batch.size() : largest_batch;
    double loss = 0, tilt = 0;
    for (std::size_t const i : batch) tilt += c[i] / static_cast<double>(batch.size());
    for (std::size_t j = 0; j != d; ++j) {
      double const at = static_cast<double>(x[j]);
      loss += factor * at * at / 2;
      g[j] = static_cast<Scalar>(factor * at + (j == 0 ? tilt : 0));
    }
    return loss + tilt * static_cast<double>(x[0]);
  }
};

bool same(objective_fingerprint const& a, objective_fingerprint const& b) {
  return a.loss == b.loss && a.gradients == b.gradients;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_same_objective_has_the_same_fingerprint) {
  tilted<> const f{{1, 2, 3}};
  BOOST_TEST(same(fingerprint_of(f), fingerprint_of(tilted<>{{1, 2, 3}})));
}

BOOST_AUTO_TEST_CASE(other_data_another_dimension_and_another_function_have_another) {
  auto const f = fingerprint_of(tilted<>{{1, 2, 3}});
  BOOST_TEST(!same(f, fingerprint_of(tilted<>{{1, 2, 3.0000001}})));
  BOOST_TEST(!same(f, fingerprint_of(tilted<>{{1, 2, 3}, 4})));
  BOOST_TEST(!same(f, fingerprint_of(tilted<>{{1, 2, 3}, 3, 1.000001})));
  BOOST_TEST(!same(f, fingerprint_of(tilted<float>{{1, 2, 3}})));
}

BOOST_AUTO_TEST_CASE(the_loss_is_the_mean_over_all_samples) {
  // At x = (1, 2, 3)/4096: (1 + 4 + 9)/2/4096² + 2/4096.
  BOOST_TEST(fingerprint_of(tilted<>{{1, 2, 3}}).loss == 7.0 / 4096 / 4096 + 2.0 / 4096,
             boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(all_samples_are_evaluated_in_batches_of_at_most_65536) {
  tilted<> f{std::vector<double>(65536 + 3, 1.0)};
  auto const before = fingerprint_of(f);
  BOOST_TEST(f.calls == 2U);
  BOOST_TEST(f.largest_batch == 65536U);
  f.c.back() = 2;
  BOOST_TEST(!same(before, fingerprint_of(f)));
  f.c.back() = 1;
  f.c.front() = 2;
  BOOST_TEST(!same(before, fingerprint_of(f)));
}

BOOST_AUTO_TEST_CASE(an_objective_may_know_its_own) {
  struct knowing : tilted<> {
    objective_fingerprint fingerprint() const { return {7, 8}; }
  };
  knowing const f{{{1, 2}}};
  BOOST_TEST(same(fingerprint_of(f), {7, 8}));
  BOOST_TEST(f.calls == 0U);
}
