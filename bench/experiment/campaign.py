"""The volatility experiment of RR-4924, section 4.2, as a whole: campaign.py --bin build/bin --runs FOLDER --out FOLDER

Hours of runs of juxta-bench-volatility, the most telling first; each leaves FOLDER/KEY.json, and what is there is not
run again: it may be interrupted and continued at any time (--fresh begins anew). Figures and a table are made of
whatever is there. --hours, --minutes: begin no run that would not fit.
"""
import argparse
import json
import os
import subprocess
import sys
import time

import figure

PER_STALL = (2, 5, 10, 20, 40, 80)  # delta / R
SIZES = {"64KiB": 65536, "1KiB": 1024, "16MiB": 16 << 20}
SEEDS = 5
MOST_KILLS = 13  # without restarts, of 16 providers with 3 copies
GUESS = {False: 0.05, True: 1.1}  # R in s, until it is measured
SHORTEST = 0.3  # s between kills
STARTING = 15  # s, of a platform, and its end


def stall_of(runs, size, silent):
    """R in s, of the runs of its own; None before there are any."""
    stalls = [k["stall_ms"] / 1e3 for key, run in runs.items() if key.startswith(own_key(size, silent)) for k in run["kills"]]
    return sum(stalls) / len(stalls) if stalls else None


def mode(silent):
    return "silent" if silent else "crash"


def own_key(size, silent):
    return f"R-{size}-{mode(silent)}"


class Plan:
    """What to run, in order: key, options, seconds. A delta is known once R is."""

    def __init__(self, runs):
        self.runs = runs

    def own(self, size, silent, seed):
        delta = 4 if silent else 2.5
        return (f"{own_key(size, silent)}-{seed}",
                self.options(size, silent, seed, delta=delta, restart=3, windows=1, kills=10 if silent else 20))

    def point(self, size, silent, restart, per_stall, seed):
        stall = stall_of(self.runs, size, silent) or GUESS[silent]
        delta = per_stall * stall
        kills = MOST_KILLS if not restart else max(MOST_KILLS, min(40, int(30 / delta)))
        windows = 1 if not restart or delta > 5 else 2
        return (f"{size}-{mode(silent)}-{'restarts' if restart else 'none'}-{per_stall}-{seed}",
                self.options(size, silent, seed, delta=delta, restart=3 if restart else 0, windows=windows, kills=kills))

    def options(self, size, silent, seed, delta, restart, windows, kills):
        options = {"bytes": SIZES[size], "delta": round(delta, 4), "kills": kills, "windows": windows, "seed": seed,
                   "restart-after": restart, "quiet": 5, "most-stall": min(5, delta) if not silent else 5}
        if silent:
            options["silent"] = None
        return options

    def all(self):
        yield from (self.own("64KiB", silent, seed) for silent in (False, True) for seed in range(1, 4))
        for seed in range(1, SEEDS + 1):
            for size in SIZES:
                if seed == 1:
                    yield from (self.own(size, silent, s) for silent in (False, True) for s in range(1, 4))
                for silent in (False, True):
                    for restart in (True, False):
                        for per_stall in PER_STALL:
                            if per_stall * (stall_of(self.runs, size, silent) or GUESS[silent]) < SHORTEST:
                                continue  # whom to kill is looked up before: it takes longer
                            yield self.point(size, silent, restart, per_stall, seed)
            if seed == 1:
                yield ("control-80s", self.options("64KiB", False, 1, delta=80, restart=0, windows=1, kills=MOST_KILLS))
                yield from self.false_evictions()

    def false_evictions(self):
        """Ten minutes without kills for each detection time: idle, looping, and with both cores busy."""
        for detection_ms in (1000, 500, 250):
            for load in ("idle", "looping", "busy"):
                options = {"bytes": 65536, "kills": 0, "quiet": 300, "windows": 1, "seed": 1, "detection-ms": detection_ms}
                if load == "idle":
                    options["idle"] = None
                yield f"quiet-{detection_ms}-{load}", options


def seconds_of(options):
    return options["windows"] * options.get("delta", 0) * options["kills"] + (options["windows"] + 1) * options["quiet"] + STARTING


def run_one(bin_folder, key, options):
    words = [f"--{name}" + ("" if value is None else f"={value}") for name, value in options.items()]
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count())] if key.endswith("-busy") else []
    try:
        done = subprocess.run([os.path.join(bin_folder, "juxta-bench-volatility"), *words], capture_output=True, text=True, check=False)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    if not done.stdout:
        raise SystemExit(f"{key}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def read_runs(folder):
    runs = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                runs[name[:-5]] = json.load(file)
    return runs


def write(path, document):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
    os.replace(path + ".new", path)


def run_campaign(options):
    end = time.time() + 3600 * options.hours + 60 * options.minutes if options.hours or options.minutes else float("inf")
    runs = read_runs(options.runs)
    for key, words in Plan(runs).all():
        if key in runs:
            continue
        if time.time() + seconds_of(words) > end:
            print(f"{key}: {seconds_of(words):.0f} s do not fit the budget any more", flush=True)
            continue
        began = time.time()
        runs[key] = run_one(options.bin, key, words)
        write(os.path.join(options.runs, key + ".json"), runs[key])
        run = runs[key]
        told = f"overhead {100 * run['overhead']:.2f} %" if run["kill_seconds"] else f"{run['void_windows']} void windows"
        print(f"{key}: {time.time() - began:.0f} s, {len(run['kills'])} kills, {told}, {run['lost']} lost", flush=True)
    return runs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--runs", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--hours", type=float, default=0)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--fresh", action="store_true", help="forget the runs that are there")
    options = parser.parse_args()
    os.makedirs(options.runs, exist_ok=True)
    os.makedirs(options.out, exist_ok=True)
    if options.fresh:
        for name in os.listdir(options.runs):
            os.remove(os.path.join(options.runs, name))
    runs = run_campaign(options)
    table = figure.table_of(runs, PER_STALL, SIZES)
    write(os.path.join(options.out, "volatility.json"), table)
    for silent in (False, True):
        path = os.path.join(options.out, f"volatility_{mode(silent)}.svg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(figure.draw(table, silent))
    print(f"{len(runs)} runs; figures and table in {options.out}")
    sys.exit(1 if table["lost"] else 0)


if __name__ == "__main__":
    main()
