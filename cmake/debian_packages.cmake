# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0

# cpack in the build folder makes the Debian package localsgd-dev and, with LOCALSGD_TOOLS,
# localsgd-train.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME localsgd)
set(CPACK_PACKAGE_VENDOR "The localsgd authors")
set(CPACK_PACKAGE_CONTACT "The localsgd authors")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL devel)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)

set(CPACK_DEBIAN_DEVEL_PACKAGE_NAME localsgd-dev)
set(CPACK_DEBIAN_DEVEL_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_DEVEL_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVEL_PACKAGE_DEPENDS
    "libboost-dev (>= 1.74), libxtensor-dev (>= 0.24), libxsimd-dev (>= 8.1), xtl-dev")
# For the parts that need one more library.
set(CPACK_DEBIAN_DEVEL_PACKAGE_SUGGESTS "libopenmpi-dev | libmpich-dev, libgloo-dev, nlohmann-json3-dev")
set(CPACK_COMPONENT_DEVEL_DESCRIPTION
    "This package has the headers and the files for CMake and pkg-config.")

if(LOCALSGD_TOOLS)
  list(APPEND CPACK_COMPONENTS_ALL train)
  set(CPACK_DEBIAN_TRAIN_PACKAGE_NAME localsgd-train)
  set(CPACK_DEBIAN_TRAIN_PACKAGE_SECTION math)
  set(CPACK_DEBIAN_TRAIN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_COMPONENT_TRAIN_DESCRIPTION
      "This package has localsgd-train, which trains linear models from the command line, and localsgd-restart, which restarts jobs on clusters.")
  set(CPACK_DEBIAN_TRAIN_PACKAGE_RECOMMENDS python3)
  set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian_zsh.cmake)
endif()
include(CPack)
