"""Runs the conformance programs on a platform and holds docs/conformance.md against what they say.

usage: conformance_test.py [--write]     --write: writes docs/conformance.md (./dev conformance)
"""
import functools
import http.server
import os
import subprocess
import sys
import threading

from platform_under_test import BIN, PlatformTest, main

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REPORT = os.path.join(TOP, "docs", "conformance.md")
PROGRAMS = os.path.join(os.path.dirname(BIN), "tests")
WRITE = "--write" in sys.argv

SUITES = [
    ("gfd_e_102", "GFD-R.52: the cases of GFD-E.102", 52),
    ("gfd_r_p_186", "GFD-R-P.186: every function, mode and error, and the examples", 60),
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


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Says nothing."""


class Conformance(PlatformTest):
    DESCRIPTOR = f"""<?xml version="1.0"?>
        <platform name="conformance" xmlns="urn:juxta:platform:1">
          <host name="h1" address="127.0.0.1" launcher="local"/>
          <host name="h2" address="127.0.0.1" launcher="local"/>
          <cluster name="c1"><manager name="m1" host="h1"/>
            <provider name="p1" host="h1" memory="128MiB"/><provider name="p2" host="h2" memory="128MiB"/></cluster>
          <master_agent name="MA" host="h1">
            <sed name="s1" host="h1" cluster="c1" slots="4">
              <module path="testing"/><module path="{PROGRAMS}/modules/arrays.so"/>
            </sed>
            <sed name="s2" host="h2" cluster="c1" slots="4">
              <module path="testing"/><module path="{PROGRAMS}/modules/arrays.so"/>
            </sed>
          </master_agent>
        </platform>"""

    def run_suite(self, name):
        config = self.path("state/platforms/conformance/client.conf")
        words = {"gfd_e_102": ["s1"]}.get(name)
        if words is None:
            files = self.path("files")
            os.makedirs(files)
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=files))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.addCleanup(server.server_close)
            self.addCleanup(server.shutdown)
            words = ["h2", f"http://127.0.0.1:{server.server_address[1]}", files, "juxta"]
        done = subprocess.run([os.path.join(PROGRAMS, name), config, *words], env=self.env, cwd=self.folder,
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
        self.assertEqual(self.json("data")["data"], [], "nothing is left in the platform")
        if WRITE:
            with open(REPORT, "w", encoding="utf-8") as file:
                file.write(report)
        with open(REPORT, encoding="utf-8") as file:
            self.assertEqual(file.read(), report, "docs/conformance.md is of another run: ./dev conformance")


if __name__ == "__main__":
    sys.argv = [word for word in sys.argv if word != "--write"]
    main()
