"""What the gateway serves against the oracle's cells (docs/domain.md 10, 11): every shown figure must equal the sum of the cells
behind it, no shown figure may be small, and a suppressed one must have something small to hide or to protect."""

import json
import math

import civil

COUNTS = ("I-01", "I-02", "I-19", "I-20")  # their denominators are residents, which no event tells
CLASSES = {"LEVEL": 5, "EDUCATION": 6, "SEX": 7, "AGE_BAND": 8}  # the place in a cell
DETAIL = 9  # the reason of I-10, the set of I-19
FEWEST_FOR_MEDIAN, FEWEST_FOR_P90 = 5, 10
FIGURES = ("numerator", "numerator2", "denominator", "unknown", "excluded", "sum_thousandths")


def empty():
    return {**dict.fromkeys(FIGURES, 0), "buckets": {}}


def add(into, figures):
    for name in FIGURES:
        into[name] += figures[name]
    for days, count in figures["buckets"].items():
        into["buckets"][days] = into["buckets"].get(days, 0) + count


def percentile(buckets, p):
    """Value number ceil(p n / 100)."""
    wanted = math.ceil(p * sum(buckets.values()) / 100)
    for days in sorted(buckets):
        wanted -= buckets[days]
        if wanted <= 0:
            return days
    return None


def quarter_of(text):
    return int(text[:4]) * 4 + int(text[5]) - 1


def small(n):
    return 1 <= n <= 4


class Figures:
    """The oracle's cells, summed to what tables show."""

    def __init__(self, cells, ref):
        self.ref, self.by_period = ref, {}
        for cell, figures in cells.items():
            self.by_period.setdefault((cell[0], cell[1], cell[2]), []).append((cell, figures))

    def window(self, indicator, period):
        """The cells of a period: of a quarter, of cells that are rolling already, or of four quarters."""
        last = quarter_of(period)
        if not period.endswith("-R"):
            return self.by_period.get((indicator, period, False), [])
        if indicator == "I-14":
            return self.by_period.get((indicator, period[:-2], True), [])
        quarters = [civil.quarter_text(last - n) for n in range(4)]
        return [pair for q in quarters for pair in self.by_period.get((indicator, q, False), [])]

    def rows(self, indicator, period, table, programme):
        """Row key -> figures; TOTAL is one of them."""
        end = civil.last_day(quarter_of(period))
        rows = {"TOTAL": empty()}
        for cell, figures in self.window(indicator, period):
            if programme and cell[4] != programme:
                continue
            add(rows["TOTAL"], figures)
            for key in self.keys(cell, table, end):
                add(rows.setdefault(key, empty()), figures)
        return rows

    def keys(self, cell, table, end):
        area, _, by = table.partition("_") if table.startswith("REGION_") else (table, "", "")
        if area == "MUNICIPALITY":
            return [cell[3]]
        if area in CLASSES:
            return [str(cell[CLASSES[area]] or "UNKNOWN")]
        if area == "NATION":
            return ["NATION"]
        if area == "REASON":
            return [cell[DETAIL] if self.ref.stop_reasons.get(cell[DETAIL]) == "DROPOUT" else "UNKNOWN"]
        if area == "SET":
            return [cell[DETAIL] or "UNKNOWN"]
        region = self.ref.region(cell[3], end)
        if not by:
            return [region]
        kind = str(cell[CLASSES[by]] or "UNKNOWN")
        return [(region, kind), (region, "TOTAL"), ("DK", kind), ("DK", "TOTAL")]

    def smalls(self, indicator, period):
        """Whether the period or one that its window touches has anything small at the grain of municipalities."""
        last = quarter_of(period)
        quarters = range(last - 4, last + 1) if period.endswith("-R") else (last,)
        sums = {}
        for q in quarters:
            for rolling in (False, True):
                for cell, figures in self.by_period.get((indicator, civil.quarter_text(q), rolling), []):
                    for programme in (cell[4], ""):
                        for place in ((3, cell[3]), *((i, cell[i]) for i in (*CLASSES.values(), DETAIL))):
                            add(sums.setdefault((q, rolling, programme, place), empty()), figures)
        return any(
            small(f[name]) for f in sums.values() for name in FIGURES[:5]
        ) or any(small(f["denominator"] - f["numerator"]) for f in sums.values())


class Comparison:
    def __init__(self, cells, ref):
        self.figures, self.ref = Figures(cells, ref), ref
        self.table, self.words = {}, []  # indicator -> [tables, shown, suppressed, differences]
        self.small_things, self.taken = {}, set()

    def differ(self, where, sentence):
        self.table[where.split()[0]][3] += 1
        self.words.append(f"{where}: {sentence}")

    def take(self, answer):
        """One table of the gateway."""
        indicator, period = answer["indicator"], answer["period"]
        count = self.table.setdefault(indicator, [0, 0, 0, 0])
        count[0] += 1
        self.taken.add((indicator, period, answer["table"], answer.get("programme", "")))
        name = f"{indicator} {period} {answer['table']} {answer.get('programme', '')}".strip()
        if indicator == "I-24":
            self.completeness(name, answer)
            return
        for gap in answer.get("gaps", ()):
            self.gap(f"{name} gap of {gap['indicator']} by {gap['table']}", answer, gap)
        if indicator == "I-23":
            return
        mine = self.figures.rows(indicator, period, answer["table"], answer.get("programme", ""))
        if answer["table"] == "NATION":
            mine.pop("NATION", None)
        for row in answer.get("rows", ()):
            key = (row["key"], row["by"]) if row.get("by") else row["key"]
            expected = mine["TOTAL"] if answer["table"] == "NATION" else mine.pop(key, empty())
            if answer["table"] == "REASON":  # parts of the numerator, of the denominator of the whole
                expected = {**empty(), "numerator": expected["numerator"], "denominator": mine["TOTAL"]["denominator"]}
            self.row(f"{name} {key}", answer, row, expected)
        self.row(f"{name} TOTAL", answer, answer["total"], mine["TOTAL"])
        for key, figures in mine.items():
            if key != "TOTAL" and any(figures.values()):
                self.differ(name, f"the gateway has no row {key}, the oracle {figures}")

    def gap(self, where, answer, gap):
        """value(low) - value(high) in percentage points; both sides are rows of a table of the nation."""
        mine = self.figures.rows(gap["indicator"], answer["period"], gap["table"], answer.get("programme", ""))
        of = {**answer, "indicator": gap["indicator"]}
        low, high = ("LOW", "HIGH") if gap["table"] == "EDUCATION" else (gap["low"]["key"], gap["high"]["key"])
        for key, row in ((low, gap["low"]), (high, gap["high"]), ("UNKNOWN", gap["unknown"])):
            self.row(f"{where} {key}", of, row, mine.get(key, empty()), told_as=answer["indicator"])
        sides = [mine.get(key, empty()) for key in (low, high)]
        points = gap["points"]
        if points["status"] == "FIGURE_STATUS_SHOWN":
            rates = [f["numerator"] / f["denominator"] for f in sides if f["denominator"]]
            if len(rates) < 2 or abs(points["value"] - 100 * (rates[0] - rates[1])) > 1e-6:
                self.differ(where, f"{points['value']} points, the oracle {rates}")
            if any(side["rate"]["status"] != "FIGURE_STATUS_SHOWN" for side in (gap["low"], gap["high"])):
                self.differ(where, "points are shown, and a side of them is not")

    def row(self, where, answer, row, mine, told_as=None):
        indicator, period = answer["indicator"], answer["period"]
        count = self.table[told_as or indicator]
        shown = {}
        measured = indicator == "I-05" or indicator.startswith("I-21")
        names = {"numerator": "numerator", "denominator": "denominator", "unknown": "unknown", "excluded": "excluded"}
        if answer.get("second"):
            names["second"] = "numerator2"
        for name, of in names.items():
            figure = row.get(name)
            if figure is None:  # a table without second figures
                continue
            status, value = figure["status"].removeprefix("FIGURE_STATUS_"), int(figure.get("value") or 0)
            if (name == "denominator" and indicator in COUNTS) or (name == "numerator" and measured):
                continue
            if status == "SUPPRESSED":
                count[2] += 1
                self.suppressed(where, name, indicator, period)
                continue
            if status == "NO_DATA" and not mine[of]:
                continue
            count[1] += 1
            shown[name] = value
            if value != mine[of]:
                self.differ(where, f"{name} {value}, the oracle {mine[of]}")
            if small(value):
                self.differ(where, f"{name} {value} is shown")
        rest = shown.get("denominator", 0) - shown.get("numerator", shown.get("denominator", 0))
        if small(rest) and not measured and indicator not in COUNTS:
            self.differ(where, f"denominator - numerator is {rest} and shown")
        self.rates(where, answer, count, row, shown, mine)

    def suppressed(self, where, name, indicator, period):
        key = (indicator, period)
        if key not in self.small_things:
            self.small_things[key] = self.figures.smalls(indicator, period)
        if not self.small_things[key]:
            self.differ(where, f"{name} is suppressed, and nothing of the period is small")

    def rates(self, where, answer, count, row, shown, mine):
        indicator, n, expected = answer["indicator"], mine["denominator"], {}
        per = answer.get("rate_per") or 1
        if indicator == "I-05":
            expected["median"] = (percentile(mine["buckets"], 50), FEWEST_FOR_MEDIAN, "denominator", n)
            expected["p90"] = (percentile(mine["buckets"], 90), FEWEST_FOR_P90, "denominator", n)
        elif indicator.startswith("I-21"):
            expected["mean"] = (mine["sum_thousandths"] / 1000 / n if n else None, FEWEST_FOR_MEDIAN, "denominator", n)
            units = n + mine["unknown"]
            expected["rate"] = (n / units if units else None, 0, "unknown", n)
        elif indicator not in COUNTS:
            expected["rate"] = (per * mine["numerator"] / n if n else None, 1, "numerator", n)
            if indicator == "I-22":
                answers = mine["numerator"]
                mean = mine["sum_thousandths"] / 1000 / answers if answers else None
                expected["mean"] = (mean, FEWEST_FOR_MEDIAN, "numerator", answers)
            if answer.get("second") and "second_rate" in row:
                expected["second_rate"] = (per * mine["numerator2"] / n if n else None, 1, "second", n)
        for name, (value, fewest, needs, of) in expected.items():
            status = row[name]["status"].removeprefix("FIGURE_STATUS_")
            if status == "SHOWN":
                count[1] += 1
                if value is None or abs(row[name]["value"] - value) > 1e-9 * max(1, abs(value)):
                    self.differ(where, f"{name} {row[name]['value']}, the oracle {value}")
                if needs not in shown or "denominator" not in shown or of < fewest:
                    self.differ(where, f"{name} is shown, although what it is made of is not, or is too little")
            elif status == "SUPPRESSED":
                count[2] += 1
            elif of:
                self.differ(where, f"{name} is {status}, the oracle {value}")

    def missing(self, first, last):
        """Tables that count something, and that the gateway did not give or gave empty."""
        rolling = {indicator for indicator, period, _, _ in self.taken if period.endswith("-R")}
        for indicator in {indicator for indicator, _, _ in self.figures.by_period}:
            self.table.setdefault(indicator, [0, 0, 0, 0])
            for quarter in range(first, last + 1):
                for period in (civil.quarter_text(quarter), civil.quarter_text(quarter) + "-R"):
                    if period.endswith("-R") and indicator not in rolling:
                        continue
                    self.missing_of(indicator, period)

    def missing_of(self, indicator, period):
        counted = {cell[4] for cell, f in self.figures.window(indicator, period) if any(f.values())}
        for programme in counted | ({""} if counted else set()):
            for table in ("NATION", "REGION", "MUNICIPALITY"):
                if (indicator, period, table, programme) not in self.taken:
                    self.differ(f"{indicator} {period} {table} {programme}", "the gateway counts nothing, the oracle does")

    def completeness(self, name, answer):
        """I-24 counts organisations: nothing is suppressed, a row is 1 or 0 of 1."""
        end = civil.last_day(quarter_of(answer["period"]))
        seen = {(cell[3], cell[9]) for cell, f in self.figures.window("I-24", answer["period"]) if f["numerator"] > 0}
        places = {m for m in self.ref.municipalities if self.ref.region(m, end) != "UNKNOWN"}
        areas = {
            "MUNICIPALITY": ({m for m, sector in seen if sector == "MUNICIPALITY"}, places),
            "REGION": (
                {self.ref.region(m, end) for m, sector in seen if sector == "REGION"},
                {self.ref.region(m, end) for m in places},
            ),
        }
        expected = {}
        if answer["table"] == "NATION":
            expected["MUNICIPALITIES"] = tuple(map(len, areas["MUNICIPALITY"]))
            expected["REGIONS"] = tuple(map(len, areas["REGION"]))
            expected["TOTAL"] = expected["MUNICIPALITIES"]
        else:
            reported, there = areas[answer["table"]]
            expected = {area: (int(area in reported), 1) for area in there}
            expected["TOTAL"] = (len(reported), len(there))
        for row in [*answer["rows"], answer["total"]]:
            found = tuple(int(row[figure].get("value") or 0) for figure in ("numerator", "denominator"))
            self.table["I-24"][1] += 2
            if found != expected.get(row["key"]):
                self.differ(f"{name} {row['key']}", f"{found}, the oracle {expected.get(row['key'])}")

    def rows_of_table(self):
        return [(name, *counts) for name, counts in sorted(self.table.items())]


def compare(lines, cells, ref, first, last):
    """All answers of `kronika indicator tables` for these quarters against the cells of the oracle."""
    comparison = Comparison(cells, ref)
    for line in lines:
        if line.startswith("{"):
            comparison.take(json.loads(line))
    comparison.missing(first, last)
    return comparison
