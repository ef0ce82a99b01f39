# The tests that run under mpirun, with each MPI that is installed: Debian's names tell Open MPI and MPICH
# apart. Programs are the objects of the examples, linked once more. Labels: mpi, and mpi_more for
# what tools/test mpi alone runs.
find_package(PkgConfig QUIET)

# plumb_mpi_tests(NAME PC): of the MPI whose programs end in .NAME and whose package file is PC.
function(plumb_mpi_tests name pc)
  pkg_check_modules(PLUMB_MPI_${name} QUIET IMPORTED_TARGET ${pc})
  find_program(PLUMB_MPIRUN_${name} mpirun.${name})
  mark_as_advanced(PLUMB_MPIRUN_${name})
  if(NOT TARGET PkgConfig::PLUMB_MPI_${name} OR NOT PLUMB_MPIRUN_${name})
    return()
  endif()
  # Only Open MPI's are part of every run; the target plumb_mpi builds all.
  set(others ON)
  if(name STREQUAL openmpi)
    set(others OFF)
  endif()
  # The MPI that CMake finds has its library already.
  set(distributed plumb_distributed)
  if(NOT MPI_CXX_INCLUDE_DIRS MATCHES "/${name}(/|;|$)")
    set(distributed plumb_distributed_${name})
    plumb_add_distributed(${distributed} PkgConfig::PLUMB_MPI_${name})
    set_target_properties(${distributed} PROPERTIES EXCLUDE_FROM_ALL ${others})
  endif()
  set(folder "${PROJECT_BINARY_DIR}/mpi/${name}")
  set(programs steps parallel resumed)
  foreach(program IN LISTS programs)
    add_executable(${program}_${name} $<TARGET_OBJECTS:plumb_mpi_${program}>)
    set_target_properties(${program}_${name} PROPERTIES LINKER_LANGUAGE CXX)
    target_link_libraries(${program}_${name} PRIVATE ${distributed})
  endforeach()
  foreach(program train_digits train_text train_speech train_genes train_table)
    add_executable(${program}_${name} $<TARGET_OBJECTS:${program}>
                   $<TARGET_OBJECTS:plumb_ranks>)
    set_target_properties(${program}_${name} PROPERTIES LINKER_LANGUAGE CXX)
    target_link_libraries(${program}_${name} PRIVATE plumb_kinds ${distributed})
    target_link_options(${program}_${name} PRIVATE LINKER:--gc-sections)
    list(APPEND programs ${program})
  endforeach()
  foreach(program IN LISTS programs)
    set_target_properties(${program}_${name} PROPERTIES
      OUTPUT_NAME ${program} RUNTIME_OUTPUT_DIRECTORY "${folder}" EXCLUDE_FROM_ALL ${others})
    add_dependencies(plumb_mpi ${program}_${name})
  endforeach()

  set(timeout 300)
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    set(timeout 1200)
  endif()
  file(GLOB scripts CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/mpi/*.sh")
  foreach(script IN LISTS scripts)
    get_filename_component(test "${script}" NAME_WE)
    add_test(NAME mpi/${test}_${name} COMMAND bash "${script}")
    # Ranks that die, and the other MPI, are not for every run.
    set(label mpi_more)
    if(name STREQUAL openmpi AND test MATCHES "^(bits|page)$")
      set(label mpi)
    endif()
    set_tests_properties(mpi/${test}_${name} PROPERTIES
      LABELS ${label}
      SKIP_RETURN_CODE 77
      TIMEOUT ${timeout}
      RUN_SERIAL ON
      ENVIRONMENT "PLUMB_SOURCE_DIR=${PROJECT_SOURCE_DIR};PLUMB_BUILD_DIR=${PROJECT_BINARY_DIR};\
PLUMB_BIN_DIR=${folder};PLUMB_MPI=${name};PLUMB_MPIRUN=${PLUMB_MPIRUN_${name}}")
  endforeach()
endfunction()

add_custom_target(plumb_mpi)
if(PkgConfig_FOUND AND TARGET train_digits)
  # The programs of docs/distributed.md, as they stand there.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS docs/distributed.md)
  plumb_shown_file(docs/distributed.md serial.cpp)
  plumb_shown_file(docs/distributed.md parallel.cpp)
  plumb_shown_file(docs/distributed.md resumed.cpp)
  add_executable(serial "${PROJECT_BINARY_DIR}/shown/serial.cpp")
  target_link_libraries(serial PRIVATE plumb::plumb)
  set_target_properties(serial PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/mpi")
  add_library(plumb_mpi_steps OBJECT "${PROJECT_SOURCE_DIR}/tests/mpi/steps.cpp")
  add_library(plumb_mpi_parallel OBJECT "${PROJECT_BINARY_DIR}/shown/parallel.cpp")
  add_library(plumb_mpi_resumed OBJECT "${PROJECT_BINARY_DIR}/shown/resumed.cpp")
  foreach(part plumb_mpi_steps plumb_mpi_parallel plumb_mpi_resumed)
    target_link_libraries(${part} PRIVATE plumb::plumb)
    target_compile_options(${part} PRIVATE $<$<CONFIG:Release>:-O1>)
  endforeach()
  add_dependencies(plumb_mpi train_digits load_file serial)
  plumb_mpi_tests(openmpi ompi-c)
  plumb_mpi_tests(mpich mpich)
endif()
