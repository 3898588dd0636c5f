# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0

# An overlay port of the checkout that it lies in. The components mpi, gloo and json are installed in
# any case; the features of the same names install what they need.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)
set(VCPKG_BUILD_TYPE release) # header-only

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        -DLOCALSGD_TESTS=OFF
        -DLOCALSGD_EXAMPLES=OFF
        -DLOCALSGD_MPI=OFF
        -DLOCALSGD_GLOO=OFF
        -DLOCALSGD_JSON=OFF
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/localsgd)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib" "${CURRENT_PACKAGES_DIR}/share/doc")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE" "${SOURCE_PATH}/LICENSE.uPlot")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
