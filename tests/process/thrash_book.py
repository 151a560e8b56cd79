"""What a campaign was promised: every acknowledged byte, and every event that excuses a loss."""
import threading
import time

SILENT = 0.7  # s of a stop from which on a copy may count as gone until it is full again


class Events:
    """What was done to whom, and when. Any thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self._all = []  # [begin, end or None, what, element]

    def begin(self, what, element):
        entry = [time.time(), None, what, element]
        with self._lock:
            self._all.append(entry)
        return entry

    @staticmethod
    def end(entry):
        entry[1] = time.time()

    def happened(self, what, element):
        self.end(self.begin(what, element))

    def since(self, moment):
        """(what, element) of all that went on at `moment` or later; short stops do not count."""
        now = time.time()
        with self._lock:
            return [(what, element) for begin, end, what, element in self._all
                    if (end or now) >= moment and (what != "stop" or (end or now) - begin >= SILENT)]

    def __len__(self):
        return len(self._all)


class Datum:
    """An acknowledged datum. `admissible`: its contents, or the two that an unanswered write leaves open."""

    def __init__(self, name, content, copies, put_began):
        self.name, self.copies = name, copies
        self.admissible = [content]
        self.since = put_began  # what happened before excuses nothing
        self.seen_full = False  # all copies were there at `since`
        self.holders = set()
        self.cluster = None
        self.lost = False
        self.freed = False
        self.busy = threading.Lock()  # one writer, or one checker, at a time

    def patched(self, offset, patch):
        content = bytearray(self.admissible[-1])
        content[offset:offset + len(patch)] = patch
        return bytes(content)

    def seen(self, asked_at, document):
        """`juxta data` showed it like this."""
        self.cluster = document["owner"]
        full = {c["provider"] for b in document["blocks"] for c in b["copies"] if c["state"] == "full"}
        if len(full) >= self.copies:
            self.since, self.seen_full, self.holders = asked_at, True, full

    def loss_is_excused(self, events, cluster_of):
        """Lost data are excused by as many dead or silenced providers as there were copies, one of them killed."""
        happened = [(what, who) for what, who in events.since(self.since)
                    if who in cluster_of and self.cluster in (None, cluster_of[who])]
        gone = {who for what, who in happened if what in ("kill", "stop")}
        killed = {who for what, who in happened if what == "kill"}
        moved = any(what == "drain" for what, _ in happened) or any(what == "stop" for what, _ in happened)
        if not self.seen_full:
            return bool(killed)
        if self.copies == 1 and not moved:
            return bool(killed & self.holders)
        return bool(killed) and len(gone) >= self.copies


class Book:
    """All data of a campaign. Any thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self._data = {}
        self._names = 0

    def new_name(self):
        with self._lock:
            self._names += 1
            return f"t{self._names}"

    def add(self, datum):
        with self._lock:
            self._data[datum.name] = datum

    def living(self):
        with self._lock:
            return [d for d in self._data.values() if not d.lost and not d.freed]

    def all(self):
        with self._lock:
            return list(self._data.values())
