# Finds what paramstore is built from, or says what is missing and where to get it.

# paramstore_find(<CMake package, or pkg-config:<its module>> <target> <minimum version> <Debian package>)
macro(paramstore_find package target minimum debian)
  if("${package}" MATCHES "^pkg-config:(.*)$")
    set(_module "${CMAKE_MATCH_1}")
    string(REPLACE "PkgConfig::" "" _prefix "${target}")
    pkg_check_modules(${_prefix} QUIET IMPORTED_TARGET "${_module}")
    set(_version "${${_prefix}_VERSION}")
  else()
    find_package(${package} QUIET)
    set(_version "${${package}_VERSION}")
  endif()
  if(NOT TARGET ${target})
    message(FATAL_ERROR "paramstore needs ${package} (version ${minimum} or newer), which was not found. "
                        "On Debian: apt install ${debian}. Elsewhere: install it, and name its folder in CMAKE_PREFIX_PATH.")
  elseif(_version VERSION_LESS "${minimum}")
    message(FATAL_ERROR "paramstore needs ${package} ${minimum} or newer, but found ${_version}. "
                        "Install a newer one, and name its folder in CMAKE_PREFIX_PATH.")
  endif()
  string(STRIP "${package} ${_version}" _found)
  message(STATUS "Using ${_found}")
endmacro()

find_package(PkgConfig QUIET)
if(NOT PkgConfig_FOUND)
  message(FATAL_ERROR "paramstore needs pkg-config, which was not found. On Debian: apt install pkg-config.")
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
paramstore_find(SQLite3 SQLite::SQLite3 3.37 libsqlite3-dev) # STRICT tables
# CMake 4.3 warns wherever this name is linked, Debian's SQLiteCpp being one of the places; the new name is not in 3.25.
set_property(TARGET SQLite::SQLite3 PROPERTY DEPRECATION)
paramstore_find(SQLiteCpp SQLiteCpp 3.2 libsqlitecpp-dev)
paramstore_find(pkg-config:libxxhash PkgConfig::xxhash 0.8 libxxhash-dev) # XXH3 is final
paramstore_find(pkg-config:libpcre2-8 PkgConfig::pcre2 10.30 libpcre2-dev)

if(PARAMSTORE_TORCH)
  paramstore_find(LibTorch LibTorch::LibTorch 1.13 libtorch-dev)
  message(STATUS "LibTorch's libraries are in ${LibTorch_LIBRARY_DIR}")
  file(STRINGS "${LibTorch_c10_LIBRARY}" _new_abi REGEX "DeviceTypeNameB5cxx11" LIMIT_COUNT 1)
  if(NOT _new_abi)
    message(FATAL_ERROR "The LibTorch in ${LibTorch_LIBRARY_DIR} was built with the string ABI that GCC had before 5.1. Take "
                        "one of the new ABI (cxx11): the Python packages have it from 2.6 on.")
  endif()
endif()

if(PARAMSTORE_BUILD_COMMAND)
  paramstore_find(CLI11 CLI11::CLI11 2.1 libcli11-dev)
  paramstore_find(nlohmann_json nlohmann_json::nlohmann_json 3.9 nlohmann-json3-dev)
endif()
if(PARAMSTORE_BUILD_TESTS)
  paramstore_find(doctest doctest::doctest 2.4 doctest-dev)
  paramstore_find(rapidcheck rapidcheck 0 librapidcheck-dev)
  paramstore_find(nlohmann_json nlohmann_json::nlohmann_json 3.9 nlohmann-json3-dev)
  find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
endif()
if(PARAMSTORE_BUILD_BENCH)
  paramstore_find(benchmark benchmark::benchmark 1.7 libbenchmark-dev)
endif()
