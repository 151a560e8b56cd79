"""Every call ends, and one way: whoever of its SeD, its local agent and the master agent dies under it; when it ends its
servers itself; when it is cancelled or its deadline passes, in any state. JUXTA_SOAK=1: 10 000 of the latter, and the bar."""
import collections
import json
import os
import random
import subprocess
import time

import platform_under_test as base
from modules_of_tests import built_modules

LONG = os.environ.get("JUXTA_SOAK") == "1"
STORM = os.path.join(os.path.dirname(base.BIN), "tests", "call_storm")


class Survival(base.PlatformTest):
    SHARED = False

    def _descriptor(self):
        modules = "".join(f'<module path="{m}"/>' for m in (built_modules()["slow"], "testing", "linalg"))

        def sed(i):
            return f'<sed name="s{i}" host="h{i}" cluster="c1" slots="2" queue="400">{modules}</sed>'
        hosts = "".join(f'<host name="h{i}" address="127.0.0.1" launcher="local"/>' for i in range(1, 5))
        return f"""<?xml version="1.0"?>
            <platform name="survival" xmlns="urn:juxta:platform:1">{hosts}
              <cluster name="c1"><manager name="m1" host="h1"/>
                <provider name="p1" host="h1" memory="128MiB"/><provider name="p2" host="h2" memory="128MiB"/></cluster>
              <master_agent name="MA" host="h1">
                <local_agent name="LA1" host="h1">{sed(1)}{sed(2)}</local_agent>
                <local_agent name="LA2" host="h3">{sed(3)}{sed(4)}</local_agent>
              </master_agent>
            </platform>"""

    def setUp(self):
        type(self).DESCRIPTOR = self._descriptor()
        super().setUp()
        self.trace = self.path("trace")

    def storm(self, *words):
        return subprocess.Popen([STORM, *map(str, words)], env=self.env, text=True, stdout=subprocess.PIPE)

    @staticmethod
    def outcome(process, timeout=120):
        out, _ = process.communicate(timeout=timeout)
        assert process.returncode == 0, out
        return json.loads(out.splitlines()[-1])

    def lines(self):
        try:
            with open(self.trace, encoding="utf-8") as file:
                return collections.Counter(file.read().split())
        except FileNotFoundError:
            return collections.Counter()

    def check_ends(self, told, count, may_fail=()):
        self.assertEqual(told["done"] + told["failed"] + told["cancelled"], count, told)
        self.assertLessEqual(set(told["codes"]), set(may_fail), told)
        lines = self.lines()
        for done in told["done_lines"]:
            self.assertGreaterEqual(lines[str(done)], 1, f"call {done} is done and has never run")
        return lines

    def test_calls_in_flight_survive_every_agent(self):
        for service in ("slow", "slow_once"):
            with self.storm("run", service, 100, self.trace, 0.1) as storm:
                self.assertEqual(storm.stdout.readline(), "submitted\n")
                for victim in ("LA1", "MA"):
                    self.kill(victim)
                    time.sleep(0.3)
                    self.juxta("start", victim)
                lines = self.check_ends(self.outcome(storm), 100)
            if service == "slow_once":
                self.assertEqual(max(lines.values()), 1, "a call that must not repeat has run twice")
            os.remove(self.trace)

    def test_calls_of_a_sed_that_dies_run_elsewhere_unless_they_must_not(self):
        for service, may_fail in (("slow", ()), ("slow_once", ("peer_unreachable",))):
            with self.storm("run", service, 60, self.trace, 0.2) as storm:
                self.assertEqual(storm.stdout.readline(), "submitted\n")
                time.sleep(0.5)
                self.kill("s1")
                told = self.outcome(storm)
                lines = self.check_ends(told, 60, may_fail)
            if service == "slow":
                self.assertEqual(told["done"], 60, told)
            else:
                self.assertEqual(max(lines.values()), 1, "a call that must not repeat has run twice")
                self.assertIn("may have run", told["messages"].get("peer_unreachable", "may have run"))
            os.remove(self.trace)
            self.juxta("start", "s1")

    def test_a_call_that_ends_its_servers_stops_after_three(self):
        failed = self.fails("call", "poison", self.trace, "p", error="peer_unreachable",
                            says=("3 servers were lost while they had it", "not run again"))
        self.assertEqual(self.lines()["p"], 3, failed)
        self.assertEqual(len([e for e in self.elements("sed") if e["state"] == "up"]), 1)
        self.assertEqual(self.json("call", "echo", "1")["state"], "done")

    def test_a_detached_call_is_run_again_when_its_sed_dies(self):
        request = self.json("call", "slow", self.trace, "d", "2", "--async")["request"]
        self.eventually(lambda: self.lines()["d"] == 1, 10, "it runs")
        first = self.json("why", request)["chosen"]
        self.kill(first)
        result = self.json("wait", request)
        self.assertEqual((result["state"], result["attempts"]), ("done", 2))
        self.assertNotEqual(result["sed"], first)
        self.assertEqual(self.lines()["d"], 2)
        once = self.json("call", "slow_once", self.trace, "o", "2", "--async")["request"]
        self.eventually(lambda: self.lines()["o"] == 1, 10, "it runs")
        self.kill(self.json("why", once)["chosen"])
        self.fails("wait", once, says="may have run")
        self.assertEqual(self.lines()["o"], 1)

    def test_a_detached_call_survives_the_master_agent_and_then_its_sed(self):
        request = self.json("call", "slow", self.trace, "m", "4", "--async")["request"]
        gone = self.json("call", "slow", self.trace, "n", "60", "--async")["request"]
        self.eventually(lambda: self.lines()["m"] == 1 and self.lines()["n"] == 1, 10, "they run")
        where = self.json("why", gone)["chosen"]
        self.kill("MA")
        self.kill(where)
        self.juxta("start", "MA")
        self.assertEqual(self.json("wait", request)["state"], "done")
        self.eventually(lambda: self.lines()["n"] == 2, 20, "the call of the dead SeD runs elsewhere")
        self.juxta("cancel", gone)
        self.fails("wait", gone, error=None, says="cancelled")
        self.juxta("start", where)

    def test_an_output_can_be_used_before_it_is_computed(self):
        first = self.json("call", "produce", "1.5", "-o", "v", "--async")["request"]
        second = self.json("call", "consume", "v", "--async")["request"]
        why = self.json("why", second)
        self.assertEqual(why["state"], "queued")
        self.assertIn(f"waits for output v of {first}", why["reason"])
        third = self.json("call", "consume", "v")
        self.assertEqual(third["outputs"][0]["value"], sum(range(1000)))
        done = self.json("wait", second)
        self.assertEqual(done["outputs"][0]["value"], sum(range(1000)))
        self.assertEqual(self.json("wait", first)["sed"], done["sed"])
        self.assertEqual(done["bytes_moved"], 0)

    def test_a_failure_upstream_fails_the_chain_and_names_it(self):
        first = self.json("call", "produce", "1", "-o", "a", "--async")["request"]
        second = self.json("call", "refuse", "a", "-o", "b", "--async")["request"]
        third = self.json("call", "consume", "b", "--async")["request"]
        failed = self.fails("wait", third, says=("refused on purpose", second, "output w"))
        self.assertIn(third, failed.err)
        self.assertEqual(self.json("wait", first)["state"], "done")
        self.fails("call", "consume", "b", error="not_found")
        self.juxta("rm", "a")

    def test_a_call_that_waits_for_an_output_survives_the_master_agent(self):
        first = self.json("call", "produce", "4", "-o", "v", "--async")["request"]
        second = self.json("call", "consume", "v", "--async")["request"]
        self.eventually(lambda: self.json("why", first)["state"] == "running", 10, "the producer runs")
        self.kill("MA")
        self.juxta("start", "MA")
        self.assertEqual(self.json("wait", second)["outputs"][0]["value"], sum(range(1000)))

    def test_a_call_ends_soon_after_its_cancel_or_deadline_and_leaves_nothing(self):
        count = 10_000 if LONG else 240
        seed = random.randrange(10 ** 6)
        used = sum(e["used"] for e in self.elements("provider"))
        told = self.outcome(self.storm("stop", count, seed), timeout=3600)
        print(f"    seed {seed}: {told}", flush=True)
        self.assertEqual(told["done"] + told["failed"] + told["cancelled"], count)
        self.assertLessEqual(set(told["codes"]), {"cancelled", "deadline_exceeded"}, told["messages"])
        if LONG:
            self.assertLessEqual(told["latest_ms"], 200)

        def idle():
            request = self.json("call", "echo", "1")["request"]
            seen = self.json("why", request)["candidates"]
            return len(seen) == 4 and all(c["running"] == 0 and c["queue"] == 0 for c in seen)
        self.eventually(idle, 20, "no slot is held")
        self.eventually(lambda: not self.json("data")["data"], 20, "no datum is left")
        self.eventually(lambda: sum(e["used"] for e in self.elements("provider")) <= used, 20, "no memory is held")


if __name__ == "__main__":
    base.main()
