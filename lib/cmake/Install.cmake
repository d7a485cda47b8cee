# cmake --install: headers, libraries, documents, and what find_package and pkg-config need.
include(CMakePackageConfigHelpers)

install(FILES README.md schema/FORMAT.md lib/sql/QUESTIONS.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/paramstore)
set(components storage)
if(PARAMSTORE_TORCH)
  list(APPEND components paramstore)
  install(DIRECTORY include/paramstore DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(FILES lib/cmake/FindLibTorch.cmake DESTINATION ${package_dir})
else()
  install(DIRECTORY include/paramstore/storage DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/paramstore)
  install(FILES include/paramstore/error.h include/paramstore/param_name.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/paramstore)
endif()

# Where LibTorch is, unless the linker looks there by itself. INSTALL_RPATH_USE_LINK_PATH leaves out folders inside this tree,
# where `./run test --torch` puts one; and a libtorch_cpu.so of another version may lie in the system's.
set(torch_rpath "")
if(PARAMSTORE_TORCH AND NOT LibTorch_LIBRARY_DIR IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
  set(torch_rpath ${LibTorch_LIBRARY_DIR})
endif()

foreach(component IN LISTS components)
  set(target paramstore_storage)
  set(rpath "$ORIGIN")
  if(component STREQUAL paramstore)
    set(target paramstore)
    list(APPEND rpath ${torch_rpath})
  endif()
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "${rpath}" INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS ${target} EXPORT ${component}
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  if(NOT BUILD_SHARED_LIBS) # the rooms that it is made of are linked with it
    set(rooms text)
    if(component STREQUAL paramstore)
      set(rooms numeric sql)
    endif()
    list(TRANSFORM rooms PREPEND paramstore_)
    install(TARGETS ${rooms} EXPORT ${component} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
  install(EXPORT ${component} NAMESPACE paramstore:: FILE paramstore-${component}-targets.cmake DESTINATION ${package_dir})
endforeach()

if(PARAMSTORE_TORCH)
  # SQLite's loadable extension: <libdir>/paramstore/paramstore.so.
  set(rpath "$ORIGIN/.." ${torch_rpath})
  set_target_properties(paramstore_extension PROPERTIES INSTALL_RPATH "${rpath}" INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS paramstore_extension LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/paramstore)
endif()

if(PARAMSTORE_BUILD_COMMAND)
  file(RELATIVE_PATH lib_from_bin /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
  set_target_properties(paramstore_command PROPERTIES INSTALL_RPATH "$ORIGIN/${lib_from_bin}" INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS paramstore_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES lib/cli/paramstore.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  # Where each shell looks by itself.
  install(FILES lib/cli/completions/paramstore.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME paramstore)
  install(FILES lib/cli/completions/_paramstore DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES lib/cli/completions/paramstore.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

configure_package_config_file(lib/cmake/paramstore-config.cmake.in ${PROJECT_BINARY_DIR}/paramstore-config.cmake
                              INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/paramstore-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/paramstore-config.cmake ${PROJECT_BINARY_DIR}/paramstore-config-version.cmake
        DESTINATION ${package_dir})

# pkg-config. The folders are relative to the .pc file, so that an installed tree can be moved, and the rpath names them, so
# that a program finds its libraries in whatever prefix they are.
file(RELATIVE_PATH pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
set(pc_rpath "-Wl,-rpath,\${libdir} ")
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(pc_rpath "")
endif()
set(pc_storage_libs "${pc_rpath}-L\${libdir} -lparamstore_storage")
set(pc_storage_private "-lSQLiteCpp")
set(pc_libs "-lparamstore")
set(pc_cflags "")
if(NOT BUILD_SHARED_LIBS) # then what a shared library would have linked is the user's to link
  set(pc_cflags "-DPARAMSTORE_STATIC")
  string(APPEND pc_storage_libs " -lparamstore_text -lSQLiteCpp")
  string(APPEND pc_libs " -lparamstore_sql -lparamstore_numeric")
  set(pc_storage_private "")
  set(pc_requires "Requires")
  set(pc_static_requires ", libpcre2-8")
else()
  set(pc_requires "Requires.private")
endif()
configure_file(lib/cmake/paramstore_storage.pc.in ${PROJECT_BINARY_DIR}/paramstore_storage.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/paramstore_storage.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(PARAMSTORE_TORCH)
  set(pc_torch_libs "-L${LibTorch_LIBRARY_DIR} -Wl,--push-state,--no-as-needed -ltorch -Wl,--pop-state -ltorch_cpu -lc10")
  if(torch_rpath)
    string(PREPEND pc_torch_libs "-Wl,-rpath,${torch_rpath} ")
  endif()
  if(LibTorch_glog_LIBRARY)
    string(APPEND pc_torch_libs " -lglog")
  endif()
  # Compilers take the last -std: this one stands after the user's own, or replaces a default that is too old.
  set(pc_standard "")
  set(pc_needs "")
  if(LibTorch_CXX_STANDARD GREATER 17)
    set(pc_standard "-std=c++${LibTorch_CXX_STANDARD} ")
    set(pc_needs ", which needs C++${LibTorch_CXX_STANDARD}")
  endif()
  configure_file(lib/cmake/paramstore.pc.in ${PROJECT_BINARY_DIR}/paramstore.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/paramstore.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
