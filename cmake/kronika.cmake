# Everything that the folders share: language level, warnings, build types, and two helpers,
# kronika_library() and kronika_test(), so that a folder's CMakeLists.txt is only lists of files.

include(CTest)  # defines BUILD_TESTING; off builds the products alone

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# Dev compiles fast, keeps line tables for traces, and is quick enough to run the whole suite.
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(KRONIKA_SANITIZE "" CACHE STRING "sanitizers, as in -fsanitize=")
option(KRONIKA_WERROR "treat warnings as errors" ON)

add_library(kronika_flags INTERFACE)
# -Wrestrict of GCC 12 sees overlaps in std::string's operator+ that are not there (GCC bug 105651).
target_compile_options(kronika_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> -Werror=switch
  $<$<BOOL:${KRONIKA_WERROR}>:-Werror>)
if(KRONIKA_SANITIZE)
  add_compile_options(-fsanitize=${KRONIKA_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${KRONIKA_SANITIZE})
endif()
find_program(KRONIKA_MOLD mold)
if(KRONIKA_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)

# kronika_library(NAME base HDRS a.h SRCS a.cc DEPS kronika::x PRIVATE_DEPS y)
# HDRS are relative to include/kronika/<name>/, SRCS to src/. DEPS are seen by users of the headers.
function(kronika_library)
  cmake_parse_arguments(ARG "" "NAME" "HDRS;SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  set(target kronika_${ARG_NAME})
  list(TRANSFORM ARG_HDRS PREPEND include/kronika/${ARG_NAME}/)
  list(TRANSFORM ARG_SRCS PREPEND src/)
  if(ARG_SRCS)
    add_library(${target} STATIC ${ARG_SRCS} ${ARG_HDRS})
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE kronika_flags ${ARG_PRIVATE_DEPS})
    target_include_directories(${target} PRIVATE src)
  else()
    add_library(${target} INTERFACE ${ARG_HDRS})
    set(scope INTERFACE)
  endif()
  target_include_directories(${target} ${scope} include)
  target_link_libraries(${target} ${scope} ${ARG_DEPS})
  add_library(kronika::${ARG_NAME} ALIAS ${target})
endfunction()

# The programs allocate many small, short-lived things on several threads: jemalloc does that in less time than glibc,
# and gives memory back. Sanitizers bring their own.
if(NOT KRONIKA_SANITIZE)
  find_library(KRONIKA_JEMALLOC jemalloc REQUIRED)
endif()

# kronika_program(NAME kronika-citizen SRCS src/main.cc DEPS ...): an executable in <build>/bin.
function(kronika_program)
  cmake_parse_arguments(ARG "" "NAME" "SRCS;DEPS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SRCS})
  target_link_libraries(${ARG_NAME} PRIVATE kronika_flags ${ARG_DEPS})
  if(KRONIKA_JEMALLOC)
    # Nothing names it, so the linker must be told to keep it.
    target_link_libraries(${ARG_NAME} PRIVATE -Wl,--no-as-needed ${KRONIKA_JEMALLOC} -Wl,--as-needed)
  endif()
  set_target_properties(${ARG_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# kronika_test(NAME domain_time_test SRCS tests/time_test.cc DEPS ... LABELS unit TIMEOUT 60 [SERIAL]
#   [MEMORY_FOLDER])
# One GoogleTest executable, registered as one ctest test; SERIAL tests (a broker of their own) run alone.
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
endif()
function(kronika_test)
  cmake_parse_arguments(ARG "SERIAL;MEMORY_FOLDER" "NAME;TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  if(NOT BUILD_TESTING)
    # Never built; it is there so that what a folder sets on its test needs no condition.
    add_library(${ARG_NAME} OBJECT EXCLUDE_FROM_ALL ${ARG_SRCS})
    return()
  endif()
  add_executable(${ARG_NAME} ${ARG_SRCS})
  target_link_libraries(${ARG_NAME} PRIVATE kronika_flags ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${ARG_NAME} PRIVATE KRONIKA_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    KRONIKA_BINARY_DIR="${CMAKE_BINARY_DIR}")
  set_target_properties(${ARG_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  set_tests_properties(${ARG_NAME} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
  # Hundreds of stores that crash, are flushed and opened again: their temporary folder lies in
  # memory where there is such a file system.
  if(ARG_MEMORY_FOLDER AND IS_DIRECTORY /dev/shm)
    set_tests_properties(${ARG_NAME} PROPERTIES ENVIRONMENT "TMPDIR=/dev/shm")
  endif()
  if(ARG_SERIAL)
    set_tests_properties(${ARG_NAME} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()
