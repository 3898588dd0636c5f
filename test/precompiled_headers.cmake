# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0

# Compiles `program` with the headers of the object library `group`, which the first program of the group
# creates: its options, which the compiler wants to be the same for all, and `header`.
function(localsgd_precompiled_headers program group header)
  if(NOT TARGET ${group})
    file(CONFIGURE OUTPUT precompiled.cpp CONTENT "")
    add_library(${group} OBJECT EXCLUDE_FROM_ALL ${CMAKE_CURRENT_BINARY_DIR}/precompiled.cpp)
    localsgd_own_target(${group})
    foreach(property INCLUDE_DIRECTORIES LINK_LIBRARIES COMPILE_DEFINITIONS COMPILE_OPTIONS)
      get_target_property(value ${program} ${property})
      set_property(TARGET ${group} PROPERTY ${property} ${value})
    endforeach()
    target_precompile_headers(${group} PRIVATE ${header})
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang)  # or no cache of compilations knows it again
      target_compile_options(${group} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    endif()
  endif()
  target_precompile_headers(${program} REUSE_FROM ${group})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)  # for caches of compilations, too
    target_compile_options(${program} PRIVATE -fpch-preprocess)
  endif()
endfunction()
