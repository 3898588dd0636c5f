// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include <localsgd/synchronizer/gloo.hpp>

#include <cstdio>

int main() {
  localsgd::gloo_ranks cluster({.folder = "."});
  std::printf("%d ranks\n", cluster.ranks());
  return cluster.ranks() == 1 ? 0 : 1;
}
