"""The reference data of data/reference as plain dictionaries: what docs/domain.md calls by the names of its CSV files."""

import csv
import datetime
import pathlib
from decimal import ROUND_HALF_UP, Decimal

import civil


class Refused(Exception):
    """The record is quarantined; the text is the reason of docs/domain.md 4.3."""


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def date(text, default):
    return civil.days_of(datetime.date.fromisoformat(text)) if text else default


def normalised(system, code):
    """ICD-10 becomes SKS: upper case, no dot, a leading D."""
    if system in ("SKS", "ICD-10"):
        code = code.upper().replace(".", "")
    return ("SKS", "D" + code) if system == "ICD-10" else (system, code)


def matches(row, code):
    return code.startswith(row["code"]) if row["match"] == "prefix" else code == row["code"]


def rounded(value, decimals):
    """Half away from zero."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


class Measure:
    def __init__(self, row):
        self.key, self.kind, self.unit = row["measure_key"], row["value_kind"], row["ucum_unit"]
        self.low = Decimal(row["hard_min"]) if row["hard_min"] else None
        self.high = Decimal(row["hard_max"]) if row["hard_max"] else None
        self.values = set()

    def checked(self, value):
        """A value in the canonical unit, if it is possible at all."""
        if self.kind == "ordinal" and value != value.to_integral_value():
            raise Refused("NOT_INTEGER")
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise Refused("RANGE_HARD")
        return value


class Reference:
    def __init__(self, folder, organisations=None):
        folder = pathlib.Path(folder)
        self.programmes = {r["programme"]: r for r in rows(folder / "programmes.csv")}
        self.diagnoses = rows(folder / "diagnoses.csv")
        self.interventions = {r["fsiii_uuid"]: r for r in rows(folder / "interventions.csv")}
        self.stop_reasons = {r["uuid"]: r["reason_class"] for r in rows(folder / "dropout_reasons.csv")}
        self.education = {r["dst_code"]: r["education_group"].upper() for r in rows(folder / "education.csv")}
        self.municipalities = {r["code"] for r in rows(folder / "municipalities.csv")}
        self.regions_of = {}
        for r in rows(folder / "municipalities.csv"):
            span = (date(r["valid_from"], -10**6), date(r["valid_to"], 10**6))
            self.regions_of.setdefault(r["code"], []).append((*span, r["region_code"]))
        self.organisations = {}
        for r in rows(organisations or folder / "organisations.csv"):
            r["from"], r["to"] = date(r["valid_from"], -10**6), date(r["valid_to"], 10**6)
            self.organisations.setdefault(r["sor_id"], []).append(r)
        self.sets = {}
        for r in rows(folder / "admission_sets.csv"):
            self.sets.setdefault(r["set"], []).append(r)
        self.measures, self.codes = {}, {}
        for r in rows(folder / "measurements.csv"):
            measure = self.measures.setdefault(r["measure_key"], Measure(r))
            self.codes[r["code_system"], r["code"]] = (measure, self.units(r["accepted_units"]))
        for r in rows(folder / "measurement_values.csv"):
            self.measures[r["measure_key"]].values.add(r["allowed_value"])
        self.standards = rows(folder / "standards.csv")
        for r in self.standards:
            r["from"], r["to"] = date(r["valid_from"], -10**6), date(r["valid_to"], 10**6)
        self.cache = {}

    @staticmethod
    def units(text):
        """`unit=factor[;offset][;roundN]`, separated by |."""
        found = {}
        for part in filter(None, text.split("|")):
            unit, _, rule = part.rpartition("=")
            factor, *more = rule.split(";")
            digits = next((int(m[5:]) for m in more if m.startswith("round")), None)
            offset = next((Decimal(m) for m in more if not m.startswith("round")), Decimal(0))
            found[unit] = (Decimal(factor), offset, digits)
        return found

    def organisation(self, sor, days):
        """The row valid on the civil date, or nothing."""
        return next((r for r in self.organisations.get(sor, ()) if r["from"] <= days <= r["to"]), None)

    def region(self, municipality, days):
        return next((code for low, high, code in self.regions_of.get(municipality, ()) if low <= days <= high), "UNKNOWN")

    def diagnosis_rows(self, system, code):
        """The rows of the longest code that matches: two rows with the same code apply both."""
        key = (system, code)
        if key not in self.cache:
            system, code = normalised(system, code)
            hits = [r for r in self.diagnoses if r["system"] == system and matches(r, code)]
            longest = max((len(r["code"]) for r in hits), default=0)
            self.cache[key] = [r for r in hits if len(r["code"]) == longest]
        return self.cache[key]

    def in_set(self, name, code):
        return any(matches(r, code.upper().replace(".", "")) for r in self.sets[name])

    def in_sets(self, prefix, code):
        return any(self.in_set(name, code) for name in self.sets if name.startswith(prefix))

    def measured(self, content):
        """(measure key, value in the canonical unit) of a MeasurementRecorded (docs/domain.md 6)."""
        if (content["code_system"], content["code"]) not in self.codes:
            raise Refused("CODE_UNKNOWN")
        measure, units = self.codes[content["code_system"], content["code"]]
        if measure.kind == "code":
            if "coded" not in content:
                raise Refused("VALUE_MISSING")
            if content["coded"] not in measure.values:
                raise Refused("ENUM_UNKNOWN")
            return measure.key, content["coded"]
        if "numeric" not in content:
            raise Refused("VALUE_MISSING")
        value, unit = Decimal(repr(content["numeric"])), content.get("unit", "")
        if not unit and measure.kind == "numeric":
            raise Refused("UNIT_MISSING")
        if unit and unit != measure.unit:
            if unit not in units:
                raise Refused("UNIT_UNKNOWN")
            factor, offset, digits = units[unit]
            value = rounded(factor * value + offset, 9 if digits is None else digits)
        return measure.key, measure.checked(value)

    def score(self, key, value):
        if key not in self.measures:
            raise Refused("CODE_UNKNOWN")
        return self.measures[key].checked(Decimal(repr(value)))
