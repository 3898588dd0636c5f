// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE fwd
#include "localsgd/fwd.hpp"

#include <boost/test/unit_test.hpp>

// What a user's header can say before the library is there.
namespace user {

double value(localsgd::result<> const& r, localsgd::settings const& s);
bool ended(localsgd::stop_reason reason);
struct data {
  localsgd::csr_matrix<> const* rows;
  localsgd::dense_view<double> const* view;
  localsgd::dataset<localsgd::csr_matrix<>> const* all;
  localsgd::checkpoint const* file;
};

}  // namespace user

// Then the whole library: a declaration of another kind, or another namespace, would be an error or
// a warning of clang++.
#include "localsgd/localsgd.hpp"

#include <tuple>
#include <type_traits>

using namespace localsgd;

namespace user {

double value(result<> const& r, settings const& s) {
  return r.objective + static_cast<double>(s.workers);
}
bool ended(stop_reason reason) { return reason == stop_reason::steps_done; }

}  // namespace user

BOOST_AUTO_TEST_CASE(the_declared_types_are_the_types_of_the_library) {
  result<> r;
  r.objective = 2;
  settings s;
  s.workers = 3;
  BOOST_TEST(user::value(r, s) == 5);
  BOOST_TEST(user::ended(stop_reason::steps_done));
  BOOST_TEST(!user::ended(stop_reason::diverged));
}

BOOST_AUTO_TEST_CASE(the_declarations_hold_the_default_arguments) {
  BOOST_TEST((std::is_same_v<result<>, result<double>>));
  BOOST_TEST((std::is_same_v<csr_matrix<>, csr_matrix<float>>));
  BOOST_TEST((std::is_same_v<quadratic<>, quadratic<double>>));
}

BOOST_AUTO_TEST_CASE(every_declared_type_is_defined_by_the_library) {
  using all =
      std::tuple<settings*, plan*, evaluation*, invalid_settings*, invalid_data*, linear_model*, model_kind*, feature_scaling*, squared*, logistic*,
                 squared_hinge*, smoothed_hinge*, huber*, poisson*, l1*, l2*,
                 elastic_net*, group_l1*, group_weights*, no_penalty*,
                 with_replacement*, shuffled*, automatic_step*, constant_step*,
                 inverse_time_step*, capped_inverse_step*, stagewise_step*, theory_step*, delay_adaptive<automatic_step>*,
                 quadratic_weights*, linear_weights*, uniform_weights*, sgd*, linear_sgd*,
                 factored_sgd*, svrg*, loopless_svrg*, dane*, scaffnew*, fedac*, slowcal*, every*, one_shot*, growing*, post_local*, stagewise*, adaptive*, at_random*, hierarchical*,
                 mean*, weighted_mean*, server_momentum*, coordinate_median*, trimmed_mean*, identity*,
                 quantized*, random_k*, top_k*,
                 thread_pool*, serial*, overlapped*, asynchronous*, progress_bar*, warm_start*,
                 checkpoint*, checkpoint_options*>;
  bool const complete = []<class... T>(std::tuple<T*...>) {
    return (... && (sizeof(T) > 0));
  }(all{});
  BOOST_TEST(complete);
}
