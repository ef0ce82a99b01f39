# The fuzz targets, for clang: one program fuzz_NAME for each tests/fuzz/NAME.cpp, and fuzz_seeds,
# which writes what they start from. The preset "fuzz" instruments what is compiled here.
find_package(CLI11 REQUIRED)

# plumb without the rooms in which nothing is read.
file(GLOB_RECURSE plumb_reader_sources CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/core/*.cpp" "${PROJECT_SOURCE_DIR}/data/*.cpp")
add_library(plumb_readers STATIC EXCLUDE_FROM_ALL ${plumb_reader_sources})
foreach(property COMPILE_OPTIONS COMPILE_DEFINITIONS INCLUDE_DIRECTORIES LINK_LIBRARIES CXX_STANDARD
                 INTERFACE_INCLUDE_DIRECTORIES INTERFACE_LINK_LIBRARIES)
  get_target_property(value plumb ${property})
  set_property(TARGET plumb_readers PROPERTY ${property} ${value})
endforeach()

# What computes is neither optimized, which takes clang minutes, nor instrumented: no input reaches it
# but through checks that are.
set(plumb_unchecked_sources ${plumb_sources})
list(FILTER plumb_unchecked_sources INCLUDE REGEX "/core/(kernels|signal|simd)/|/core/tensor/linalg")
set_property(SOURCE ${plumb_unchecked_sources} APPEND PROPERTY
             COMPILE_OPTIONS -O0 -fno-sanitize=all)
# The precompiled header was made with other options.
set_property(SOURCE ${plumb_unchecked_sources} PROPERTY SKIP_PRECOMPILE_HEADERS ON)

file(GLOB plumb_fuzz_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/fuzz/*.cpp")
foreach(source IN LISTS plumb_fuzz_sources)
  get_filename_component(name "${source}" NAME_WE)
  set(library plumb_readers)
  if(name STREQUAL "state_dict")  # loads into models and optimizers
    set(library plumb)
  endif()
  add_executable(fuzz_${name} ${source})
  target_link_libraries(fuzz_${name} PRIVATE ${library} ZLIB::ZLIB)
  target_include_directories(fuzz_${name} PRIVATE "${PROJECT_SOURCE_DIR}/examples")
  if(NOT name STREQUAL "seeds")
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  endif()
  set_target_properties(fuzz_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
endforeach()
target_sources(fuzz_arguments PRIVATE "${PROJECT_SOURCE_DIR}/examples/support/arguments.cpp")
target_link_libraries(fuzz_arguments PRIVATE CLI11::CLI11)
