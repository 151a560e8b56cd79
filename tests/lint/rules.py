"""The rules of the house that one file alone can break: (line number, words) for every breach."""

import re

import floors

# Words for unfinished work, put together here so that this file does not break its own rule.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
MACHINE_PATH = re.compile(
    r"(?<![\w.$}])/(work|root|Users)/[\w.]|(?<![\w.$}])/home/\w|(?<![\w.$}])/tm" r"p/build-"
    r"|https?://[\w.-]*(debian|npmjs|pypi)\.(org|com)"
)
IDL_MODULE = re.compile(r"\b(POA_|OBV_)?Wire\b")
FUNCTION_MACRO = re.compile(r"^\s*#\s*define\s+\w+\(")

# Formatted code has namespace members at column 0, and nothing else there ends in a semicolon.
GLOBAL = re.compile(
    r"^(?!.*\b(const|constexpr|using|typedef|namespace|struct|class|union|enum|template|return|friend"
    r"|operator|goto|delete|throw|extern|static_assert|concept|export|import|module)\b)"
    r"[A-Za-z_][\w:<>,\s*&]*[\s*&>]\w+\s*(\[\w*\])*\s*(=[^=].*|\{.*\})?;\s*$"
)
STATIC = re.compile(
    r"^\s+(static|thread_local)\s+(?!const\b|constexpr\b|inline\s+const)(?!.*\bconst\b)"
    r"[^()=;]*?\w\s*(\[\w*\])*\s*(=[^=].*|\{.*\})?;\s*$"
)

# Takes one construct of a C header from the compiler, which no template can.
MACROS_ALLOWED = {"data_service/consensus/libraft.h"}
# Where a global is the honest way, and why.
GLOBALS_ALLOWED = {
    "common/log/log.cc": "Boost.Log's core is one a process",
    "client_api/grpc.cc": "the C API names no state, and GridRPC's errors are told per thread",
    "client_api/connect.cc": "every Client of a process shares its one ORB",
    "common/orb/node.cc": "the ORB and its interceptors are one a process",
}

MAX_FUNCTION_LINES = 70
MAX_HEADER_LINES = 200
MAX_FILE_LINES = 400


def code_only(text):
    """The lines of C++ without comments and without what stands in strings."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S
    )

    def blank(match):
        found = match.group(0)
        if found.startswith(("//", "/*")):
            return "\n" * found.count("\n")
        return '""' + "\n" * found.count("\n")

    lines = text.split("\n")
    # The names of included files are strings that the other rules need.
    kept = {n: line for n, line in enumerate(lines) if floors.INCLUDE.match(line)}
    stripped = pattern.sub(blank, text).split("\n")
    return [kept.get(n, line) for n, line in enumerate(stripped)]


def text_breaches(text):
    """Rules for every file that a person writes."""
    for number, line in enumerate(text.split("\n"), 1):
        found = UNFINISHED.search(line)
        if found:
            yield number, f"'{found.group(0)}': finish it, or take it out"
        found = MACHINE_PATH.search(line)
        if found:
            yield number, f"'{found.group(0)}' belongs to one machine or mirror"


def code_breaches(path, lines, files):
    """Rules for C and C++. `lines`: from code_only; `files`: all paths of the tree."""
    is_test = path.startswith("tests/")
    may_name_corba = floors.stands_in(path, floors.CORBA_PLACES) or is_test
    for number, line in enumerate(lines, 1):
        include = floors.INCLUDE.match(line)
        if include:
            objection = floors.objection_to_include(path, include.group(2), files)
            if objection:
                yield number, f'includes "{include.group(2)}": {objection}'
            continue
        if not may_name_corba and IDL_MODULE.search(line):
            yield number, "names the IDL module: only */corba, common/orb and data_service/client do"
        if is_test:
            continue
        if path not in MACROS_ALLOWED and FUNCTION_MACRO.match(line):
            yield number, "function-like macro: write a function or a template"
        if path not in GLOBALS_ALLOWED and (GLOBAL.match(line) or STATIC.match(line)):
            yield number, "global that is not constant: give it an owner"


def long_functions(lines):
    """(line, length) of the bodies that are too long, told from the indentation of formatted code."""
    scopes = re.compile(r"^\s*(inline\s+)?(namespace|struct|class|union|enum|extern|template)\b")
    at = 0
    while at < len(lines):
        line = lines[at]
        opens = re.match(r"^(    )?\S.*\{\s*$", line) and not scopes.match(line)
        if opens:
            indent = line[: len(line) - len(line.lstrip())]
            end = at + 1
            while end < len(lines) and not lines[end].startswith(indent + "}"):
                end += 1
            if end - at + 1 > MAX_FUNCTION_LINES:
                yield at + 1, end - at + 1
            at = end
        at += 1


def size_warnings(path, text, lines):
    """What asks for a second look."""
    count = text.count("\n")
    limit = MAX_HEADER_LINES if path.endswith(".h") else MAX_FILE_LINES
    if count > limit:
        yield 1, f"{count} lines (a second look from {limit})"
    for number, length in long_functions(lines):
        yield number, f"function of {length} lines (a second look from {MAX_FUNCTION_LINES})"
