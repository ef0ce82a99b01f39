# Finds libsndfile with pkg-config where there is that, otherwise by its files: Debian's package has no
# package file for CMake. Defines the target SndFile::SndFile.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_SndFile QUIET sndfile)
endif()
find_library(SndFile_LIBRARY NAMES sndfile HINTS ${PC_SndFile_LIBRARY_DIRS})
find_path(SndFile_INCLUDE_DIR NAMES sndfile.h HINTS ${PC_SndFile_INCLUDE_DIRS})

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SndFile REQUIRED_VARS SndFile_LIBRARY SndFile_INCLUDE_DIR
                                  VERSION_VAR PC_SndFile_VERSION)
mark_as_advanced(SndFile_LIBRARY SndFile_INCLUDE_DIR)

if(SndFile_FOUND AND NOT TARGET SndFile::SndFile)
  add_library(SndFile::SndFile UNKNOWN IMPORTED)
  set_target_properties(SndFile::SndFile PROPERTIES
    IMPORTED_LOCATION "${SndFile_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${SndFile_INCLUDE_DIR}")
endif()
