// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_sequence_iterate
#include "localsgd/worker/sequence_iterate.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "localsgd/checkpoint/archive.hpp"
#include "localsgd/worker/scaled_iterate.hpp"

namespace {

using localsgd::detail::scaled_iterate;
using localsgd::detail::state_reader;
using localsgd::detail::state_writer;
using localsgd::detail::vector_sequence;
using localsgd::detail::written_sequence;

// Sequences whose "steps" set x: all that the bases leave to what comes on top.
template <class Scalar>
struct of_vectors : vector_sequence<Scalar> {
  using base = vector_sequence<Scalar>;
  explicit of_vectors(std::size_t d) : base(d) {}
  explicit of_vectors(typename base::memory left) : base(std::move(left)) {}
  void weigh(double w) { this->average_.add(w, std::span<Scalar const>(this->x_)); }
  void step_to(std::vector<Scalar> const& x) {
    for (std::size_t i = 0; i != x.size(); ++i) this->x_[i] = x[i];
  }
};
template <class Scalar, bool Sparse>
struct written : written_sequence<Scalar, scaled_iterate<Sparse>> {
  using base = written_sequence<Scalar, scaled_iterate<Sparse>>;
  explicit written(std::size_t d) : base(scaled_iterate<Sparse>(d)) {}
  void weigh(double w) { base::weigh(w); }
  void step_to(std::vector<Scalar> const& x) {
    for (std::size_t i = 0; i != x.size(); ++i)
      this->iterate_.move(i, static_cast<double>(x[i]) / this->iterate_.scale());
  }
};
using sequences = std::tuple<of_vectors<double>, of_vectors<float>, written<double, false>,
                             written<double, true>, written<float, true>>;


template <class Q, class Scalar = typename Q::scalar>
std::vector<Scalar> local(Q& q) {
  auto const x = q.local();
  return {x.begin(), x.end()};
}
template <class Q, class Scalar = typename Q::scalar>
std::vector<Scalar> average(Q const& q, std::size_t d) {
  std::vector<Scalar> out(d, -1);
  q.average(std::span<Scalar>(out));
  return out;
}
template <class Q, class Scalar = typename Q::scalar>
void assign(Q& q, std::vector<Scalar> const& x) {
  q.assign(std::span<Scalar const>(x));
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(a_sequence_begins_at_0_and_its_average_is_where_it_is, Q, sequences) {
  using vec = std::vector<typename Q::scalar>;
  Q q(3);
  BOOST_TEST((local(q) == vec{0, 0, 0}));
  assign(q, vec{1, -2, 0.5});
  BOOST_TEST((local(q) == vec{1, -2, 0.5}));
  BOOST_TEST((average(q, 3) == vec{1, -2, 0.5}));  // no step yet: nothing has a weight
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_average_has_the_weights_of_its_iterates, Q, sequences) {
  using vec = std::vector<typename Q::scalar>;
  Q q(2);
  assign(q, vec{4, 0});
  q.weigh(1);
  q.step_to(vec{0, 8});
  q.weigh(3);
  BOOST_TEST((average(q, 2) == vec{1, 6}));
  assign(q, vec{100, 100});  // a new start does not change what was
  BOOST_TEST((average(q, 2) == vec{1, 6}));
  BOOST_TEST((local(q) == vec{100, 100}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_state_that_is_read_back_goes_on_alike, Q, sequences) {
  using vec = std::vector<typename Q::scalar>;
  Q q(3), other(3);
  assign(q, vec{1, 2, 3});
  q.weigh(2);
  q.step_to(vec{2, 2, 2});
  q.weigh(2);
  state_writer out;
  out(q);
  assign(other, vec{9, 9, 9});
  other.weigh(5);
  state_reader in(out.bytes);
  in(other);
  BOOST_TEST(in.left() == 0U);
  BOOST_TEST((local(other) == vec{2, 2, 2}));
  BOOST_TEST((average(other, 3) == vec{1.5, 2, 2.5}));
  for (Q* each : {&q, &other}) {
    each->step_to(vec{0, 0, 0});
    each->weigh(4);
  }
  BOOST_TEST((average(other, 3) == average(q, 3)));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_released_holds_the_average, Q, sequences) {
  using scalar = typename Q::scalar;
  Q q(2);
  assign(q, std::vector<scalar>{4, 0});
  q.weigh(1);
  q.step_to({0, 8});
  q.weigh(1);
  auto const left = q.release();
  BOOST_TEST(left.average.size() == 2U);
  BOOST_TEST(left.average[0] == scalar{2});
  BOOST_TEST(left.average[1] == scalar{4});
}

BOOST_AUTO_TEST_CASE(a_sequence_may_go_on_in_the_memory_of_another) {
  of_vectors<double> first(4);
  assign(first, {1, 2, 3, 4});
  double const* const at = first.local().data();
  of_vectors<double> second(first.release());
  BOOST_TEST(second.local().data() == at);
  BOOST_TEST((local(second) == std::vector<double>{1, 2, 3, 4}));
}

BOOST_AUTO_TEST_CASE(a_sequence_may_be_given_its_own_memory) {
  of_vectors<double> q(2);
  assign(q, {1, 2});
  q.assign(std::span<double const>(q.local()));
  q.average(q.local());
  BOOST_TEST((local(q) == std::vector<double>{1, 2}));
}

BOOST_AUTO_TEST_CASE(only_an_iterate_in_another_form_is_copied_to_be_read) {
  of_vectors<double> q(1);
  q.local()[0] = 5;  // the iterate itself
  BOOST_TEST(q.local()[0] == 5.0);
  written<double, true> w(1);
  w.local()[0] = 5;
  BOOST_TEST(w.local()[0] == 0.0);
}
