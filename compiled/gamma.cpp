// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "localsgd/compiled.hpp"

namespace localsgd {
LOCALSGD_COMPILED_WITH(LOCALSGD_COMPILED_DEFINITION, gamma_loss, l2)
}  // namespace localsgd
