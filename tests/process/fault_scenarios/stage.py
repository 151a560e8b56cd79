"""A platform of its own for a scenario, and hands to hurt it with. All through the command line."""
import json
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from platform_under_test import BIN, Failed, PlatformTest, lives  # noqa: E402

TESTS = os.path.join(os.path.dirname(BIN.rstrip("/")), "tests")  # programs that are not installed


def now():
    """The clock of histories, in s."""
    return time.monotonic_ns() / 1e9


def descriptor(providers=16, managers=3, copies=3, detection_ms=1000, memory="256MiB", disk="", clusters=1):
    hosts, parts = [], []
    for c in range(1, clusters + 1):
        parts.append(f'  <cluster name="c{c}" detection_ms="{detection_ms}">')
        mine = [i for i in range(1, managers * clusters + 1) if i % clusters == c % clusters]
        for i in mine:
            hosts.append(f'  <host name="hm{i}"/>')
            parts.append(f'    <manager name="m{i}" host="hm{i}"/>')
        for i in (i for i in range(1, providers + 1) if i % clusters == c % clusters):
            hosts.append(f'  <host name="h{i}"/>')
            more = f' disk="{disk}"' if disk else ""
            parts.append(f'    <provider name="p{i}" host="h{i}" memory="{memory}"{more}/>')
        parts.append("  </cluster>")
    return "\n".join([f'<platform name="faults" default_copies="{copies}" xmlns="urn:juxta:platform:1">', *hosts, *parts,
                      '  <master_agent name="MA" host="hm1"/>', "</platform>"])


class Stage:
    """with Stage(providers=8) as stage: ...   Everything of it is gone afterwards, and nothing was left behind."""

    def __init__(self, run, **what):
        class Deployed(PlatformTest):
            DESCRIPTOR = descriptor(**what)
        self.run, self.platform = run, Deployed
        self.dice = random.Random(run.seed)
        self.stopped = set()

    def __enter__(self):
        self.platform._start()
        self.platform.env["JUXTA_HOST"] = "outside"  # no provider there
        self.refresh()
        return self

    def __exit__(self, kind, *_):
        for pid in list(self.stopped):
            self.go_on(pid)
        if kind is not None or self.run.broken:
            self.keep_logs()
        self.platform._end()

    def keep_logs(self):
        kept = f"/tmp/juxta-faults-{self.run.name}"
        os.system(f"rm -rf {kept}; cp -r {self.platform.env['JUXTA_STATE_DIR']}/platforms/faults/log {kept}")
        self.run.note(f"logs kept in {kept}")

    # -- looking ---------------------------------------------------------------------------------

    def refresh(self):
        self.elements = {e["name"]: e for e in self.platform.elements()}
        self.pid = {name: e["pid"] for name, e in self.elements.items()}

    def names(self, kind):
        return [n for n, e in self.elements.items() if e["kind"] == kind]

    def leader(self):
        self.refresh()
        return next(n for n in self.names("manager") if self.elements[n]["role"] == "leader")

    def datum(self, name):
        return self.platform.json("data", name)

    def holders(self, name, state="full"):
        """Names of the providers with a copy of its first block, the primary first."""
        block = self.datum(name)["blocks"][0]
        names = [c["provider"] for c in block["copies"] if c["state"] == state]
        return sorted(names, key=lambda n: n != block["primary"])

    # -- hurting ---------------------------------------------------------------------------------

    def signal(self, name, number):
        os.kill(self.pid[name], number)

    def kill(self, *names):
        """All at once; returns when."""
        when = now()
        for name in names:
            self.signal(name, signal.SIGKILL)
        return when

    def stop(self, *names):
        when = now()
        for name in names:
            self.signal(name, signal.SIGSTOP)
            self.stopped.add(self.pid[name])
        return when

    def go_on(self, *pids):
        for pid in pids:
            self.stopped.discard(pid)
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass

    def start(self, *names):
        """`juxta start` of each, at once; they may need each other. Raises what the first that failed said."""
        said = []

        def one(name):
            end = now() + 5
            while lives(self.pid[name]) and now() < end:
                time.sleep(0.01)
            try:
                self.platform.juxta("start", name)
            except Failed as e:
                said.append(e)
        hands = [threading.Thread(target=one, args=(name,)) for name in names]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        if said:
            raise said[0]
        self.refresh()

    # -- waiting ---------------------------------------------------------------------------------

    def until(self, holds, seconds, what, every=0.05):
        """Seconds until holds() is true; asks again when a command fails. A broken promise after `seconds`."""
        began = now()
        while True:
            try:
                if holds():
                    return now() - began
            except Failed:
                pass
            if now() - began > seconds:
                self.run.require(False, f"not within {seconds} s: {what}")
                return seconds
            time.sleep(every)

    def mended(self, names, copies=3, seconds=30):
        return self.until(lambda: all(self.datum(n)["copies"] >= copies for n in names), seconds,
                          f"{copies} copies of {', '.join(names)}")
