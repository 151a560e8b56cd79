#!/usr/bin/env bash
# needs_no_orb.sh PROGRAM: fails if the program needs omniORB, directly or through what it needs.
set -euo pipefail
program=$1
direct=$(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
[ -n "$direct" ] || { echo "$program: readelf shows no needed library at all"; exit 2; }
echo "needs: ${direct//$'\n'/ }"
all=$(ldd "$program")
if grep -E 'libomni|libCOS' <<<"$direct $all"; then
    echo "$(basename "$program"): a core library must link without omniORB"
    exit 1
fi
if nm -C "$program" | grep -E -m 1 ' (omni|CORBA|Wire|POA_Wire)::'; then
    echo "$(basename "$program"): holds names of CORBA"
    exit 1
fi
