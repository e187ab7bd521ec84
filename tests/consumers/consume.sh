#!/bin/sh
# consume.sh KIND SOURCE WORK: one way to use the installed tree, as a stranger would.
set -eu
kind=$1 source=$2 work=$3
prefix="$work/prefix with space"
here="$work/$kind"
rm -rf "$here"
mkdir -p "$here"
cd "$here"
cp "$source/tests/data/clusters.extxyz" train.extxyz
c="$source/bindings/c/examples"
f="$source/bindings/fortran/examples"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
export LD_LIBRARY_PATH="$prefix/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
unset TERNION_LIBRARY

# pkg-config escapes the space in the prefix for a shell to read: hence eval wherever its answer is used.
variable() { eval "printf %s $(pkg-config --variable="$1" "${2:-ternion}")"; }
has() { case ";$TERNION_LANGUAGES;" in *";$1;"*) ;; *) return 1 ;; esac; }

tree() {
  for path in include/ternion.h lib/libternion.so lib/libternion.so.1 lib/libternion.a bin/ternion \
    lib/pkgconfig/ternion.pc \
    lib/cmake/Ternion/TernionConfig.cmake share/ternion/settings/b8 share/ternion/julia/Project.toml \
    share/ternion/julia/src/Ternion.jl share/ternion/python/ternion/__init__.py share/man/man1/ternion.1; do
    [ -e "$prefix/$path" ] || { echo "missing: $path"; exit 1; }
  done
  ! grep -rl "$work" "$prefix/lib/pkgconfig" "$prefix/lib/cmake" || { echo "absolute paths in package files"; exit 1; }
}

program() {
  unset LD_LIBRARY_PATH # the program finds its library by itself
  "$prefix/bin/ternion" info
  "$prefix/bin/ternion" fit train.extxyz --settings metal -o silicon.tern
  "$prefix/bin/ternion" predict silicon.tern train.extxyz -o predicted.extxyz
}

pkg_config() {
  eval "cc -Wall -Wextra -Werror '$c/fit_predict.c' -o fit_predict $(pkg-config --cflags --libs ternion)"
  ./fit_predict
  eval "cc -Wall -Wextra -Werror '$c/descriptor_gradient.c' -o gradient $(pkg-config --cflags --libs ternion) -lm"
  ./gradient
  flags=$(pkg-config --cflags --libs ternion)
  eval "c++ -std=c++17 -Wall -Wextra -Werror '$c/own_neighbours.cpp' -o neighbours $flags"
  ./neighbours
}

pkg_config_static() {
  unset LD_LIBRARY_PATH
  mkdir static
  cp "$prefix/lib/libternion.a" static/
  # The archive alone in a folder, so that the linker cannot take the shared library beside it.
  flags=$(pkg-config --static --cflags --libs ternion | sed 's/-L[^ ]*prefix\\ with\\ space[^ ]*//')
  eval "cc '$c/fit_predict.c' -o fit_predict -L static $flags"
  ./fit_predict
  ! ldd fit_predict | grep ternion || { echo "linked with the shared library"; exit 1; }
}

cmake_project() {
  "$CMAKE" -S . -B build "$@" >cmake.log 2>&1 || { cat cmake.log; exit 1; }
  "$CMAKE" --build build >build.log 2>&1 || { cat build.log; exit 1; }
}

find_package() {
  languages="C CXX"
  ! has fortran || languages="$languages Fortran"
  cat >CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.22)
project(consumer LANGUAGES $languages)
find_package(Ternion 0.1 REQUIRED)
add_executable(shared "$c/fit_predict.c")
target_link_libraries(shared PRIVATE Ternion::ternion)
add_executable(static "$c/fit_predict.c")
target_link_libraries(static PRIVATE Ternion::static)
add_executable(cxx "$c/own_neighbours.cpp")
target_link_libraries(cxx PRIVATE Ternion::ternion)
END
  ! has fortran || cat >>CMakeLists.txt <<END
add_executable(fortran "$f/fit_predict.f90")
target_link_libraries(fortran PRIVATE Ternion::fortran)
END
  unset LD_LIBRARY_PATH
  cmake_project "-DCMAKE_PREFIX_PATH=$prefix"
  build/shared
  build/static
  build/cxx
  ! has fortran || build/fortran
}

fetch_content() {
  cat >CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.22)
project(consumer LANGUAGES C)
include(FetchContent)
FetchContent_Declare(ternion SOURCE_DIR "$source")
FetchContent_MakeAvailable(ternion)
add_executable(consumer "$c/fit_predict.c")
target_link_libraries(consumer PRIVATE Ternion::ternion)
END
  cmake_project
  build/consumer
}

fortran() {
  flags=$(pkg-config --cflags --libs ternion-fortran)
  eval "gfortran -std=f2008 -Wall -Werror '$f/fit_predict.f90' -o fit_predict $flags"
  ./fit_predict
  # Another compiler takes the source.
  sources=$(variable sourcedir ternion-fortran)
  set --
  for name in raw support options system dataset model descriptor; do set -- "$@" "$sources/ternion_$name.f90"; done
  gfortran -o from_source "$@" "$sources/ternion.f90" "$f/fit_predict.f90" -L"$prefix/lib" -lternion
  ./from_source
}

julia() {
  unset LD_LIBRARY_PATH
  script="$source/bindings/julia/examples/fit_and_predict.jl"
  JULIA_LOAD_PATH="$(variable juliadir):@stdlib" command julia --startup-file=no "$script"
  # Pkg.develop without a network: an empty registry keeps it from looking for one.
  export JULIA_DEPOT_PATH="$here/depot"
  mkdir -p depot/registries/Empty
  printf 'name = "Empty"\nrepo = "none"\nuuid = "8d4a1b0e-3f4c-4f51-9a52-5c0f5d7f0f11"\n[packages]\n' \
    >depot/registries/Empty/Registry.toml
  JULIA_DIR=$(variable juliadir) command julia --startup-file=no -e \
    'using Pkg; Pkg.activate("environment"); Pkg.develop(PackageSpec(path = ENV["JULIA_DIR"]));
     using Ternion; println(Ternion.version())'
}

python() {
  unset LD_LIBRARY_PATH
  script="$source/bindings/python/examples/fit_and_predict.py"
  PYTHONPATH="$(variable pythondir)" "$PYTHON" "$script"
  "$PYTHON" -m venv --system-site-packages environment
  cp -r "$source/bindings/python" package # building writes beside the source
  environment/bin/pip install --quiet --no-index --no-build-isolation ./package
  TERNION_LIBRARY="$prefix/lib/libternion.so" environment/bin/python "$script"
}

"$kind"
