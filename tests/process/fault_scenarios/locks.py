"""Holders of locks that die."""
import json
import os
import signal
import subprocess
import time

from .load import Load
from .stage import BIN, Stage

LEASE = 5.0  # s


def f13(run):
    """SIGKILL of a lock holder: the next grant comes when its lease ends, and its writes never."""
    with Stage(run, providers=4) as stage, Load(stage, data=1, clients=4) as load:
        kills = []
        for _ in range(run.rounds(5, 1)):
            time.sleep(0.5)
            holder = subprocess.Popen([os.path.join(BIN, "juxta"), "lock", "h0", "--json"], env=stage.platform.env,
                                      cwd=stage.platform.folder, stdout=subprocess.PIPE, text=True)
            line = holder.stdout.readline()
            run.require(bool(line.strip()), "juxta lock printed no token")
            time.sleep(stage.dice.uniform(0, 2))
            kills.append(time.monotonic_ns() / 1e9)
            holder.send_signal(signal.SIGKILL)
            holder.communicate()
            time.sleep(LEASE + 1)
        load.end()
        load.may_fail()
        acquired = [o for o in load.operations() if o["op"] == "acquire" and o["outcome"] == "ok"]
        longest = 0
        for when in kills:
            first = min((o["returned"] / 1e9 for o in acquired if o["returned"] / 1e9 > when), default=float("inf"))
            longest = max(longest, first - when)
        run.time("next grant after", longest, LEASE + 0.2)
        run.require(longest > 0.1, "the lock was not held when its holder was killed")
