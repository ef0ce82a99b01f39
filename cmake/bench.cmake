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
set_target_properties(${plumb_bench_programs} PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bench")
