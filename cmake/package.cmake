# cpack in a build directory makes the Debian package: what cmake --install leaves, as Debian wants it
# (debian/arrange.cmake). It gives no rights; debian/README.Debian says how to.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tarry)
set(CPACK_PACKAGE_VENDOR "tarry developers")
set(CPACK_PACKAGE_CONTACT "tarry developers <developers@tarry.invalid>")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian/arrange.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
if(NOT TARRY_STATIC)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
endif()
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libcap2-bin, sqlite3")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "record what a program asks of Linux, and say what it waited for")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "tarry records the system calls, the scheduling and the wake-ups of a command,
of running processes, a container, a service or the whole machine in one
compact trace file: by eBPF at a cost that production bears, or without any
rights by ptrace. It explains from the trace where the time went, prints the
calls as strace does, and gives everything to plain SQL.")

file(READ ${PROJECT_SOURCE_DIR}/LICENSE license)
string(REGEX MATCH "Copyright \\(c\\) ([^\n]*)" line "${license}")
set(TARRY_COPYRIGHT ${CMAKE_MATCH_1})
# The permission alone, as a field of many lines: indented, with a full stop where a line is empty.
string(REGEX REPLACE "^.*(Permission is hereby.*SOFTWARE\\.)\n.*$" "\\1" license "${license}")
string(REPLACE "\n" "\n " license " ${license}")
string(REPLACE "\n \n" "\n .\n" TARRY_LICENSE "${license}")
set(TARRY_LINKED_NOTICES "")
if(TARRY_STATIC)
  # What is linked into the program, and not only used by it.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS cmake/debian/copyright_static)
  file(READ cmake/debian/copyright_static TARRY_LINKED_NOTICES)
endif()
configure_file(cmake/debian/copyright.in ${PROJECT_BINARY_DIR}/debian/copyright @ONLY)
if(TARRY_STATIC)
  install(FILES ${PROJECT_BINARY_DIR}/debian/copyright TYPE DOC)
endif()

# Read by cpack, where the variables of this configuration are not known.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/debian/settings.cmake @ONLY
     CONTENT "set(TARRY_DEBIAN_COPYRIGHT \"@PROJECT_BINARY_DIR@/debian/copyright\")\n")
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_BINARY_DIR}/debian/settings.cmake)
include(CPack)
