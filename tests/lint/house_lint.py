#!/usr/bin/python3 -B
"""Fails on breaches of the house rules in a tree of sources, warns on sizes and format.

usage: house_lint.py [TOP] [--quiet]     TOP: the top of the tree (default: two folders up)
Exit 0: clean (perhaps with warnings), 1: breaches, each on a line FILE:LINE: error: WORDS.
"""

import argparse
import os
import shutil
import subprocess
import sys

import rules

CODE = (".h", ".c", ".cc", ".cpp", ".hpp")
TEXT = CODE + (".idl", ".py", ".sh", ".cmake", ".md", ".xml", ".xsd", ".json", ".txt", ".in", ".yml")
SKIPPED_FOLDERS = {"__pycache__"}


def source_files(top):
    """Paths from the top, with /, of all files that people write; no build folders, no dot folders."""
    for folder, folders, names in os.walk(top):
        if "CMakeCache.txt" in names:
            folders.clear()
            continue
        folders[:] = sorted(
            name for name in folders if name not in SKIPPED_FOLDERS and not name.startswith(".")
        )
        if folder == top:
            folders[:] = [name for name in folders if name != "build" and not name.startswith("build-")]
        for name in sorted(names):
            full = os.path.join(folder, name)
            scripts_have_no_dot = "." not in name and os.access(full, os.X_OK)
            if os.path.isfile(full) and (name.endswith(TEXT) or scripts_have_no_dot):
                yield os.path.relpath(full, top).replace(os.sep, "/")


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def format_warnings(top, paths):
    """Files that clang-format would change; nothing where it is not installed."""
    tool = shutil.which("clang-format")
    if tool is None or not os.path.exists(os.path.join(top, ".clang-format")) or not paths:
        return
    run = subprocess.run(
        [tool, "--dry-run", "--style=file", *paths], cwd=top, capture_output=True, text=True, check=False
    )
    changed = {line.split(":")[0] for line in run.stderr.splitlines() if "warning:" in line}
    for path in sorted(changed):
        yield path, 1, "clang-format would change it"


def check(top):
    """(breaches, warnings, number of files): lists of (path, line, words)."""
    paths = list(source_files(top))
    files = set(paths)
    breaches, warnings = [], []
    for path in paths:
        text = read(top, path)
        breaches += [(path, *breach) for breach in rules.text_breaches(text)]
        if path.endswith(CODE):
            lines = rules.code_only(text)
            breaches += [(path, *breach) for breach in rules.code_breaches(path, lines, files)]
            warnings += [(path, *warning) for warning in rules.size_warnings(path, text, lines)]
    warnings += format_warnings(top, [path for path in paths if path.endswith(CODE)])
    return breaches, warnings, len(paths)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("top", nargs="?", default=os.path.dirname(os.path.dirname(here)))
    parser.add_argument("--quiet", action="store_true", help="no warnings")
    args = parser.parse_args()

    breaches, warnings, count = check(args.top)
    if count == 0:
        print(f"{args.top}: no sources here: nothing was checked")
        return 1
    if not args.quiet:
        for path, line, words in warnings:
            print(f"{path}:{line}: warning: {words}")
    for path, line, words in breaches:
        print(f"{path}:{line}: error: {words}")
    print(f"{count} files, {len(breaches)} errors, {len(warnings)} warnings")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
