// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/data/labels.hpp"
#include "localsgd/data/text/number_from_chars.hpp"
#include "localsgd/loss/concept.hpp"
#include "localsgd/model/linear_model.hpp"
#include "localsgd/objective/factored_concept.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/objective/targets.hpp"

#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Builds a linear_model from an objective and its minimiser.

namespace localsgd {

namespace detail {

template <class L>
concept has_name = requires {
  { L::name } -> std::convertible_to<std::string_view>;
};

/// @brief The name of a loss in a linear_model: `L::name` if present, otherwise "custom".
template <class L>
constexpr std::string_view loss_name() noexcept {
  if constexpr (has_name<L>)
    return L::name;
  else
    return "custom";
}

/// @brief Whether a loss accepts only the targets −1 and +1.
template <class L>
bool is_of_two_classes() noexcept {
  if constexpr (knows_targets<L>)
    return L::accepts(-1) && L::accepts(1) && !L::accepts(0) && !L::accepts(0.5) && !L::accepts(2);
  else
    return false;
}

/// @brief A softmax_objective, or an objective with the same members.
template <class F>
concept softmax_regression =
    FactoredObjective<F> &&
    requires(F const& f, std::span<double const> x, std::span<std::size_t const> batch,
             std::span<double> p) {
      { f.classes() } -> std::convertible_to<std::size_t>;
      f.probabilities(x, batch, p);
    };

/// @brief The objectives that make_model() accepts: one of these, or shards of one.
template <class F>
concept has_linear_model =
    bool(LinearObjective<stepped_objective<F>> || softmax_regression<stepped_objective<F>>);

/// @brief The loss of a linear model, or of its shards.
template <class F>
using loss_of =
    std::remove_cvref_t<decltype(std::declval<stepped_objective<F> const&>().loss())>;

/// @brief An objective that provides loss and classes: f itself, or a shard of this process.
/// @throws invalid_settings if this process holds no shard
template <class F>
stepped_objective<F> const& any_shard_of(F const& f) {
  if constexpr (ShardedObjective<F>) {
    for (std::size_t k = 0; k != f.shards(); ++k)
      if (f.is_here(k)) return f.shard(k);
    refuse_setting("shards of this process", std::size_t{0},
                   "at least 1; call make_model() in a process that holds a shard");
  } else {
    return f;
  }
}

/// @brief Sets the labels to those of an encoding: as numbers if every name is a number in the
///        library's notation, otherwise as codes with names.
inline void set_labels(linear_model& m, label_encoding const& encoding) {
  m.labels.clear();
  m.names.clear();
  for (std::string const& name : encoding.names) {
    double number = 0;
    char const* const end = name.data() + name.size();
    auto const [last, status] = number_from_chars(name.data(), end, number);
    if (status != std::errc{} || last != end || !std::isfinite(number) || shown(number) != name) {
      m.labels = encoding.codes;
      m.names = encoding.names;
      return;
    }
    m.labels.push_back(number);
  }
}

template <has_linear_model F, class Point>
linear_model model_without_labels(F const& f, Point const& point) {
  auto const x = span_of(point);
  if (x.size() != f.dimension())
    throw invalid_data("x", std::to_string(x.size()) + " coordinates",
                       std::to_string(f.dimension()) + ", the dimension of the objective");
  for (std::size_t j = 0; j != x.size(); ++j)
    if (!std::isfinite(x[j]))
      throw invalid_data("x[" + std::to_string(j) + "]", shown(x[j]), "a finite number");
  linear_model m;
  m.coefficients.assign(x.begin(), x.end());
  if constexpr (LinearObjective<stepped_objective<F>>) {
    m.loss = loss_name<loss_of<F>>();
    m.intercepts.assign(1, 0);
    if (f.intercept() != 0) {
      m.intercepts[0] = f.intercept() * m.coefficients.back();
      m.coefficients.pop_back();
    }
    m.features = m.coefficients.size();
  } else {
    auto const& softmax = any_shard_of(f);
    m.loss = "softmax";
    m.intercepts.assign(softmax.classes(), 0);
    if constexpr (requires { { softmax.intercept() } -> std::convertible_to<double>; })
      if (double const constant = softmax.intercept(); constant != 0) {  // the last C numbers of x
        std::size_t const first = x.size() - m.outputs();
        for (std::size_t c = 0; c != m.outputs(); ++c)
          m.intercepts[c] = constant * m.coefficients[first + c];
        m.coefficients.resize(first);
      }
    m.features = m.coefficients.size() / m.outputs();
  }
  return m;
}

/// @brief The number of classes of an objective; also 2 for a regression loss, whose targets may
///        encode two classes.
template <class F>
std::size_t classes_of(F const& f) {
  if constexpr (LinearObjective<stepped_objective<F>>)
    return 2;
  else
    return any_shard_of(f).classes();
}

}  // namespace detail

/// @brief The model of a linear_objective or softmax_objective, or of a sharded_objective of these.
///
/// ~~~{.cpp}
/// result const r = minimize(f, {.tolerance = 1e-6});
/// linear_model const m = make_model(f, r.x);
/// std::vector<double> const y = predict(m, rows);
/// ~~~
/// The intercept is the constant feature times the last coordinate of x. Offsets belong to samples,
/// not to the model: add those of new samples to the result of decision_function().
///
/// A loss that accepts only the targets −1 and +1, such as `logistic`, gives a model of two classes
/// with these labels; softmax regression gives one of the classes 0, 1, …, C−1. Any other loss
/// gives a regression model. The name of a custom loss is its
/// `static constexpr std::string_view name` if it has one, otherwise "custom".
///
/// @param f a LinearObjective or a softmax_objective, or a sharded_objective of these
/// @param x d finite numbers, contiguous
/// @throws invalid_data naming `x`, or the coordinate of x that is not finite
template <detail::has_linear_model F, class Point>
linear_model make_model(F const& f, Point const& x) {
  auto m = detail::model_without_labels(f, x);
  if constexpr (detail::softmax_regression<detail::stepped_objective<F>>) {
    for (std::size_t c = 0; c != m.outputs(); ++c) m.labels.push_back(static_cast<double>(c));
  } else if (detail::is_of_two_classes<detail::loss_of<F>>()) {
    m.labels = {-1, 1};
  }
  m.validate();
  return m;
}

/// @brief The same with the labels of the data, as encoded by encode_binary() or encode_classes().
///
/// If the labels are numbers, predict() returns them. If they are texts, it returns the codes, and
/// predict_names() the labels. Regression losses such as `squared` also give a two-class model.
///
/// @throws invalid_data if the objective has a different number of classes, or the codes are not
///                      its targets
template <detail::has_linear_model F, class Point>
linear_model make_model(F const& f, Point const& x, label_encoding const& encoding) {
  auto m = detail::model_without_labels(f, x);
  std::size_t const classes = detail::classes_of(f);
  if (encoding.classes() != classes)
    throw invalid_data("encoding", std::to_string(encoding.classes()) + " classes",
                       std::to_string(classes) + ", the number of classes of the objective");
  for (std::size_t c = 0; c != classes; ++c) {
    double const code = LinearObjective<detail::stepped_objective<F>> ? (c == 0 ? -1.0 : 1.0)
                                                                      : static_cast<double>(c);
    if (encoding.codes[c] != code)
      throw invalid_data("encoding.codes[" + std::to_string(c) + "]",
                         detail::shown(encoding.codes[c]), detail::shown(code));
  }
  detail::set_labels(m, encoding);
  m.validate();
  return m;
}

/// @brief The same with numeric labels for the targets −1 and +1, or for the classes 0, 1, …, C−1.
/// @throws invalid_data naming `labels` if there are too few or too many, or `model.labels` if they
///                      are not finite and distinct
template <detail::has_linear_model F, class Point, detail::span_of_double Labels>
linear_model make_model(F const& f, Point const& x, Labels const& labels) {
  std::span<double const> const given(labels);
  auto m = detail::model_without_labels(f, x);
  std::size_t const classes = detail::classes_of(f);
  if (given.size() != classes)
    throw invalid_data("labels", std::to_string(given.size()) + " labels",
                       std::to_string(classes) + ", one for each class of the objective");
  m.labels.assign(given.begin(), given.end());
  m.validate();
  return m;
}

}  // namespace localsgd
