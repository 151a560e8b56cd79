"""What a call costs: CORBA invocations, counted by those that receive them; resident memory; an idle platform.

JUXTA_SOAK=1 runs the memory tests at full length (./dev soak): 100 000 calls.
"""
import json
import os
import subprocess
import time

import platform_under_test as base

LONG = os.environ.get("JUXTA_SOAK") == "1"
MANY_CALLS = os.path.join(os.path.dirname(base.BIN), "tests", "many_calls")
MOST_INVOCATIONS = 8
MOST_GROWTH_KIB = 1024


class ManyCalls:
    """One client, at our word; see many_calls.cc."""

    def __init__(self, platform):
        # Ended by the end of its standard input, whatever becomes of the test.
        self.process = subprocess.Popen([MANY_CALLS], env=platform.env, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid

    def __call__(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        assert line, f"many_calls ended at {words}"
        return json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait(timeout=30) == 0
        self.process.stdout.close()


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        return [int(word) for word in file.read().split()]


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Costs(base.PlatformTest):
    def say(self, text):
        print(f"    {text}", flush=True)

    def calls_in(self):
        """Of all elements together. Asking is counted as well: once an element."""
        return sum(e["counters"]["calls_in"] for e in self.elements())

    def processes(self):
        """Name to pid, with the workers of the SeDs."""
        found = {}
        for element in self.elements():
            found[element["name"]] = element["pid"]
            if element["kind"] == "sed":
                for i, pid in enumerate(children_of(element["pid"])):
                    found[f"{element['name']} worker {i}"] = pid
        return found

    def growths(self, client, half, rest):
        """Resident sizes of all after half() and how they have grown after rest()."""
        half()
        processes = {"client": client.pid, **self.processes()}
        before = {name: resident_kib(pid) for name, pid in processes.items()}
        rest()
        growth = {name: resident_kib(pid) - before[name] for name, pid in processes.items()}
        self.say("KiB, and grown by: " + ", ".join(f"{n} {before[n]} {growth[n]:+}" for n in processes))
        return growth

    def assert_bounded(self, growth, **others):
        """`others`: those that may grow by so many KiB instead."""
        grown = {name: kib for name, kib in growth.items() if kib >= others.get(name, MOST_GROWTH_KIB)}
        self.assertEqual(grown, {}, "resident sizes grew (KiB)")


class OneServerDaemon(Costs):
    UP = ["--seds", "1", "--providers", "1"]

    def test_a_call_takes_at_most_eight_invocations(self):
        with ManyCalls(self) as client:
            client("echo", 50, 1)  # references, profiles, workers
            calls = 500
            before, began = self.calls_in(), time.time()
            told = client("echo", calls, 1)
            after, seconds = self.calls_in(), time.time() - began
            sleep_until = time.time() + seconds
            while time.time() < sleep_until:
                time.sleep(0.05)
            idle = self.calls_in() - after
            invocations = (after - before - idle) / calls
            self.say(f"{invocations:.2f} invocations a call, p50 {told['p50_us']} us")
            self.assertGreater(invocations, 1)
            self.assertLessEqual(invocations, MOST_INVOCATIONS)

    def test_memory_is_bounded_over_many_calls(self):
        with ManyCalls(self) as client:
            rest = 90000 if LONG else 10000
            self.assert_bounded(self.growths(client, lambda: client("echo", 10000, 2),
                                             lambda: self.say(client("echo", rest, 2))))

    def test_memory_is_bounded_over_many_asynchronous_calls(self):
        with ManyCalls(self) as client:
            self.assert_bounded(self.growths(client, lambda: client("async", 20000),
                                             lambda: self.say(client("async", 80000 if LONG else 10000))))

    def test_memory_is_bounded_over_many_calls_with_arrays(self):
        with ManyCalls(self) as client:
            # A SeD remembers 10 000 results, those with arrays being the larger ones.
            seconds, first, rest = (90, 12000, 12000) if LONG else (0, 12000, 4000)

            def array_calls(least):
                done, end = 0, time.time() + seconds
                while time.time() < end or done < least:
                    done += client("array", 100)["count"]
                self.say(f"{done} calls in {time.time() - end + seconds:.0f} s")

            growth = self.growths(client, lambda: array_calls(first), lambda: array_calls(rest))
            self.assertEqual({e["name"]: e["used"] for e in self.elements("provider")}, {"p1": 0})
            # What the provider remembers goes by the calls of some seconds, which were not equally many.
            self.assert_bounded(growth, p1=4 * MOST_GROWTH_KIB)


class ManyData(Costs):
    UP = ["--clusters", "2"]

    def test_an_idle_platform_with_many_data_uses_hardly_any_time(self):
        with ManyCalls(self) as client:
            self.say(f"put {client('put', 2000)}")
            self.say(f"get {client('get')}")
            self.assertEqual(len(self.json("data")["data"]), 2000)
            pids = self.processes()
            seconds = 10 if LONG else 3
            before = {name: cpu_seconds(pid) for name, pid in pids.items()}
            time.sleep(seconds)
            used = {name: (cpu_seconds(pid) - before[name]) / seconds for name, pid in pids.items()}
            self.say("idle, per cent of a core: " + ", ".join(f"{n} {100 * u:.1f}" for n, u in used.items()))
            self.assertLess(sum(used.values()), 0.1)
            self.say(f"free {client('free')}")
            self.assertEqual(self.json("data")["data"], [])


if __name__ == "__main__":
    base.main()
