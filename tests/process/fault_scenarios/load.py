"""Clients at work while something is hurt: history_workload, and what its history tells."""
import json
import os
import subprocess

from .stage import TESTS


class Load:
    """with Load(stage, data=2) as load: ...   Stopped and judged at the end of the block."""

    def __init__(self, stage, label="", stall_ms=50, **options):
        self.stage, self.run = stage, stage.run
        self.file = stage.platform.path(f"history{label}.jsonl")
        words = [f"--{key.replace('_', '-')}" + ("" if value is True else f"={value}")
                 for key, value in {"stall_ms": stall_ms, "prefix": f"h{label}", **options}.items() if value is not False]
        self.words = [os.path.join(TESTS, "history_workload"), *words, self.file]
        self.prefix = f"h{label}"
        self.summary = None

    def __enter__(self):
        self.process = subprocess.Popen(self.words, env=self.stage.platform.env, cwd=self.stage.platform.folder, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._answer()
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.process.kill()
            self.process.communicate()
        elif self.summary is None:
            self.end()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the workload ended: {self.process.communicate()[1].strip()}")
        return json.loads(line)

    def ask(self, words):
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return self._answer()

    def probe(self, seconds):
        return self.ask(f"probe {seconds}")

    def end(self):
        """Stops the clients, reads everything again, checks the history."""
        self.summary = self.ask("stop")
        _, said = self.process.communicate()
        self.run.require(self.process.returncode == 0, f"the workload failed: {said}")
        done = subprocess.run([os.path.join(TESTS, "history_check"), self.file], capture_output=True, text=True, check=False)
        verdict = json.loads(done.stdout)
        self.run.require(verdict["good"], f"the history breaks promises {verdict['faults']}: "
                         + "; ".join(f["fault"] + ": " + f["text"] for f in verdict["findings"][:3]))
        if not verdict["good"]:
            os.system(f"cp {self.file} /tmp/juxta-faults-{self.run.name}.jsonl")
        lost = self.summary["lost_acknowledged"]
        self.run.require(lost == 0, f"{lost} acknowledged releases were lost")
        self.run.note(f"{verdict['operations']} operations, {verdict['releases']} releases, loop p50 "
                      f"{self.summary['loop_ms']['p50']:.2f} ms, p99 {self.summary['loop_ms']['p99']:.2f} ms, errors "
                      + str({c: e["count"] for c, e in self.summary["errors"].items()}))
        return self.summary

    def may_fail(self, *codes):
        """No operation failed with any other code."""
        other = {c: e for c, e in self.summary["errors"].items() if c not in codes}
        self.run.require(not other, f"operations failed: {other}")

    def operations(self):
        with open(self.file, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    # -- figures from the history, times in s of now() -------------------------------------------

    def back_after(self, when, datum, op="release"):
        """Seconds from `when` until the first operation begun after it succeeded. Infinite if none did."""
        ends = [o["returned"] for o in self.operations()
                if o["datum"] == datum and o["op"] == op and o["outcome"] == "ok" and o["invoked"] / 1e9 > when]
        return min(ends) / 1e9 - when if ends else float("inf")

    def longest_pause(self, begin, end, data=None, op="release"):
        """The longest time in which none of `op` on a datum succeeded, the worst datum's."""
        by_datum = {}
        for o in self.operations():
            if o["op"] == op and o["outcome"] == "ok" and begin <= o["returned"] / 1e9 <= end:
                by_datum.setdefault(o["datum"], []).append(o["returned"] / 1e9)
        worst = 0
        for name in data or by_datum:
            times = [begin, *sorted(by_datum.get(name, [])), end]
            worst = max(worst, max(b - a for a, b in zip(times, times[1:])))
        return worst

    def first_failure(self, when, datum, code):
        """Seconds from `when` until an operation on the datum first ended with the code."""
        ends = [o["returned"] for o in self.operations()
                if o["datum"] == datum and o.get("code") == code and o["returned"] / 1e9 > when]
        return min(ends) / 1e9 - when if ends else float("inf")
