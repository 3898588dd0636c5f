// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE io_replacing_file
#include "localsgd/io/replacing_file.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/problems.hpp"
#include "test/support/temporary_path.hpp"

#if defined(__linux__)
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#endif

namespace fs = std::filesystem;
using localsgd::detail::replacing_file;

namespace {

struct folder {
  support::temporary_path place;
  folder() { fs::create_directory(place()); }

  fs::path target(std::string_view name = "target") const { return place() / name; }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (auto const& each : fs::directory_iterator(place()))
      found.push_back(each.path().filename().string());
    std::ranges::sort(found);
    return found;
  }
  std::size_t files() const { return names().size(); }
  /// What is not the target.
  std::string other() const {
    for (std::string const& name : names())
      if (name != "target") return name;
    return {};
  }
};

std::string bytes_of(fs::path const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(replacing_file& file, std::string_view text) { file.write(text.data(), text.size()); }

void replace(fs::path const& target, std::string_view text) {
  replacing_file file(target);
  write(file, text);
  file.commit();
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_target_is_what_it_was_until_the_new_one_is_whole) {
  folder const f;
  replace(f.target(), "old");
  {
    replacing_file file(f.target());
    write(file, "new");
    BOOST_TEST(bytes_of(f.target()) == "old");
    BOOST_TEST(f.files() == 2u);
    file.commit();
    BOOST_TEST(bytes_of(f.target()) == "new");
    BOOST_TEST(f.files() == 1u);
  }
  BOOST_TEST(bytes_of(f.target()) == "new");
  { replacing_file const given_up(f.target()); }
  BOOST_TEST(bytes_of(f.target()) == "new");
  BOOST_TEST(f.files() == 1u);
}

BOOST_AUTO_TEST_CASE(two_in_one_process_do_not_disturb_each_other) {
  folder const f;
  replacing_file first(f.target()), second(f.target());
  write(first, "first");
  write(second, "second");
  second.commit();
  BOOST_TEST(bytes_of(f.target()) == "second");
  replace(f.target(), "third");
  BOOST_TEST(f.files() == 2u);  // the first one is still there
  first.commit();
  BOOST_TEST(bytes_of(f.target()) == "first");
  BOOST_TEST(f.files() == 1u);
}

BOOST_AUTO_TEST_CASE(a_name_may_be_as_long_as_the_system_allows) {
  folder const f;
  std::string const longest(255, 'x');
  replace(f.target(longest), "text");
  BOOST_TEST(bytes_of(f.target(longest)) == "text");
}

BOOST_AUTO_TEST_CASE(a_target_without_a_folder_is_in_the_current_one) {
  folder const f;
  auto const before = fs::current_path();
  fs::current_path(f.place());
  replace("target", "text");
  replace("target", "again");
  fs::current_path(before);
  BOOST_TEST(bytes_of(f.target()) == "again");
  BOOST_TEST(f.files() == 1u);
}

#if defined(__unix__) || defined(__APPLE__)

BOOST_AUTO_TEST_CASE(only_the_owner_may_read_a_file_before_it_is_whole) {
  folder const f;
  auto const owner = fs::perms::owner_read | fs::perms::owner_write;
  for (bool const replaces : {false, true}) {
    replacing_file file(f.target());
    BOOST_TEST((fs::status(f.target(f.other())).permissions() == owner), replaces);
    write(file, "text");
    BOOST_TEST((fs::status(f.target(f.other())).permissions() == owner), replaces);
    file.commit();
  }
}

BOOST_AUTO_TEST_CASE(a_new_file_has_the_permissions_of_any_new_file) {
  folder const f;
  std::ofstream(f.target("any")) << "text";
  replace(f.target(), "text");
  BOOST_TEST((fs::status(f.target()).permissions() == fs::status(f.target("any")).permissions()));
}

BOOST_AUTO_TEST_CASE(the_permissions_of_the_target_stay) {
  folder const f;
  replace(f.target(), "old");
  // Fewer rights than any usual umask leaves, and more.
  for (unsigned const mode : {0600U, 0400U, 0640U, 0666U}) {
    fs::permissions(f.target(), static_cast<fs::perms>(mode));
    replace(f.target(), "new");
    BOOST_TEST(static_cast<unsigned>(fs::status(f.target()).permissions()) == mode);
  }
}

#endif

#if defined(__linux__)

namespace {

/// A process that begins to write to the target, and neither ends nor goes on by itself.
class half_written {
 public:
  explicit half_written(fs::path const& target) {
    std::array<int, 2> begun{}, go_on{};
    BOOST_REQUIRE(::pipe2(begun.data(), O_CLOEXEC) == 0);
    BOOST_REQUIRE(::pipe2(go_on.data(), O_CLOEXEC) == 0);
    child_ = ::fork();
    BOOST_REQUIRE(child_ >= 0);
    if (child_ == 0) {
      ::close(go_on[1]);
      replacing_file file(target);
      write(file, "by the child, ");
      char c = 'x';
      bool good = ::write(begun[1], &c, 1) == 1 && ::read(go_on[0], &c, 1) == 1;
      if (!good) ::_exit(1);
      write(file, "whole");
      try {
        file.commit();
      } catch (fs::filesystem_error const&) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    ::close(begun[1]);
    ::close(go_on[0]);
    char c = 0;
    BOOST_REQUIRE(::read(begun[0], &c, 1) == 1);
    ::close(begun[0]);
    go_on_ = go_on[1];
  }
  half_written(half_written const&) = delete;
  half_written& operator=(half_written const&) = delete;
  ~half_written() {
    if (child_ > 0) kill();
    ::close(go_on_);
  }

  void kill() {
    ::kill(child_, SIGKILL);
    end();
  }
  /// What the process returns when it has written the rest.
  int finish() {
    BOOST_REQUIRE(::write(go_on_, "x", 1) == 1);
    return end();
  }
  ::pid_t process() const { return child_; }

 private:
  int end() {
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    return status;
  }
  ::pid_t child_ = -1;
  int go_on_ = -1;
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_killed_process_left_is_gone_when_the_next_one_writes) {
  folder const f;
  half_written first(f.target()), second(f.target());  // alive at the same time
  BOOST_TEST(f.files() == 2u);
  first.kill();
  second.kill();
  BOOST_TEST(f.files() == 2u);  // nobody was there to remove them
  replace(f.target(), "text");
  BOOST_TEST((f.names() == std::vector<std::string>{"target"}));
  BOOST_TEST(bytes_of(f.target()) == "text");
  // Nor does it take a new file that is whole.
  half_written third(f.target());
  third.kill();
  BOOST_TEST(f.files() == 2u);
  { replacing_file const given_up(f.target()); }
  BOOST_TEST((f.names() == std::vector<std::string>{"target"}));
  BOOST_TEST(bytes_of(f.target()) == "text");
}

BOOST_AUTO_TEST_CASE(what_a_process_still_writes_stays) {
  folder const f;
  half_written child(f.target());
  std::string const name = f.other();
  for (int i = 0; i != 3; ++i) replace(f.target(), "text");
  BOOST_TEST(f.files() == 2u);
  BOOST_TEST(fs::exists(f.target(name)));
  ::kill(child.process(), SIGSTOP);  // alive, whatever it does
  replace(f.target(), "text");
  ::kill(child.process(), SIGCONT);
  BOOST_TEST(fs::exists(f.target(name)));
  BOOST_TEST(child.finish() == 0);
  BOOST_TEST(bytes_of(f.target()) == "by the child, whole");
  BOOST_TEST(f.files() == 1u);
}

BOOST_AUTO_TEST_CASE(what_others_left_stays) {
  folder const f;
  half_written child(f.target("another target"));
  child.kill();
  // Names as on another host, of a file system without locks, and of somebody else's.
  std::vector<std::string> const strange{".localsgd-0123456789abcdef-1.tmp", ".localsgd-12ab.tmp",
                                         ".localsgd-.tmp", "a.tmp"};
  for (std::string const& name : strange) std::ofstream(f.target(name)) << "x";
  auto const before = f.names();
  BOOST_TEST(before.size() == 5u);
  replace(f.target(), "text");
  fs::remove(f.target());
  BOOST_TEST((f.names() == before));
}

BOOST_AUTO_TEST_CASE(only_files_are_taken_for_leftovers) {
  folder const f;
  half_written child(f.target());
  child.kill();
  std::string name = f.other();
  // The last digit is another: the same target and host.
  char& digit = name[name.size() - std::string(".tmp").size() - 1];
  digit = digit == '0' ? '1' : '0';
  BOOST_REQUIRE(!fs::exists(f.target(name)));
  fs::create_symlink(f.target("precious"), f.target(name));
  std::ofstream(f.target("precious")) << "precious";
  replace(f.target(), "text");
  BOOST_TEST(f.files() == 3u);  // the target, the link and what it leads to
  BOOST_TEST(bytes_of(f.target("precious")) == "precious");
}

BOOST_AUTO_TEST_CASE(processes_that_write_the_same_target_and_are_killed_leave_it_whole) {
  folder const f;
  std::string const text(20'000, 'x');
  replace(f.target(), text);
  auto const start = [&] {
    ::pid_t const child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
      try {
        for (;;) {
          replacing_file file(f.target());
          for (std::size_t i = 0; i != text.size(); i += 1000) file.write(text.data() + i, 1000);
          file.commit();
        }
      } catch (...) {  // somebody has removed what it was writing
        ::_exit(1);
      }
    }
    return child;
  };
  std::array<::pid_t, 3> children{};
  for (::pid_t& child : children) child = start();
  support::numbers random(3);
  for (int i = 0; i != 60; ++i) {
    ::usleep(static_cast<::useconds_t>(random.below(10'000)));
    ::pid_t& child = children[random.below(3)];
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));  // it had not failed before
    BOOST_TEST((bytes_of(f.target()) == text));
    child = start();
  }
  for (::pid_t const child : children) {
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
  }
  replace(f.target(), text);
  BOOST_TEST((f.names() == std::vector<std::string>{"target"}));
}

#endif
