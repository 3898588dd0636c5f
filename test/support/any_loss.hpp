// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/loss/concept.hpp"

#include <memory>

/// @file
/// @brief Losses of one type, so that minimize() is compiled once for all of them.

namespace support {

struct loss_base {
  virtual ~loss_base() = default;
  virtual double value(double z, double y) const = 0;
  virtual double derivative(double z, double y) const = 0;
  virtual double conjugate(double theta, double y) const = 0;
  virtual double project_to_dual_domain(double theta, double y) const = 0;
  double curvature = 0, lipschitz_constant = 0;
};
template <class L>
struct erased_loss : loss_base {
  explicit erased_loss(L const& one) : l(one) {
    loss_base::curvature = l.curvature();
    loss_base::lipschitz_constant = l.lipschitz_constant();
  }
  double value(double z, double y) const override { return l.value(z, y); }
  double derivative(double z, double y) const override { return l.derivative(z, y); }
  double conjugate(double theta, double y) const override { return l.conjugate(theta, y); }
  double project_to_dual_domain(double theta, double y) const override {
    return l.project_to_dual_domain(theta, y);
  }
  L l;
};

/// @brief A loss with only the required members.
struct plain_loss {
  std::shared_ptr<loss_base const> one;

  double value(double z, double y) const { return one->value(z, y); }
  double derivative(double z, double y) const { return one->derivative(z, y); }
  double curvature() const { return one->curvature; }
};
/// @brief A loss with a conjugate.
struct any_loss : plain_loss {
  template <localsgd::Loss L>
  static any_loss of(L const& l) {
    return {{std::make_shared<erased_loss<L>>(l)}};
  }
  double lipschitz_constant() const { return one->lipschitz_constant; }
  double conjugate(double theta, double y) const { return one->conjugate(theta, y); }
  double project_to_dual_domain(double theta, double y) const {
    return one->project_to_dual_domain(theta, y);
  }
};

}  // namespace support
