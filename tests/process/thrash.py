"""A campaign against a real platform: kills and stops everything at random while clients put, get, change and call,
and checks every promise. The seed chooses the faults (their timing is the machine's): thrash.py --seconds 60 --seed 7

Promises: an acknowledged put is read back with exactly its bytes, unless it is DATA_LOST and enough providers really
died; every command ends within its bound, with a result or one clear typed line; when all is quiet again everything
works, all copies are back, no process has grown, and what is freed leaves no byte in use.
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

from platform_under_test import BIN, Failed, PlatformTest
from thrash_book import Book, Datum, Events
from thrash_faults import Faults

BOUND = 40     # s: a control call tries for 30, what it moves takes a moment
MENDED = 30    # s after the last fault until everything is as before
MAY_FAIL = {"unavailable", "deadline_exceeded", "peer_unreachable", "no_server", "lease_expired", "out_of_space",
            "stale_version", "data_lost", "cancelled"}
MiB = 1 << 20


class Platform(PlatformTest):
    """One at a time."""


class Campaign:
    def __init__(self, seed, clusters, seconds):
        self.seed, self.clusters, self.seconds = seed, clusters, seconds
        self.random = random.Random(seed)
        self.book, self.events = Book(), Events()
        self.violations = []
        self.slowest = {}
        self.counts = {}
        self.said = {}
        self.over = threading.Event()
        self._lock = threading.Lock()
        self.workers_told = 0

    def violated(self, text):
        with self._lock:
            self.violations.append(text)
        print(f"  VIOLATED at {time.time() - self.began:.1f} s: {text}", flush=True)

    # -- commands that must end exactly one way --------------------------------------------------

    def run(self, *words, kill_after=None, may_fail=True, bound=BOUND):
        """(document, None) or (None, error code); "killed" if this killed the client, "hung" if it did not end."""
        words = [str(w) for w in words] + ["--json"]
        began = time.time()
        process = subprocess.Popen([os.path.join(BIN, "juxta"), *words], env=Platform.env, cwd=Platform.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = process.communicate(timeout=kill_after or bound)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            if kill_after:
                return None, "killed"
            self.violated(f"juxta {' '.join(words)} hung for {bound} s")
            return None, "hung"
        code = self._judge(words, process.returncode, out, err, may_fail)
        with self._lock:
            key = (words[0], code or "done")
            self.slowest[key] = max(self.slowest.get(key, 0), time.time() - began)
            self.counts[key] = self.counts.get(key, 0) + 1
            if code:
                self.said[key] = " ".join(err.split())[:300]
        return (json.loads(out), None) if code is None else (None, code)

    def _judge(self, words, status, out, err, may_fail):
        command = "juxta " + " ".join(words)
        if status == 0:
            return None
        try:
            code = json.loads(out)["error"]["code"]
        except (ValueError, KeyError):
            self.violated(f"{command}: exit {status}, no typed error: {out[:200]!r} {err[-300:]!r}")
            return "untyped"
        unknown_yet = words[0] == "call" and code == "not_found"  # a master agent starts anew and knows no service
        worker_killed = words[0] == "call" and code == "service_failed" and "SIGKILL" in err and self._one_more_worker()
        if status != 1 or not may_fail or (code not in MAY_FAIL and not unknown_yet and not worker_killed):
            self.violated(f"{command}: exit {status}, {code}: {err.strip()[-400:]}")
        elif len(err.strip().splitlines()) != 1:
            self.violated(f"{command}: {len(err.strip().splitlines())} lines of error: {err[-400:]!r}")
        return code

    def _one_more_worker(self):
        """A killed worker is told to one caller, as the crash of its service: no more such reports than kills."""
        with self._lock:
            self.workers_told += 1
            return self.workers_told <= self.faults.done.get("worker of sed", 0)

    # -- what the clients do ---------------------------------------------------------------------

    def client(self, seed):
        dice = random.Random(seed)
        deeds = [self.put] * 3 + [self.patch] * 3 + [self.get] * 5 + [self.call] * 4 + [self.call_on_data] * 3 + \
            [self.look] * 2 + [self.remove]
        try:
            while not self.over.is_set():
                dice.choice(deeds)(dice)
        except Exception as e:  # a fault of the campaign itself must not look like success
            self.violated(f"the campaign broke: {type(e).__name__}: {e}")
            raise

    def some(self, dice, busy=True):
        data = self.book.living()
        if not data:
            return None
        datum = dice.choice(data)
        if busy and not datum.busy.acquire(blocking=False):
            return None
        return datum

    def file_of(self, dice, size):
        content = dice.randbytes(size)
        path = Platform.path(f"in-{threading.get_ident()}")
        with open(path, "wb") as file:
            file.write(content)
        return path, content

    def put(self, dice):
        if len(self.book.living()) > 25:
            return self.remove(dice)
        size = dice.choice([1, 1000, 4096, 70_000, MiB, 3 * MiB + 17, 8 * MiB])
        path, content = self.file_of(dice, size)
        name, copies, began = self.book.new_name(), dice.choice([1, 1, 2, 2, 3]), time.time()
        kill_after = dice.uniform(0.01, 0.3) if dice.random() < 0.1 else None
        done, _ = self.run("put", path, "--name", name, "--copies", copies, kill_after=kill_after)
        if done:
            self.book.add(Datum(name, content, copies, began))

    def patch(self, dice):
        datum = self.some(dice)
        if datum is None:
            return
        try:
            whole = len(datum.admissible[-1])
            size = min(whole, dice.choice([1, 100, 5000, 100_000, 2 * MiB]))
            offset = dice.randrange(whole - size + 1)
            path, patch = self.file_of(dice, size)
            after = datum.patched(offset, patch)
            if len(datum.admissible) > 1:  # settled by reading first
                self.check(datum)
                if len(datum.admissible) > 1 or datum.lost:
                    return
                after = datum.patched(offset, patch)
            kill_after = dice.uniform(0.01, 0.2) if dice.random() < 0.15 else None
            done, code = self.run("put", path, "--into", datum.name, "--offset", offset, kill_after=kill_after)
            if done:
                datum.admissible = [after]
            elif code == "data_lost":
                self.lost(datum)
            else:  # unanswered: it may be committed or not, and both to be seen once its lease has ended
                datum.admissible = [datum.admissible[-1], after]
                datum.open_until = time.time() + 8
        finally:
            datum.busy.release()

    def get(self, dice):
        datum = self.some(dice)
        if datum is not None:
            try:
                self.check(datum)
            finally:
                datum.busy.release()

    def check(self, datum, may_fail=True):
        """True if its bytes came, and are its own."""
        path = Platform.path(f"out-{threading.get_ident()}")
        done, code = self.run("get", datum.name, "-o", path, may_fail=may_fail)
        if code == "data_lost":
            self.lost(datum)
        if not done:
            return False
        with open(path, "rb") as file:
            got = file.read()
        if got not in datum.admissible:
            differs = [i for i in range(min(len(got), len(datum.admissible[-1]))) if got[i] != datum.admissible[-1][i]]
            self.violated(f"{datum.name} ({datum.copies} copies, {len(datum.admissible[-1])} bytes) was read with other "
                          f"bytes: {len(got)} of them, {len(differs)} differ, from {differs[:1]} to {differs[-1:]}")
        elif time.time() > getattr(datum, "open_until", 0):
            datum.admissible = [got]
        return True

    def lost(self, datum):
        datum.lost = True
        if not datum.loss_is_excused(self.events, self.cluster_of):
            self.violated(f"{datum.name} with {datum.copies} copies on {sorted(datum.holders)} is lost, but since it was seen "
                          f"there happened only {self.events.since(datum.since)}")

    def look(self, dice):
        datum = self.some(dice)
        if datum is not None:
            try:
                asked_at = time.time()
                done, _ = self.run("data", datum.name)
                if done:
                    datum.seen(asked_at, done)
            finally:
                datum.busy.release()

    def remove(self, dice):
        datum = self.some(dice)
        if datum is not None:
            try:
                done, code = self.run("rm", datum.name)
                datum.freed = True
                if not done and code not in MAY_FAIL:
                    self.violated(f"rm {datum.name}: {code}")
            finally:
                datum.busy.release()

    def call(self, dice):
        number = dice.randrange(1000)
        kill_after = dice.uniform(0.01, 0.2) if dice.random() < 0.05 else None
        done, _ = self.run("call", "echo", number, kill_after=kill_after)
        if done and done["outputs"][0]["value"] != number:
            self.violated(f"echo {number} answered {done['outputs'][0]['value']}")
        if dice.random() < 0.2:
            self.run("call", "sleep", "0.3")

    def call_on_data(self, dice):
        size = dice.choice([20, 60, 400])
        path = Platform.path(f"m-{threading.get_ident()}.npy")
        import numpy
        matrix = numpy.arange(size * size, dtype=float).reshape(size, size) % 7
        numpy.save(path, matrix)
        kill_after = dice.uniform(0.02, 0.3) if dice.random() < 0.2 else None
        out = Platform.path(f"r-{threading.get_ident()}.npy")
        name = self.book.new_name()
        done, _ = self.run("call", "add", "@" + path, "@" + path, "-o", name, kill_after=kill_after)
        if not done:
            return
        done, code = self.run("get", name, "-o", out)
        if done and not numpy.array_equal(numpy.load(out), matrix + matrix):
            self.violated(f"add of {size} x {size} gave other numbers in {name}")
        self.run("rm", name)

    # -- the campaign ----------------------------------------------------------------------------

    def everything(self):
        print(f"campaign: seed {self.seed}, {self.clusters} clusters, {self.seconds} s of faults", flush=True)
        Platform.UP = ["--clusters", str(self.clusters), "--providers", str(4 * self.clusters), "--seds", "3"]
        self.began = time.time()
        Platform._start()
        try:
            elements = Platform.elements()
            self.cluster_of = {e["name"]: e["cluster"] for e in elements if e["kind"] == "provider"}
            self.faults = Faults(Platform, self.events, self.violated, self.random, elements)
            self.thrash()
            self.after_quiet()
        finally:
            if self.violations:
                self.keep_logs()
            Platform._end()
        self.report()

    def keep_logs(self):
        kept = f"/tmp/juxta-thrash-{self.seed}-{self.clusters}"
        subprocess.run(["rm", "-rf", kept], check=False)
        subprocess.run(["cp", "-r", os.path.join(Platform.env["JUXTA_STATE_DIR"], "platforms/default/log"), kept], check=False)
        print(f"  logs kept in {kept}", flush=True)

    def thrash(self):
        clients = [threading.Thread(target=self.client, args=(self.random.random(),)) for _ in range(4)]
        for client in clients:
            client.start()
        time.sleep(2)
        end = time.time() + self.seconds
        hands = [threading.Thread(target=self.hand, args=(end,)) for _ in range(3)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        self.over.set()
        for client in clients:
            client.join()

    def hand(self, end):
        while time.time() < end:
            time.sleep(self.random.uniform(0.1, 1.5))
            self.faults.one()

    # -- afterwards ------------------------------------------------------------------------------

    def eventually(self, what, holds, seconds=MENDED):
        """Waits until holds() is true; what it returned last is told if it never is: (True, _) or (False, why)."""
        end = time.time() + seconds
        while True:
            good, why = holds()
            if good:
                return True
            if time.time() > end:
                self.violated(f"not {seconds} s after the last fault: {what}: {why}")
                return False
            time.sleep(0.3)

    def after_quiet(self):
        quiet = time.time()
        self.eventually("all elements are up", self.all_up)
        for _ in range(5):
            self.run("call", "echo", "1", may_fail=False, bound=BOUND)
        for datum in self.book.living():
            self.eventually(f"{datum.name} is readable", lambda d=datum: (self.check(d) or d.lost, "no"))
        self.eventually("all copies are back", self.copies_back)
        self.eventually("only living data use memory", self.fits)
        print(f"  mended {time.time() - quiet:.1f} s after the last fault", flush=True)
        self.call_on_data(random.Random(1))
        for datum in self.book.all():
            if not datum.freed:
                self.run("rm", datum.name, may_fail=False)
        self.eventually("freed data use nothing", self.all_free)
        self.grown()

    def all_up(self):
        down = [e["name"] for e in Platform.elements() if e["state"] != "up"]
        return not down, down

    def copies_back(self):
        short = []
        for datum in self.book.living():
            done, code = self.run("data", datum.name)
            if not done or done["copies"] < datum.copies:
                short.append(f"{datum.name}: {done['copies'] if done else code} of {datum.copies}")
        return not short, short

    def used(self):
        return {e["name"]: e["used"] for e in Platform.elements("provider")}

    def fits(self):
        done, code = self.run("data")
        if not done:
            return False, code
        mine = {d.name for d in self.book.living()}
        needed = sum(d["bytes"] * d["copies"] for d in done["data"] if d["name"] in mine)
        used = sum(self.used().values())
        return used <= 2 * needed + MiB, f"{used} bytes used, {needed} needed"

    def all_free(self):
        done, code = self.run("data")
        left = [d["name"] or d["id"] for d in done["data"]] if done else code
        for name in (d["id"] for d in done["data"] if d["name"]) if done else []:
            self.run("rm", name)  # the result of a call or a put whose client was killed
        used = {n: b for n, b in self.used().items() if b}
        return not left and not used, f"data {left}, used {used}"

    def grown(self):
        for name, pid in self.faults.pid_of.items():
            try:
                descriptors = len(os.listdir(f"/proc/{pid}/fd"))
                with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                    status = dict(line.split(":", 1) for line in file if ":" in line)
            except OSError:
                continue
            threads, resident = int(status["Threads"]), int(status["VmRSS"].split()[0]) // 1024
            if descriptors > 150 or threads > 250 or resident > 200:
                self.violated(f"{name} has grown: {descriptors} descriptors, {threads} threads, {resident} MiB")

    def report(self):
        print("  faults: " + ", ".join(f"{n} {what}" for what, n in sorted(self.faults.done.items())))
        for (command, code), seconds in sorted(self.slowest.items()):
            print(f"  {command:6} {code:18} {self.counts[command, code]:5} times, slowest {seconds:5.2f} s  "
                  + self.said.get((command, code), ""))
        data = self.book.all()
        print(f"  {len(data)} data, {sum(d.lost for d in data)} lost with excuse; {len(self.violations)} promises violated",
              flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60, help="of faults, for each campaign")
    options.add_argument("--seed", type=int, default=int(time.time()))
    options.add_argument("--clusters", type=int, choices=[1, 2], help="default: both, one after the other")
    chosen = options.parse_args()
    violations = []
    for clusters in [chosen.clusters] if chosen.clusters else [1, 2]:
        campaign = Campaign(chosen.seed, clusters, chosen.seconds)
        campaign.everything()
        violations += campaign.violations
    if violations:
        print(f"{len(violations)} promises violated; again with: thrash.py --seed {chosen.seed} --seconds {chosen.seconds:g}")
    sys.exit(bool(violations))


if __name__ == "__main__":
    main()
