# The programs that bench/run starts, plumb's side and the machine's limits, and, where Google
# Benchmark is installed, one for the single kernels and one for files.
file(GLOB plumb_bench_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/plumb/*.cpp")
add_executable(steps bench/shared/main.cpp ${plumb_bench_sources})
target_link_libraries(steps PRIVATE plumb::plumb)

# Without plumb, which would keep OpenBLAS to one thread.
add_executable(limits bench/limits.cpp)
target_link_libraries(limits PRIVATE OpenBLAS::OpenBLAS Threads::Threads)

set(plumb_bench_programs steps limits)
find_package(benchmark QUIET)
if(benchmark_FOUND)
  foreach(program kernels files)
    add_executable(${program} bench/${program}.cpp)
    target_link_libraries(${program} PRIVATE plumb::plumb benchmark::benchmark)
    list(APPEND plumb_bench_programs ${program})
  endforeach()
endif()
# bench/network/run starts these.
if(TARGET plumb::distributed)
  foreach(program exchange sparse training)
    add_executable(${program} bench/network/${program}.cpp)
    target_link_libraries(${program} PRIVATE plumb::distributed)
  endforeach()
  add_executable(link EXCLUDE_FROM_ALL bench/network/link.cpp)
  list(APPEND plumb_bench_programs exchange sparse training link)
endif()
set_target_properties(${plumb_bench_programs} PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bench")

# bench/alternatives/run starts these: what could stand in the place of plumb's own, each where its
# library is installed.
add_custom_target(alternatives)
# plumb_alternative(PROGRAM SOURCE): with the libraries and options that follow it.
function(plumb_alternative program source)
  cmake_parse_arguments(PARSE_ARGV 2 with "" "" "LIBRARIES;INCLUDES;OPTIONS")
  add_executable(${program} EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/bench/alternatives/${source}.cpp")
  target_link_libraries(${program} PRIVATE plumb::plumb ${with_LIBRARIES})
  target_include_directories(${program} SYSTEM PRIVATE ${with_INCLUDES})
  target_compile_options(${program} PRIVATE ${with_OPTIONS})
  set_target_properties(${program} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bench/alternatives")
  add_dependencies(alternatives ${program})
endfunction()

plumb_alternative(products products LIBRARIES OpenBLAS::OpenBLAS)
plumb_alternative(convolutions convolutions)
find_package(TBB QUIET)
if(TBB_FOUND)
  plumb_alternative(threads threads LIBRARIES TBB::tbb OpenMP::OpenMP_CXX)
endif()
find_path(PLUMB_XSIMD_INCLUDE_DIR NAMES xsimd/xsimd.hpp)
find_path(PLUMB_HIGHWAY_INCLUDE_DIR NAMES hwy/contrib/math/math-inl.h)
mark_as_advanced(PLUMB_XSIMD_INCLUDE_DIR PLUMB_HIGHWAY_INCLUDE_DIR)
if(PLUMB_XSIMD_INCLUDE_DIR AND PLUMB_HIGHWAY_INCLUDE_DIR AND
   CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(plumb_bench_isas v3 v4)
  set(plumb_bench_processors haswell skylake-avx512)
  # The two libraries go by what the compiler is told, and Highway wants all of a processor's features.
  foreach(isa processor IN ZIP_LISTS plumb_bench_isas plumb_bench_processors)
    plumb_alternative(simd_${isa} simd
      INCLUDES "${PLUMB_XSIMD_INCLUDE_DIR}" "${PLUMB_HIGHWAY_INCLUDE_DIR}"
      OPTIONS -O3 -march=${processor} -fno-math-errno -fno-trapping-math -Wno-psabi -fopenmp-simd)
  endforeach()
endif()
