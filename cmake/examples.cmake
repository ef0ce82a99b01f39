# One program for each examples/*.cpp, named after its file. What they share, and the parts of those
# that are more than a page, stands in folders beside them: examples/*/*.cpp, one library.
find_package(CLI11 REQUIRED)

file(GLOB plumb_example_parts CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/*/*.cpp")
add_library(plumb_examples STATIC ${plumb_example_parts})
target_link_libraries(plumb_examples PUBLIC plumb::plumb PRIVATE CLI11::CLI11)
# Manifests of comparisons name what they were compiled with.
string(TOUPPER "${CMAKE_BUILD_TYPE}" plumb_configuration)
set_property(SOURCE "${PROJECT_SOURCE_DIR}/examples/comparison/manifest.cpp" APPEND PROPERTY
  COMPILE_DEFINITIONS "PLUMB_COMPILER=\"${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} \
${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${plumb_configuration}}\"")

file(GLOB plumb_example_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/*.cpp")
foreach(source IN LISTS plumb_example_sources)
  get_filename_component(program "${source}" NAME_WE)
  add_executable(${program} ${source})
  target_link_libraries(${program} PRIVATE plumb_examples plumb::plumb CLI11::CLI11)
  target_link_options(${program} PRIVATE LINKER:--gc-sections)
  target_include_directories(${program} SYSTEM PRIVATE ${XTENSOR_INCLUDE_DIR})  # interop header
  set_target_properties(${program} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/examples")
endforeach()
