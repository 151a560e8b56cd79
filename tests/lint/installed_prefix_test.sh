#!/usr/bin/env bash
# installed_prefix_test.sh BUILD SOURCE: installs into a prefix, moves the prefix, and builds every
# example against it outside the tree: each program by pkg-config alone, each folder by CMake alone.
# Fails if a program names a library of ours that is not in the prefix, or exports leak.
set -euo pipefail
build=$1
source=$2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "installed prefix: $*"; exit 1; }

cmake --install "$build" --prefix "$work/first" >"$work/install.log" || { cat "$work/install.log"; exit 1; }
mv "$work/first" "$work/moved"
prefix=$work/moved
libdir=$(find "$prefix" -name juxta.pc -printf '%h\n' | sed 's#/pkgconfig$##')
[ -n "$libdir" ] || fail "no juxta.pc in it"
if grep -rIlF -e "$source" -e "$build" -e "$work/first" "$prefix/include" "$libdir/pkgconfig" "$libdir/cmake"; then
    fail "the files above name a folder of this machine"
fi
export PKG_CONFIG_PATH=$libdir/pkgconfig CMAKE_GENERATOR=Ninja

# Each public header compiles by itself, with nothing but what pkg-config says; but for the one that
# is the second half of service.h.
read -ra cxx_flags <<<"$(pkg-config --cflags juxta)"
read -ra c_flags <<<"$(pkg-config --cflags gridrpc)"
for header in "$prefix"/include/juxta/*.h; do
    name=juxta/$(basename "$header")
    [ "$name" != juxta/service_signature.h ] || continue
    echo "#include <$name>" | g++ -Wall -Wextra -Werror -fsyntax-only "${cxx_flags[@]}" -x c++ - || fail "$name"
done
for header in "$prefix"/include/gridrpc/*.h; do
    [ -e "$header" ] || continue
    echo "#include <$(basename "$header")>" |
        gcc -std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only "${c_flags[@]}" -x c - || fail "$header"
done

# leaks LIBRARY PATTERN: fails if the library exports a name that does not match.
leaks() {
    [ -e "$1" ] || return 0
    local leaked
    leaked=$(nm -DC --defined-only "$1" | cut -c 18- | grep -vE "^. $2" || true)
    [ -z "$leaked" ] || { head -n 5 <<<"$leaked"; fail "$(basename "$1") exports the names above"; }
}
leaks "$libdir/libgridrpc.so" '(grpc|juxta)_[a-z_]*$'
leaks "$libdir/libjuxta.so" '((typeinfo|typeinfo name|vtable|VTT) for |.*thunk to )?juxta::'

# finds_its_libraries PROGRAM: it would load, and finds all its libraries in the moved prefix. Nothing is called.
finds_its_libraries() {
    local missing
    missing=$(LD_LIBRARY_PATH=$libdir ldd "$1" | grep -F 'not found' || true)
    [ -z "$missing" ] || fail "$1: $missing"
    LD_LIBRARY_PATH=$libdir ldd "$1" | grep -E 'lib(juxta|gridrpc)\.so' | grep -qF "$libdir" ||
        fail "$1 does not use the library of the prefix"
}

count=0
for program in "$source"/examples/c/*.c; do
    [ -e "$program" ] || continue
    out=$work/by-pkg-config-$(basename "$program" .c)
    # shellcheck disable=SC2046
    gcc -std=c99 -Wall -Wextra -Werror "$program" $(pkg-config --cflags --libs gridrpc) -o "$out" || fail "$program"
    finds_its_libraries "$out"
    count=$((count + 1))
done
for program in "$source"/examples/cpp/*.cc; do
    [ -e "$program" ] || continue
    out=$work/by-pkg-config-$(basename "$program" .cc)
    # shellcheck disable=SC2046
    g++ -Wall -Wextra -Werror "$program" $(pkg-config --cflags --libs juxta) -o "$out" || fail "$program"
    finds_its_libraries "$out"
    count=$((count + 1))
done
for folder in "$source"/examples/*/; do
    grep -qs 'find_package(Juxta' "$folder/CMakeLists.txt" || continue
    name=$(basename "$folder")
    cp -r "$folder" "$work/$name"
    if ! { cmake -S "$work/$name" -B "$work/$name/build" -DCMAKE_PREFIX_PATH="$prefix" &&
        cmake --build "$work/$name/build"; } >"$work/cmake.log" 2>&1; then
        tail -20 "$work/cmake.log"
        fail "$folder by CMake"
    fi
    count=$((count + 1))
done
echo "$count examples built against the moved prefix"
[ "$count" -gt 0 ] || exit 77
