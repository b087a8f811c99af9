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

# Read by cpack, where the variables of this configuration are not known.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/debian/settings.cmake @ONLY
     CONTENT "set(TARRY_DEBIAN_COPYRIGHT \"@PROJECT_BINARY_DIR@/debian/copyright\")\n")
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_BINARY_DIR}/debian/settings.cmake)
include(CPack)
