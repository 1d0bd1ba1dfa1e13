"""What the gateway serves against the oracle's cells (docs/domain.md 10, 11): every shown figure must equal the sum of the cells
behind it, no shown figure may be small, and a suppressed one must have something small to hide or to protect."""

import json
import math
from fractions import Fraction

import civil

COUNTS = ("I-01", "I-02", "I-19", "I-20")  # their denominators are inhabitants, which no event tells
PERSONS_OF_A_PROGRAMME = ("I-01", "I-02")  # a person may have several: all together have no rate
YOUNGEST = {"I-19": 15, "I-20": 65}
INCIDENCE_RUN_IN = 1825
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


def answer_rate_per(answer):
    return answer.get("rate_per") or 1


def small(n):
    return 1 <= n <= 4


class Figures:
    """The oracle's cells, summed to what tables show."""

    def __init__(self, cells, ref, residents=None):
        """`residents`: rows of the file of inhabitants; nothing: there are no rates per inhabitant."""
        self.ref, self.by_period, self.inhabitants = ref, {}, {}
        for row in residents or ():
            self.inhabitants.setdefault(row["quarter"], []).append(row)
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

    def residents(self, indicator, period, table, programme):
        """Row key -> inhabitants; empty: rows of this table have no rate (docs/domain.md 10.3, 16)."""
        if indicator in PERSONS_OF_A_PROGRAMME and not programme:
            return {}
        last = quarter_of(period)
        first = last - 3 if period.endswith("-R") else last
        people = self.inhabitants.get(civil.quarter_text(first))
        if not people:
            return {}
        when = "residents_last_day" if indicator == "I-01" else "residents_first_day"
        end, found = civil.last_day(last), {"TOTAL": 0}
        for row in people:
            youngest = int(row["age_band"].rstrip("+").split("-")[0])
            if youngest < YOUNGEST.get(indicator, 0):
                continue
            band = "0-17" if youngest < 18 else row["age_band"]
            sex = {"M": "MALE", "F": "FEMALE"}[row["sex"]]
            cell = (0, 0, 0, row["municipality"], programme, "", "", sex, band, "")  # level and education it does not tell
            found["TOTAL"] += int(row[when])
            for key in self.keys(cell, table, end):
                found[key] = found.get(key, 0) + int(row[when])
        if indicator != "I-02":
            return found
        before = civil.quarter_text(first - 1)
        for cell, figures in self.by_period.get(("I-01", before, False), ()):
            if cell[4] == programme:
                for key in ["TOTAL", *self.keys(cell, table, end)]:
                    found[key] = found.get(key, 0) - figures["numerator"]
        return {key: max(count, 0) for key, count in found.items()}

    @staticmethod
    def people_of(people, table, key):
        """Inhabitants of a row; nothing where the table has none, 0 where the file has none of the row."""
        untold = table.removeprefix("REGION_") in ("LEVEL", "EDUCATION") and key != "TOTAL" and key[-1] != "TOTAL"
        return None if untold or not people else people.get(key, 0)

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
        if indicator in COUNTS and self.inhabitants:
            return True  # some municipality has few inhabitants of some sex or age, or few without the case
        return any(
            small(f[name]) for f in sums.values() for name in FIGURES[:5]
        ) or any(small(f["denominator"] - f["numerator"]) for f in sums.values())


class Comparison:
    def __init__(self, cells, ref, residents=None, data_start=None):
        self.figures, self.ref, self.data_start = Figures(cells, ref, residents), ref, data_start
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
        self.standards(name, answer)
        if indicator == "I-02" and not self.is_mature(period):
            self.unpublished(name, answer)
            return
        for gap in answer.get("gaps", ()):
            self.gap(f"{name} gap of {gap['indicator']} by {gap['table']}", answer, gap)
        if indicator == "I-23":
            return
        mine = self.figures.rows(indicator, period, answer["table"], answer.get("programme", ""))
        people = self.figures.residents(indicator, period, answer["table"], answer.get("programme", ""))
        if answer["table"] == "NATION":
            mine.pop("NATION", None)
        for row in answer.get("rows", ()):
            key = (row["key"], row["by"]) if row.get("by") else row["key"]
            of_whole = answer["table"] in ("NATION", "REASON", "SET")
            expected = mine["TOTAL"] if answer["table"] == "NATION" else mine.pop(key, empty())
            if answer["table"] == "REASON":  # parts of the numerator, of the denominator of the whole
                expected = {**empty(), "numerator": expected["numerator"], "denominator": mine["TOTAL"]["denominator"]}
            if indicator in COUNTS:
                expected = {**expected, "denominator": Figures.people_of(people, answer["table"], "TOTAL" if of_whole else key)}
            self.row(f"{name} {key}", answer, row, expected)
        total = dict(mine["TOTAL"])
        if indicator in COUNTS:
            total["denominator"] = Figures.people_of(people, answer["table"], "TOTAL")
        self.row(f"{name} TOTAL", answer, answer["total"], total)
        for key, figures in mine.items():
            if answer["table"] == "REASON":  # units that are excluded, unknown or interrupted have no row
                figures = {"numerator": figures["numerator"]}
            if key != "TOTAL" and any(figures.values()):
                self.differ(name, f"the gateway has no row {key}, the oracle {figures}")

    def is_mature(self, period):
        """Whether I-02 may be published: old cases would count as new ones in young data."""
        last = quarter_of(period)
        first = civil.first_day(last - 3 if period.endswith("-R") else last)
        return self.data_start is not None and first - self.data_start >= INCIDENCE_RUN_IN

    def unpublished(self, name, answer):
        if not answer.get("notes"):
            self.differ(name, "nothing is published, and no note says why")
        for row in [*answer.get("rows", ()), answer["total"]]:
            for figure in ("numerator", "denominator", "unknown", "excluded", "rate"):
                if row[figure]["status"] != "FIGURE_STATUS_NO_DATA":
                    self.differ(f"{name} {row['key']}", f"{figure} is {row[figure]['status']} of data that are too young")

    def standards(self, name, answer):
        """Those of the reference data that hold on the period's last day, and the verdicts on each row's shown figure."""
        end = civil.last_day(quarter_of(answer["period"]))
        mine = [s for s in self.ref.standards if s["indicator"] == answer["indicator"] and s["from"] <= end <= s["to"]]
        told = [(s["figure"], s["direction"], float(s["value"])) for s in answer.get("standards", ())]
        if told != [(s["figure"], s["direction"], float(s["value"])) for s in mine]:
            self.differ(name, f"standards {told}, the oracle {mine}")
            return
        if answer["indicator"] == "I-23":
            return
        for row in [*answer.get("rows", ()), answer["total"]]:
            verdicts = [v.removeprefix("VERDICT_") for v in row.get("verdicts", ())]
            expected = [self.verdict(s, row, answer_rate_per(answer)) for s in mine]
            if mine and verdicts == expected:
                self.table[answer["indicator"]][1] += len(verdicts)
            elif verdicts != expected:
                self.differ(f"{name} {row['key']} {row.get('by', '')}", f"verdicts {verdicts}, the oracle {expected}")

    @staticmethod
    def verdict(standard, row, per):
        """By the exact quotient of the two counts that the row shows beside the rate."""
        figure = {"RATE": "rate", "SECOND_RATE": "second_rate"}[standard["figure"]]
        status = row.get(figure, {"status": "FIGURE_STATUS_NO_DATA"})["status"].removeprefix("FIGURE_STATUS_")
        if status != "SHOWN":
            return status
        part = row["numerator" if figure == "rate" else "second"]
        value = per * Fraction(int(part.get("value") or 0), int(row["denominator"]["value"]))
        limit = Fraction(standard["value"]) / (100 if standard["unit"] == "%" else 1)
        holds = {">=": value >= limit, ">": value > limit, "<=": value <= limit, "<": value < limit}
        return "MET" if holds[standard["direction"]] else "NOT_MET"

    def gap(self, where, answer, gap):
        """value(low) - value(high): shares in percentage points, medians, means and rates per inhabitant in their own
        unit; both sides are rows of a table of the nation."""
        indicator, programme = gap["indicator"], answer.get("programme", "")
        mine = self.figures.rows(indicator, answer["period"], gap["table"], programme)
        people = self.figures.residents(indicator, answer["period"], gap["table"], programme)
        of = {**answer, "indicator": indicator}
        low, high = ("LOW", "HIGH") if gap["table"] == "EDUCATION" else (gap["low"]["key"], gap["high"]["key"])
        sides = []
        for key, row in ((low, gap["low"]), (high, gap["high"]), ("UNKNOWN", gap["unknown"])):
            expected = mine.get(key, empty())
            if indicator in COUNTS:
                expected = {**expected, "denominator": Figures.people_of(people, gap["table"], key)}
            self.row(f"{where} {key}", of, row, expected, told_as=answer["indicator"])
            sides.append(self.value(of, expected))
        name = "median" if indicator == "I-05" else "mean" if indicator.startswith("I-21") else "rate"
        statuses = {side[name]["status"].removeprefix("FIGURE_STATUS_") for side in (gap["low"], gap["high"])}
        status = next(s for s in ("SUPPRESSED", "NO_DATA", "SHOWN") if s in statuses)
        points = gap["points"]
        if points["status"] != "FIGURE_STATUS_" + status:
            self.differ(where, f"points are {points['status']}, their sides {statuses}")
        elif status == "SHOWN":
            self.table[answer["indicator"]][1] += 1
            unit = 1 if name != "rate" or indicator in COUNTS else 100
            expected = None if None in sides[:2] else unit * (sides[0] - sides[1])
            if expected is None or abs(points["value"] - expected) > 1e-6:
                self.differ(where, f"{points['value']} points, the oracle {sides[:2]}")

    @staticmethod
    def value(answer, figures):
        """The figure that gaps are made of; nothing where there is none."""
        n = figures["denominator"]
        if answer["indicator"] == "I-05":
            return percentile(figures["buckets"], 50)
        if not n:
            return None
        if answer["indicator"].startswith("I-21"):
            return figures["sum_thousandths"] / 1000 / n
        return (answer_rate_per(answer) if answer["indicator"] in COUNTS else 1) * figures["numerator"] / n

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
            if name == "numerator" and measured:
                continue
            if status == "SUPPRESSED":
                count[2] += 1
                self.suppressed(where, name, indicator, period)
                continue
            if status == "NO_DATA" and not mine[of]:
                if indicator in COUNTS and name == "denominator" and mine[of] == 0:
                    self.differ(where, "no denominator, the oracle 0")
                continue
            count[1] += 1
            shown[name] = value
            if value != mine[of]:
                self.differ(where, f"{name} {value}, the oracle {mine[of]}")
            if small(value):
                self.differ(where, f"{name} {value} is shown")
        rest = shown.get("denominator", 0) - shown.get("numerator", shown.get("denominator", 0))
        if small(rest) and not measured:
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
        per = answer_rate_per(answer)
        if indicator == "I-05":
            expected["median"] = (percentile(mine["buckets"], 50), FEWEST_FOR_MEDIAN, "denominator", n)
            expected["p90"] = (percentile(mine["buckets"], 90), FEWEST_FOR_P90, "denominator", n)
        elif indicator.startswith("I-21"):
            expected["mean"] = (mine["sum_thousandths"] / 1000 / n if n else None, FEWEST_FOR_MEDIAN, "denominator", n)
            units = n + mine["unknown"]
            expected["rate"] = (n / units if units else None, 0, "unknown", n)
        else:
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
        if indicator == "I-02" and not self.is_mature(period):
            return
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


def compare(lines, cells, ref, first, last, residents=None, data_start=None):
    """All answers of `kronika indicator tables` for these quarters against the cells of the oracle."""
    comparison = Comparison(cells, ref, residents, data_start)
    for line in lines:
        if line.startswith("{"):
            comparison.take(json.loads(line))
    comparison.missing(first, last)
    return comparison
