# One program for each bench/*.cpp, named after its file.
file(GLOB plumb_bench_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/*.cpp")
foreach(source IN LISTS plumb_bench_sources)
  get_filename_component(program "${source}" NAME_WE)
  add_executable(${program} ${source})
  target_link_libraries(${program} PRIVATE plumb::plumb)
  set_target_properties(${program} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bench")
endforeach()
