// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"
#include "localsgd/checkpoint/no_checkpoint.hpp"
#include "localsgd/compressor/concept.hpp"
#include "localsgd/compressor/identity.hpp"
#include "localsgd/iterate_weights/concept.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/observer/concept.hpp"
#include "localsgd/sampler/concept.hpp"
#include "localsgd/sampler/with_replacement.hpp"
#include "localsgd/schedule/concept.hpp"
#include "localsgd/step_size/concept.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/synchronizer/concept.hpp"
#include "localsgd/warm_start.hpp"
#include "localsgd/worker/concept.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

/// @file
/// @brief Classifies the components of a call by the concepts they model.

namespace localsgd {

namespace detail {

/// @brief A StepSize, or a rule that creates one for F.
template <class C, class F>
concept step_size_component = bool(StepSize<C> || StepSizeRule<C, F>);

/// @brief Makes sequences for F. Checked with the default sampler and step size.
template <class C, class F>
concept worker_component = bool(LocalWorker<C, F, with_replacement, constant_step> ||
                                AnchoredWorker<C, F, with_replacement, constant_step>);

/// @brief A kind of component, as a type: `kind::of<C>` reports whether C belongs to it.
struct sampler_kind {
  template <class C, class F>
  static constexpr bool of = Sampler<C>;
};
struct step_size_kind {
  template <class C, class F>
  static constexpr bool of = step_size_component<C, F>;
};
struct iterate_weights_kind {
  template <class C, class F>
  static constexpr bool of = IterateWeights<C>;
};
struct worker_kind {
  template <class C, class F>
  static constexpr bool of = worker_component<C, stepped_objective<F>>;
};
struct schedule_kind {
  template <class C, class F>
  static constexpr bool of = Schedule<C>;
};
struct averager_kind {
  template <class C, class F>
  static constexpr bool of = Averager<C, typename F::scalar>;
};
struct compressor_kind {
  template <class C, class F>
  static constexpr bool of = std::same_as<C, identity> || Compressor<C, typename F::scalar>;
};
struct synchronizer_kind {
  template <class C, class F>
  static constexpr bool of = Synchronizer<C>;
};
struct observer_kind {
  template <class C, class F>
  static constexpr bool of = Observer<C>;
};

/// @brief A kind with a single type.
template <class Only>
struct only_kind {
  template <class C, class F>
  static constexpr bool of = std::same_as<C, Only>;
};
using checkpoint_kind = only_kind<checkpoint>;
using warm_start_kind = only_kind<warm_start>;

template <class Kind, class F, class... Components>
constexpr std::size_t count_of =
    (std::size_t{0} + ... + (Kind::template of<Components, F> ? 1 : 0));

/// @brief The first component of the kind, or the value of the fallback.
template <class Kind, class F, class Fallback, class... Given>
decltype(auto) pick(Fallback&& fallback, std::tuple<Given&...> const& given) {
  constexpr std::array<bool, sizeof...(Given) + 1> matches{
      Kind::template of<std::remove_const_t<Given>, F>..., true};
  constexpr std::size_t place = [&] {
    std::size_t i = 0;
    while (!matches[i]) ++i;
    return i;
  }();
  if constexpr (place == sizeof...(Given))
    return std::forward<Fallback>(fallback)();
  else
    return std::get<place>(given);
}

}  // namespace detail

/// @brief An argument that minimize() accepts besides the objective and the settings: a Sampler, a
///        StepSize (or a rule for one), IterateWeights, a LocalWorker, a Schedule, an Averager, a
///        Compressor, a Synchronizer or an Observer for the objective F; a checkpoint; or a
///        warm_start.
template <class C, class F>
concept ComponentFor =
    Sampler<C> || detail::step_size_component<C, F> || IterateWeights<C> ||
    detail::worker_component<C, detail::stepped_objective<F>> ||
    Schedule<C> || Averager<C, typename F::scalar> || detail::compressor_kind::of<C, F> ||
    Synchronizer<C> || Observer<C> ||
    std::same_as<C, checkpoint> || std::same_as<C, warm_start>;

namespace detail {
template <class F, class... Components>
concept at_most_one_component_of_each_kind =
    count_of<sampler_kind, F, Components...> <= 1 &&
    count_of<step_size_kind, F, Components...> <= 1 &&
    count_of<iterate_weights_kind, F, Components...> <= 1 &&
    count_of<worker_kind, F, Components...> <= 1 &&
    count_of<schedule_kind, F, Components...> <= 1 &&
    count_of<averager_kind, F, Components...> <= 1 &&
    count_of<compressor_kind, F, Components...> <= 1 &&
    count_of<synchronizer_kind, F, Components...> <= 1 &&
    count_of<observer_kind, F, Components...> <= 1 &&
    count_of<checkpoint_kind, F, Components...> <= 1 &&
    count_of<warm_start_kind, F, Components...> <= 1;
}  // namespace detail

}  // namespace localsgd
