# The installed tree: everything relative to the prefix, so that it can be moved.
include(CMakePackageConfigHelpers)
set(share ${CMAKE_INSTALL_DATADIR}/ternion)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Ternion)

install(TARGETS ternion ternion_static EXPORT TernionTargets)
install(TARGETS ternion_program RUNTIME)
install(FILES abi/include/ternion.h TYPE INCLUDE)
install(EXPORT TernionTargets NAMESPACE Ternion:: DESTINATION ${package})
configure_package_config_file(cmake/TernionConfig.cmake.in TernionConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(TernionConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/TernionConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/TernionConfigVersion.cmake
        DESTINATION ${package})

# How many folders up from pkgconfig/ the prefix is depends on the library folder (lib, lib64, lib/x86_64-linux-gnu).
string(REGEX REPLACE "[^/]+" ".." up "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
set(TERNION_PREFIX "\${pcfiledir}/${up}")
configure_file(cmake/ternion.pc.in ternion.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ternion.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# Julia and Python layers are source and cost nothing, so they are always there.
install(FILES bindings/julia/Project.toml DESTINATION ${share}/julia)
install(DIRECTORY bindings/julia/src DESTINATION ${share}/julia FILES_MATCHING PATTERN "*.jl")
install(DIRECTORY bindings/python/ternion DESTINATION ${share}/python FILES_MATCHING PATTERN "*.py")
install(DIRECTORY src/cli/settings DESTINATION ${share})
install(FILES tests/data/b8_gfn2_8000.extxyz.gz DESTINATION ${share}/data)
install(FILES src/cli/ternion.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES src/cli/completion.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ternion)
