#!/bin/sh
# Builds the core with its test under one sanitizer after the other, and runs it by every instruction set that there is.
#   csrc/tests/sanitize.sh BUILD_FOLDER [address,undefined | thread ...]
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
build=$1
shift
cxx=${CXX:-c++}
mkdir -p "$build"
sets=baseline
[ "$(uname -m)" = x86_64 ] && sets="baseline avx2 avx512"
flags() {
  case $1 in
    avx2) echo "-mavx2 -mfma" ;;
    avx512) echo "-mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512 -Wno-uninitialized -Wno-maybe-uninitialized" ;;
  esac
}
for sanitizer in "$@"; do
  common="-std=c++20 -O1 -g -ffp-contract=fast -fsanitize=$sanitizer -fno-sanitize-recover=all"
  objects=
  for set in $sets; do
    # shellcheck disable=SC2046,SC2086
    $cxx $common $(flags "$set") -DRECOLLECT_ISA="$set" -c "$here/kernels.cpp" -o "$build/$set.o" &
    objects="$objects $build/$set.o"
  done
  wait
  # shellcheck disable=SC2086
  $cxx $common -o "$build/sanitize" "$here/tests/sanitize.cpp" "$here/cpu.cpp" "$here/plan.cpp" "$here/recurrence.cpp" \
    "$here/threads.cpp" "$here/workspace.cpp" $objects -lpthread -ldl
  for set in $sets; do
    if ! grep -q "$set" /proc/cpuinfo 2>/dev/null && [ "$set" != baseline ]; then
      echo "$sanitizer: $set passed over, this processor lacks it"
    else
      RECOLLECT_ISA=$set "$build/sanitize" && echo "$sanitizer: $set is clean"
    fi
  done
done
