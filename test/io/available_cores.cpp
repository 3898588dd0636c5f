// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE io_available_cores
#include "localsgd/io/available_cores.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace {

using namespace localsgd::detail;
using files = std::map<std::string, std::string>;

double quota_with(std::string const& cgroups, files const& made_up) {
  return cgroup_quota(cgroups, [&](std::string const& name) {
    auto const it = made_up.find(name);
    return it == made_up.end() ? std::string() : it->second;
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(cpu_max_is_a_quota_and_a_period) {
  BOOST_TEST(quota_of_cpu_max("150000 100000\n") == 1.5);
  BOOST_TEST(quota_of_cpu_max("50000 100000") == 0.5);
  for (auto const* text : {"max 100000\n", "", "100000", "100000 0", "-1 100000", "nonsense",
                           "inf inf", "1e-300 1e300", "1 inf"})
    BOOST_TEST(quota_of_cpu_max(text) == unlimited_cores, "\"" << text << "\"");
}

BOOST_AUTO_TEST_CASE(a_cfs_quota_of_minus_one_is_no_limit) {
  BOOST_TEST(quota_of_cfs("400000\n", "100000\n") == 4.0);
  BOOST_TEST(quota_of_cfs("-1\n", "100000\n") == unlimited_cores);
  BOOST_TEST(quota_of_cfs("", "100000\n") == unlimited_cores);
  BOOST_TEST(quota_of_cfs("400000\n", "") == unlimited_cores);
}

BOOST_AUTO_TEST_CASE(the_least_quota_of_a_group_and_those_above_it_counts) {
  files const made_up{{"/sys/fs/cgroup/pods/one/cpu.max", "max 100000\n"},
                      {"/sys/fs/cgroup/pods/cpu.max", "300000 100000\n"},
                      {"/sys/fs/cgroup/other/cpu.max", "100000 100000\n"}};
  BOOST_TEST(quota_with("0::/pods/one\n", made_up) == 3.0);
  BOOST_TEST(quota_with("0::/pods\n", made_up) == 3.0);
  BOOST_TEST(quota_with("0::/other\n", made_up) == 1.0);
  BOOST_TEST(quota_with("0::/\n", made_up) == unlimited_cores);
}

BOOST_AUTO_TEST_CASE(the_root_is_the_group_of_a_container_that_sees_a_path_of_the_host) {
  files const made_up{{"/sys/fs/cgroup/cpu.max", "200000 100000\n"}};
  for (auto const* line : {"0::/\n", "0::/docker/0123abcd\n", "0::/../../system.slice\n", "0::"})
    BOOST_TEST(quota_with(line, made_up) == 2.0, line);
}

BOOST_AUTO_TEST_CASE(the_cpu_controller_of_v1_is_found_under_either_name) {
  std::string const cgroups = "12:cpuset:/a\n4:cpu,cpuacct:/a/b\n1:name=systemd:/a\n";
  BOOST_TEST(quota_with(cgroups, {{"/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n"},
                                  {"/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"}}) ==
             2.5);
  BOOST_TEST(quota_with(cgroups, {{"/sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "70000\n"},
                                  {"/sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us", "100000\n"}}) == 0.7);
  // cpuset and cpuacct are other controllers.
  BOOST_TEST(quota_with("3:cpuset:/a\n2:cpuacct:/a\n",
                        {{"/sys/fs/cgroup/cpuset/a/cpu.cfs_quota_us", "100000\n"},
                         {"/sys/fs/cgroup/cpuset/a/cpu.cfs_period_us", "100000\n"},
                         {"/sys/fs/cgroup/cpuacct/a/cpu.cfs_quota_us", "100000\n"},
                         {"/sys/fs/cgroup/cpuacct/a/cpu.cfs_period_us", "100000\n"}}) ==
             unlimited_cores);
}

BOOST_AUTO_TEST_CASE(a_hybrid_of_v1_and_v2_takes_the_lower_limit) {
  files const made_up{{"/sys/fs/cgroup/cpu.max", "300000 100000\n"},
                      {"/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "200000\n"},
                      {"/sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n"}};
  BOOST_TEST(quota_with("1:cpu:/job\n0::/job\n", made_up) == 2.0);
}

BOOST_AUTO_TEST_CASE(text_that_is_no_list_of_groups_sets_no_limit) {
  for (auto const* text : {"", "\n\n", "nonsense", "0:nonsense", "::", "7:cpu"})
    BOOST_TEST(quota_with(text, {}) == unlimited_cores, "\"" << text << "\"");
}

BOOST_AUTO_TEST_CASE(the_least_of_hardware_affinity_and_quota_counts_and_at_least_one) {
  BOOST_TEST(cores_within(8, 8, unlimited_cores) == 8U);
  BOOST_TEST(cores_within(8, 3, unlimited_cores) == 3U);
  BOOST_TEST(cores_within(8, 3, 2.0) == 2U);
  BOOST_TEST(cores_within(8, 8, 3.9) == 3U);
  BOOST_TEST(cores_within(8, 8, 0.5) == 1U);
  BOOST_TEST(cores_within(2, 2, 64.0) == 2U);
  BOOST_TEST(cores_within(0, 4, unlimited_cores) == 4U);  // 0: not known
  BOOST_TEST(cores_within(4, 0, unlimited_cores) == 4U);
  BOOST_TEST(cores_within(0, 0, unlimited_cores) == 1U);
}

BOOST_AUTO_TEST_CASE(a_file_that_does_not_exist_has_no_text) {
  BOOST_TEST(text_of_file("/no/such/file").empty());
}

#if defined(__linux__)
BOOST_AUTO_TEST_CASE(a_thread_that_is_bound_to_one_processor_has_one_core) {
  BOOST_TEST(available_cores() >= 1U);
  std::thread bound([] {
    cpu_set_t all, one;
    if (sched_getaffinity(0, sizeof(all), &all) != 0) return;  // more than 1024 processors
    int first = 0;
    while (!CPU_ISSET(first, &all)) ++first;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    BOOST_REQUIRE(sched_setaffinity(0, sizeof(one), &one) == 0);
    BOOST_TEST(available_cores() == 1U);
  });
  bound.join();
}
#endif
