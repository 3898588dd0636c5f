// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_concept
#include "localsgd/worker/concept.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace localsgd;

namespace {

struct objective {
  using scalar = double;
};
struct sampler {};
struct step {};

struct sequence {
  std::vector<double> x = {0, 0};
  double weight = 0;
  void assign(std::span<double const> from) { x.assign(from.begin(), from.end()); }
  void advance(std::uint64_t, std::uint64_t) {}
  std::span<double> local() { return x; }
  void average(std::span<double>) const {}
};
struct of_floats : sequence {
  std::span<float> local();
};
struct changes_its_average : sequence {
  void average(std::span<double>);
};
struct cannot_be_assigned : sequence {
  void assign(std::span<double>) = delete;
};

// Takes the iterate weights.
struct weighted {
  template <class W>
  sequence bind(objective const&, sampler const&, step const&, W const& w, plan const&,
                std::size_t) const {
    return {.weight = w.weight(2)};
  }
};
// Decides them itself.
struct plain {
  sequence bind(objective const&, sampler const&, step const&, plan const&, std::size_t k) const {
    return {.weight = static_cast<double>(k)};
  }
};
struct not_const {
  sequence bind(objective const&, sampler const&, step const&, plan const&, std::size_t);
};
struct binds_no_sequence {
  int bind(objective const&, sampler const&, step const&, plan const&, std::size_t) const;
};
struct anchored {
  int anchor(objective const&, step const&, plan const&) const { return 7; }
  sequence bind(objective const&, sampler const&, step const&, plan const&, std::size_t,
                int hook) const {
    return {.weight = static_cast<double>(hook)};
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_sequence_has_its_four_members_in_the_scalar_of_the_run) {
  static_assert(LocalSequence<sequence> && !LocalSequence<sequence, float>);
  static_assert(!LocalSequence<of_floats> && !LocalSequence<changes_its_average> &&
                !LocalSequence<cannot_be_assigned> && !LocalSequence<int>);
}

BOOST_AUTO_TEST_CASE(a_worker_binds_with_or_without_iterate_weights) {
  static_assert(LocalWorker<weighted, objective, sampler, step>);
  static_assert(LocalWorker<plain, objective, sampler, step>);
  static_assert(!LocalWorker<not_const, objective, sampler, step> &&
                !LocalWorker<binds_no_sequence, objective, sampler, step> &&
                !LocalWorker<int, objective, sampler, step>);
  quadratic_weights const weights(5);
  BOOST_TEST(detail::bind_sequence(weighted{}, objective{}, sampler{}, step{}, weights, plan{}, 3)
                 .weight == 49);  // (5 + 2)²
  BOOST_TEST(
      detail::bind_sequence(plain{}, objective{}, sampler{}, step{}, weights, plan{}, 3).weight == 3);
}

BOOST_AUTO_TEST_CASE(an_anchored_worker_binds_with_what_it_has_made) {
  static_assert(AnchoredWorker<anchored, objective, sampler, step>);
  static_assert(!AnchoredWorker<plain, objective, sampler, step> &&
                !LocalWorker<anchored, objective, sampler, step>);
  BOOST_TEST(detail::bind_sequence(anchored{}, objective{}, sampler{}, step{}, quadratic_weights(1),
                                   plan{}, 0, anchored{}.anchor({}, {}, {}))
                 .weight == 7);
}
