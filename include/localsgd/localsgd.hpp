// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file
/// @brief Everything.

#include "localsgd/averager/mean.hpp"
#include "localsgd/averager/weighted_mean.hpp"
#include "localsgd/data/cache.hpp"
#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/data/dataset.hpp"
#include "localsgd/data/idx.hpp"
#include "localsgd/data/libsvm.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/loss.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/progress_bar.hpp"
#include "localsgd/sampler/sharded.hpp"
#include "localsgd/sampler/shuffled.hpp"
#include "localsgd/sampler/with_replacement.hpp"
#include "localsgd/schedule/every.hpp"
#include "localsgd/schedule/growing.hpp"
#include "localsgd/schedule/post_local.hpp"
#include "localsgd/synchronizer/asynchronous.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"
#include "localsgd/version.hpp"
