# plumb::distributed, the one library that knows MPI: a target of its own, there where an MPI is found.

# plumb_add_distributed(TARGET MPI): the library over that target of an MPI. Its headers have nothing of MPI, so
# a program is compiled once for all of them.
file(GLOB plumb_distributed_sources CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/distributed/*.cpp" "${PROJECT_SOURCE_DIR}/distributed/internal/*.cpp")
function(plumb_add_distributed target mpi)
  add_library(${target} ${plumb_distributed_sources})
  plumb_group_by_folder(${target} ${plumb_distributed_sources})
  set_target_properties(${target} PROPERTIES
    CXX_STANDARD 17
    CXX_STANDARD_REQUIRED ON
    CXX_EXTENSIONS OFF
    POSITION_INDEPENDENT_CODE ON
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_compile_options(${target} PRIVATE -ffp-contract=off)
  target_compile_definitions(${target} PRIVATE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
  target_link_libraries(${target} PUBLIC plumb::plumb PRIVATE ${mpi} Threads::Threads)
endfunction()

set(MPI_CXX_SKIP_MPICXX ON)  # the C interface alone
find_package(MPI QUIET COMPONENTS CXX)
if(MPI_CXX_FOUND)
  plumb_add_distributed(plumb_distributed MPI::MPI_CXX)
  set_target_properties(plumb_distributed PROPERTIES EXPORT_NAME distributed)
  add_library(plumb::distributed ALIAS plumb_distributed)
endif()
