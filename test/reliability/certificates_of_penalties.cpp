// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_certificates_of_penalties
#include "localsgd/minimize.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/weighted.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/warm_start.hpp"
#include "localsgd/worker/svrg/svrg.hpp"
#include "test/support/attack.hpp"
#include "test/support/hard_problems.hpp"

// Random linear models with penalties that have no gradient, of unusual shapes and scales. No
// certificate is below the true gap, no number is NaN, and the reason agrees with the certificate.

using namespace localsgd;

using report = hard::report;
BOOST_GLOBAL_FIXTURE(report);

namespace {

// l1, elastic_net, box, nonnegative and weighted are all of this type, with the same arithmetic.
using separable_penalty = box<weighted<elastic_net>>;

separable_penalty make_separable(hard::problem& p, std::size_t d, hard::exact_penalty& r) {
  hard::point weights(d, 1.0);
  bool const weighs = p.random.one_in(3);
  if (weighs)
    for (double& each : weights) each = p.random.one_in(6) ? 0 : p.random.between(0, 2);
  double const l1 = p.random.one_in(4) ? 0 : p.lambda, l2 = p.random.one_in(2) ? 0 : p.lambda / 7;
  double const size = p.random.one_in(2) ? 1 : p.target_scale / p.feature_scale;
  switch (p.random.below(4)) {
    case 0:
      r.lower = 0;
      break;
    case 1:
      r.lower = -0.3 * size, r.upper = 0.5 * size;
      break;
    case 2:
      r.upper = p.random.between(-1, 1) * size;
      break;
    default:
      break;
  }
  for (double const each : weights) r.l1.push_back(each * l1), r.l2.push_back(each * l2);
  return separable_penalty(r.lower, r.upper, weighted(elastic_net(l1, l2), weights));
}

template <class F>
hard::claim run(F const& f, settings const& s, std::string const& worker,
                hard::point const& start) {
  if (!start.empty()) return hard::claim_of(minimize(f, s, serial{}, warm_start(start)), s, worker);
  if (worker == "svrg") return hard::claim_of(minimize(f, s, serial{}, svrg{}), s, worker);
  return hard::claim_of(minimize(f, s, serial{}), s, worker);
}

}  // namespace

BOOST_AUTO_TEST_CASE(certificates_of_separable_penalties_hold) {
  std::uint64_t const first = hard::first_problem();
  for (std::uint64_t seed = first; seed != first + hard::problems(80); ++seed) {
    hard::problem p(seed);
    hard::exact_penalty r;
    auto const penalty = make_separable(p, p.penalized(), r);
    hard::exact_objective const exact(p, r);
    csr_matrix<double> const rows = to_csr(p.rows);
    hard::attack("separable", p,
                 [&](settings const& s, std::string const& worker, hard::point const& start) {
                   linear_objective const f(rows, p.targets, p.loss.make(), penalty, p.options());
                   return run(f, s, worker, start);
                 },
                 {exact, [&](auto x) { return exact.rounding(x); },
                  [&](auto x) { return exact.polished(x); }},
                 {"", "svrg"});
  }
}
