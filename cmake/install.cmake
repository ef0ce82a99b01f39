# The installed package: library, public headers, find_package(plumb) and plumb.pc.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(plumb_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/plumb")
get_target_property(plumb_type plumb TYPE)

install(TARGETS plumb EXPORT plumbTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")

file(GLOB plumb_umbrella_headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/*.hpp")
if(TARGET plumb::distributed)
  list(APPEND plumb_rooms distributed)
else()
  list(FILTER plumb_umbrella_headers EXCLUDE REGEX "/distributed\\.hpp$")
endif()
install(FILES ${plumb_umbrella_headers} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/plumb")
install(DIRECTORY ${plumb_rooms} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/plumb"
  FILES_MATCHING PATTERN "*.hpp"
  # For the library's own sources only.
  REGEX "/(kernels|simd|internal)$" EXCLUDE)

install(EXPORT plumbTargets NAMESPACE plumb:: DESTINATION "${plumb_package_dir}")
if(TARGET plumb::distributed)
  install(TARGETS plumb_distributed EXPORT plumbDistributedTargets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT plumbDistributedTargets NAMESPACE plumb:: DESTINATION "${plumb_package_dir}")
endif()
configure_package_config_file(cmake/plumbConfig.cmake.in plumbConfig.cmake
  INSTALL_DESTINATION "${plumb_package_dir}")
# Before 1.0 a new minor version may change the interface.
write_basic_package_version_file(plumbConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/plumbConfig.cmake"
              "${PROJECT_BINARY_DIR}/plumbConfigVersion.cmake"
              cmake/FindOpenBLAS.cmake
              cmake/FindLibZip.cmake
              cmake/FindSndFile.cmake
  DESTINATION "${plumb_package_dir}")

# plumb.pc. The libraries are named as found here: a plumb built by clang needs libomp from
# whichever compiler links it, and -fopenmp would bring in g++'s.
set(plumb_pc_dependencies "")
set(plumb_pc_libraries "${OpenBLAS_LIBRARY}")
foreach(name IN LISTS OpenMP_CXX_LIB_NAMES)
  list(APPEND plumb_pc_libraries "${OpenMP_${name}_LIBRARY}")
endforeach()
list(APPEND plumb_pc_libraries ${ZLIB_LIBRARIES} "${LibZip_LIBRARY}" "${SndFile_LIBRARY}")
foreach(library IN LISTS plumb_pc_libraries)
  get_filename_component(folder "${library}" DIRECTORY)
  get_filename_component(name "${library}" NAME_WE)
  string(REGEX REPLACE "^lib" "" name "${name}")
  if(NOT folder IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
    string(APPEND plumb_pc_dependencies " -L${folder}")
  endif()
  string(APPEND plumb_pc_dependencies " -l${name}")
endforeach()
string(APPEND plumb_pc_dependencies " ${CMAKE_THREAD_LIBS_INIT} -lm")
# A shared plumb finds its own libraries; a static one needs them from plain `pkg-config --libs`.
if(plumb_type STREQUAL "STATIC_LIBRARY")
  set(plumb_pc_public "${plumb_pc_dependencies}")
  set(plumb_pc_private "")
else()
  set(plumb_pc_public "")
  set(plumb_pc_private "${plumb_pc_dependencies}")
endif()
# Relative to the file, so that `cmake --install --prefix` and moved trees work.
file(RELATIVE_PATH plumb_pc_prefix
  "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
configure_file(cmake/plumb.pc.in plumb.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/plumb.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# plumb-distributed.pc, with the libraries of the MPI that it was built with.
if(TARGET plumb::distributed)
  set(plumb_pc_mpi "")
  # Not the C++ interface, which some compilers of MPI link as well.
  list(FILTER MPI_CXX_LIBRARIES EXCLUDE REGEX "mpi_cxx")
  foreach(library IN LISTS MPI_CXX_LIBRARIES)
    string(APPEND plumb_pc_mpi " ${library}")
  endforeach()
  configure_file(cmake/plumb-distributed.pc.in plumb-distributed.pc @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/plumb-distributed.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endif()
