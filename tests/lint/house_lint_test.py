#!/usr/bin/python3 -B
"""The lint must fail where it should, and only there: small trees, each with one breach."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import floors  # noqa: E402
import house_lint  # noqa: E402

UNFINISHED = "TO" + "DO"


class Tree(unittest.TestCase):
    @staticmethod
    def check_tree(files):
        with tempfile.TemporaryDirectory() as top:
            for path, text in files.items():
                full = os.path.join(top, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(text)
            breaches, warnings, _ = house_lint.check(top)
        return breaches, warnings

    def refuses(self, files, words):
        breaches, _ = self.check_tree(files)
        self.assertEqual(len(breaches), 1, breaches)
        self.assertIn(words, breaches[0][2])

    def accepts(self, files):
        breaches, _ = self.check_tree(files)
        self.assertEqual(breaches, [])


class Floors(Tree):
    def test_an_include_downwards_is_fine(self):
        self.accepts(
            {
                "agent/core/scheduler.h": '#include "common/model/ids.h"\n',
                "common/model/ids.h": '#include "common/base/error.h"\n',
                "common/base/error.h": "#include <string>\n",
            }
        )

    def test_an_include_upwards_is_refused(self):
        self.refuses(
            {"common/base/a.h": '#include "common/model/b.h"\n', "common/model/b.h": "\n"}, "upwards"
        )
        self.refuses(
            {"agent/core/a.h": '#include "agent/corba/b.h"\n', "agent/corba/b.h": "\n"}, "upwards"
        )
        self.refuses(
            {"server_daemon/core/a.cc": '#include "data_service/client/b.h"\n', "data_service/client/b.h": ""},
            "upwards",
        )
        self.refuses({"client_api/corba/a.cc": "#include <juxta/client.h>\n", "client_api/juxta/client.h": ""}, "upwards")

    def test_an_include_sideways_is_refused(self):
        self.refuses(
            {"agent/core/a.h": '#include "server_daemon/core/b.h"\n', "server_daemon/core/b.h": "\n"}, "sideways"
        )
        self.refuses({"agent/corba/a.h": '#include "data_service/corba/b.h"\n', "data_service/corba/b.h": ""}, "sideways")
        self.refuses({"common/log/a.h": '#include "common/model/b.h"\n', "common/model/b.h": ""}, "sideways")

    def test_the_halves_of_floor_two_do_not_see_each_other(self):
        self.refuses({"agent/core/a.h": '#include "common/orb/b.h"\n', "common/orb/b.h": "\n"}, "sideways")
        self.refuses({"common/orb/a.h": '#include "agent/core/b.h"\n', "agent/core/b.h": "\n"}, "sideways")

    def test_cores_may_use_the_data_service_as_its_users_see_it(self):
        self.accepts(
            {
                "server_daemon/core/a.h": '#include "data_service/core/data_access.h"\n',
                "data_service/core/data_access.h": "\n",
            }
        )

    def test_a_core_knows_neither_omniorb_nor_generated_headers(self):
        for name in ("<omniORB4/CORBA.h>", '"agent.hh"', "<omnithread.h>"):
            self.refuses({"agent/core/a.cc": f"#include {name}\n"}, "CORBA stops")
            self.accepts({"agent/corba/a.cc": f"#include {name}\n"})

    def test_unit_tests_link_no_orb(self):
        self.refuses(
            {"tests/unit/agent/a_test.cc": '#include "agent/corba/b.h"\n', "agent/corba/b.h": "\n"}, "unit tests"
        )
        self.accepts({"tests/process/a_test.cc": '#include "agent/corba/b.h"\n', "agent/corba/b.h": "\n"})

    def test_floor_zero_knows_the_standard_library_only(self):
        self.refuses({"common/base/a.h": "#include <fmt/format.h>\n"}, "standard library")

    def test_nobody_includes_tests(self):
        self.refuses({"tools/a.cc": '#include "tests/b.h"\n', "tests/b.h": ""}, "sideways")
        self.refuses({"agent/a_main.cc": '#include "deploy/b.h"\n', "deploy/b.h": ""}, "upwards")

    def test_an_include_through_two_dots_is_refused(self):
        self.refuses({"agent/core/a.h": '#include "../policy/b.h"\n', "agent/policy/b.h": "\n"}, "'..'")

    def test_a_folder_without_a_floor_is_refused(self):
        self.refuses({"newcomer/a.h": "#include <string>\n"}, "no floor")
        self.refuses({"agent/newcomer/a.h": "#include <string>\n"}, "no floor")

    def test_an_include_in_a_comment_or_a_string_does_not_count(self):
        self.accepts(
            {
                "agent/core/a.h": '/*\n*/ // #include "agent/corba/b.h"\nconst char text[] = "#include <x.hh>";\n',
                "agent/corba/b.h": "\n",
            }
        )

    def test_every_row_of_the_table_names_a_floor_of_the_design(self):
        self.assertEqual({floor for _, floor, _ in floors.FLOORS}, set(range(6)))


class CodeRules(Tree):
    def test_the_idl_module_is_named_at_the_edges_only(self):
        for text in ("Wire::Agent_var a();\n", "using namespace Wire;\n", "struct S : POA_Wire::Agent {};\n"):
            self.refuses({"agent/core/a.cc": text}, "IDL module")
            self.refuses({"client_api/grpc.cc": text}, "IDL module")
            self.accepts({"agent/corba/a.cc": text, "data_service/client/b.cc": text, "common/orb/c.cc": text})

    def test_other_words_with_wire_in_them_are_fine(self):
        self.accepts({"agent/core/a.cc": "// Wire::Agent\nint to_wire(int Wired);\nauto s() { return \"Wire::\"; }\n"})

    def test_a_function_like_macro_is_refused_outside_tests(self):
        self.refuses({"agent/core/a.h": "#define TWICE(x) ((x) * 2)\n"}, "macro")
        self.accepts({"agent/core/a.h": "#define JUXTA_EXPORT __attribute__((used))\n"})
        self.accepts({"tests/unit/a_test.cc": "#define TWICE(x) ((x) * 2)\n"})

    def test_a_global_that_changes_is_refused(self):
        for text in (
            "int counter = 0;\n",
            "std::map<int, std::string> registry;\n",
            "static std::atomic<int> calls{0};\n",
            "thread_local char* last;\n",
            "Foo buffer[16];\n",
            "int next() {\n    static int last = 0;\n    return ++last;\n}\n",
        ):
            self.refuses({"agent/core/a.cc": text}, "global")

    def test_constants_members_and_declarations_are_no_globals(self):
        self.accepts(
            {
                "agent/core/a.cc": "constexpr int limit = 3;\nconst std::string name = \"a\";\nclass Later;\n"
                "using Ids = std::vector<int>;\nint next(int last);\nstd::string f(int a, int b = 3);\n"
                "struct S {\n    int member = 0;\n    static int make(int from);\n    static constexpr int top = 3;\n};\n"
                "void f() {\n    static const int table[] = {1, 2};\n    int local = 0;\n}\n"
            }
        )


class TextRules(Tree):
    def test_unfinished_work_is_refused_everywhere(self):
        self.refuses({"agent/core/a.cc": f"// {UNFINISHED}: later\n"}, "finish")
        self.refuses({"docs/a.md": f"{UNFINISHED}\n"}, "finish")
        self.refuses({"tests/process/a.py": "# FIX" + "ME\n"}, "finish")

    def test_a_path_of_one_machine_is_refused(self):
        self.refuses({"docs/a.md": "see /wo" + "rk/shared\n"}, "machine")
        self.refuses({"tools/a.sh": "cd /ho" + "me/joe\n"}, "machine")
        self.accepts({"docs/a.md": "share/work/x $HOME/work/x http://host/home\n"})

    def test_build_folders_are_not_read(self):
        self.accepts(
            {
                "build/a.md": UNFINISHED,
                "out/CMakeCache.txt": "",
                "out/sub/b.md": UNFINISHED,
                ".git/c.md": UNFINISHED,
                "README.md": "fine\n",
            }
        )


class Sizes(Tree):
    def warns(self, files, words):
        breaches, warnings = self.check_tree(files)
        self.assertEqual(breaches, [])
        self.assertTrue(any(words in found for _, _, found in warnings), warnings)

    def test_long_things_are_warned_of_and_do_not_fail(self):
        self.warns({"agent/core/a.h": "// line\n" * 201}, "201 lines")
        self.warns({"agent/core/a.cc": "// line\n" * 401}, "401 lines")
        self.warns({"agent/core/a.cc": "void f() {\n" + "    g();\n" * 70 + "}\n"}, "function of 72 lines")
        method = "class A {\n    void f() {\n" + "        g();\n" * 70 + "    }\n};\n"
        self.warns({"agent/core/a.h": method}, "function of 72 lines")

    def test_short_things_are_not(self):
        _, warnings = self.check_tree(
            {"agent/core/a.cc": "namespace a {\n" + "void f() {\n    g();\n}\n" * 60 + "}\n"}
        )
        self.assertEqual(warnings, [])


if __name__ == "__main__":
    unittest.main()
