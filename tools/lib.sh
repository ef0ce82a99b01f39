# Shared by tools/test, tools/demo and bench/run: the packages each needs, and installing those that
# are missing.
# shellcheck shell=bash disable=SC2034

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)

build_packages=(g++ cmake ninja-build libxtensor-dev libxtensor-blas-dev libopenblas-dev zlib1g-dev
                nlohmann-json3-dev libxxhash-dev libzip-dev libsndfile1-dev libcli11-dev pkg-config)
test_packages=(doctest-dev python3 python3-protobuf curl ca-certificates)
# What runs on many processes: with one of them in every suite, with both in its own.
openmpi_packages=(libopenmpi-dev openmpi-bin)
mpi_packages=("${openmpi_packages[@]}" libmpich-dev mpich)
# A trailing ? marks a package that not every release has: elsewhere it is a part of clang.
sanitizer_packages=(clang lld libomp-dev 'libclang-rt-dev?')
bench_packages=(python3 binutils libbenchmark-dev gnuplot-nox)
# What bench/alternatives/run compares with.
alternative_packages=(python3 libxsimd-dev libhwy-dev libtbb-dev)
# Where libtorch is installed: both forms of OpenBLAS, since each is the faster one for some nets.
peer_packages=(libopenblas0-openmp libopenblas0-pthread)

installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# missing PACKAGE...: those that are not installed, one a line.
missing() {
  local package
  for package in "$@"; do
    case $package in
      *\?)
        package=${package%\?}
        installed "$package" || ! apt-cache show "$package" >/dev/null 2>&1 || echo "$package"
        ;;
      *) installed "$package" || echo "$package" ;;
    esac
  done
}

# ensure PACKAGE...: installs what is missing; exits 2 with the list where that is not possible.
ensure() {
  local needed as_root=()
  mapfile -t needed < <(missing "$@")
  ((${#needed[@]})) || return 0

  if ((EUID != 0)); then as_root=(sudo -n); fi
  if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    echo "${0##*/}: these packages are needed, and installing them takes root and apt:" >&2
    printf '  %s\n' "${needed[@]}" >&2
    exit 2
  fi

  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q)
  "${apt[@]}" update
  mapfile -t needed < <(missing "$@")  # once more: only now does apt know every name
  echo "Installing: ${needed[*]}"
  "${apt[@]}" install -y --no-install-recommends "${needed[@]}"
}

# build PRESET TARGET [cmake -D options]: configures and builds in build/PRESET.
build() (
  cd -- "$root" || exit
  cmake --preset "$1" "${@:3}"
  cmake --build "build/$1" --target "$2" --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"
)
