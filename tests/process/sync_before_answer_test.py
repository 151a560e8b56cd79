"""What was acknowledged is on disk: strace sees a sync, at a majority of the managers and at every holder of a durable
copy, between each command's beginning and its answer."""
import os
import re
import shutil
import subprocess
import sys
import time

from platform_under_test import PlatformTest, main

CALLS = "io_submit,pwritev2,fsync,fdatasync,sync_file_range"
# An O_DSYNC write of libraft's, or a file's own sync.
SYNC = re.compile(r"^\d+ +(\d+\.\d+) (?:(?:io_submit|pwritev2)\(.*RWF_DSYNC|fsync|fdatasync)")


class Traced:
    """with Traced(pid, file) as traced: ...; then traced.syncs(begin, end): how many there were between two times."""

    def __init__(self, pid, file):
        self.pid, self.file = pid, file

    def __enter__(self):
        self.strace = subprocess.Popen(["strace", "-f", "-ttt", "-s", "8", "-e", f"trace={CALLS}", "-o", self.file, "-p",
                                        str(self.pid)], stderr=subprocess.PIPE, text=True)
        end = time.time() + 10
        while not self.is_attached():
            if self.strace.poll() is not None or time.time() > end:
                raise RuntimeError(f"strace cannot attach: {self.strace.stderr.read() if self.strace.poll() else ''}")
            time.sleep(0.02)
        return self

    def is_attached(self):
        """To all threads of it."""
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{task}/status", encoding="utf-8") as file:
                if re.search(r"TracerPid:\s+0$", file.read(), re.M):
                    return False
        return True

    def __exit__(self, *_):
        self.strace.terminate()
        self.strace.communicate()

    def syncs(self, begin, end):
        with open(self.file, encoding="utf-8", errors="replace") as file:
            times = [float(found.group(1)) for found in map(SYNC.match, file) if found]
        return sum(begin <= when <= end for when in times)


class SyncBeforeAnswer(PlatformTest):
    UP = ["--seds", "1"]

    def test_an_allocation_is_on_the_disks_of_a_majority_and_a_durable_version_on_all_of_its_holders(self):
        with open(self.path("content"), "wb") as file:
            file.write(os.urandom(100_000))
        processes = {e["name"]: e["pid"] for e in self.elements() if e["kind"] in ("manager", "provider")}
        self.juxta("put", "content", "--name", "first", "--durable", "--copies", 2)
        traced = {name: Traced(pid, self.path(f"{name}.strace")) for name, pid in processes.items()}
        commands = []
        for each in traced.values():
            each.__enter__()
        try:
            for i in range(4):
                begin = time.time()
                self.juxta("put", "content", "--name", f"d{i}", "--durable", "--copies", 2)
                allocated = time.time()
                holders = [c["provider"] for c in self.json("data", f"d{i}")["blocks"][0]["copies"]]
                commands.append((begin, allocated, holders))
                begin = time.time()
                self.juxta("put", "content", "--into", f"d{i}")
                commands.append((begin, time.time(), holders))
        finally:
            for each in traced.values():
                each.__exit__()
        for number, (begin, end, holders) in enumerate(commands):
            self.assertEqual(len(holders), 2)
            for holder in holders:
                self.assertGreater(traced[holder].syncs(begin, end), 0, f"{holder}, command {number}")
            if number % 2 == 0:
                synced = [m for m in ("m1", "m2", "m3") if traced[m].syncs(begin, end) > 0]
                self.assertGreaterEqual(len(synced), 2, f"managers that synced amid command {number}: {synced}")


def can_trace():
    """strace is there and may attach to a process of ours."""
    if shutil.which("strace") is None:
        return False
    sleeper = subprocess.Popen(["sleep", "5"])
    try:
        done = subprocess.run(["timeout", "-s", "INT", "0.5", "strace", "-p", str(sleeper.pid)], capture_output=True,
                              text=True, check=False)
        return "attached" in done.stderr
    finally:
        sleeper.kill()
        sleeper.wait()


if __name__ == "__main__":
    if not can_trace():
        print("skipped: strace is not installed, or may not attach here")
        sys.exit(77)
    main()
