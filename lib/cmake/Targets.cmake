# How everything here is compiled.

# The LibTorch that was found decides, unless the user asks for a newer standard. What users of the installed libraries need does not
# depend on that: C++17, and whatever LibTorch::LibTorch asks for.
set(oldest_standard 17)
if(PARAMSTORE_TORCH)
  set(oldest_standard ${LibTorch_CXX_STANDARD})
endif()
set(PARAMSTORE_CXX_STANDARD "" CACHE STRING "C++ standard to build as: 17 | 20 | 23; empty: the oldest that LibTorch's headers allow")
if(PARAMSTORE_CXX_STANDARD STREQUAL "")
  set(CMAKE_CXX_STANDARD ${oldest_standard})
elseif(NOT PARAMSTORE_CXX_STANDARD MATCHES "^(17|20|23)$")
  message(FATAL_ERROR "PARAMSTORE_CXX_STANDARD is ${PARAMSTORE_CXX_STANDARD}; set it to 17, 20 or 23, or leave it empty.")
elseif(PARAMSTORE_CXX_STANDARD LESS oldest_standard)
  message(FATAL_ERROR "PARAMSTORE_CXX_STANDARD is ${PARAMSTORE_CXX_STANDARD}, but the headers of LibTorch ${LibTorch_VERSION} need "
                      "C++${oldest_standard}. Set it to ${oldest_standard}, or leave it empty.")
else()
  set(CMAKE_CXX_STANDARD ${PARAMSTORE_CXX_STANDARD})
endif()
message(STATUS "Building as C++${CMAKE_CXX_STANDARD}")
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_COLOR_DIAGNOSTICS ON)

if(PARAMSTORE_SANITIZE AND NOT PARAMSTORE_SANITIZE STREQUAL "off")
  set(_sanitize -fsanitize=${PARAMSTORE_SANITIZE} -fno-omit-frame-pointer -O1 -g1 -D_GLIBCXX_ASSERTIONS)
  if(PARAMSTORE_SANITIZE MATCHES undefined)
    # vptr wants the type information of LibTorch's classes, much of which LibTorch hides.
    list(APPEND _sanitize -fno-sanitize-recover=all -fno-sanitize=vptr)
  endif()
  # What the sanitizers put into the code makes GCC see uninitialised variables in libstdc++'s regular expressions.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND _sanitize -Wno-maybe-uninitialized)
  endif()
  add_compile_options(${_sanitize})
  add_link_options(${_sanitize})
endif()

# paramstore_strict(<target>): our warnings. LibTorch's headers come from imported targets, so as system headers, and have none.
function(paramstore_strict target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
  if(CMAKE_CXX_STANDARD GREATER_EQUAL 20 AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # As C++20, GCC 12 sees overlapping memory in every std::string + std::string (its bug 105651).
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(PARAMSTORE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# paramstore_library(<target> <name>): what our libraries have in common. Users link it as paramstore::<name>.
function(paramstore_library target name)
  paramstore_strict(${target})
  add_library(paramstore::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    POSITION_INDEPENDENT_CODE ON # also where static: it may end up in somebody's shared library
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_compile_features(${target} PUBLIC cxx_std_17)
  target_include_directories(${target}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR}) # "lib/constraint/node.h"
  if(NOT BUILD_SHARED_LIBS)
    target_compile_definitions(${target} PUBLIC PARAMSTORE_STATIC)
  endif()
  # Debian's SQLiteCpp is a static library that ends up in ours: no symbol of it is seen from outside. Nor is a library
  # linked of which only a room's unused part has need.
  target_link_options(${target} PRIVATE -Wl,--exclude-libs,libSQLiteCpp.a -Wl,--no-undefined -Wl,--as-needed)
endfunction()

# paramstore_room(<room> [EXPORTS] SOURCES ...): a room of lib/ that is not a library of its own: paramstore_<room>, a static library
# that ends up in ours. (Where ours are static too, it is installed beside them.) EXPORTS: users call its functions, so it is an object
# library, of which a shared library gets everything.
function(paramstore_room room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "EXPORTS" "" "SOURCES")
  set(target paramstore_${room})
  set(kind STATIC)
  if(arg_EXPORTS)
    set(kind OBJECT)
  endif()
  add_library(${target} ${kind} ${arg_SOURCES})
  paramstore_strict(${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${room} POSITION_INDEPENDENT_CODE ON)
  target_compile_features(${target} PUBLIC cxx_std_17)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  if(NOT BUILD_SHARED_LIBS)
    target_compile_definitions(${target} PUBLIC PARAMSTORE_STATIC)
  endif()
endfunction()
