// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "advise.hpp"
#include "problem.hpp"

#include <cstdio>
#include <string>

namespace train {

void print_advice(advise_options const& o) {
  if ((o.accuracy > 0) == (o.tolerance.value_or(0) > 0))
    throw usage_error("advise: specify the goal, either --accuracy or --tolerance, above 0");
  localsgd::cluster machines;
  machines.costs.gradient_seconds = o.gradient_seconds;
  machines.costs.latency_seconds = o.latency;
  machines.costs.bytes_per_second = o.bandwidth;
  machines.costs.members = o.machines;
  if (o.network == "ring") machines.costs.network = localsgd::topology::ring;
  if (o.network == "tree") machines.costs.network = localsgd::topology::tree;
  if (o.network == "master") machines.costs.network = localsgd::topology::master;
  if (o.noise == "exponential") machines.noise = localsgd::time_noise::exponential;
  if (o.noise == "log-normal") machines.noise = localsgd::time_noise::log_normal;
  machines.slow_share = o.slow_share;
  machines.slow_factor = o.slow_factor;
  localsgd::goal wish;
  wish.accuracy = o.accuracy;
  wish.tolerance = o.tolerance.value_or(0);
  localsgd::choices among;
  among.workers = o.workers;
  among.batch_sizes = o.batch_sizes;

  prepared const all = prepare(o);
  if (all.loss != "logistic" && all.loss != "squared")
    throw usage_error("--loss " + all.loss + ": advise is available for logistic and squared");
  if (!o.quiet) std::fprintf(stderr, "%s\n", all.description.c_str());
  write_text(all.loss == "logistic" ? advise_logistic(all.p, wish, machines, among)
                                    : advise_squared(all.p, wish, machines, among),
             {});
}

}  // namespace train
