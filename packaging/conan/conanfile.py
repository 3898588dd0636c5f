# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""The Conan 2 recipe of the checkout that this file lies in: conan create packaging/conan"""
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load

required_conan_version = ">=2.0"


class LocalsgdConan(ConanFile):
    name = "localsgd"
    description = "Local SGD: workers that step independently and average once in a while"
    license = "BSL-1.0", "MIT"
    topics = ("sgd", "optimization", "machine-learning", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    # xtensor with xsimd requires one particular version of xsimd.
    default_options = {"boost/*:header_only": True, "xtensor/*:xsimd": False}
    no_copy_source = True

    @property
    def _checkout(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        header = load(self, os.path.join(self._checkout, "include", "localsgd", "version.hpp"))
        self.version = ".".join(re.findall(r"#define LOCALSGD_VERSION_\w+ (\d+)", header))

    def export_sources(self):
        copy(self, "LICENSE*", self._checkout, self.export_sources_folder)
        copy(self, "include/localsgd/*.hpp", self._checkout, self.export_sources_folder)

    def requirements(self):
        self.requires("boost/[>=1.74 <2]", transitive_headers=True)
        self.requires("xtensor/[>=0.24 <0.28]", transitive_headers=True)
        self.requires("xsimd/[>=8.1 <15]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        self.info.clear()

    def package(self):
        copy(self, "LICENSE*", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "include/localsgd/*.hpp", self.source_folder, self.package_folder)

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.requires = ["boost::headers", "xtensor::xtensor", "xsimd::xsimd"]
        if self.settings.os in ("Linux", "FreeBSD"):
            self.cpp_info.system_libs = ["pthread"]
