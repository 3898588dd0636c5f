# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0

# Run by cpack before it writes a package: of the folders in /usr, Debian's zsh looks for completions in
# vendor-completions only.
file(GLOB folders ${CPACK_TEMPORARY_DIRECTORY}/*/usr/share/zsh/site-functions)
foreach(folder IN LISTS folders)
  get_filename_component(parent ${folder} DIRECTORY)
  file(RENAME ${folder} ${parent}/vendor-completions)
endforeach()
