#!/bin/sh
# other_abi.sh FOLDER PROGRAM GOLDEN: with the other library first, the program must stop and name both numbers.
said=$(LD_LIBRARY_PATH="$1" "$2" "$3" 2>&1) && { echo "it went on: $said"; exit 1; }
case $said in
*"has ABI 99"*"built for ABI 1"*) echo "$said" ;;
*) echo "it said: $said"; exit 1 ;;
esac
