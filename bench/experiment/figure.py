"""The experiment's table and figures, of its runs. NumPy only; the SVG is written by hand."""
import math
import re

import numpy

STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26)  # 97.5 %, by degrees of freedom
COLOURS = {"64KiB": "#1f6fb2", "1KiB": "#2e8b57", "16MiB": "#c0592b"}
KEY = re.compile(r"^(\w+)-(crash|silent)-(restarts|none)-(\d+)-(\d+)$")


def interval(values):
    """Mean and half of its 95 % interval; None for a half of one value."""
    if len(values) < 2:
        return float(numpy.mean(values)), None
    half = STUDENT[min(len(values) - 2, len(STUDENT) - 1)] * numpy.std(values, ddof=1) / math.sqrt(len(values))
    return float(numpy.mean(values)), float(half)


def quantiles(values):
    if not values:
        return None
    return {"mean": float(numpy.mean(values)), "p50": float(numpy.quantile(values, 0.5)),
            "p99": float(numpy.quantile(values, 0.99)), "kills": len(values)}


def stalls(runs, sizes):
    """R and its parts in ms, of the runs of their own."""
    all_of = {}
    for size in sizes:
        for silent in (False, True):
            name = f"R-{size}-{'silent' if silent else 'crash'}"
            kills = [k for key, run in runs.items() if key.startswith(name + "-") for k in run["kills"]]
            if not kills:
                continue
            detect = [min(k["detect_ms"], k["stall_ms"]) for k in kills]
            all_of[name[2:]] = {"R": quantiles([k["stall_ms"] for k in kills]), "detect": quantiles(detect),
                                "elect": quantiles([k["stall_ms"] - d for k, d in zip(kills, detect)]),
                                "copy": quantiles([k["copies_ms"] - k["detect_ms"] for k in kills if k["copies_ms"]])}
    return all_of


def points(runs, per_stalls, sizes):
    found = {}
    for key, run in runs.items():
        named = KEY.match(key)
        if named and run["kill_seconds"] > 0:
            size, how, restarts, per_stall, _ = named.groups()
            found.setdefault((size, how, restarts, int(per_stall)), []).append(run)
    rows = []
    for size in sizes:
        for how in ("crash", "silent"):
            for restarts in ("restarts", "none"):
                for per_stall in per_stalls:
                    some = found.get((size, how, restarts, per_stall))
                    if some:
                        mean, half = interval([100 * r["overhead"] for r in some])
                        rows.append({"size": size, "mode": how, "restarts": restarts == "restarts", "delta_per_R": per_stall,
                                     "delta_s": some[0]["delta_s"], "overhead_percent": mean, "half_95_percent": half,
                                     "runs": len(some), "kills": sum(len(r["kills"]) for r in some)})
    return rows


def quiet(runs):
    rows = []
    for key, run in runs.items():
        if key.startswith("quiet-"):
            _, detection_ms, load = key.split("-")
            rows.append({"detection_ms": int(detection_ms), "load": load, "hours": run["quiet_seconds"] / 3600,
                         "false_evictions_per_hour": run["quiet_changes"] * 3600 / run["quiet_seconds"]})
    return rows


def table_of(runs, per_stalls, sizes):
    control = runs.get("control-80s")
    return {"providers": 16, "copies": 3, "stalls_ms": stalls(runs, sizes), "points": points(runs, per_stalls, sizes),
            "control_80_s": control and {"overhead_percent": 100 * control["overhead"], "kills": len(control["kills"]),
                                         "void_windows": control["void_windows"]},
            "false_evictions": quiet(runs),
            "void_windows": sum(r["void_windows"] for r in runs.values()),
            "runs": len(runs), "kills": sum(len(r["kills"]) for r in runs.values()),
            "acknowledged": sum(r["acknowledged"] for r in runs.values()), "lost": sum(r["lost"] for r in runs.values())}


# ---- The figure ------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT = 760, 480
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 60
X_RANGE, Y_RANGE = (1.6, 100), (0.1, 100)  # delta / R; %


def along(value, low, high, start, end):
    part = (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
    return start + part * (end - start)


def x_of(value):
    return along(value, *X_RANGE, LEFT, WIDTH - RIGHT)


def y_of(value):
    return along(min(max(value, Y_RANGE[0]), Y_RANGE[1]), *Y_RANGE, HEIGHT - BOTTOM, TOP)


def line(x1, y1, x2, y2, colour="#999", width=1.0, dash=""):
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"{dashes}/>'


def text(x, y, words, anchor="start", size=12, colour="#222", turn=""):
    turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{turned}>{words}</text>'


def axes():
    parts = []
    for value in (2, 5, 10, 20, 40, 80):
        parts += [line(x_of(value), TOP, x_of(value), HEIGHT - BOTTOM, "#eee"),
                  text(x_of(value), HEIGHT - BOTTOM + 18, str(value), "middle")]
    for value in (0.1, 1, 10, 100):
        parts += [line(LEFT, y_of(value), WIDTH - RIGHT, y_of(value), "#eee"), text(LEFT - 8, y_of(value) + 4, f"{value:g} %", "end")]
    parts += [line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "#222"), line(LEFT, TOP, LEFT, HEIGHT - BOTTOM, "#222"),
              text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, "delta / R: time between kills in stalls of one reconfiguration", "middle"),
              text(18, HEIGHT / 2, "overhead: stall time in % of the time", "middle", turn="-90"),
              line(x_of(2), y_of(50), x_of(80), y_of(1.25), "#444", 1.2, "2 3"), text(x_of(2.2), y_of(62), "R / delta", colour="#444"),
              line(LEFT, y_of(5), WIDTH - RIGHT, y_of(5), "#b22", 1.2, "6 4"), text(WIDTH - RIGHT - 4, y_of(5) - 5, "5 %", "end", colour="#b22")]
    return parts


def curve(rows, colour, dash):
    parts, before = [], None
    for row in rows:
        x, y = x_of(row["delta_per_R"]), y_of(row["overhead_percent"])
        if before:
            parts.append(line(*before, x, y, colour, 1.5, dash))
        if row["half_95_percent"] is not None:
            low, high = (y_of(row["overhead_percent"] + s * row["half_95_percent"]) for s in (-1, 1))
            parts += [line(x, low, x, high, colour), line(x - 3, low, x + 3, low, colour), line(x - 3, high, x + 3, high, colour)]
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="{colour}"/>')
        before = (x, y)
    return parts


def inset(table, how):
    """R split into detect, elect and, beside it, copy: medians in ms."""
    x, y, width = LEFT + 26, HEIGHT - BOTTOM - 96, 230
    parts = [f'<rect x="{x - 10}" y="{y - 22}" width="{width + 20}" height="106" fill="#fff" stroke="#bbb"/>',
             text(x, y - 7, "medians: R = detect + elect; copies back", size=11)]
    rows = [(size, table["stalls_ms"].get(f"{size}-{how}")) for size in COLOURS]
    longest = max((s["detect"]["p50"] + s["elect"]["p50"] for _, s in rows if s), default=1) or 1
    for i, (size, stall) in enumerate((size, stall) for size, stall in rows if stall):
        top, scale = y + 8 + 25 * i, 0.5 * width / longest
        detect, elect = stall["detect"]["p50"] * scale, stall["elect"]["p50"] * scale
        copy = f", +{stall['copy']['p50']:.0f}" if stall["copy"] else ""
        parts += [text(x, top + 9, size, size=11),
                  f'<rect x="{x + 44}" y="{top}" width="{detect:.1f}" height="11" fill="{COLOURS[size]}" opacity="0.5"/>',
                  f'<rect x="{x + 44 + detect:.1f}" y="{top}" width="{elect:.1f}" height="11" fill="{COLOURS[size]}"/>',
                  text(x + 50 + detect + elect, top + 9,
                       f"{stall['detect']['p50']:.0f} + {stall['elect']['p50']:.0f} ms{copy}", size=10)]
    return parts


def draw(table, silent):
    how = "silent" if silent else "crash"
    title = ("A provider falls silent (SIGSTOP, T_d 1 s)" if silent else "A provider dies (SIGKILL)") \
        + ": lock-put-unlock loop, 16 providers, 3 copies"
    parts = [text(WIDTH / 2, 22, title, "middle", 14), *axes()]
    labels = 0
    for size, colour in COLOURS.items():
        for restarts, dash in ((True, ""), (False, "5 3")):
            rows = [r for r in table["points"] if (r["size"], r["mode"], r["restarts"]) == (size, how, restarts)]
            if rows:
                y = TOP + 14 + 17 * labels
                parts += [*curve(rows, colour, dash), line(WIDTH - 210, y - 4, WIDTH - 180, y - 4, colour, 1.5, dash),
                          text(WIDTH - 174, y, f"{size}, {'restarts after 3 s' if restarts else 'no restarts'}")]
                labels += 1
    if any(f"{size}-{how}" in table["stalls_ms"] for size in COLOURS):
        parts += inset(table, how)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">\n'
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n")
