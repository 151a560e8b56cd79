"""Runs the conformance programs on a platform and holds docs/conformance.md against what they say.

usage: conformance_test.py [--write]     --write: writes docs/conformance.md (./dev conformance)
"""
import os
import subprocess
import sys

from platform_under_test import BIN, PlatformTest, main

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REPORT = os.path.join(TOP, "docs", "conformance.md")
PROGRAMS = os.path.join(os.path.dirname(BIN), "tests")
WRITE = "--write" in sys.argv

SUITES = [
    ("gfd_e_102", "GFD-R.52: the cases of GFD-E.102", 52),
]
HEAD = """# Conformance

What `tests/conformance` found, run by `ctest -R conformance` on a platform started by `juxta up`; written by
`./dev conformance`, and held against every run. The programs know `"grpc.h"` only and can be tried on any implementation.
"""


def rows_of(output):
    return [line.split("\t") for line in output.splitlines() if line]


def section(title, rows):
    passed = sum(row[1] == "pass" for row in rows)
    lines = [f"\n## {title}: {passed} of {len(rows)}\n", "| clause | case | result |", "| --- | --- | --- |"]
    lines += [f"| {clause} | {says} | {result}{': ' + why if why else ''} |" for clause, result, says, why in rows]
    return "\n".join(lines) + "\n"


class Conformance(PlatformTest):
    UP = ["--seds", "2"]

    def run_suite(self, name):
        config = self.path("state/platforms/default/client.conf")
        sed = self.elements("sed")[0]["name"]
        done = subprocess.run([os.path.join(PROGRAMS, name), config, sed], env=self.env, cwd=self.folder,
                              capture_output=True, text=True, timeout=240, check=False)
        print(done.stderr, flush=True)
        return rows_of(done.stdout), done.returncode

    def test_all_cases_pass_and_the_report_says_so(self):
        report = HEAD
        for name, title, least in SUITES:
            rows, code = self.run_suite(name)
            failed = [row for row in rows if row[1] != "pass"]
            self.assertEqual(failed, [])
            self.assertEqual(code, 0)
            self.assertGreaterEqual(len(rows), least)
            self.assertEqual(len({row[0] for row in rows}), len(rows), "a clause stands for one case")
            report += section(title, rows)
        if WRITE:
            with open(REPORT, "w", encoding="utf-8") as file:
                file.write(report)
        with open(REPORT, encoding="utf-8") as file:
            self.assertEqual(file.read(), report, "docs/conformance.md is of another run: ./dev conformance")


if __name__ == "__main__":
    sys.argv = [word for word in sys.argv if word != "--write"]
    main()
