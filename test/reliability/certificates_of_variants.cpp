// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_certificates_of_variants
#include "localsgd/minimize.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/sharded.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/warm_start.hpp"
#include "test/support/attack.hpp"
#include "test/support/hard_problems.hpp"

// Linear models with an L2 penalty in float, with a loss that has only the required members, with
// the loss evaluated in blocks, and in shards. No certificate is
// below the true gap, no number is NaN, and the reason agrees with the certificate.

using namespace localsgd;

using report = hard::report;
BOOST_GLOBAL_FIXTURE(report);

namespace {

template <class F>
hard::claim run(F const& f, settings const& s, std::string const& worker,
                hard::point const& start) {
  if (!start.empty()) return hard::claim_of(minimize(f, s, serial{}, warm_start(start)), s, worker);
  return hard::claim_of(minimize(f, s, serial{}), s, worker);
}

template <class Make>
void attack(std::string const& name, hard::problem& p, Make const& make, double epsilon = 0x1p-52) {
  hard::exact_penalty r;
  r.l1.assign(p.penalized(), 0);
  r.l2.assign(p.penalized(), p.lambda);
  hard::exact_objective const exact(p, r);
  hard::attack(
      name, p, make,
      {exact, [&](auto x) { return exact.rounding(x); }, [&](auto x) { return exact.polished(x); }},
      {""}, epsilon);
}

std::uint64_t const first = hard::first_problem();

}  // namespace

BOOST_AUTO_TEST_CASE(certificates_of_float_iterates_hold) {
  for (std::uint64_t seed = first; seed != first + hard::problems(100); ++seed) {
    hard::problem p(seed, seed % 4 == 0);
    attack("float", p, [&](settings const& s, std::string const& worker, hard::point const& start) {
      linear_objective const f(p.rows, p.targets, p.loss.make(), l2{p.lambda}, p.options(),
                               iterate_type<float>{});
      return run(f, s, worker, start);
    });
  }
}

BOOST_AUTO_TEST_CASE(certificates_of_a_loss_with_only_the_required_members_hold) {
  for (std::uint64_t seed = first; seed != first + hard::problems(100); ++seed) {
    hard::problem p(seed);
    attack("required members", p,
           [&](settings const& s, std::string const& worker, hard::point const& start) {
             linear_objective const f(p.rows, p.targets, support::plain_loss(p.loss.make()),
                                      l2{p.lambda}, p.options());
             return run(f, s, worker, start);
           });
  }
}

BOOST_AUTO_TEST_CASE(certificates_of_logistic_regression_hold) {
  for (std::uint64_t seed = first; seed != first + hard::problems(100); ++seed) {
    hard::problem p(seed);
    for (double& each : p.targets) each = each > 0 ? 1 : -1;
    p.loss.which = hard::family::logistic;
    attack("logistic", p,
           [&](settings const& s, std::string const& worker, hard::point const& start) {
             linear_objective const f(p.rows, p.targets, logistic{}, l2{p.lambda}, p.options());
             return run(f, s, worker, start);
           });
  }
}

BOOST_AUTO_TEST_CASE(certificates_of_shards_hold) {
  for (std::uint64_t seed = first; seed != first + hard::problems(100); ++seed) {
    hard::problem p(seed);
    std::size_t const shards = p.workers = std::min(p.workers, p.n);
    struct part {
      dense_matrix<double> rows;
      hard::point targets, weights, offsets;
    };
    std::vector<part> parts;
    for (std::size_t k = 0; k != shards; ++k) {
      index_range const own = detail::even_split(p.n, shards, k);
      if (!p.weights.empty()) p.weights[own.first] = 1;
      part one{dense_matrix<double>(std::array<std::size_t, 2>{own.size(), p.d}, 0.0), {}, {}, {}};
      for (std::size_t i = own.first; i != own.last; ++i) {
        for (std::size_t j = 0; j != p.d; ++j) one.rows(i - own.first, j) = p.rows(i, j);
        one.targets.push_back(p.targets[i]);
        if (!p.weights.empty()) one.weights.push_back(p.weights[i]);
        if (!p.offsets.empty()) one.offsets.push_back(p.offsets[i]);
      }
      parts.push_back(one);
    }
    attack("shards", p,
           [&](settings const& s, std::string const& worker, hard::point const& start) {
             serial here;
             sharded_objective const f(here, shards, [&](std::size_t k) {
               linear_options options = p.options();
               options.weights = parts[k].weights;
               options.offset = parts[k].offsets;
               return linear_objective(parts[k].rows, parts[k].targets, p.loss.make(), l2{p.lambda},
                                       options);
             });
             return run(f, s, worker, start);
           });
  }
}
