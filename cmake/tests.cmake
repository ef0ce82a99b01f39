# The unit tests as one program, and the scripts that test the programs and the tools.
# Labels: unit, threads (what tsan runs), isa (older kernels), programs, tools, mpi.
find_package(doctest REQUIRED)
enable_testing()

file(GLOB_RECURSE plumb_test_sources CONFIGURE_DEPENDS
  RELATIVE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/tests/*.cpp")
list(FILTER plumb_test_sources EXCLUDE REGEX "^tests/(consumer|faults|fuzz|mpi|programs|tools)/")
if(NOT TARGET plumb_studies)
  list(FILTER plumb_test_sources EXCLUDE REGEX "^tests/examples/")
endif()
# The files with tests of threads. ThreadSanitizer runs these tests alone: the other files are not
# compiled for it.
set(plumb_thread_sources "")
foreach(source IN LISTS plumb_test_sources)
  file(STRINGS "${PROJECT_SOURCE_DIR}/${source}" of_threads REGEX "TEST_CASE.*threads")
  if(of_threads)
    list(APPEND plumb_thread_sources ${source})
  endif()
endforeach()
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")
  list(FILTER plumb_test_sources EXCLUDE REGEX "/test_[^/]*$")
  list(APPEND plumb_test_sources ${plumb_thread_sources})
endif()

# The oracles are long loops over expressions: they alone are optimised. The other tests compile in about two thirds
# of the time that -O1 takes (g++ 12, an EPYC).
set(plumb_oracle_sources ${plumb_test_sources})
list(FILTER plumb_oracle_sources INCLUDE REGEX "^tests/oracles/")
set(plumb_plain_sources ${plumb_test_sources})
list(REMOVE_ITEM plumb_plain_sources ${plumb_oracle_sources})
add_library(plumb_oracles OBJECT ${plumb_oracle_sources})
target_compile_options(plumb_oracles PRIVATE $<$<CONFIG:Release>:-O1>)
add_executable(plumb_tests ${plumb_plain_sources} $<TARGET_OBJECTS:plumb_oracles>)
target_compile_options(plumb_tests PRIVATE $<$<CONFIG:Release>:-O0>)
foreach(part plumb_oracles plumb_tests)
  plumb_group_by_folder(${part} ${plumb_test_sources})
  target_link_libraries(${part} PRIVATE plumb::plumb doctest::doctest ZLIB::ZLIB Threads::Threads
                        OpenBLAS::OpenBLAS)
  # The interop header, and the oracles.
  target_include_directories(${part} SYSTEM PRIVATE ${XTENSOR_INCLUDE_DIR} ${XTENSOR_BLAS_INCLUDE_DIR})
  # Checks compile in four fifths of the time (g++ 12, an EPYC): an exception out of one ends its test case.
  target_compile_definitions(${part} PRIVATE DOCTEST_CONFIG_SUPER_FAST_ASSERTS)
  # What nearly every file reads is compiled once. That a header includes what it needs, tests/tools/headers.sh
  # finds out.
  target_precompile_headers(${part} PRIVATE
    <doctest/doctest.h> <filesystem> <fstream> <plumb/plumb.hpp> <thread>)
  # Checks of the tests' own pointers for null and alignment are a fifth of what clang takes here (an EPYC).
  # AddressSanitizer stays, and so do the library's own checks.
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=address")
    target_compile_options(${part} PRIVATE -fno-sanitize=null,alignment)
  endif()
endforeach()
# xtensor has names that doctest defines as macros; doctest itself, and an operator new of one's own, stand
# alone.
set_source_files_properties(tests/core/tensor/test_xtensor.cpp tests/main.cpp
                            tests/support/allocations.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
set_source_files_properties(tests/main.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
# It holds loops as the library's sources do.
set_source_files_properties(tests/autograd/test_extending.cpp PROPERTIES COMPILE_OPTIONS -fopenmp-simd
                            SKIP_PRECOMPILE_HEADERS ON)
if(TARGET plumb_studies)
  target_sources(plumb_tests PRIVATE $<TARGET_OBJECTS:plumb_ranks>)
  target_link_libraries(plumb_tests PRIVATE plumb_studies ${plumb_distributed_if_any})
endif()
# What knows no MPI is tested without one.
if(NOT (TARGET plumb_studies AND TARGET plumb_distributed))
  target_sources(plumb_tests PRIVATE distributed/internal/sockets.cpp distributed/internal/watch.cpp)
endif()
target_compile_definitions(plumb_tests PRIVATE PLUMB_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                           PLUMB_SHOWN_DIR="${PROJECT_BINARY_DIR}/shown")

# plumb_test(NAME LABEL doctest-arguments...): a selection that finds no test case is a failure.
# Left out with AddressSanitizer: some seconds to two minutes each, of numbers, not of memory: shorter tests run
# through the same code.
set(plumb_left_out "")
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=address")
  set(plumb_left_out "--test-case-exclude=gradcheck: every*,gradgradcheck: every*,pad: a long border*,\
*of a large batch keeps its digits*,floating point: no mode*,safetensors header: nesting*,\
convolution: every algorithm*,convolution: results and both*,*within a few units in the last place*,linalg: qr* svd and eigh*,\
Generator: the end of a range*,make_task: *is learnt*,make_task: text*,statistics: an optimizer*,\
statistics: a difference of three*,*the same bits for 1 to 4 threads under every rule*,\
nets: training gives the same bits*,graph: a chain of a million*,speak_digits: the digits differ*,\
noise scale: of a quadratic*,second order: LeNet*,second order: 100000 operations*,\
speak_digits: what is not heard*,batch study: the noise scale*,grammar_loss: sentences come*,\
grammar_entropy: is the mean loss*,oracle: products along thousands*,rounding:*,\
reference: *pass gradcheck*,reference: *gradients of gradients*,nn::gradgradcheck:*,*gradcheck with ragged*,\
attention: gradcheck*,isa: PLUMB_ISA that cannot*,ShardedGradient: a model has*,campaign: every study*,\
docs/data.md: the best*,insight: looking changes*,gemm: the same bits*,reductions: the same bits*,\
LogMel: the same bits*,conv2d_max_pool2d: first*,layers of sequences: 8*,mnist: 200 steps*,second order: the same bits*,matrix rules: the same bits*")
endif()

function(plumb_test name label)
  add_test(NAME ${name} COMMAND plumb_tests --no-colors ${plumb_left_out} ${ARGN})
  set_tests_properties(${name} PROPERTIES
    LABELS ${label}
    FAIL_REGULAR_EXPRESSION "test cases: +0 "
    TIMEOUT 600)
endfunction()

# plumb_test_parts(PARTS SOURCES): each folder of test cases (tests/core/*, ...) and each file beside
# main.cpp.
function(plumb_test_parts parts sources)
  list(FILTER sources EXCLUDE REGEX "^tests/(main\\.cpp|support/.*|reference/.*)$")
  list(TRANSFORM sources REPLACE "^tests/([^/]+)/.*" "tests/\\1/*")
  list(REMOVE_DUPLICATES sources)
  set(${parts} ${sources} PARENT_SCOPE)
endfunction()
plumb_test_parts(parts "${plumb_test_sources}")
foreach(part IN LISTS parts)
  string(REGEX REPLACE "^tests/|/\\*$|\\.cpp$" "" name "${part}")
  plumb_test(${name} unit "--source-file=*/${part}")
endforeach()
plumb_test_parts(parts "${plumb_thread_sources}")
foreach(part IN LISTS parts)
  string(REGEX REPLACE "^tests/|/\\*$|\\.cpp$" "" name "${part}")
  plumb_test(threads_${name} threads "--source-file=*/${part}" "--test-case=*threads*")
endforeach()
# The folders left out hold helpers only; a test case in them would never run.
add_test(NAME helpers COMMAND plumb_tests --count --no-colors
         "--source-file=*/tests/support/*,*/tests/reference/*")
set_tests_properties(helpers PROPERTIES LABELS unit PASS_REGULAR_EXPRESSION "filters: 0")
# Training, the corners, and all kernels against their oracles, with each instruction set that the
# processor has besides the best, which the tests above use.
if(NOT PLUMB_NATIVE)
  set(plumb_isas base v3 v4)
  if(EXISTS /proc/cpuinfo)
    file(STRINGS /proc/cpuinfo plumb_flags REGEX "^flags" LIMIT_COUNT 1)
    list(REMOVE_ITEM plumb_isas v4)
    if(NOT plumb_flags MATCHES "avx512vl")
      list(REMOVE_ITEM plumb_isas v3)
    endif()
  endif()
  foreach(isa IN LISTS plumb_isas)
    plumb_test(nets_${isa} isa "--source-file=*/tests/test_nets.cpp")
    plumb_test(corners_${isa} isa "--source-file=*/test_corners.cpp")
    plumb_test(oracles_${isa} isa "--source-file=*/tests/oracles/*")
    set_tests_properties(nets_${isa} corners_${isa} oracles_${isa}
                         PROPERTIES ENVIRONMENT "PLUMB_ISA=${isa}")
  endforeach()
endif()

# The README's program, as it stands there.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS README.md)
file(READ "${PROJECT_SOURCE_DIR}/README.md" plumb_readme)
if(NOT plumb_readme MATCHES "```cpp\n(#include[^`]*)```")
  message(FATAL_ERROR "README.md shows no program")
endif()
file(CONFIGURE OUTPUT readme_program.cpp CONTENT "${CMAKE_MATCH_1}" @ONLY)
add_executable(readme_program "${PROJECT_BINARY_DIR}/readme_program.cpp")
target_link_libraries(readme_program PRIVATE plumb::plumb)
add_test(NAME readme COMMAND readme_program)
set_tests_properties(readme PROPERTIES LABELS unit
  PASS_REGULAR_EXPRESSION "epoch 3  loss of the last batch 0\\.[0-2]")

# The files that docs/extending.md shows, as they stand there: each below a line "`its/path`:".
function(plumb_shown_file document path)
  file(READ "${PROJECT_SOURCE_DIR}/${document}" text)
  set(start "`${path}`:\n\n```cpp\n")
  string(FIND "${text}" "${start}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${document} does not show ${path}")
  endif()
  string(LENGTH "${start}" length)
  math(EXPR at "${at} + ${length}")
  string(SUBSTRING "${text}" ${at} -1 text)
  string(FIND "${text}" "```" end)
  string(SUBSTRING "${text}" 0 ${end} text)
  file(CONFIGURE OUTPUT "shown/${path}" CONTENT "${text}" @ONLY)
endfunction()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS docs/extending.md)
plumb_shown_file(docs/extending.md optim/signum.hpp)
plumb_shown_file(docs/extending.md optim/signum.cpp)
# Compiled like the library's own sources, and beside the headers of their folder.
add_library(plumb_shown OBJECT "${PROJECT_BINARY_DIR}/shown/optim/signum.cpp")
target_compile_options(plumb_shown PRIVATE $<TARGET_PROPERTY:plumb_computing,COMPILE_OPTIONS>)
target_compile_definitions(plumb_shown PRIVATE $<TARGET_PROPERTY:plumb_computing,COMPILE_DEFINITIONS>)
target_link_libraries(plumb_shown PRIVATE plumb::plumb OpenMP::OpenMP_CXX)
foreach(target plumb_shown plumb_tests)
  target_include_directories(${target} PRIVATE "${PROJECT_BINARY_DIR}/shown"
                             "${PROJECT_BINARY_DIR}/include/plumb/optim")
endforeach()
target_sources(plumb_tests PRIVATE $<TARGET_OBJECTS:plumb_shown>)

# What the scripts run besides the examples: one program for each tests/programs/*.cpp, and the library
# that makes system calls fail.
file(GLOB plumb_test_programs CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/programs/*.cpp")
foreach(source IN LISTS plumb_test_programs)
  get_filename_component(program "${source}" NAME_WE)
  add_executable(${program} ${source})
  target_link_libraries(${program} PRIVATE plumb::plumb)
  if(TARGET plumb_ranks)
    target_compile_options(${program} PRIVATE ${plumb_program_options})
    target_precompile_headers(${program} REUSE_FROM plumb_ranks)
  endif()
  set_target_properties(${program} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  # Some have an operator new of their own, and so has ThreadSanitizer; it runs none of them.
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")
    target_link_options(${program} PRIVATE LINKER:--allow-multiple-definition)
  endif()
endforeach()
# It stands in for a function of the library.
target_link_options(pieces PRIVATE LINKER:--wrap=_ZN5plumb6detail10run_chunksElPFvPvlES1_)
add_library(fault_shim MODULE "${PROJECT_SOURCE_DIR}/tests/faults/shim.cpp")
target_link_libraries(fault_shim PRIVATE ${CMAKE_DL_LIBS})
set_target_properties(fault_shim PROPERTIES
  LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")

# Not built with AddressSanitizer unless asked for: no test that the preset "asan" selects runs them.
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=address")
  foreach(program batch_size moving_averages train_genes train_speech train_text failing_allocation
                  failing_lapack failing_step fork pieces)
    if(TARGET ${program})
      set_target_properties(${program} PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
  endforeach()
endif()

# A script that exits with 77 has skipped itself.
file(GLOB plumb_test_scripts CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/tests"
  "${PROJECT_SOURCE_DIR}/tests/programs/*.sh" "${PROJECT_SOURCE_DIR}/tests/tools/*.sh")
foreach(script IN LISTS plumb_test_scripts)
  get_filename_component(label "${script}" DIRECTORY)
  string(REGEX REPLACE "\\.sh$" "" name "${script}")
  add_test(NAME ${name} COMMAND bash "${PROJECT_SOURCE_DIR}/tests/${script}")
  set_tests_properties(${name} PROPERTIES
    LABELS ${label}
    SKIP_RETURN_CODE 77
    TIMEOUT 900
    ENVIRONMENT "PLUMB_SOURCE_DIR=${PROJECT_SOURCE_DIR};PLUMB_BUILD_DIR=${PROJECT_BINARY_DIR};\
PLUMB_BIN_DIR=${PROJECT_BINARY_DIR}/examples;PLUMB_CXX=${CMAKE_CXX_COMPILER}")
endforeach()

# The longest begin first, so that none is left alone at the end.
set_tests_properties(tools/headers programs/networks programs/compare_optimizers tools/consumer
                     programs/hostile_files programs/train_table PROPERTIES COST 100)

if(TARGET plumb::distributed)
  include(cmake/mpi_tests.cmake)
endif()

add_test(NAME layers COMMAND "${PROJECT_SOURCE_DIR}/tools/check_layers")
set_tests_properties(layers PROPERTIES LABELS tools)
