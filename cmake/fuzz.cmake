# The fuzz targets, for clang: one program fuzz_NAME for each tests/fuzz/NAME.cpp, and fuzz_seeds,
# which writes what they start from. The library must be compiled with -fsanitize=fuzzer-no-link.
find_package(CLI11 REQUIRED)

# No input reaches these but through checks that are followed, and their loops take clang minutes.
set(plumb_kernel_sources ${plumb_sources})
list(FILTER plumb_kernel_sources INCLUDE REGEX "/core/(kernels|simd)/")
set_property(SOURCE ${plumb_kernel_sources} APPEND PROPERTY
             COMPILE_OPTIONS -fno-sanitize=all)

file(GLOB plumb_fuzz_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/fuzz/*.cpp")
foreach(source IN LISTS plumb_fuzz_sources)
  get_filename_component(name "${source}" NAME_WE)
  add_executable(fuzz_${name} ${source})
  target_link_libraries(fuzz_${name} PRIVATE plumb::plumb CLI11::CLI11 ZLIB::ZLIB)
  target_include_directories(fuzz_${name} PRIVATE "${PROJECT_SOURCE_DIR}/examples")
  if(NOT name STREQUAL "seeds")
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  endif()
  set_target_properties(fuzz_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
endforeach()
