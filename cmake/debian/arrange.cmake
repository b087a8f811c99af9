# Run by cpack on what cmake --install left, for the Debian package alone: what Debian's policy wants in another
# form. (CPACK_PRE_BUILD_SCRIPTS)
if(NOT CPACK_GENERATOR STREQUAL "DEB")
  return()
endif()
set(usr "${CPACK_TEMPORARY_INSTALL_DIRECTORY}${CPACK_PACKAGING_INSTALL_PREFIX}")
if(NOT EXISTS "${usr}/bin/tarry")
  message(FATAL_ERROR "nothing is installed in ${usr}")
endif()
set(doc "${usr}/share/doc/tarry")
file(REMOVE "${doc}/LICENSE")
# (COPY: INSTALL would prepend the DESTDIR that cpack sets.)
file(COPY "${TARRY_DEBIAN_COPYRIGHT}" "${CMAKE_CURRENT_LIST_DIR}/README.Debian" "${CMAKE_CURRENT_LIST_DIR}/changelog"
     DESTINATION "${doc}" FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
file(RENAME "${doc}/changelog" "${doc}/changelog.Debian")
# -n: neither name nor time inside, so that the same sources give the same package.
execute_process(COMMAND gzip -9n "${doc}/changelog.Debian" "${usr}/share/man/man1/tarry.1" COMMAND_ERROR_IS_FATAL ANY)
# zsh and fish look for a distribution's completions in the directories of vendors.
file(MAKE_DIRECTORY "${usr}/share/zsh/vendor-completions")
file(RENAME "${usr}/share/zsh/site-functions/_tarry" "${usr}/share/zsh/vendor-completions/_tarry")
file(REMOVE_RECURSE "${usr}/share/zsh/site-functions")
# Directories were made with the umask of who builds.
file(CHMOD_RECURSE "${usr}" DIRECTORY_PERMISSIONS
     OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
