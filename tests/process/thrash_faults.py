"""Faults for a campaign: kills, stops, drains and restarts of elements, workers and clients of a real platform."""
import os
import signal
import threading
import time

from platform_under_test import Failed, lives


def children_of(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task") if os.path.isdir(f"/proc/{pid}/task") else []:
        try:
            with open(f"/proc/{pid}/task/{task}/children", encoding="utf-8") as file:
                found += [int(word) for word in file.read().split()]
        except OSError:
            pass
    return found


class Faults:
    """Makes one fault after the other, and mends each after a while. Several threads may use one."""

    WHAT = ["kill"] * 6 + ["stop"] * 5 + ["drain"] * 2 + ["worker"] * 2 + ["massacre"]

    def __init__(self, platform, events, violated, random, elements):
        self.platform, self.events, self.violated, self.random = platform, events, violated, random
        self.kind_of = {e["name"]: e["kind"] for e in elements}
        self.pid_of = {e["name"]: e["pid"] for e in elements}
        self.done = {}
        self._busy = set()
        self._lock = threading.Lock()

    # -- one element at a time belongs to one fault ----------------------------------------------

    def _take(self, kinds):
        with self._lock:
            free = sorted(n for n, k in self.kind_of.items() if k in kinds and n not in self._busy)
            if not free:
                return None
            name = self.random.choice(free)
            self._busy.add(name)
            return name

    def _give_back(self, name):
        with self._lock:
            self._busy.discard(name)

    def _signal(self, name, number):
        try:
            os.kill(self.pid_of[name], number)
            return True
        except ProcessLookupError:
            return False

    def count(self, what, name):
        key = f"{what} {self.kind_of[name]}"
        with self._lock:
            self.done[key] = self.done.get(key, 0) + 1

    # -- faults ----------------------------------------------------------------------------------

    def one(self):
        with self._lock:
            what = self.random.choice(self.WHAT)
        getattr(self, what)()

    def kill(self, name=None, kinds=("ma", "la", "sed", "manager", "provider")):
        name = name or self._take(kinds)
        if name is None:
            return
        self.count("kill", name)
        pause = self.random.choice([0, 0, 0.3, 1, 3])
        entry = self.events.begin("kill", name)
        try:
            self._signal(name, signal.SIGKILL)
            time.sleep(pause)
            self.start(name)
        finally:
            self.events.end(entry)
            self._give_back(name)

    def stop(self):
        name = self._take(("ma", "la", "sed", "manager", "provider"))
        if name is None:
            return
        self.count("stop", name)
        entry = self.events.begin("stop", name)
        self._signal(name, signal.SIGSTOP)
        time.sleep(self.random.choice([0.2, 0.6, 1.5, 3, 5]))
        self._signal(name, signal.SIGCONT)
        self.events.end(entry)
        self._give_back(name)

    def drain(self):
        """`juxta stop`, then `juxta start`: costs no datum, however few its copies."""
        name = self._take(("provider", "sed"))
        if name is None:
            return
        self.count("drain", name)
        entry = self.events.begin("drain", name)
        try:
            began = time.time()
            try:
                self.platform.juxta("stop", name, timeout=90)
            except Failed as e:  # refused: it goes on
                if "--json" in str(e) or not e.err.strip():
                    self.violated(f"juxta stop {name} failed without a word: {e}")
            if time.time() - began > 45:
                self.violated(f"juxta stop {name} took {time.time() - began:.1f} s")
            time.sleep(self.random.choice([0, 0.5, 2]))
            self.start(name)
        finally:
            self.events.end(entry)
            self._give_back(name)

    def worker(self):
        with self._lock:
            seds = [n for n, k in self.kind_of.items() if k == "sed"]
            name = self.random.choice(seds)
        workers = children_of(self.pid_of[name])
        if workers:
            self.count("worker of", name)
            try:
                os.kill(self.random.choice(workers), signal.SIGKILL)
            except ProcessLookupError:
                pass

    def massacre(self):
        """Everything but one kind at once; all start again."""
        spared = self.random.choice(["provider", "provider", "manager"])
        kinds = {"ma", "la", "sed", "manager", "provider"} - {spared}
        if spared == "manager":
            kinds = {"ma", "la", "sed"}
        taken = []
        while (name := self._take(kinds)) is not None:
            taken.append(name)
        entries = []
        for name in taken:
            self.count("massacre of", name)
            entries.append(self.events.begin("kill", name))
            self._signal(name, signal.SIGKILL)
        time.sleep(self.random.choice([0, 0.5, 2]))
        self.random.shuffle(taken)
        starts = [threading.Thread(target=self.start, args=(name,)) for name in taken]
        for start in starts:
            start.start()
        for start in starts:
            start.join()
        for name, entry in zip(taken, entries):
            self.events.end(entry)
            self._give_back(name)

    # -- mending ---------------------------------------------------------------------------------

    def start(self, name):
        """`juxta start` works at once, whatever else is down."""
        if lives(self.pid_of[name]):
            end = time.time() + 5
            while lives(self.pid_of[name]) and time.time() < end:
                time.sleep(0.01)
            if lives(self.pid_of[name]):
                return  # a drain that was refused
        began = time.time()
        try:
            self.platform.juxta("start", name, timeout=60)
        except Failed as e:
            self.violated(f"juxta start {name}: {e}")
        if time.time() - began > 20:
            self.violated(f"juxta start {name} took {time.time() - began:.1f} s")
        for element in self.platform.elements():
            if element["name"] == name and element["pid"]:
                self.pid_of[name] = element["pid"]
