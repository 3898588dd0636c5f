// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_certificates
#include "localsgd/minimize.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>

#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/warm_start.hpp"
#include "localsgd/worker/dane/dane.hpp"
#include "localsgd/worker/svrg/svrg.hpp"
#include "test/support/attack.hpp"
#include "test/support/hard_problems.hpp"

// Random linear models with an L2 penalty, or none, of unusual shapes and scales. No certificate is
// below the true gap, no number is NaN, and the reason agrees with the certificate.

using namespace localsgd;

using report = hard::report;
BOOST_GLOBAL_FIXTURE(report);

BOOST_AUTO_TEST_CASE(certificates_of_linear_models_hold) {
  std::uint64_t const first = hard::first_problem();
  for (std::uint64_t seed = first; seed != first + hard::problems(200); ++seed) {
    hard::problem p(seed);
    hard::exact_penalty r;
    r.l1.assign(p.penalized(), 0);
    r.l2.assign(p.penalized(), p.lambda);
    hard::exact_objective const exact(p, r);
    hard::attack("l2", p,
                 [&](settings const& s, std::string const& worker, hard::point const& start) {
                   linear_objective const f(p.rows, p.targets, p.loss.make(), l2{p.lambda},
                                            p.options());
                   if (!start.empty())
                     return hard::claim_of(minimize(f, s, serial{}, warm_start(start)), s, worker);
                   if (worker == "svrg")
                     return hard::claim_of(minimize(f, s, serial{}, svrg{}), s, worker);
                   if (worker == "dane")
                     return hard::claim_of(minimize(f, s, serial{}, dane{}), s, worker);
                   return hard::claim_of(minimize(f, s, serial{}), s, worker);
                 },
                 {exact, [&](auto x) { return exact.rounding(x); },
                  [&](auto x) { return exact.polished(x); }},
                 {"", "svrg", "dane"});
  }
}
