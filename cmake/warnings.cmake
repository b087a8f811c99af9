# tarry_warnings: what every target of ours is compiled with. Third-party headers are SYSTEM.
add_library(tarry_warnings INTERFACE)
target_compile_options(tarry_warnings INTERFACE
  -Werror -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  "$<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor;-Woverloaded-virtual>")
# GCC 12 takes "literal" + std::string(...) for an overlapping copy when it optimises (GCC bug 105329).
target_compile_options(tarry_warnings INTERFACE
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<CONFIG:Debug>>>:-Wno-restrict>)
target_include_directories(tarry_warnings INTERFACE ${PROJECT_SOURCE_DIR})

# A library of one folder: tarry_library(NAME SOURCES... ) with the warnings and root includes.
function(tarry_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PUBLIC tarry_warnings)
endfunction()
