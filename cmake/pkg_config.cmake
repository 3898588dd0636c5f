# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0

# The files for pkg-config. Boost has none, so they do not require it. MPI has no name that all
# implementations share: programs with MPI are compiled with mpicxx and the flags of localsgd.
set(pkg_config_dir ${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig)
# Relative, so that the installed tree can be moved.
file(RELATIVE_PATH pkg_config_includedir ${pkg_config_dir} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
foreach(name localsgd localsgd-gloo localsgd-json)
  configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig
          COMPONENT devel)
endforeach()
