"""Everything dies and starts again; and what is left of a thousand deaths."""
import os
import threading
import time

from .load import Load
from .stage import Stage, now


def all_at_once(run):
    """SIGKILL of every process under load, restart in any order: every acknowledged version is readable within 10 s."""
    rounds = run.rounds(20, 2)
    with Stage(run, providers=6, disk="2GiB") as stage:
        with Load(stage, data=8, durable=True, stall_ms=2000) as load:
            longest = 0
            for turn in range(rounds):
                time.sleep(stage.dice.uniform(0.5, 2))
                names = list(stage.pid)
                stage.kill(*names)
                time.sleep(stage.dice.choice([0, 0.2, 1]))
                stage.dice.shuffle(names)
                began = now()
                starts = threading.Thread(target=stage.start, args=names)
                starts.start()
                seen = load.probe(20)
                readable = now() - began
                starts.join()
                longest = max(longest, readable)
                run.require(not seen["unreadable"], f"round {turn + 1}: unreadable {seen['unreadable']}")
                run.require(not seen["stale"], f"round {turn + 1}: older than acknowledged {seen['stale']}")
            load.end()
            load.may_fail("unavailable", "deadline_exceeded", "peer_unreachable", "lease_expired")
            run.time(f"all acknowledged versions readable, slowest of {rounds} rounds", longest, 10)


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) / 1024


def count(pid, folder):
    return len(os.listdir(f"/proc/{pid}/{folder}"))


class Counters:
    """What the platform uses, by kind of process; of those that hold nothing but the load's data."""

    def __init__(self, stage, load):
        stage.refresh()
        self.values = {}
        for kind in ("manager", "provider", "ma"):
            pids = [stage.pid[n] for n in stage.names(kind)]
            self._add(kind, pids)
        self._add("client", [load.process.pid])
        del self.values["client memory"]  # it keeps its history there
        self.values["reserved bytes"] = sum(stage.elements[n]["used"] for n in stage.names("provider")) / 2 ** 20

    def _add(self, kind, pids):
        self.values[f"{kind} memory"] = sum(map(resident_mib, pids))
        self.values[f"{kind} descriptors"] = sum(count(pid, "fd") for pid in pids)
        self.values[f"{kind} threads"] = sum(count(pid, "task") for pid in pids)

    def growth(self, before):
        """Of each, in %, beyond what is noise: 2 MiB, 4 descriptors or threads."""
        grown = {}
        for what, value in self.values.items():
            slack = 2 if "memory" in what or "bytes" in what else 4
            over = value - before.values[what] - slack
            grown[what] = 100 * over / max(before.values[what], 1) if over > 0 else 0
        return grown


def kills_and_counters(run):
    """After 1000 kills with restarts every counter returns to its baseline."""
    warm, kills = run.rounds(200, 40), run.rounds(1000, 40)
    with Stage(run, providers=8) as stage, Load(stage, data=16, copies=4, clients=2, pause_us=2000,
                                                stall_ms=1000) as load:
        def kill_some(number):
            busy = threading.Semaphore(3)  # providers that are down at one time

            def again(name):
                time.sleep(0.2)
                stage.start(name)
                down.discard(name)
                busy.release()
            down, hands = set(), []
            for _ in range(number):
                busy.acquire()
                name = stage.dice.choice([n for n in stage.names("provider") if n not in down])
                down.add(name)
                stage.kill(name)
                hands.append(threading.Thread(target=again, args=(name,)))
                hands[-1].start()
                time.sleep(0.45)
            for hand in hands:
                hand.join()
            stage.mended([f"h{i}" for i in range(16)], copies=4)

        def counted():
            load.ask("pause")
            # Garbage of the dead goes after 10 s, connections that nobody uses after 120 s.
            time.sleep(run.rounds(140, 18))
            counters = Counters(stage, load)
            load.ask("resume")
            return counters

        kill_some(warm)
        before = counted()
        kill_some(kills)
        after = counted()
        load.end()
        for what, grown in after.growth(before).items():
            told = f"{what}: {before.values[what]:.1f}, after {kills} kills {after.values[what]:.1f}; grown beyond noise"
            run.figure(told, grown, "%", 2 if not run.short else 25)
