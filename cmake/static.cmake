# Two static libraries: one for the unit tests, with the inside visible, and the installed one, in which a partial link
# turns hidden symbols into local ones, so that no internal name can clash with a host program's.
add_library(ternion_internal STATIC EXCLUDE_FROM_ALL ${objects})
target_link_libraries(ternion_internal PUBLIC ternion_options ${dependencies})

if(TERNION_SANITIZE)
  return() # a sanitized library is for the tests, not to be installed
endif()
set(combined ${CMAKE_CURRENT_BINARY_DIR}/ternion_combined.o)
set(localized ${CMAKE_CURRENT_BINARY_DIR}/ternion_localized.o)
add_custom_command(OUTPUT ${localized}
  COMMAND ${CMAKE_LINKER} -r -o ${combined} ${objects}
  COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${combined} ${localized}
  DEPENDS ${objects}
  COMMAND_EXPAND_LISTS VERBATIM)
add_library(ternion_static STATIC ${localized})
add_dependencies(ternion_static ${object_libraries}) # the custom command knows their files, not how to make them
set_target_properties(ternion_static PROPERTIES OUTPUT_NAME ternion LINKER_LANGUAGE C EXPORT_NAME static)
set_source_files_properties(${localized} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
target_include_directories(ternion_static INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/abi/include>
                           $<INSTALL_INTERFACE:include>)
target_link_libraries(ternion_static INTERFACE ${JANSSON_LINK_LIBRARIES} ZLIB::ZLIB Threads::Threads m ${CMAKE_DL_LIBS})
add_library(Ternion::static ALIAS ternion_static)
