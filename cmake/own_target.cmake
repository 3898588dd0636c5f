# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0

# What our own programs are compiled with. None of it reaches a program that uses the library.
function(localsgd_own_target target)
  target_link_libraries(${target} PRIVATE localsgd::localsgd)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(
    ${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                      $<$<BOOL:${LOCALSGD_WERROR}>:-Werror>
                      $<$<BOOL:${LOCALSGD_NATIVE}>:-march=native>)
  # g++ collects garbage for a tenth of the time unless it may fill a gigabyte first.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-heapsize=1048576>)
endfunction()
