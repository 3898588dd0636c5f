// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <localsgd/core/error.hpp>
#include <localsgd/loss/concept.hpp>
#include <localsgd/loss/huber.hpp>
#include <localsgd/loss/logistic.hpp>
#include <localsgd/loss/smoothed_hinge.hpp>
#include <localsgd/loss/squared.hpp>
#include <localsgd/loss/squared_hinge.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <variant>

/// @file
/// @brief A loss that is chosen at run time.

namespace localsgd::python {

/// @brief One of the losses of the library. All of them share one instantiation of the solver, which
///        costs a predictable branch in a local step, and saves most of the time to compile.
class any_loss {
  using losses = std::variant<logistic, squared, squared_hinge, smoothed_hinge, huber>;

  // A switch, which the compiler sees through.
  template <class Function>
  auto visit(Function const& f) const noexcept {
    switch (loss_.index()) {
      case 0: return f(*std::get_if<0>(&loss_));
      case 1: return f(*std::get_if<1>(&loss_));
      case 2: return f(*std::get_if<2>(&loss_));
      case 3: return f(*std::get_if<3>(&loss_));
      default: return f(*std::get_if<4>(&loss_));
    }
  }

 public:
  /// @param name      that of the loss in a linear_model
  /// @param parameter γ of smoothed_hinge, δ of huber
  /// @throws invalid_settings
  any_loss(std::string_view name, double parameter) : loss_(chosen(name, parameter)) {}

  double value(double z, double y) const noexcept {
    return visit([&](auto const& l) { return l.value(z, y); });
  }
  double derivative(double z, double y) const noexcept {
    return visit([&](auto const& l) { return l.derivative(z, y); });
  }
  double curvature() const noexcept {
    return visit([](auto const& l) { return l.curvature(); });
  }
  double lipschitz_constant() const noexcept {
    return visit([](auto const& l) { return l.lipschitz_constant(); });
  }
  double conjugate(double theta, double y) const noexcept {
    return visit([&](auto const& l) { return l.conjugate(theta, y); });
  }
  double project_to_dual_domain(double theta, double y) const noexcept {
    return visit([&](auto const& l) { return l.project_to_dual_domain(theta, y); });
  }
  void evaluate(double const* z, double const* y, std::size_t count, double* value,
                double* slope) const noexcept {
    visit([&](auto const& l) {
      if constexpr (detail::evaluates_blocks<std::remove_cvref_t<decltype(l)>>) {
        l.evaluate(z, y, count, value, slope);
      } else {
        for (std::size_t i = 0; i != count; ++i) {
          value[i] = l.value(z[i], y[i]);
          slope[i] = l.derivative(z[i], y[i]);
        }
      }
    });
  }

 private:
  static losses chosen(std::string_view name, double parameter) {
    if (name == logistic::name) return logistic{};
    if (name == squared::name) return squared{};
    if (name == squared_hinge::name) return squared_hinge{};
    if (name == smoothed_hinge::name) return smoothed_hinge(parameter);
    if (name == huber::name) return huber(parameter);
    detail::refuse_setting("loss", name,
                           "logistic, squared, squared_hinge, smoothed_hinge or huber");
  }

  losses loss_;
};
static_assert(Loss<any_loss>);

}  // namespace localsgd::python
