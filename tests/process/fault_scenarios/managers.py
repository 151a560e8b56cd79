"""Cluster managers that die."""
import contextlib
import threading
import time

from .load import Load
from .stage import Failed, Stage, now


class Allocations:
    """Data allocated one after the other, each with a name of its own, until stopped."""

    def __init__(self, stage):
        self.stage, self.over = stage, threading.Event()
        self.done, self.failed = [], []  # (begun, ended, name), (ended, text)
        self.thread = threading.Thread(target=self._work)
        with open(stage.platform.path("small"), "wb") as file:
            file.write(b"allocated")
        self.thread.start()

    def _work(self):
        number = 0
        while not self.over.is_set():
            number += 1
            begun = now()
            try:
                self.stage.platform.juxta("put", "small", "--name", f"a{number}")
                self.done.append((begun, now(), f"a{number}"))
            except Failed as e:
                self.failed.append((now(), str(e)))

    def end(self):
        self.over.set()
        self.thread.join()

    def back_after(self, when):
        return min((e for b, e, _ in self.done if b > when), default=float("inf")) - when


def f06(run):
    """The managers' leader dies while data are allocated: the next allocation within 2 s, none lost, none doubled."""
    with Stage(run, providers=6) as stage, Load(stage, data=4, clients=4) as load:
        allocations, kills = Allocations(stage), []
        for _ in range(run.rounds(5, 1)):
            time.sleep(1.5)
            leader = stage.leader()
            kills.append(stage.kill(leader))
            time.sleep(4)
            stage.start(leader)
        time.sleep(1)
        allocations.end()
        load.end()
        load.may_fail()
        run.require(not allocations.failed, f"allocations failed: {allocations.failed[:2]}")
        run.time("next allocation (a command of its own) after", max(allocations.back_after(k) for k in kills), 2)
        run.time("writers paused at most", max(load.longest_pause(k, k + 4) for k in kills), 2)
        listed = [d["name"] for d in stage.platform.json("data")["data"]]
        for _, _, name in allocations.done:
            run.require(listed.count(name) == 1, f"{name} was allocated and is listed {listed.count(name)} times")
        run.note(f"{len(allocations.done)} allocations over {len(kills)} leaders")


def f07(run):
    """Two of three managers are dead: untouched groups go on, no view changes; one comes back and so does the rest."""
    with contextlib.ExitStack() as open_ones:
        stage = open_ones.enter_context(Stage(run, providers=6))
        # A client each: one that waits for a group that was hit would pause the others' as well.
        loads = {f"h{i}0": open_ones.enter_context(Load(stage, label=str(i), data=1, clients=1)) for i in range(4)}
        time.sleep(1)
        views = {name: stage.holders(name) for name in loads}
        leader = stage.leader()
        other = next(m for m in stage.names("manager") if m != leader)
        dead = stage.kill(leader, other)
        time.sleep(run.rounds(5, 3))
        victim = next(iter(views.values()))[1]
        hit = {name for name, holders in views.items() if victim in holders}
        killed = stage.kill(victim)
        time.sleep(run.rounds(5, 3))
        began = now()
        stage.start(other)
        returned = now()
        stage.mended(views, seconds=20)
        for load in loads.values():
            load.end()
            load.may_fail("unavailable", "deadline_exceeded")
        run.time("groups of living providers paused at most, before the kill",
                 max(load.longest_pause(dead, killed) for load in loads.values()), 2)
        untouched = [name for name in views if name not in hit]
        if untouched:
            run.time("untouched groups paused at most, after it",
                     max(loads[name].longest_pause(killed, began, [name]) for name in untouched), 2)
        for name in hit:
            ok = [o for o in loads[name].operations() if o["datum"] == name and o["op"] == "release" and o["outcome"] == "ok"
                  and killed + 0.2 < o["invoked"] / 1e9 and o["returned"] / 1e9 < began]
            run.require(not ok, f"{name} was committed without one of its members: its view changed without a majority")
        run.time("all groups write again after the second manager's start",
                 max(load.back_after(began, name) for name, load in loads.items()), 2)
        run.note(f"`juxta start` of the manager took {returned - began:.2f} s")
        stage.start(leader, victim)
