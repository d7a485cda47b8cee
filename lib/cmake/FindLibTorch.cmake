# Finds LibTorch and makes the imported target LibTorch::LibTorch of it.
#
# Looks where find_package(Torch) would: in Torch_DIR, in CMAKE_PREFIX_PATH (the root of an unpacked LibTorch, or what
# `python3 -c 'import torch; print(torch.utils.cmake_prefix_path)'` prints), in the system. LibTorch's own CMake package is
# left alone, because it
#   - wants the CUDA toolkit where LibTorch was built with CUDA, which nobody needs who only links it;
#   - takes a libc10.so of the system for the one of the Python package where both are there;
#   - makes every user link protobuf, glog and gflags.
# A project that uses that package too can: both name the same libraries.
#
# Result: LibTorch_FOUND, LibTorch_VERSION, LibTorch_INCLUDE_DIR, LibTorch_LIBRARY_DIR, and LibTorch_CXX_STANDARD: the oldest C++
# that its headers and paramstore's compile as. LibTorch::LibTorch asks for it.

set(_libtorch_roots)
if(TARGET torch) # the project has called find_package(Torch)
  get_target_property(_libtorch_includes torch INTERFACE_INCLUDE_DIRECTORIES)
  foreach(_libtorch_path IN LISTS _libtorch_includes)
    list(APPEND _libtorch_roots "${_libtorch_path}/..")
  endforeach()
endif()
if(Torch_DIR)
  list(APPEND _libtorch_roots "${Torch_DIR}/../../..")
endif()
set(_libtorch_prefixes ${CMAKE_PREFIX_PATH} $ENV{CMAKE_PREFIX_PATH})
foreach(_libtorch_path IN LISTS _libtorch_prefixes)
  if(_libtorch_path MATCHES "/share/cmake/?$")
    list(APPEND _libtorch_roots "${_libtorch_path}/../..")
  endif()
endforeach()
list(APPEND _libtorch_roots ${LibTorch_DEFAULT_ROOT}) # where none of the above has one; before the system

find_path(LibTorch_INCLUDE_DIR torch/csrc/api/include/torch/types.h HINTS ${_libtorch_roots} PATH_SUFFIXES include)
if(LibTorch_INCLUDE_DIR)
  get_filename_component(LibTorch_INCLUDE_DIR "${LibTorch_INCLUDE_DIR}" REALPATH)
  get_filename_component(_libtorch_root "${LibTorch_INCLUDE_DIR}" DIRECTORY)
  # Headers and libraries of the same copy, never of two.
  foreach(_libtorch_name torch torch_cpu c10)
    find_library(LibTorch_${_libtorch_name}_LIBRARY ${_libtorch_name} PATHS "${_libtorch_root}"
                 PATH_SUFFIXES "lib/${CMAKE_LIBRARY_ARCHITECTURE}" lib lib64 NO_DEFAULT_PATH)
    mark_as_advanced(LibTorch_${_libtorch_name}_LIBRARY)
  endforeach()
  foreach(_libtorch_path torch/csrc/api/include/torch/version.h torch/headeronly/version.h)
    if(NOT LibTorch_VERSION AND EXISTS "${LibTorch_INCLUDE_DIR}/${_libtorch_path}")
      file(STRINGS "${LibTorch_INCLUDE_DIR}/${_libtorch_path}" _libtorch_lines REGEX "define TORCH_VERSION_[A-Z]+ [0-9]+")
      string(REGEX MATCHALL "[0-9]+" _libtorch_numbers "${_libtorch_lines}")
      list(JOIN _libtorch_numbers "." LibTorch_VERSION)
    endif()
  endforeach()
  # LibTorch's headers check the standard themselves, from 2.14 on for C++20.
  set(LibTorch_CXX_STANDARD 17)
  if(EXISTS "${LibTorch_INCLUDE_DIR}/ATen/ATen.h")
    file(STRINGS "${LibTorch_INCLUDE_DIR}/ATen/ATen.h" _libtorch_lines REGEX "^#error C\\+\\+[0-9]+ or later")
    string(REGEX MATCH "C\\+\\+([0-9]+)" _libtorch_lines "${_libtorch_lines}")
    if(CMAKE_MATCH_1 GREATER LibTorch_CXX_STANDARD)
      set(LibTorch_CXX_STANDARD ${CMAKE_MATCH_1})
    endif()
  endif()
  # Debian's LibTorch logs with glog, and its headers use it.
  set(_libtorch_glog)
  if(EXISTS "${LibTorch_INCLUDE_DIR}/c10/macros/cmake_macros.h")
    file(STRINGS "${LibTorch_INCLUDE_DIR}/c10/macros/cmake_macros.h" _libtorch_lines REGEX "^#define C10_USE_GLOG")
    if(_libtorch_lines)
      find_library(LibTorch_glog_LIBRARY glog)
      mark_as_advanced(LibTorch_glog_LIBRARY)
      set(_libtorch_glog LibTorch_glog_LIBRARY)
    endif()
  endif()
endif()
mark_as_advanced(LibTorch_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_torch_LIBRARY LibTorch_torch_cpu_LIBRARY LibTorch_c10_LIBRARY ${_libtorch_glog} LibTorch_INCLUDE_DIR
  VERSION_VAR LibTorch_VERSION)

if(LibTorch_FOUND)
  get_filename_component(LibTorch_LIBRARY_DIR "${LibTorch_torch_LIBRARY}" DIRECTORY)
  if(NOT TARGET LibTorch::LibTorch)
    foreach(_libtorch_name torch_cpu c10)
      add_library(LibTorch::${_libtorch_name} SHARED IMPORTED)
      set_target_properties(LibTorch::${_libtorch_name} PROPERTIES
        IMPORTED_LOCATION "${LibTorch_${_libtorch_name}_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${LibTorch_INCLUDE_DIR};${LibTorch_INCLUDE_DIR}/torch/csrc/api/include")
    endforeach()
    # Kernels register themselves when their library is loaded: libtorch.so, of which no program uses a symbol, is what
    # brings in those for GPUs, so the linker must not drop it. One word, so that CMake cannot pull it apart.
    add_library(LibTorch::LibTorch INTERFACE IMPORTED)
    target_compile_features(LibTorch::LibTorch INTERFACE cxx_std_${LibTorch_CXX_STANDARD})
    target_link_libraries(LibTorch::LibTorch INTERFACE
      "-Wl,--push-state,--no-as-needed,${LibTorch_torch_LIBRARY},--pop-state" LibTorch::torch_cpu LibTorch::c10 ${${_libtorch_glog}})
  endif()
endif()
