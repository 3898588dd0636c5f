// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file
/// @brief Forward declarations, for headers that only name the library's types.
///
/// This header includes nothing. It does not declare aliases of other libraries' types (`vector`,
/// `dense_matrix`), templates with constrained parameters (`linear_objective`, `sharded`),
/// regularizers that wrap others (`box`, `nonnegative`, `weighted`), or the simulated, MPI and Gloo
/// synchronizers.

namespace localsgd {

struct settings;
struct plan;
struct evaluation;
enum class stop_reason;
template <class Scalar = double>
struct result;
class invalid_settings;
class invalid_data;

template <class Value = float>
class csr_matrix;
template <class Value>
class dense_view;
template <class Matrix>
struct dataset;

template <class Scalar = double>
class quadratic;

struct linear_model;
enum class model_kind;
struct feature_scaling;

struct squared;
struct logistic;
struct squared_hinge;
class smoothed_hinge;
class huber;
class poisson;

struct l1;
struct l2;
struct elastic_net;
class group_l1;
enum class group_weights;
struct no_penalty;

struct with_replacement;
struct shuffled;

class automatic_step;
class constant_step;
class inverse_time_step;
class capped_inverse_step;
class stagewise_step;
class theory_step;
template <class Base>
class delay_adaptive;

class quadratic_weights;
class linear_weights;
struct uniform_weights;

struct sgd;
struct linear_sgd;
struct factored_sgd;
struct svrg;
struct loopless_svrg;
struct dane;
struct scaffnew;
struct fedac;
struct slowcal;

class every;
struct one_shot;
class growing;
class post_local;
class stagewise;
class adaptive;
class at_random;
class hierarchical;

struct mean;
struct weighted_mean;
struct server_momentum;
struct coordinate_median;
struct trimmed_mean;

struct identity;
struct quantized;
struct random_k;
struct top_k;

class thread_pool;
class serial;
class overlapped;
class asynchronous;

class progress_bar;
class warm_start;
class checkpoint;
struct checkpoint_options;

}  // namespace localsgd
