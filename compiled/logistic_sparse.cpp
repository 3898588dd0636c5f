// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "localsgd/compiled.hpp"

namespace localsgd {
LOCALSGD_COMPILED_SPARSE(LOCALSGD_COMPILED_DEFINITION, logistic)
}  // namespace localsgd
