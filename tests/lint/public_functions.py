#!/usr/bin/python3 -B
"""Every function of the C headers has a comment of its own that says whose it is: the clause of the standard, or the
implementation that it comes from; and every function of the standards is there, under its name.

usage: public_functions.py [CLIENT_API]     exit 0: so it is; 1: a line for each that is not
"""
import os
import re
import sys

FUNCTION = re.compile(r"^GRIDRPC_API\s[^;(]*?\b(\w+)\(", re.M)
WHOSE = re.compile(r"/\* (?:GFD-R\.52, 4\.\d\.|GFD-R-P\.186, 4\.2\.\d\.|Ninf-G\.|DIET\.)\s")
HEADERS = {"grpc.h": WHOSE, "grpc_data.h": WHOSE, "juxta_c.h": re.compile(r"/\* \w")}
GFD_52 = ("initialize finalize function_handle_default function_handle_init function_handle_destruct get_handle call "
          "call_async probe probe_or cancel cancel_all wait wait_and wait_or wait_all wait_any error_string get_error "
          "get_failed_sessionid")
GFD_186 = ("data_init data_memory_mapping_set data_memory_mapping_get data_container_set data_container_get data_transfer "
           "data_wait data_unbind data_free data_getinfo data_load data_save")


def breaches(name, text, whose):
    """(function, words) for each function of this header whose comment is missing or does not say whose it is."""
    for function in FUNCTION.finditer(text):
        before = text[:function.start()].rstrip("\n")
        start = before.rfind("/*")
        own = before.endswith("*/") and "*/" not in before[start:-2]
        if not own:
            yield function.group(1), f"{name}: {function.group(1)} has no comment of its own"
        elif not whose.match(before[start:]):
            yield function.group(1), f"{name}: the comment of {function.group(1)} does not begin with whose it is"


def check(folder):
    found, words = set(), []
    for name, whose in HEADERS.items():
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            text = file.read()
        found |= set(FUNCTION.findall(text))
        words += [each[1] for each in breaches(name, text, whose)]
    words += [f"grpc_{name} of the standard is missing" for name in f"{GFD_52} {GFD_186}".split()
              if "grpc_" + name not in found]
    return words, len(found)


def self_check():
    """The rule must be able to fail."""
    good = "/* GFD-R.52, 4.6. Waits. */\nGRIDRPC_API int grpc_wait(int);\n"
    assert not list(breaches("x.h", good, WHOSE))
    assert list(breaches("x.h", good + "GRIDRPC_API int grpc_more(int);\n", WHOSE))
    assert list(breaches("x.h", good.replace("GFD-R.52, 4.6. ", ""), WHOSE))
    assert list(breaches("x.h", "/* a */\nint x;\nGRIDRPC_API int grpc_more(int);\n", WHOSE))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    self_check()
    words, count = check(sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "..", "client_api"))
    for line in words:
        print(line)
    print(f"{count} public functions, {len(words)} errors")
    return 1 if words or count < 60 else 0


if __name__ == "__main__":
    sys.exit(main())
