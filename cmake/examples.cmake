# One program for each examples/*.cpp and each examples/studies/*.cpp, named after its file. What all of
# them share is the library plumb_support, what text, speech, genes and tables have of their own is
# plumb_kinds, and what the studies are made of plumb_studies.
find_package(CLI11 REQUIRED)

file(GLOB plumb_support_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/support/*.cpp")
set(plumb_kind_sources ${plumb_support_sources})
list(FILTER plumb_kind_sources INCLUDE REGEX "/(text|speech|gene|table)_[a-z]+\\.cpp$")
list(REMOVE_ITEM plumb_support_sources ${plumb_kind_sources}
     "${PROJECT_SOURCE_DIR}/examples/support/ranks.cpp")
add_library(plumb_support STATIC ${plumb_support_sources})
plumb_group_by_folder(plumb_support ${plumb_support_sources})
target_link_libraries(plumb_support PUBLIC plumb::plumb PRIVATE CLI11::CLI11)
# Alone, for programs that use nothing else of it, and without plumb's headers, which it does not read.
# Not optimised, which takes g++ three quarters of the time (an EPYC).
set_source_files_properties("${PROJECT_SOURCE_DIR}/examples/support/arguments.cpp" PROPERTIES
  SKIP_UNITY_BUILD_INCLUSION ON SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS $<$<CONFIG:Release>:-O0>)
# Programs run under mpirun where there is one. Which MPI it is, is decided where they are linked: with these
# objects, and a plumb::distributed behind them.
set(plumb_ranks_source "${PROJECT_SOURCE_DIR}/examples/support/ranks.cpp")
add_library(plumb_ranks OBJECT ${plumb_ranks_source})
target_link_libraries(plumb_ranks PRIVATE plumb::plumb)
set(plumb_distributed_if_any "")
if(TARGET plumb::distributed)
  set(plumb_distributed_if_any plumb::distributed)
  set_property(SOURCE ${plumb_ranks_source} APPEND PROPERTY COMPILE_DEFINITIONS PLUMB_DISTRIBUTED)
endif()
add_library(plumb_kinds STATIC ${plumb_kind_sources})
plumb_group_by_folder(plumb_kinds ${plumb_kind_sources})
target_link_libraries(plumb_kinds PUBLIC plumb_support)

file(GLOB plumb_study_parts CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/studies/*/*.cpp")
add_library(plumb_studies STATIC ${plumb_study_parts})
plumb_group_by_folder(plumb_studies ${plumb_study_parts})
target_link_libraries(plumb_studies PUBLIC plumb_kinds)
# Manifests of comparisons name what they were compiled with.
string(TOUPPER "${CMAKE_BUILD_TYPE}" plumb_configuration)
set(plumb_manifest_source "${PROJECT_SOURCE_DIR}/examples/studies/comparison/manifest.cpp")
set_property(SOURCE ${plumb_manifest_source} APPEND PROPERTY
  COMPILE_DEFINITIONS "PLUMB_COMPILER=\"${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} \
${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${plumb_configuration}}\"")

# What takes time is the library. More optimisation of these would only take longer to compile.
set(plumb_program_options $<$<CONFIG:Release>:-O1>)
foreach(part plumb_support plumb_ranks plumb_kinds plumb_studies)
  target_compile_options(${part} PRIVATE ${plumb_program_options})
endforeach()

# What nearly every program reads is compiled once, beside the smallest of these parts. The manifest has a
# definition of its own, which clang would not allow.
target_precompile_headers(plumb_ranks PRIVATE <plumb/plumb.hpp>)
set_source_files_properties(${plumb_manifest_source} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
foreach(part plumb_support plumb_kinds plumb_studies)
  target_precompile_headers(${part} REUSE_FROM plumb_ranks)
endforeach()

# plumb_programs(LIBRARY SOURCE...)
function(plumb_programs library)
  foreach(source IN LISTS ARGN)
    get_filename_component(program "${source}" NAME_WE)
    add_executable(${program} ${source} $<TARGET_OBJECTS:plumb_ranks>)
    target_link_libraries(${program} PRIVATE ${library} ${plumb_distributed_if_any})
    target_compile_options(${program} PRIVATE ${plumb_program_options})
    target_precompile_headers(${program} REUSE_FROM plumb_ranks)
    target_link_options(${program} PRIVATE LINKER:--gc-sections)
    target_include_directories(${program} SYSTEM PRIVATE ${XTENSOR_INCLUDE_DIR})  # interop header
    set_target_properties(${program} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/examples")
  endforeach()
endfunction()

file(GLOB plumb_tutorials CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/*.cpp")
set(plumb_kind_tutorials ${plumb_tutorials})
list(FILTER plumb_kind_tutorials INCLUDE REGEX "/train_(text|speech|genes|table)\\.cpp$")
list(REMOVE_ITEM plumb_tutorials ${plumb_kind_tutorials})
plumb_programs(plumb_support ${plumb_tutorials})
plumb_programs(plumb_kinds ${plumb_kind_tutorials})
file(GLOB plumb_study_programs CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/studies/*.cpp")
plumb_programs(plumb_studies ${plumb_study_programs})
