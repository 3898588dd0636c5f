# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0

include(precompiled_headers.cmake)

# Linking Boost.Test as a shared library compiles in a third of the time of its header-only form.
get_target_property(framework_type Boost::unit_test_framework TYPE)

# The program of some tests, all with the same labels. Without a SOURCE it is that of the only test.
function(localsgd_test_program program names)  # [SOURCE]
  list(GET names 0 name)  # the others have the same labels
  set(source ${ARGN})
  if(NOT source)
    string(REPLACE "." "/" source ${name})
    string(APPEND source .cpp)
  endif()
  add_executable(${program} ${source})
  localsgd_own_target(${program})
  target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${program} PRIVATE Boost::unit_test_framework ZLIB::ZLIB)
  if(name IN_LIST processes AND Gloo_FOUND)
    target_link_libraries(${program} PRIVATE localsgd::gloo)
    target_compile_definitions(${program} PRIVATE LOCALSGD_TEST_GLOO)
  endif()
  if(name MATCHES "${json}")
    target_link_libraries(${program} PRIVATE localsgd::json)
  endif()
  target_compile_definitions(
    ${program} PRIVATE LOCALSGD_DEFAULT_DATA="${PROJECT_SOURCE_DIR}/../shared/data"
                       $<$<STREQUAL:${framework_type},SHARED_LIBRARY>:BOOST_TEST_DYN_LINK>)

  # Only large tests have precompiled headers of the whole library, which small ones would read for
  # nothing, and with more names.
  set(group third_party)
  if(name IN_LIST large OR name IN_LIST long)
    set(group library)
  endif()
  set(header support/precompiled/${group}.hpp)
  if(name IN_LIST arithmetic OR name IN_LIST long)
    target_compile_options(${program} PRIVATE "${slightly_optimized}")
    string(APPEND group _optimized)
  endif()
  # These are compiled with other options, or define a macro that the headers would see too late.
  if(LOCALSGD_TEST_PCH AND NOT name IN_LIST processes AND NOT name STREQUAL "runs.column_major")
    localsgd_precompiled_headers(${program} precompiled_${group} ${header})
  endif()

  foreach(each IN LISTS names)
    set_property(GLOBAL PROPERTY localsgd_program_of_${each} ${program})
  endforeach()
endfunction()
