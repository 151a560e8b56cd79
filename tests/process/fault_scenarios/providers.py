"""Providers that die, fall silent, or are full."""
import json
import os
import random
import signal
import subprocess
import time

from .load import Load
from .stage import BIN, Failed, Stage, now

T_D = 1.0  # s, the default


def volatility(run, **options):
    words = [f"--{key.replace('_', '-')}" + ("" if value is True else f"={value}") for key, value in options.items()]
    done = subprocess.run([os.path.join(BIN, "juxta-bench-volatility"), f"--seed={run.seed}", *words],
                          capture_output=True, text=True, check=False)
    if not done.stdout:
        raise AssertionError(f"juxta-bench-volatility failed: {done.stderr.strip()}")
    result = json.loads(done.stdout)
    run.note(f"{result['loops']} loops of {result['loop_ms']:.2f} ms, {len(result['kills'])} kills, {result['skipped']} skipped, "
             f"{result['void_windows']} void windows, {result['unknown']} unknown releases")
    run.require(not result["errors"], f"operations failed: {result['errors'][:2]}")
    run.figure("acknowledged releases lost", result["lost"], "", 0)
    run.figure("copies that went without a kill", result["quiet_changes"], "", 0)
    return result


def part(values, which):
    values = sorted(values)
    return values[int(which * (len(values) - 1))] if values else float("inf")


def overhead(run, result, bar):
    """Where no window counts, because the machine was busy with other things, there is no figure."""
    if result["kill_seconds"] == 0:
        run.require(run.short, "no overhead: the windows without kills differ by more than 5 %")
        return
    run.figure("overhead", 100 * result["stall_seconds"] / result["kill_seconds"], "%", bar if not run.short else 5 * bar)
    run.figure("overhead, all loops above the median", 100 * result["excess_seconds"] / result["kill_seconds"], "%")


def f01(run):
    """The paper's experiment, SIGKILL, 64 KiB: a kill every second, each starts again after 3 s."""
    result = volatility(run, delta=1, kills=run.rounds(50, 8), windows=run.rounds(10, 1))
    stalls = [k["stall_ms"] / 1e3 for k in result["kills"]]
    overhead(run, result, 5)
    run.time("R, p50", part(stalls, 0.5))
    run.time(f"R, p99 of {len(stalls)} kills", part(stalls, 0.99), 0.1)
    run.time("until all copies were back, p99", part([k["copies_ms"] / 1e3 for k in result["kills"]], 0.99))


def f02(run):
    """The same with SIGSTOP: silence takes T_d."""
    if run.short:
        result = volatility(run, delta=4, kills=2, silent=True, most_stall=5)
    else:
        result = volatility(run, delta=20, kills=6, windows=2, silent=True, most_stall=5, quiet=5)
        overhead(run, result, 100 * 1.2 * T_D / 20)
    run.time("R, longest", max(k["stall_ms"] / 1e3 for k in result["kills"]), T_D + 0.1)


def f03(run):
    """All copies but one are killed at once: how long the datum is away."""
    with Stage(run) as stage, Load(stage, data=4) as load:
        kills = []
        for _ in range(run.rounds(10, 2)):
            time.sleep(1)
            name = f"h{stage.dice.randrange(4)}"
            holders = stage.holders(name)
            spared = stage.dice.choice(holders)
            victims = [h for h in holders if h != spared]
            kills.append((stage.kill(*victims), name))
            time.sleep(2)
            stage.start(*victims)
            stage.mended([f"h{i}" for i in range(4)])
        load.end()
        load.may_fail()
        run.time("datum away", max(load.back_after(when, name) for when, name in kills), T_D + 0.2)


def f04(run):
    """The source dies in the middle of the re-copy of 256 MB."""
    size = run.rounds(256, 64) << 20
    with Stage(run, providers=8, memory="700MiB") as stage, Load(stage, data=2) as load:
        with open(stage.platform.path("big"), "wb") as file:
            file.write(random.Random(run.seed).randbytes(1 << 20) * (size >> 20))
        stage.platform.json("put", "big", "--name", "big", "--copies", "3", timeout=120)
        with open(stage.platform.path("patch"), "wb") as file:
            file.write(b"x" * 1000)
        first = stage.holders("big")
        began = stage.kill(first[1])
        time.sleep(run.rounds(0.15, 0.05))  # the copy is under way
        source = first[0]
        killed = stage.kill(source)
        slowest, full = 0, 0
        while (full < 3 or slowest == 0) and now() - killed < 30:
            put = now()
            stage.platform.juxta("put", "patch", "--into", "big", "--offset", "77")
            slowest = max(slowest, now() - put)
            full = stage.datum("big")["copies"]
        mended = now() - killed
        run.time("K, until 3 copies of 256 MB are full again", mended, 5)
        load.end()
        load.may_fail()
        run.time("a put into it while it is copied, slowest (with the command's start)", slowest, 1)
        run.time("puts of others, longest pause", load.longest_pause(began, killed + mended), 1)
        stage.platform.juxta("get", "big", "-o", "got", timeout=120)
        with open(stage.platform.path("got"), "rb") as got, open(stage.platform.path("big"), "rb") as big:
            want, have = bytearray(big.read()), got.read()
        want[77:1077] = b"x" * 1000
        run.require(have == want, "other bytes than were put were got")


def f15(run):
    """All copies are killed together: DATA_LOST. All are stopped: UNAVAILABLE, and back when they go on."""
    with Stage(run, providers=10) as stage, Load(stage, data=1) as doomed, Load(stage, "s", data=1) as silent:
        time.sleep(1)
        victims = stage.holders("h0")
        while set(victims) & set(stage.holders("hs0")):  # the one datum's death is not the other's
            extra = stage.holders("hs0")[0]
            stage.platform.juxta("stop", extra, timeout=90)
            stage.platform.juxta("start", extra)
            stage.mended(["h0", "hs0"])
            stage.refresh()
            victims = stage.holders("h0")
        killed = stage.kill(*victims)
        time.sleep(3)
        stage.start(*victims)
        time.sleep(1)
        holders = stage.holders("hs0")
        stopped = stage.stop(*holders)
        time.sleep(10)
        gone_on = now()
        stage.go_on(*[stage.pid[h] for h in holders])
        time.sleep(4)
        doomed.process.stdin.write("stop\n")
        doomed.process.stdin.flush()
        silent.end()
        back = silent.back_after(gone_on, "hs0")
        run.time("UNAVAILABLE told after", silent.first_failure(stopped, "hs0", "unavailable"))
        run.time("back after they went on", back, 5)
        silent.may_fail("unavailable", "deadline_exceeded", "lease_expired")
        doomed.summary = doomed._answer()
        doomed.process.communicate()
        run.time("DATA_LOST told after", doomed.first_failure(killed, "h0", "data_lost"), T_D + 1)
        doomed.may_fail("data_lost", "unavailable", "deadline_exceeded")
        after = [o for o in doomed.operations() if o["outcome"] == "ok" and o["invoked"] / 1e9 > killed]
        run.require(not after, f"operations on lost data succeeded: {after[:2]}")


def f17(run):
    """A provider is full: new data are placed elsewhere, or refused with a typed error; others go on as before."""
    with Stage(run, providers=5, memory="64MiB") as stage, Load(stage, data=1, clients=2) as load:
        with open(stage.platform.path("piece"), "wb") as file:
            file.write(os.urandom(4 << 20))
        full = next(n for n in stage.names("provider") if n not in stage.holders("h0"))
        there = {"JUXTA_HOST": stage.elements[full]["host"]}
        time.sleep(1)
        calm, calm_end = now(), now() + run.rounds(8, 2)
        time.sleep(calm_end - calm)
        put, elsewhere, refused = [], 0, None
        while elsewhere < 3 and refused is None and len(put) < 64:
            name = f"f{len(put)}"
            try:
                stage.platform.json("put", "piece", "--name", name, "--copies", "1", env=there)
                elsewhere += stage.holders(name) != [full]
                put.append(name)
            except Failed as e:
                refused = e
        run.require(elsewhere > 0 or "out_of_space" in refused.out, f"neither placed elsewhere nor a typed refusal: {refused}")
        run.require(len(put) - elsewhere >= 10, f"only {len(put) - elsewhere} of 4 MiB fitted a provider of 64 MiB")
        run.note(f"{len(put) - elsewhere} of 4 MiB filled {full}, {elsewhere} went elsewhere, refused: {refused}")
        filled, end = now(), now() + run.rounds(8, 2)
        time.sleep(end - filled)
        for name in put:
            stage.platform.juxta("get", name, "-o", "got")
        with open(stage.platform.path("large"), "wb") as file:
            file.write(b"x" * (65 << 20))
        try:
            stage.platform.json("put", "large", "--name", "large", "--copies", "1")
            run.require(False, "65 MiB fitted a provider of 64 MiB")
        except Failed as e:
            run.require(e.error()["code"] == "out_of_space" and len(e.err.strip().splitlines()) == 1, f"not a typed refusal: {e}")
        load.end()
        load.may_fail()
        slower = median_loop(load, filled, end) / median_loop(load, calm, calm_end) - 1
        run.figure("others slower by", 100 * slower, "%", 5 if not run.short else 50)


def median_loop(load, begin, end):
    """Of releases, from the acquire on."""
    begun, times = {}, []
    for o in sorted(load.operations(), key=lambda o: o["invoked"]):
        if o["op"] == "acquire":
            begun[o["client"]] = o["invoked"]
        elif o["op"] == "release" and begin < o["invoked"] / 1e9 < end:
            times.append(o["returned"] - begun[o["client"]])
    return part(times, 0.5)
