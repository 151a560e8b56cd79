"""One run of a scenario: its figures and whether they hold."""
import time


class Run:
    def __init__(self, name, short, seed):
        self.name, self.short, self.seed = name, short, seed
        self.figures, self.broken, self.notes = [], [], []
        self.skipped = None
        self.began = time.time()

    def rounds(self, full, short):
        return short if self.short else full

    def figure(self, what, measured, unit, at_most=None, is_time=False):
        """Times are asserted at five times their bar in the short form, everything else as it is."""
        bar = at_most * 5 if self.short and is_time and at_most is not None else at_most
        holds = bar is None or measured <= bar
        self.figures.append({"scenario": self.name, "what": what, "measured": measured, "unit": unit, "bar": at_most,
                             "asserted": bar, "holds": holds})
        tell = "" if bar is None else f"; bar {at_most:g}" + (f" (asserted {bar:g})" if bar != at_most else "")
        print(f"  {self.name}  {what}: {measured:.4g} {unit}{tell}{'' if holds else '  DOES NOT HOLD'}", flush=True)

    def time(self, what, seconds, at_most=None):
        self.figure(what, seconds, "s", at_most, is_time=True)

    def require(self, holds, what):
        if not holds:
            self.broken.append(what)
            print(f"  {self.name}  BROKEN: {what}", flush=True)

    def note(self, text):
        self.notes.append(text)
        print(f"  {self.name}  {text}", flush=True)

    def skip(self, why):
        """Counted, never silent."""
        self.skipped = why
        print(f"  {self.name}  SKIPPED: {why}", flush=True)

    @property
    def good(self):
        return not self.broken and all(f["holds"] for f in self.figures)

    def document(self):
        return {"scenario": self.name, "good": self.good, "short": self.short, "seed": self.seed, "figures": self.figures,
                "broken": self.broken, "notes": self.notes, "skipped": self.skipped, "seconds": time.time() - self.began}
