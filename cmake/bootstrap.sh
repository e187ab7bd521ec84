#!/bin/sh
# Sets up everything on a fresh Debian or Ubuntu machine and runs one thing:
#   sh cmake/bootstrap.sh demo     build, then `ternion demo`
#   sh cmake/bootstrap.sh test     build, then every test in every language
#   sh cmake/bootstrap.sh install PREFIX
set -eu
cd "$(dirname "$0")/.."

usage() {
  sed -n '2,5s/^# \{0,1\}//p' cmake/bootstrap.sh
  exit 2
}

# What has to be there, as "check|packages": the check is a shell command, run only to see whether it succeeds.
needs_build='
compiles_c|gcc libc6-dev
command -v cmake|cmake
command -v make|make
command -v pkg-config|pkg-config
pkg-config --exists jansson|libjansson-dev
pkg-config --exists zlib|zlib1g-dev
have_openblas|libopenblas0-serial'
needs_demo='
command -v gnuplot|gnuplot-nox'
needs_test="$needs_demo
command -v c++|g++
command -v gfortran|gfortran
command -v clang|clang
have_clang_runtime|clang_runtime
pkg-config --exists cmocka|libcmocka-dev
command -v abidiff|abigail-tools
command -v valgrind|valgrind
test -x /usr/bin/python3|python3
/usr/bin/python3 -c 'import numpy'|python3-numpy
/usr/bin/python3 -c 'import mpmath'|python3-mpmath
/usr/bin/python3 -c 'import ase'|python3-ase
/usr/bin/python3 -m pip --version|python3-pip
/usr/bin/python3 -c 'import ensurepip'|python3-venv
have_downloader|curl
have_library libopenblas64.so.0|libopenblas64-0-pthread
command -v git|git"

compiles_c() {
  echo '#include <stdio.h>' | cc -E - >/dev/null
}
have_library() {
  ls /lib/*/"$1" /usr/lib/*/"$1" /usr/lib*/"$1" /usr/lib/*/*/"$1" 2>/dev/null | grep -q .
}
have_downloader() { # Julia's package manager wants one even for a package that lies in a folder
  command -v curl || command -v wget
}
have_openblas() {
  ls /usr/lib/*/openblas-serial/libopenblas.so.0 2>/dev/null | grep -q .
}
have_clang_runtime() {
  ls "$(clang -print-resource-dir)"/lib/linux/libclang_rt.fuzzer-*.a >/dev/null 2>&1
}

# The package of clang's sanitizer and fuzzer runtime carries clang's version on Debian 12 and nothing on later
# releases.
clang_runtime_package() {
  version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
  echo "libclang-rt-${version:-14}-dev"
}

# Prints the packages whose check fails.
missing() {
  printf '%s\n' "$1" | while IFS='|' read -r check package; do
    [ -n "$check" ] || continue
    (eval "$check") >/dev/null 2>&1 && continue
    [ "$package" != clang_runtime ] || package=$(clang_runtime_package)
    printf '%s ' "$package"
  done
}

# Runs a command with the right to install packages, or fails.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}
may_install() {
  command -v apt-get >/dev/null && { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }
}
refuse() {
  echo "bootstrap: these Debian packages are missing and cannot be installed by this user:" >&2
  echo "  $1" >&2
  echo "Ask an administrator to run: apt-get install $1" >&2
  [ "$verb" != test ] || command -v julia >/dev/null || echo "A julia (1.5 or later) has to be on the PATH, too." >&2
  exit 1
}

install_packages() {
  packages=$(missing "$1")
  [ -n "$packages" ] || return 0
  may_install || refuse "$packages"
  as_root apt-get update -q
  packages=$(missing "$1") # the package lists may have told more
  echo "bootstrap: installing $packages"
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages
  left=$(missing "$1")
  [ -z "$left" ] || { echo "bootstrap: still missing after installation: $left" >&2; exit 1; }
}

# Throwing and catching is what fails first when Julia and the libraries around it do not fit together.
julia_works() {
  command -v julia >/dev/null &&
    julia --startup-file=no -e 'f() = try throw(ArgumentError("")) catch; 0 end; exit(f())' 2>/dev/null
}

# Debian 12 has no Julia; Debian 11's works there. It is taken from this machine's own mirror through an apt
# configuration that lives in a temporary folder, with everything else still preferred from this release. It needs
# Debian 11's libunwind, too (with a later one it crashes whenever it throws an exception), which goes where only Julia
# looks: among its private libraries.
install_julia() {
  julia_works && return 0
  if ! command -v julia >/dev/null && [ -n "$(apt-cache --names-only search '^julia$' 2>/dev/null)" ]; then
    may_install || refuse julia
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends julia
    return 0
  fi
  . /etc/os-release
  [ "$ID" = debian ] ||
    { echo "bootstrap: put a working julia (1.5 or later) on the PATH; $PRETTY_NAME has no package of it" >&2; exit 1; }
  if command -v julia >/dev/null && ! dpkg -s julia >/dev/null 2>&1; then
    echo "bootstrap: $(command -v julia) crashes when it throws an exception;" \
      "put a working one (1.5 or later) on the PATH" >&2
    exit 1
  fi
  may_install ||
    { echo "bootstrap: julia (1.5 or later) must be on the PATH; installing it needs an administrator" >&2; exit 1; }
  target=$(apt-get indextargets --format '$(REPO_URI) $(SIGNED_BY)' "Codename: $VERSION_CODENAME" "Component: main" |
    head -n 1)
  [ -n "$target" ] ||
    { echo "bootstrap: found no $VERSION_CODENAME source to take the mirror's address from" >&2; exit 1; }
  mirror=${target%% *} key=${target#* }
  case $key in /*) ;; *) key= ;; esac # apt prints the bare placeholder when the source names no key
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  chmod 755 "$folder"
  mkdir -p "$folder/lists/partial"
  echo "deb ${key:+[signed-by=$key]} $mirror bullseye main" >"$folder/bullseye.list"
  printf 'Package: *\nPin: release n=bullseye\nPin-Priority: 100\n' >"$folder/preferences"
  set -- -q -o Dir::Etc::SourceList="$folder/bullseye.list" -o Dir::Etc::Preferences="$folder/preferences" \
    -o Dir::State::Lists="$folder/lists" -o APT::Sandbox::User=root
  as_root apt-get "$@" update
  command -v julia >/dev/null ||
    as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" install -y --no-install-recommends julia
  julia_works || (cd "$folder" && apt-get "$@" download libunwind8/bullseye && dpkg-deb -x libunwind8_*.deb unwind &&
    as_root install -m 644 unwind/usr/lib/*/libunwind.so.8 \
      "$(dirname "$(readlink -f /usr/lib/*/libjulia.so.1)")/julia/")
  rm -rf "$folder"
  trap - EXIT
  julia_works || { echo "bootstrap: julia was installed but does not work" >&2; exit 1; }
}

configure_and_build() {
  cmake --preset "$@"
  cmake --build --preset "$1" --parallel "$(nproc)"
}

verb=${1:-}
case "$verb" in
demo)
  install_packages "$needs_build$needs_demo"
  configure_and_build release -DBUILD_TESTING=OFF -DTERNION_LANGUAGES=c
  shift
  exec build/release/ternion demo -o build/demo "$@"
  ;;
test)
  install_packages "$needs_build$needs_test"
  install_julia
  configure_and_build release -DBUILD_TESTING=ON "-DTERNION_LANGUAGES=c;fortran;julia;python" \
    -DPython3_EXECUTABLE=/usr/bin/python3
  configure_and_build asan -DPython3_EXECUTABLE=/usr/bin/python3
  configure_and_build tsan -DPython3_EXECUTABLE=/usr/bin/python3
  ctest --preset release --parallel "$(nproc)"
  ctest --preset asan --parallel "$(nproc)"
  ctest --preset tsan --parallel "$(nproc)"
  ;;
install)
  [ -n "${2:-}" ] || usage
  install_packages "$needs_build"
  configure_and_build release -DBUILD_TESTING=OFF
  cmake --install build/release --prefix "$2"
  ;;
*) usage ;;
esac
