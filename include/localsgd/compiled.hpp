// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/loss/gamma.hpp"
#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/smoothed_quantile.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"

#include <tuple>

/// @file
/// @brief For programs that link `localsgd::compiled`: that library contains the compiled code of
///        minimize() without further components, so programs need not compile it, for
///        - linear_objective with `l2` and each of the losses,
///        - linear_objective with `l1` or `elastic_net` and `logistic` or `squared`,
///        - softmax_objective with `l2`, with labels of the same type as the features, or double,
///
///        all with `csr_matrix` or `dense_matrix` of float or double and iterates of double. Other
///        calls are compiled as usual. Compile the library and the program with the same options.

/// @cond
#define LOCALSGD_COMPILED_WITH(RUN, LOSS, REGULARIZER)                           \
  RUN(linear_objective<csr_matrix<float>, LOSS, double, REGULARIZER>)            \
  RUN(linear_objective<csr_matrix<double>, LOSS, double, REGULARIZER>)           \
  RUN(linear_objective<dense_matrix<float>, LOSS, double, REGULARIZER>)          \
  RUN(linear_objective<dense_matrix<double>, LOSS, double, REGULARIZER>)

#define LOCALSGD_COMPILED_SPARSE(RUN, LOSS)                                      \
  LOCALSGD_COMPILED_WITH(RUN, LOSS, l1)                                          \
  LOCALSGD_COMPILED_WITH(RUN, LOSS, elastic_net)

#define LOCALSGD_COMPILED_SOFTMAX(RUN)                                           \
  RUN(softmax_objective<csr_matrix<float>, float>)                               \
  RUN(softmax_objective<csr_matrix<float>, double>)                              \
  RUN(softmax_objective<csr_matrix<double>, double>)                             \
  RUN(softmax_objective<dense_matrix<float>, float>)                             \
  RUN(softmax_objective<dense_matrix<float>, double>)                            \
  RUN(softmax_objective<dense_matrix<double>, double>)

#define LOCALSGD_COMPILED_DECLARATION(...)                                       \
  extern template result<__VA_ARGS__::scalar> detail::assembled_run(             \
      __VA_ARGS__ const&, settings const&, std::tuple<> const&, double);

#define LOCALSGD_COMPILED_DEFINITION(...)                                        \
  template result<__VA_ARGS__::scalar> detail::assembled_run(                    \
      __VA_ARGS__ const&, settings const&, std::tuple<> const&, double);

namespace localsgd {

LOCALSGD_COMPILED_WITH(LOCALSGD_COMPILED_DECLARATION, gamma_loss, l2)
LOCALSGD_COMPILED_WITH(LOCALSGD_COMPILED_DECLARATION, huber, l2)
LOCALSGD_COMPILED_WITH(LOCALSGD_COMPILED_DECLARATION, logistic, l2)
LOCALSGD_COMPILED_WITH(LOCALSGD_COMPILED_DECLARATION, poisson, l2)
LOCALSGD_COMPILED_WITH(LOCALSGD_COMPILED_DECLARATION, smoothed_hinge, l2)
LOCALSGD_COMPILED_WITH(LOCALSGD_COMPILED_DECLARATION, smoothed_quantile, l2)
LOCALSGD_COMPILED_WITH(LOCALSGD_COMPILED_DECLARATION, squared, l2)
LOCALSGD_COMPILED_WITH(LOCALSGD_COMPILED_DECLARATION, squared_hinge, l2)
LOCALSGD_COMPILED_SPARSE(LOCALSGD_COMPILED_DECLARATION, logistic)
LOCALSGD_COMPILED_SPARSE(LOCALSGD_COMPILED_DECLARATION, squared)
LOCALSGD_COMPILED_SOFTMAX(LOCALSGD_COMPILED_DECLARATION)

}  // namespace localsgd
/// @endcond
