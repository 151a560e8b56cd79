"""Programs in C as they are written for any GridRPC (tests/process/gridrpc), on a platform with services made from an
interface description."""
import os
import subprocess

import platform_under_test
from platform_under_test import PlatformTest, main

TESTS = os.path.join(os.path.dirname(platform_under_test.BIN), "tests")


class Programs(PlatformTest):
    DESCRIPTOR = f"""<?xml version="1.0"?>
        <platform name="programs" xmlns="urn:juxta:platform:1">
          <host name="h1" address="127.0.0.1" launcher="local"/>
          <host name="h2" address="127.0.0.1" launcher="local"/>
          <cluster name="c1"><manager name="m1" host="h1"/>
            <provider name="p1" host="h1" memory="128MiB"/><provider name="p2" host="h2" memory="128MiB"/></cluster>
          <master_agent name="MA" host="h1">
            <sed name="s1" host="h1" cluster="c1" slots="2">
              <module path="testing"/><module path="{TESTS}/modules/arrays.so"/>
            </sed>
            <sed name="s2" host="h2" cluster="c1" slots="2"><module path="testing"/></sed>
          </master_agent>
        </platform>"""

    def run_program(self, name, *words, timeout=200, **env):
        done = subprocess.run([os.path.join(TESTS, name), *words], env={**self.env, **env}, cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_arrays_by_plain_pointers_on_stacks_and_as_data(self):
        for host in ("h1", "elsewhere"):
            self.assertIn("0 wrong", self.run_program("gridrpc_arrays", JUXTA_HOST=host))
        self.assertEqual(self.json("data")["data"], [])

    def test_two_threads_with_calls_cancels_and_waits(self):
        said = self.run_program("gridrpc_two_threads", os.environ.get("JUXTA_TEST_REQUESTS", "1000"))
        self.assertIn("0 wrong", said)
        print(said, flush=True)

    def test_profiles_tell_their_extents(self):
        service = next(s for s in self.json("services")["services"] if s["name"] == "mmul")
        self.assertEqual(service["arguments"][1]["extents"], ["n", "n"])


if __name__ == "__main__":
    main()
