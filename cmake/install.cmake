# cmake --install: the program, what it says about itself, and what a user reads or runs beside it.
# The manual page and the completions are printed by the program, so they cannot differ from it.
install(TARGETS tarry RUNTIME)
install(FILES format/trace.capnp DESTINATION ${CMAKE_INSTALL_DATADIR}/tarry)
install(FILES LICENSE README.md TYPE DOC)
install(DIRECTORY docs TYPE DOC FILES_MATCHING PATTERN "*.md")
if(TARRY_ANALYZER)
  install(DIRECTORY query/reports DESTINATION ${CMAKE_INSTALL_DATADIR}/tarry FILES_MATCHING PATTERN "*.sql")
  install(FILES docs/schema.md DESTINATION ${CMAKE_INSTALL_DATADIR}/tarry)
endif()

if(CMAKE_CROSSCOMPILING)
  message(STATUS "cross-compiling: no manual page and completions (the program must run to print them)")
  return()
endif()
set(help_dir ${PROJECT_BINARY_DIR}/help)
file(MAKE_DIRECTORY ${help_dir})
add_custom_command(
  OUTPUT ${help_dir}/tarry.1 ${help_dir}/tarry.bash ${help_dir}/_tarry ${help_dir}/tarry.fish
  COMMAND tarry help --man > ${help_dir}/tarry.1
  COMMAND tarry help --completion bash > ${help_dir}/tarry.bash
  COMMAND tarry help --completion zsh > ${help_dir}/_tarry
  COMMAND tarry help --completion fish > ${help_dir}/tarry.fish
  DEPENDS tarry VERBATIM)
add_custom_target(tarry_help ALL DEPENDS ${help_dir}/tarry.1)
install(FILES ${help_dir}/tarry.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${help_dir}/tarry.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME tarry)
install(FILES ${help_dir}/_tarry DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${help_dir}/tarry.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
