// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_gloo_rendezvous_folder
#include "localsgd/communicator/gloo/rendezvous_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

using localsgd::detail::rendezvous_folder;

namespace {

struct folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("localsgd-rendezvous-" + std::to_string(getpid()));
  folder() { std::filesystem::create_directories(path); }
  ~folder() { std::filesystem::remove_all(path); }
};

std::vector<char> const value{'a', '\0', 'b'};

}  // namespace

BOOST_AUTO_TEST_CASE(a_value_is_there_for_others_and_gone_with_its_maker) {
  folder const where;
  {
    rendezvous_folder maker(where.path, "run");
    rendezvous_folder const other(where.path, "run");
    BOOST_TEST(!other.has("key"));
    maker.claim("key", value);
    BOOST_TEST(other.has("key"));
    BOOST_TEST(other.value("key") == value, boost::test_tools::per_element());
    BOOST_TEST(other.wait("key", rendezvous_folder::clock::now()));
  }
  BOOST_TEST(std::filesystem::is_empty(where.path));
}

BOOST_AUTO_TEST_CASE(a_key_is_claimed_once_and_a_refused_claim_removes_nothing) {
  folder const where;
  rendezvous_folder first(where.path, "run");
  first.claim("key", value);
  {
    rendezvous_folder second(where.path, "run");
    BOOST_CHECK_THROW(second.claim("key", {}), std::runtime_error);
  }
  BOOST_TEST(first.value("key") == value, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(runs_of_other_names_do_not_meet) {
  folder const where;
  rendezvous_folder one(where.path, "one"), two(where.path, "two");
  one.claim("key", value);
  BOOST_TEST(!two.has("key"));
  two.claim("key", {});
}

BOOST_AUTO_TEST_CASE(only_the_owner_may_read_a_value) {
  namespace fs = std::filesystem;
  folder const where;
  rendezvous_folder maker(where.path, "run");
  maker.claim("key", value);
  BOOST_TEST((fs::status(where.path / "run.key").permissions() ==
              (fs::perms::owner_read | fs::perms::owner_write)));
}

BOOST_AUTO_TEST_CASE(a_link_in_the_place_of_a_draft_is_not_followed) {
  namespace fs = std::filesystem;
  folder const where;
  fs::path const precious = where.path / "precious";
  std::ofstream(precious) << "precious";
  fs::create_symlink(precious, where.path / ("run.key.draft" + std::to_string(getpid())));
  {
    rendezvous_folder maker(where.path, "run");
    maker.claim("key", value);
    BOOST_TEST(maker.value("key") == value, boost::test_tools::per_element());
  }
  BOOST_TEST(fs::file_size(precious) == 8u);
}

BOOST_AUTO_TEST_CASE(a_wait_ends_at_its_time) {
  folder const where;
  rendezvous_folder const alone(where.path, "run");
  auto const end = rendezvous_folder::clock::now() + std::chrono::milliseconds(30);
  BOOST_TEST(!alone.wait("key", end));
  BOOST_TEST((rendezvous_folder::clock::now() >= end));
}

BOOST_AUTO_TEST_CASE(a_key_can_be_forgotten) {
  folder const where;
  rendezvous_folder maker(where.path, "run");
  maker.claim("key", value);
  maker.forget("key");
  BOOST_TEST(!maker.has("key"));
  maker.forget("no such key");
}

BOOST_AUTO_TEST_CASE(a_folder_that_does_not_exist_is_an_error_that_names_it) {
  BOOST_CHECK_EXCEPTION(rendezvous_folder("/no/such/folder", "run"), std::runtime_error,
                        [](std::runtime_error const& e) {
                          return std::string(e.what()).find("/no/such/folder") !=
                                 std::string::npos;
                        });
}
