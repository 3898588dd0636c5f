#!/usr/bin/env python3
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""usage: test/packaging.py

Checks the files for package managers, also for those that are not installed:
  - packaging/ has the files listed below and no others, and each of them can be read;
  - each version and each requirement written there is that of CMakeLists.txt;
  - the Bazel library has all headers but those that need MPI, Gloo or nlohmann-json;
  - the topmost section of CHANGELOG.md is that of the version;
  - our CMake files download nothing.
Lists every mistake."""
import ast
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import types

root = pathlib.Path(__file__).resolve().parent.parent
components = ['gloo', 'json', 'mpi']

# All files for package managers. Those in the root are where their tools look for them.
files = {
    'BUILD.bazel', 'MODULE.bazel', 'meson.build',
    'packaging/conan/conanfile.py',
    'packaging/conan/test_package/CMakeLists.txt',
    'packaging/conan/test_package/conanfile.py',
    'packaging/meson/localsgd.wrap',
    'packaging/single_header.py',
    'packaging/vcpkg/ports/localsgd/portfile.cmake',
    'packaging/vcpkg/ports/localsgd/usage',
    'packaging/vcpkg/ports/localsgd/vcpkg.json',
}

# The smallest version of each library, as each file writes it.
smallest = {
    'CMakeLists.txt': ['find_package(Boost {boost} ', 'find_package(xtensor {xtensor} ',
                       'xsimd_VERSION VERSION_LESS {xsimd})'],
    'cmake/localsgd-config.cmake.in': ['find_dependency(Boost {boost})',
                                       'find_dependency(xtensor {xtensor})',
                                       'xsimd_VERSION VERSION_LESS {xsimd})'],
    'cmake/localsgd.pc.in': ['xtensor >= {xtensor} ', 'xsimd >= {xsimd}\n'],
    'cmake/debian_packages.cmake': ['libboost-dev (>= {boost})', 'libxtensor-dev (>= {xtensor})',
                                    'libxsimd-dev (>= {xsimd})'],
    'meson.build': ["'boost', version: '>={boost}'", "'xtensor', version: '>={xtensor}'",
                    "'xsimd', version: '>={xsimd}'"],
    'packaging/conan/conanfile.py': ['boost/[>={boost} ', 'xtensor/[>={xtensor} ',
                                     'xsimd/[>={xsimd} '],
}

mistakes = []


def text(name):
    return (root / name).read_text(encoding='utf-8')


def expect(condition, mistake):
    if not condition:
        mistakes.append(mistake)


def includes(header):  # all includes of a header, also through others
    seen, open_ = set(), [header]
    while open_:
        name = open_.pop()
        if name in seen:
            continue
        seen.add(name)
        if name.startswith('localsgd/'):
            open_ += re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)', text(f'include/{name}'),
                                re.MULTILINE)
    return seen


def check_list():
    listed = {name for name in files if name.startswith('packaging/')}
    found = {str(path.relative_to(root)) for path in (root / 'packaging').rglob('*')
             if path.is_file() and '__pycache__' not in path.parts}
    for name in sorted(found - listed):
        mistakes.append(f'{name}: test/packaging.py does not list it')
    for name in sorted(files):
        expect((root / name).is_file(), f'{name}: test/packaging.py lists it, but it does not exist')
        if name.endswith('.py'):
            ast.parse(text(name), name)


def check_versions(version):
    minor = version.rpartition('.')[0]
    manifest = 'packaging/vcpkg/ports/localsgd/vcpkg.json'
    for name, pattern in [('meson.build', r"^  version: '([^']*)'"),
                          ('MODULE.bazel', r'^    version = "([^"]*)"'),
                          (manifest, r'^  "version": "([^"]*)"')]:
        found = re.findall(pattern, text(name), re.MULTILINE)
        expect(found == [version], f'{name}: the version is {found}, not {version}')
    topmost = re.search('^## (.*)', text('CHANGELOG.md'), re.MULTILINE)[1]
    expect(re.fullmatch(rf'(Unreleased: )?{re.escape(version)}( .*)?', topmost),
           f'CHANGELOG.md: the topmost section is "{topmost}", not that of {version}')
    for name in ['README.md', 'docs/install.md']:
        found = re.findall(r'find_package\(localsgd (\d[\d.]*)', text(name))
        expect(set(found) == {minor}, f'{name}: find_package asks for {found}, not {minor}')

    project = text('CMakeLists.txt')
    numbers = {'boost': re.search(r'find_package\(Boost ([\d.]+)', project)[1],
               'xtensor': re.search(r'find_package\(xtensor ([\d.]+)', project)[1],
               'xsimd': re.search(r'xsimd_VERSION VERSION_LESS ([\d.]+)', project)[1]}
    for name, requirements in smallest.items():
        for requirement in requirements:
            wanted = requirement.format(**numbers)
            expect(wanted in text(name), f'{name}: does not require "{wanted.strip()}"')


def check_bazel(version):
    modules, libraries = [], []

    def glob(patterns, exclude):
        matching = [{str(path.relative_to(root)) for pattern in each
                     for path in root.glob(pattern + '/*' if pattern.endswith('**') else pattern)}
                    for each in (patterns, exclude)]
        return matching[0] - matching[1]

    exec(text('MODULE.bazel'), {'module': lambda **values: modules.append(values),
                                'bazel_dep': lambda name, version: modules.append({'name': name})})
    exec(text('BUILD.bazel'), {'load': lambda *_: None, 'glob': glob,
                               'cc_library': lambda **values: libraries.append(values)})
    expect(modules[0]['name'] == 'localsgd' and modules[0]['version'] == version,
           f'MODULE.bazel: the first module is {modules[0]}')
    dependencies = {f'@{module["name"]}' for module in modules[1:]}
    expect(set(libraries[0]['deps']) == dependencies - {'@rules_cc'},
           f'BUILD.bazel needs {libraries[0]["deps"]}, MODULE.bazel has {sorted(dependencies)}')

    def needs_more(header):
        return any(name == 'mpi.h' or name.startswith(('gloo/', 'nlohmann/'))
                   for name in includes(header))

    wanted = {str(path.relative_to(root)) for path in (root / 'include').rglob('*.hpp')
              if not needs_more(str(path.relative_to(root / 'include')))}
    # Some headers of these folders could stand alone, but only the others use them.
    wanted = {name for name in wanted if not re.search('/communicator/(gloo|mpi)/', name)}
    for name in sorted(libraries[0]['hdrs'] ^ wanted):
        problem = 'is missing' if name in wanted else 'needs MPI, Gloo or nlohmann-json'
        mistakes.append(f'BUILD.bazel: {name} {problem}')


def check_conan(version):
    """Runs the recipe with a stand-in for Conan."""
    class ConanFile:
        recipe_folder = str(root / 'packaging/conan')
        required = []

        def requires(self, reference, **_):
            self.required.append(reference)

    modules = {'conan': types.SimpleNamespace(ConanFile=ConanFile),
               'conan.tools': types.SimpleNamespace(),
               'conan.tools.build': types.SimpleNamespace(check_min_cppstd=None),
               'conan.tools.files': types.SimpleNamespace(
                   copy=None, load=lambda _, path: pathlib.Path(path).read_text(encoding='utf-8'))}
    sys.modules.update(modules)
    names = {}
    exec(text('packaging/conan/conanfile.py'), names)
    recipe = names['LocalsgdConan']()
    recipe.set_version()
    expect(recipe.version == version, f'conanfile.py: the version is {recipe.version}, not {version}')
    recipe.requirements()
    expect({name.partition('/')[0] for name in recipe.required} == {'boost', 'xtensor', 'xsimd'},
           f'conanfile.py: requires {recipe.required}')


def check_vcpkg():
    """Runs the port with stand-ins for the functions of vcpkg."""
    port = root / 'packaging/vcpkg/ports/localsgd'
    manifest = json.loads(text('packaging/vcpkg/ports/localsgd/vcpkg.json'))
    expect(sorted(manifest['features']) == components,
           f'vcpkg.json: the features are {sorted(manifest["features"])}, not {components}')
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / 'port.cmake'
        script.write_text(f'''
            set(CURRENT_PACKAGES_DIR "{folder}/packages")
            set(PORT localsgd)
            foreach(name vcpkg_cmake_install vcpkg_cmake_config_fixup vcpkg_fixup_pkgconfig)
              function(${{name}})
              endfunction()
            endforeach()
            function(vcpkg_cmake_configure)
              cmake_parse_arguments(PARSE_ARGV 0 arg "" SOURCE_PATH OPTIONS)
              foreach(option IN LISTS arg_OPTIONS)
                string(REGEX REPLACE "^-D(.*)=.*" "\\\\1" option "${{option}}")
                file(STRINGS "${{arg_SOURCE_PATH}}/CMakeLists.txt" found REGEX "[(]${{option}} ")
                if(NOT found)
                  message(FATAL_ERROR "CMakeLists.txt has no option ${{option}}")
                endif()
              endforeach()
            endfunction()
            function(vcpkg_install_copyright)
              cmake_parse_arguments(PARSE_ARGV 0 arg "" "" FILE_LIST)
              file(INSTALL ${{arg_FILE_LIST}} DESTINATION "${{CURRENT_PACKAGES_DIR}}/share/${{PORT}}")
            endfunction()
            include("{port}/portfile.cmake")''', encoding='utf-8')
        run = subprocess.run(['cmake', '-P', script], capture_output=True, text=True)
        expect(run.returncode == 0, f'portfile.cmake: {run.stderr}')


def check_components():
    found = re.findall(r'localsgd_component STREQUAL "(\w+)"', text('cmake/localsgd-config.cmake.in'))
    # Only CMake builds what is compiled.
    expect(sorted(found) == sorted([*components, 'compiled']),
           f'localsgd-config.cmake.in: the components are {found}')


def check_downloads():
    for path in [*root.rglob('CMakeLists.txt'), *root.glob('cmake/*')]:
        name = path.relative_to(root)
        if name.parts[0] == 'build' or name.parts[:2] == ('test', 'consumer'):
            continue
        found = re.search(r'FetchContent|ExternalProject|file\s*\(\s*DOWNLOAD',
                          path.read_text(encoding='utf-8'))
        expect(not found, f'{name}: downloads by {found and found[0]}')


def main():
    version = '.'.join(re.findall(r'^#define LOCALSGD_VERSION_\w+ (\d+)$',
                                  text('include/localsgd/version.hpp'), re.MULTILINE))
    expect(re.fullmatch(r'\d+\.\d+\.\d+', version), f'version.hpp: the version is "{version}"')
    check_list()
    check_versions(version)
    check_bazel(version)
    check_conan(version)
    check_vcpkg()
    check_components()
    check_downloads()
    print('\n'.join(mistakes), file=sys.stderr, end='\n' if mistakes else '')
    print(f'packaging: {len(files)} files of version {version}, {len(mistakes)} mistakes')
    return 1 if mistakes else 0


sys.exit(main())
