# debian/copyright in the build directory: our licence and those of the code of others that is in the program.
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
  install(FILES ${PROJECT_BINARY_DIR}/debian/copyright TYPE DOC)
endif()
configure_file(cmake/debian/copyright.in ${PROJECT_BINARY_DIR}/debian/copyright @ONLY)
