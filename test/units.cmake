# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0

# A unit is a program of several tests, compiled as one source. Most of the code of a test is that of the
# library and of Boost.Test, which the other tests have, too: small tests compile in a third of the time.
# The price is that a change of one test compiles those beside it again.

# What needs a program of its own: what replaces functions of the system, changes all tests of its program,
# is compiled with other options, or tests what a header does not include.
set(alone_because "operator new|failing_allocations|^extern \"C\"|BOOST_(TEST_)?GLOBAL|^#if")
set(alone checkpoint.no_checkpoint compiled fwd runs.column_major ${processes})

# Writes a source that includes the tests, each in a namespace and Boost.Test suite of its own, after
# everything that they include.
function(localsgd_write_unit path names)
  set(includes)
  set(suites)
  foreach(name IN LISTS names)
    string(REPLACE "." "/" source ${name})
    string(REPLACE "." "_" suite ${name})
    file(STRINGS ${source}.cpp lines REGEX "^#include")
    list(APPEND includes ${lines})
    string(APPEND suites "
#undef BOOST_TEST_MODULE
BOOST_AUTO_TEST_SUITE(test_${suite})
#include \"test/${source}.cpp\"
BOOST_AUTO_TEST_SUITE_END()
")
    set_property(GLOBAL PROPERTY localsgd_selection_of_${name} --run_test=test_${suite})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                 ${CMAKE_CURRENT_SOURCE_DIR}/${source}.cpp)  # for its includes
  endforeach()
  list(REMOVE_DUPLICATES includes)
  list(JOIN includes "\n" includes)
  file(CONFIGURE OUTPUT ${path} @ONLY CONTENT "#define BOOST_TEST_MODULE unit
@includes@
@suites@")
endfunction()

# The programs of tests: one for neighbours with the same labels and options, until it is large enough.
function(localsgd_test_units)  # NAME...
  set(kinds)
  foreach(name IN LISTS ARGN)
    string(REPLACE "." "/" source ${name})
    file(STRINGS ${source}.cpp reason REGEX "${alone_because}" LIMIT_COUNT 1)
    if(reason OR name IN_LIST alone OR name MATCHES "${json}")
      localsgd_test_program(test.${name} ${name})
      continue()
    endif()
    set(kind tests)
    foreach(label threads large long formulas)
      if(name IN_LIST ${label})
        string(APPEND kind .${label})
      endif()
    endforeach()
    if(name IN_LIST arithmetic AND NOT name IN_LIST long)  # which are optimised, too
      string(APPEND kind .arithmetic)
    endif()
    list(APPEND kinds ${kind})
    list(APPEND names_of_${kind} ${name})
  endforeach()
  list(REMOVE_DUPLICATES kinds)

  foreach(kind IN LISTS kinds)
    # More would need more memory, and leave one core idle at the end. Optimising takes twice as long.
    set(bytes_of_a_unit 60000)
    if(kind MATCHES "long|arithmetic")
      set(bytes_of_a_unit 30000)
    endif()
    set(unit 1)
    set(bytes 0)
    set(names)
    foreach(name IN LISTS names_of_${kind} ITEMS end)
      set(more 0)
      if(NOT name STREQUAL end)
        string(REPLACE "." "/" source ${name})
        file(SIZE ${CMAKE_CURRENT_SOURCE_DIR}/${source}.cpp more)
      endif()
      math(EXPR sum "${bytes} + ${more}")
      if(names AND (name STREQUAL end OR sum GREATER bytes_of_a_unit))
        set(path ${CMAKE_CURRENT_BINARY_DIR}/units/${kind}.${unit}.cpp)
        localsgd_write_unit(${path} "${names}")
        localsgd_test_program(${kind}.${unit} "${names}" ${path})
        if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)  # what tests keep to themselves is not in a header
          target_compile_options(${kind}.${unit} PRIVATE -Wno-subobject-linkage)
        endif()
        math(EXPR unit "${unit} + 1")
        set(sum ${more})
        set(names)
      endif()
      set(bytes ${sum})
      list(APPEND names ${name})
    endforeach()
  endforeach()
endfunction()
