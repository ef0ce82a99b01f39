# The programs that bench/run starts: plumb's side and the machine's limits.
file(GLOB plumb_bench_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/plumb/*.cpp")
add_executable(steps bench/shared/main.cpp ${plumb_bench_sources})
target_link_libraries(steps PRIVATE plumb::plumb)

# Without plumb, which would keep OpenBLAS to one thread.
add_executable(limits bench/limits.cpp)
target_link_libraries(limits PRIVATE OpenBLAS::OpenBLAS Threads::Threads)

set_target_properties(steps limits PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bench")
