"""By what calls are placed: the shipped policies, a user's while the platform runs, and what a bad one does to it;
`juxta why` tells the table."""
import os
import shutil
import subprocess
import tempfile

import numpy

from platform_under_test import PlatformTest, lives, main

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHIPPED = ["data_locality", "least_loaded", "min_completion_time", "round_robin", "random"]


built = near = odd = weighed = ""


def build(source):
    made = os.path.join(built, os.path.basename(source).replace(".cc", ".so"))
    folders = [word for folder in ("agent", "server_daemon") for word in ("-I", os.path.join(TOP, folder))]
    subprocess.run(["c++", "-std=c++20", "-shared", "-fPIC", *folders, os.path.join(TOP, source), "-o", made],
                   check=True, timeout=120)
    return made


def setUpModule():
    global built, near, odd, weighed
    built = tempfile.mkdtemp(prefix="juxta-policies-")
    near = build("examples/policies/near.cc")
    odd = build("tests/process/policies/odd.cc")
    weighed = build("tests/process/policies/weighed.cc")


def tearDownModule():
    shutil.rmtree(built, ignore_errors=True)


class Policies(PlatformTest):
    UP = ["--seds", "3"]

    def tearDown(self):
        self.juxta("policy", "use", "data_locality")
        super().tearDown()

    def policy_processes(self):
        agent = self.element("MA")["pid"]
        found = []
        for task in os.listdir(f"/proc/{agent}/task"):
            with open(f"/proc/{agent}/task/{task}/children", encoding="utf-8") as file:
                found += [int(pid) for pid in file.read().split()]
        return found

    def test_a_shipped_policy_is_chosen_by_name_while_the_platform_runs(self):
        self.assertEqual(self.json("policy")["policy"], "data_locality")
        self.assertEqual(sorted(self.json("policy")["shipped"]), sorted(SHIPPED))
        for name in SHIPPED:
            self.assertEqual(self.json("policy", "use", name)["policy"], name)
            request = self.json("call", "echo", "1")["request"]
            self.assertEqual(self.json("why", request)["policy"], name)
        self.juxta("policy", "use", "round_robin")
        turns = [self.json("call", "echo", "1")["sed"] for _ in range(6)]
        self.assertEqual(sorted(turns), ["s1", "s1", "s2", "s2", "s3", "s3"])
        self.fails("policy", "use", "fastest", error="invalid_argument", says=("fastest", "round_robin"))
        self.fails("policy", "load", code=2)
        self.fails("policy", "prefer", "me", code=2)

    def test_a_users_policy_is_loaded_and_replaced_while_the_platform_runs(self):
        told = self.json("policy", "load", odd)
        self.assertEqual((told["policy"], told["loaded"], told["disabled"]), ("odd", True, None))
        for _ in range(5):
            done = self.json("call", "echo", "1")
            self.assertEqual(done["sed"], "s2")
        why = self.json("why", done["request"])
        self.assertEqual((why["policy"], why["chosen"]), ("odd", "s2"))
        self.assertEqual([c["sed"] for c in why["candidates"]][0], "s2")
        first = self.policy_processes()
        self.assertEqual(len(first), 1)
        self.assertEqual(self.json("policy", "load", near)["policy"], "near")
        self.eventually(lambda: not lives(first[0]), 10, "the replaced policy's process has ended")
        numpy.save(self.path("m.npy"), numpy.ones((300, 300)))
        holder = self.json("put", "m.npy", "--name", "m") and self.json("data", "m")["blocks"][0]["copies"][0]["host"]
        done = self.json("call", "touch", "m")
        why = self.json("why", done["request"])
        self.assertEqual(why["policy"], "near")
        hosts = {e["name"]: e["host"] for e in self.elements("sed")}
        if holder in hosts.values():
            self.assertEqual(hosts[done["sed"]], holder)
        self.juxta("rm", "m")

    def test_a_policy_that_fails_is_disabled_and_calls_go_on(self):
        for words, says in ((("SUCC", "1"), "no policy for SUCC"), (("sleep", "0"), "answer in time"),
                            (("spin", "0"), "this policy gives up"), (("fail", "x"), "no ranking")):
            self.juxta("policy", "load", odd)
            process = self.policy_processes()[0]
            try:
                self.json("call", *words)
            except Exception as e:  # the service `fail` does
                self.assertEqual(words[0], "fail", e)
            now = self.json("policy")
            self.assertEqual((now["policy"], now["loaded"], now["disabled"]["policy"]), ("data_locality", False, "odd"))
            self.assertIn(says, now["disabled"]["why"])
            self.assertEqual(self.json("call", "echo", "2")["outputs"][0]["value"], 2)
            self.eventually(lambda: not lives(process), 10, "the process of a disabled policy has ended")
        with open(os.path.join(self.env["JUXTA_STATE_DIR"], "platforms/default/log/MA.log"), encoding="utf-8") as log:
            self.assertIn("policy odd is disabled", log.read())

    def test_what_is_no_policy_is_refused_and_nothing_changes(self):
        with open(self.path("text.so"), "w", encoding="utf-8") as file:
            file.write("this is no shared object")
        module = os.path.join(os.path.dirname(os.environ["JUXTA_BIN"]), "lib/juxta/modules/testing.so")
        for file, says in ((self.path("text.so"), "cannot be loaded"), (module, "juxta_policy")):
            self.fails("policy", "load", file, error="invalid_argument", says=(says, "nothing was changed"))
        self.fails("policy", "load", self.path("none.so"), error="not_found", says="none.so")
        self.assertEqual(self.json("policy")["policy"], "data_locality")


class Metrics(PlatformTest):
    @classmethod
    def setUpClass(cls):
        seds = "".join(f'''<sed name="s{i}" host="h{i}" cluster="c1"><module path="{weighed}"/></sed>''' for i in (1, 2))
        cls.DESCRIPTOR = f"""<?xml version="1.0"?>
            <platform name="metrics" xmlns="urn:juxta:platform:1">
              <host name="h1" address="127.0.0.1" launcher="local"/>
              <host name="h2" address="127.0.0.1" launcher="local"/>
              <cluster name="c1"><manager name="m1" host="h1"/>
                <provider name="p1" host="h1" memory="64MiB"/><provider name="p2" host="h2" memory="64MiB"/></cluster>
              <master_agent name="MA" host="h1"><local_agent name="LA1" host="h1">{seds}</local_agent></master_agent>
            </platform>"""
        super().setUpClass()

    def test_what_a_module_reports_reaches_the_policy_and_the_table(self):
        self.juxta("policy", "load", near)

        def penalties():
            done = self.json("call", "weigh", "1")
            why = self.json("why", done["request"])
            return done["sed"], {c["sed"]: c["metrics"].get("penalty") for c in why["candidates"]}
        self.eventually(lambda: penalties()[1] == {"s1": 100, "s2": 0}, 10, "both report their metric")
        self.assertEqual([penalties()[0] for _ in range(4)], 4 * ["s2"])


class Why(PlatformTest):
    UP = ["--clusters", "2"]

    def test_tells_the_table_of_a_call_with_data(self):
        a, b = numpy.ones((2, 200, 200))
        self.put_array("A", a, "--cluster", "c1")
        self.put_array("B", b, "--cluster", "c2")
        done = self.json("call", "f1", "A", "B", "-o", "C")
        why = self.json("why", done["request"])
        self.assertEqual((why["request"], why["policy"], why["chosen"], why["state"]),
                         (done["request"], "data_locality", done["sed"], "done"))
        self.assertEqual(sorted(c["sed"] for c in why["candidates"]), ["s1", "s2"])
        self.assertEqual([c["rank"] for c in why["candidates"]], [1, 2])
        for candidate in why["candidates"]:
            self.assertEqual([x["name"] for x in candidate["arguments"]], ["A", "B"])
            self.assertEqual(candidate["bytes_to_move"], sum(x["bytes_to_move"] for x in candidate["arguments"]))
            self.assertEqual(candidate["bytes_here"] + candidate["bytes_to_move"], a.nbytes + b.nbytes)
            self.assertGreater(candidate["transfer_s"], 0)
            self.assertGreaterEqual(candidate["estimate_s"], candidate["transfer_s"])
            self.assertGreater(candidate["speed"], 0)
        self.assertAlmostEqual(why["seconds"]["run"], done["seconds"]["run"])
        self.assertIn(done["sed"], self.juxta("why", done["request"]))
        self.fails("why", "r:" + 32 * "0", error="not_found", says="has not placed")

    def test_tells_what_a_waiting_call_waits_for(self):
        busy = [self.json("call", "sleep", "60", "--async")["request"] for _ in range(9)]
        waiting = [w for w in (self.json("why", r) for r in busy) if w["state"] == "queued"]
        self.assertTrue(waiting)
        self.assertIn("waits for a slot of", waiting[0]["reason"])
        for request in busy:
            self.juxta("cancel", request)
        self.eventually(lambda: all(self.json("why", r)["state"] == "cancelled" for r in busy), 10, "all cancelled")


if __name__ == "__main__":
    main()
