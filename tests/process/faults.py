"""Runs fault scenarios and judges their figures: faults.py [--short] [--json FILE] [--seed N] [SCENARIO...]

Without names: all. --short: fewer rounds; outcomes are asserted as they are, times at five times their bar. Exit 1 if a
promise is broken or a figure misses its bar.
"""
import argparse
import json
import sys
import traceback

from fault_scenarios import campaign, locks, managers, providers, restarts, scale
from fault_scenarios.run import Run

TABLE = {
    "F01": providers.f01,
    "F02": providers.f02,
    "F03": providers.f03,
    "F04": providers.f04,
    "F06": managers.f06,
    "F07": managers.f07,
    "F13": locks.f13,
    "F15": providers.f15,
    "F17": providers.f17,
    "F34": scale.f34,
    "F38": campaign.f38,
    "ALL": restarts.all_at_once,
    "KILLS": restarts.kills_and_counters,
}


def one(name, short, seed):
    run = Run(name, short, seed)
    print(f"{name}: {TABLE[name].__doc__.strip().splitlines()[0]}", flush=True)
    try:
        TABLE[name](run)
    except Exception as e:  # a scenario that broke has not passed
        traceback.print_exc()
        run.require(False, f"the scenario broke: {type(e).__name__}: {e}")
    print(f"{name}: {'skipped' if run.skipped else 'holds' if run.good else 'DOES NOT HOLD'}", flush=True)
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", nargs="*", help=", ".join(TABLE))
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    unknown = [name for name in options.scenario if name not in TABLE]
    if unknown:
        parser.error(f"no scenario {', '.join(unknown)}; there are {', '.join(TABLE)}")
    runs = [one(name, options.short, options.seed) for name in options.scenario or TABLE]
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"scenarios": [run.document() for run in runs]}, file, indent=1)
    bad = [run.name for run in runs if not run.good]
    skipped = [run.name for run in runs if run.skipped]
    print(f"{len(runs) - len(bad) - len(skipped)} of {len(runs)} scenarios hold"
          + (f"; not: {', '.join(bad)}" if bad else "") + (f"; skipped: {', '.join(skipped)}" if skipped else ""))
    sys.exit(1 if bad else 77 if len(skipped) == len(runs) else 0)


if __name__ == "__main__":
    main()
