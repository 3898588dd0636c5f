// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "softmax.hpp"

namespace localsgd::python {

template result<double> solve_softmax(dense_view<float> const&, problem const&, solution const&);
template result<double> solve_softmax(dense_view<double> const&, problem const&, solution const&);

}  // namespace localsgd::python
