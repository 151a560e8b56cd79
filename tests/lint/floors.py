"""Which file stands on which floor of the house, and what it may include (docs/design.md, "The house").

A new folder of sources gets its row in FLOORS; a file that has none fails the lint, for nobody
would notice its includes otherwise.
"""

import re
from fnmatch import fnmatch

# (pattern of the file's path, floor, part). The first that matches counts. Parts of one floor do
# not see each other, but for what NEIGHBOURS grants.
FLOORS = [
    ("common/base/*", 0, "base"),
    ("common/log/*", 1, "log"),
    ("common/model/*", 1, "model"),
    ("common/process/*", 1, "process"),
    ("data_service/distribution/*", 1, "distribution"),
    ("agent/juxta/*", 1, "policy"),  # what policies are written against: self-contained
    ("server_daemon/juxta/*", 1, "service"),  # what services are written against: self-contained
    ("common/orb/*", 2, "orb"),
    ("idl/*", 2, "orb"),
    ("agent/core/*", 2, "agent"),
    ("agent/policy/*", 2, "agent"),
    ("server_daemon/core/*", 2, "server_daemon"),
    ("data_service/core/*", 2, "data_service"),
    ("data_service/consensus/*", 2, "data_service"),
    ("data_service/protocol/*", 2, "data_service"),
    ("data_service/store/*", 2, "data_service"),
    ("client_api/core/*", 2, "client_api"),
    ("agent/corba/*", 3, "agent"),
    ("server_daemon/corba/*", 3, "server_daemon"),
    ("data_service/corba/*", 3, "data_service"),
    ("data_service/client/*", 3, "data_client"),
    ("client_api/corba/*", 3, "client_api"),
    ("agent/*.*", 4, "agent"),
    ("server_daemon/*.*", 4, "server_daemon"),
    ("server_daemon/modules/*", 4, "modules"),
    ("data_service/*.*", 4, "data_service"),
    ("client_api/*.*", 4, "client_api"),
    ("client_api/juxta/*", 4, "client_api"),
    ("tools/formats/*", 4, "formats"),
    ("deploy/*", 5, "deploy"),
    ("tools/*", 5, "tools"),
    ("bench/*", 5, "bench"),
    ("examples/*", 5, "examples"),
    ("tests/*", 5, "tests"),
]

# (floor, who, whom): grants between parts of one floor. "*" is anybody.
NEIGHBOURS = {
    (1, "distribution", "model"),  # a layout is a model value's companion
    (1, "process", "model"),  # types travel in its messages
    (2, "orb", "orb"),
    (2, "server_daemon", "data_service"),  # DataAccess: the data service as its users see it
    (2, "client_api", "data_service"),
    (3, "*", "data_client"),
    (3, "data_client", "data_service"),
    (4, "modules", "client_api"),  # a service may itself be a client
    (4, "server_daemon", "client_api"),
    (5, "tools", "deploy"),
    (5, "tools", "bench"),
    (5, "bench", "deploy"),
    (5, "bench", "tools"),
    (5, "tests", "deploy"),
    (5, "tests", "tools"),
    (5, "tests", "bench"),
    (5, "tests", "examples"),
}

# Headers that are included by the name they are installed under: where they may stand in this tree.
INSTALLED_NAMES = [
    (re.compile(r"^juxta/(?!common/)"), "client_api/juxta/"),
    (re.compile(r"^juxta/(?!common/)"), "server_daemon/juxta/"),
    (re.compile(r"^juxta/(?!common/)"), "agent/juxta/"),
    (re.compile(r"^(gridrpc/)?grpc\.h$"), "client_api/grpc.h"),
]

# omniORB, and whatever is made from IDL (always a .hh).
CORBA_HEADER = re.compile(r"^(omniORB\d*|omniVms|COS)/|^omni\w*\.h$|\.hh$")
THIRD_PARTY = re.compile(r"^(boost|fmt|nlohmann|xercesc|CLI|gtest|gmock)/|^(cblas|lapacke)\.h$")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

# Where CORBA may be named: the IDL module Wire, generated headers, omniORB's own.
ORB_PLACES = ["common/orb/*", "idl/*", "*/corba/*"]
CORBA_PLACES = ORB_PLACES + ["data_service/client/*"]
# Mains and tests of whole processes wire edges together and so compile against them.
CORBA_HEADER_PLACES = CORBA_PLACES + [
    "*_main.cc",
    "deploy/*",
    "tools/*",
    "bench/*",
    "tests/integration/*",
    "tests/process/*",
]


def stands_in(path, patterns):
    """Whether `path` (from the top of the tree, with /) matches one of the patterns."""
    return any(fnmatch(path, pattern) for pattern in patterns)


def place_of(path):
    """(floor, part) of a file, or None. A pattern's single `*.*` after a folder is that folder only."""
    for pattern, floor, part in FLOORS:
        if pattern.endswith("/*.*"):
            if fnmatch(path, pattern) and path.count("/") == pattern.count("/"):
                return floor, part
        elif fnmatch(path, pattern):
            return floor, part
    return None


def in_tree(name, files):
    """The file of this tree that an include names, or None if it is somebody else's."""
    names = [name] + [pattern.sub(place, name) for pattern, place in INSTALLED_NAMES]
    return next((candidate for candidate in names if candidate in files), None)


def objection_to_include(path, name, files):
    """Why the file at `path` may not include `name`, or None. `files`: all paths of the tree."""
    if name.startswith("../") or "/../" in name:
        return "includes are written from the top of the tree, without '..'"
    place = place_of(path)
    if place is None:
        return "this folder has no floor: give it a row in tests/lint/floors.py"
    floor, part = place
    if CORBA_HEADER.search(name) and not stands_in(path, CORBA_HEADER_PLACES):
        return "CORBA stops at */corba, common/orb and data_service/client"
    if floor == 0 and THIRD_PARTY.search(name):
        return "floor 0 knows the standard library only"
    target = in_tree(name, files)
    if target is None:
        return None
    if path.startswith("tests/unit/") and stands_in(target, ORB_PLACES):
        return "unit tests link no ORB"
    target_place = place_of(target)
    if target_place is None:
        return f"{target} has no floor: give its folder a row in tests/lint/floors.py"
    target_floor, target_part = target_place
    if target_floor > floor:
        return f"upwards: floor {floor} includes floor {target_floor}"
    if target_floor < floor or target_part == part:
        return None
    if {(floor, part, target_part), (floor, "*", target_part)} & NEIGHBOURS:
        return None
    return f"sideways on floor {floor}: {part} includes {target_part}"
