#!/bin/sh
# install.sh BUILD WORK: a fresh tree in WORK/prefix with space
set -eu
rm -rf "$2"
mkdir -p "$2"
cmake --install "$1" --prefix "$2/first place" >"$2/install.log"
# A tree that was moved must work as well as one that was not.
mv "$2/first place" "$2/prefix with space"
