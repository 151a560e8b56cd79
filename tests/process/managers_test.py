"""The replicas of a cluster's manager: killed, restarted, without a majority, with a damaged log."""
import os
import pathlib
import signal
import subprocess
import time

from platform_under_test import Failed, PlatformTest, main


class ReplicatedManagers(PlatformTest):
    UP = ["--seds", "1"]
    SHARED = False

    def managers(self):
        return {e["name"]: e for e in self.elements("manager")}

    def leader(self):
        found = []

        def is_there():
            found[:] = [name for name, e in self.managers().items() if e["state"] == "up" and e["role"] == "leader"]
            return len(found) == 1
        self.eventually(is_there, 10, "one manager leads")
        return found[0]

    def put(self, name, *options):
        pathlib.Path(self.path("small")).write_bytes(name.encode())
        return self.json("put", "small", "--name", name, *options)["id"]

    def content_of(self, datum):
        self.juxta("get", datum, "-o", "got")
        return pathlib.Path(self.path("got")).read_bytes().decode()

    def end_at_once(self, *names):
        pids = [e["pid"] for name, e in self.managers().items() if name in names]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return time.time()

    def test_one_leads_and_two_follow_and_commits_are_counted(self):
        leader = self.leader()
        self.assertEqual(sorted(e["role"] for e in self.managers().values()), ["follower", "follower", "leader"])
        before = self.element(leader)["counters"]["consensus_commits"]
        for i in range(5):
            self.put(f"d{i}")
        self.assertGreaterEqual(self.element(leader)["counters"]["consensus_commits"], before + 5)

    def test_what_a_leader_confirmed_is_there_though_it_is_killed_at_once(self):
        ids, pauses = {}, []
        for i in range(3):
            leader = self.leader()
            ids[f"before{i}"] = self.put(f"before{i}")
            killed_at = self.end_at_once(leader)
            ids[f"after{i}"] = self.put(f"after{i}")
            pauses.append(time.time() - killed_at)
            for name, datum in ids.items():
                self.assertEqual(self.json("data", name)["id"], datum)
            self.juxta("start", leader)
        print(f"next allocation (a command of its own) after {', '.join(f'{p:.2f}' for p in pauses)} s (bar: 2 s)")
        self.assertLess(max(pauses), 10)
        listed = [d["name"] for d in self.json("data")["data"]]
        self.assertEqual(sorted(listed), sorted(ids), "each is there once")
        for name, datum in ids.items():
            self.assertEqual(self.content_of(datum), name)

    def test_all_managers_killed_and_started_again_know_everything(self):
        ids = {name: self.put(name, "--copies", 2) for name in ("a", "b", "c")}
        self.end_at_once(*self.managers())
        for name in self.managers():
            self.juxta("start", name)
        for name, datum in ids.items():
            self.assertEqual(self.json("data", name)["id"], datum)
            self.assertEqual(self.content_of(name), name)
        self.assertEqual(self.content_of(self.put("d")), "d")

    def test_nothing_is_allocated_without_a_majority_and_again_when_one_returns(self):
        self.put("a")
        leader = self.leader()
        others = [name for name in self.managers() if name != leader]
        self.end_at_once(*others)
        self.eventually(lambda: all(self.element(name)["state"] == "down" for name in others), 10, "they are down")
        refused = self.fails("put", "small", "--name", "b", timeout=90)
        self.assertIn(refused.error()["code"], ("unavailable", "deadline_exceeded", "not_leader"))
        self.assertEqual(self.element(leader)["role"], "follower", "alone it leads nothing")
        self.juxta("start", others[0])
        started_at = time.time()
        self.eventually(lambda: self.put("c"), 10, "allocations go on")
        print(f"allocated {time.time() - started_at:.2f} s after the second manager's start (bar: 2 s)")
        self.assertEqual([self.content_of(name) for name in ("a", "c")], ["a", "c"])

    def store(self, name):
        return pathlib.Path(self.env["JUXTA_STATE_DIR"]) / "platforms/default/store" / name / "consensus"

    def test_a_damaged_log_is_refused_in_one_clear_line(self):
        self.put("a")
        victim = next(name for name in self.managers() if name != self.leader())
        self.kill(victim, signal.SIGTERM)
        self.eventually(lambda: self.element(victim)["state"] == "down", 10, f"{victim} is down")
        segment = max(self.store(victim).glob("0*-0*"))
        with open(segment, "r+b") as file:
            file.seek(20)
            byte = file.read(1)
            file.seek(20)
            file.write(bytes([byte[0] ^ 1]))
        with self.assertRaises(Failed) as caught:
            self.juxta("start", victim)
        self.assertIn("is damaged", caught.exception.err)
        self.assertEqual(self.content_of("a"), "a", "the others go on")

    def test_two_processes_cannot_share_a_store(self):
        argv = self.element("m1")["argv"]
        argv[argv.index("--port") + 1] = "0"
        second = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("in use by another process", second.stderr)

    def test_down_keeps_what_managers_know_and_another_group_is_not_mixed_in(self):
        datum = self.put("a")
        self.juxta("down")
        with self.assertRaises(Failed) as caught:
            self.juxta("up", *self.UP, "--managers", "1")
        self.assertIn("purge", caught.exception.err)
        self.juxta("up", *self.UP)
        self.assertEqual(self.json("data", "a")["id"], datum)


if __name__ == "__main__":
    main()
