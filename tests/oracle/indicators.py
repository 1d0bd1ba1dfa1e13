"""The indicators I-01 to I-22 of one person, each unit in exactly one class (docs/domain.md 10.1, 10.3), and I-24."""

import cases
import civil
from pathway import MONITORED
from person import REHAB_SERVICES
from reference import rounded

FITS = {
    1: {"GP_FOLLOWUP", "SELF_CARE_OFFER", "NON_SPECIFIC_MUNICIPAL", "MUNICIPAL_REHAB"},
    2: {"MUNICIPAL_REHAB", "NON_SPECIFIC_MUNICIPAL"},
    3: {"HOSPITAL_REHAB", "HOSPITAL_OUTPATIENT"},
}
COUNTED_AS = {"MUNICIPALITY": "MUNICIPALITY", "HOSPITAL": "REGION", "REGION": "REGION"}  # I-24
OUTCOMES = (("a", "BMI"), ("b", "WEIGHT"), ("c", "WAIST"), ("d", "WALK_6MIN"), ("e", "SIT_TO_STAND_30S"), ("f", "WHO5"))
EMPTY = {"numerator": 0, "numerator2": 0, "denominator": 0, "unknown": 0, "excluded": 0, "sum_thousandths": 0}


class Cells:
    """cell -> figures; a cell is (indicator, period, rolling, municipality, programme, level, education, sex, age,
    detail)."""

    def __init__(self):
        self.cells = {}

    def add(self, cell, figures):
        mine = self.cells.setdefault(cell, {**EMPTY, "buckets": {}})
        for name, value in figures.items():
            if name == "bucket":
                mine["buckets"][value] = mine["buckets"].get(value, 0) + 1
            else:
                mine[name] += value


def reporting(facts, ref, cells):
    """I-24: a citizen counts once a quarter for each place and sector that sent one of its effective events."""
    seen = set()
    for event in facts:
        quarter = civil.quarter_of(event.date)
        sender = ref.organisation(event.raw.get("sender_org", ""), civil.last_day(quarter))
        sector = COUNTED_AS.get(sender["sector"]) if sender else None
        if sector and sender["municipality"]:
            seen.add((quarter, sender["municipality"], sector))
    for quarter, place, sector in seen:
        nobody = ("", 0, "UNKNOWN", "UNKNOWN", "UNKNOWN")
        cells.add(("I-24", civil.quarter_text(quarter), False, place, *nobody, sector), {"numerator": 1})


class Tally:
    def __init__(self, person, cells):
        self.p, self.cells, self.as_of = person, cells, civil.date_of(person.as_of)
        self.last_quarter = civil.quarter_of(self.as_of)

    # --- classes

    def put(self, indicator, index, programme=None, period=None, rolling=False, detail="", **figures):
        """Counts a unit in the cell of its index date."""
        p = self.p
        level = p.level(programme, index) if programme else None
        cell = (
            indicator, civil.quarter_text(civil.quarter_of(index) if period is None else period), rolling,
            p.municipality(index), programme or "", level or 0, p.education(index), p.sex.removeprefix("SEX_"),
            civil.age_band(p.age(index)), detail,
        )  # fmt: skip
        self.cells.add(cell, figures)

    def share(self, indicator, index, programme, hit, second=0, **where):
        figures = {"numerator": int(bool(hit)), "numerator2": int(bool(second)), "denominator": 1}
        self.put(indicator, index, programme, **figures, **where)

    def unknown(self, indicator, index, programme, **where):
        self.put(indicator, index, programme, unknown=1, **where)

    def excluded(self, indicator, index, programme=None, **where):
        self.put(indicator, index, programme, excluded=1, **where)

    def open_window(self, index, days):
        return self.as_of - index <= days

    def quarters_from(self, date):
        """(quarter, the date at which its states are taken) up to now."""
        for quarter in range(civil.quarter_of(date), self.last_quarter + 1):
            yield quarter, min(civil.last_day(quarter), self.as_of)

    def all(self):
        self.case_indicators()
        self.state_indicators()
        self.pathway_indicators()
        self.stay_indicators()

    # --- I-01, I-02, I-04, I-15, I-16, I-17: the chronically ill

    def case_indicators(self):
        p = self.p
        for case, programme in cases.all_of(p):
            kind = programme or cases.diabetes_type(p, case)
            if p.resident(case):
                self.put("I-02", case, kind, numerator=1)
            for quarter, at in self.quarters_from(case):
                if not p.alive(at):
                    break
                kind = programme or cases.diabetes_type(p, at)
                if p.resident(at):
                    self.put("I-01", at, kind, period=quarter, numerator=1)
                if programme == "KOL":
                    self.kol_case(quarter, at)
                if programme is None:
                    self.diabetes_case(quarter, at, case, kind)

    def kol_case(self, quarter, at):
        p = self.p
        self.share("I-17", at, "KOL", p.latest("SMOKING", at, 365), period=quarter)
        if self.completed_in_full("KOL", at):
            self.excluded("I-04", at, "KOL", period=quarter)
            return
        dyspnoea = p.dyspnoea(at)
        if dyspnoea is None:
            self.unknown("I-04", at, "KOL", period=quarter)
        elif dyspnoea >= 3:
            sent = any(
                programme == "KOL" and service in REHAB_SERVICES and 0 <= at - date <= 365
                for date, programme, service in p.referrals
            )
            self.share("I-04", at, "KOL", sent, period=quarter)

    def completed_in_full(self, programme, at):
        pathway = self.p.pathways.get(programme)
        for e in pathway.episodes if pathway else ():
            for when, state, outcome in e.history:
                if (state, outcome) == ("COMPLETED", "FULL") and 0 <= at - civil.date_of(when) <= 730:
                    return True
        return False

    def diabetes_case(self, quarter, at, case, kind):
        p = self.p
        age = p.age(at)
        if age is None:  # an age is asked for: unknown (16)
            for indicator in ("I-15", "I-16a", "I-16b", "I-16c", "I-16d"):
                if indicator == "I-15" or at - case >= 365:
                    self.unknown(indicator, at, kind, period=quarter)
            return
        if age < 18:
            return
        hba1c = p.latest("HBA1C", at, 365)
        if hba1c is None:
            self.unknown("I-15", at, kind, period=quarter)
        else:
            self.share("I-15", at, kind, hba1c.value < 59, hba1c.value >= 75, period=quarter)
        if at - case >= 365:
            self.share("I-16a", at, kind, p.latest("SBP", at, 365), period=quarter)
            self.share("I-16b", at, kind, p.latest("UACR", at, 730), period=quarter)
            self.share("I-16c", at, kind, p.examined("EYE_EXAM", at, 730), period=quarter)
            self.share("I-16d", at, kind, p.examined("FOOT_EXAM", at, 730), period=quarter)

    # --- I-03, I-11: states at the end of a quarter

    def state_indicators(self):
        p = self.p
        for programme, pathway in p.pathways.items():
            for n, e in enumerate(pathway.episodes):
                for quarter, at in self.quarters_from(civil.date_of(e.opened)):
                    cut = p.cut(at)
                    if e.at(cut)[0] not in MONITORED:
                        continue
                    if n + 1 < len(pathway.episodes) and pathway.episodes[n + 1].opened <= cut:
                        continue
                    assessed = [when for when, _ in pathway.levels if when <= cut]
                    fresh = bool(assessed) and at - civil.date_of(assessed[-1]) <= 365
                    self.share("I-03", at, programme, fresh, period=quarter)
                    heard = [t for t in e.touched + p.observed if t <= cut]
                    lost = at - civil.date_of(max(heard)) > 365
                    self.share("I-11", at, programme, lost, period=quarter)

    # --- I-05, I-07 to I-10, I-21, I-22: what happens in a pathway

    def pathway_indicators(self):
        for programme, pathway in self.p.pathways.items():
            for n, e in enumerate(pathway.episodes):
                for wait in e.waits:
                    self.wait(programme, wait)
                entry = e.entered("REHAB_ACTIVE")
                if entry is not None:
                    self.rehab(programme, e, entry)
                final = e.entered("FINAL_INTERVIEW")
                if final is not None:
                    after = pathway.episodes[n + 1].opened if n + 1 < len(pathway.episodes) else None
                    self.outcome(programme, e, entry, final, after)

    def wait(self, programme, wait):
        start = civil.date_of(wait.start)
        if wait.level is None:
            self.unknown("I-07", start, programme)
        else:
            self.share("I-07", start, programme, wait.service in FITS[wait.level])
        ended = wait.ended is not None and civil.date_of(wait.ended) - start <= 90
        if ended and wait.how in ("BACK", "T10", "DECEASED", "MOVED_OUT"):
            self.excluded("I-08", start, programme)
        elif self.open_window(start, 90):
            self.unknown("I-08", start, programme)
        else:
            self.share("I-08", start, programme, ended and wait.how == "UPTAKE")

    def rehab(self, programme, e, entry):
        p, index = self.p, civil.date_of(entry)
        clock = civil.date_of(e.waits[-1].start)
        paused = {
            d
            for s in p.stays
            for d in range(max(s.first_date, clock + 1), min(self.as_of if s.open else s.last_date, index) + 1)
        }
        days = index - clock
        self.put(
            "I-05", index, programme, denominator=1, numerator2=len(paused), sum_thousandths=1000 * days, bucket=days
        )
        later = [(state, outcome) for when, state, outcome in e.history if 0 <= civil.date_of(when) - index <= 365]
        final = ("FINAL_INTERVIEW", "") in later
        gone = any(state in ("DECEASED", "MOVED_OUT") for state, _ in later)
        states = [state for state, _ in later]

        if gone and not final:
            self.excluded("I-09", index, programme)
        elif self.open_window(index, 365):
            self.unknown("I-09", index, programme)
        else:
            self.share("I-09", index, programme, final or ("COMPLETED", "FULL") in later)

        if (gone and not final) or ("COMPLETED", "EARLY") in later:
            self.excluded("I-10", index, programme)
        elif self.open_window(index, 365):
            self.unknown("I-10", index, programme)
        else:
            dropped, interrupted = "DROPPED_OUT" in states, "INTERRUPTED" in states
            detail = e.reason if dropped or interrupted else ""
            self.share("I-10", index, programme, dropped, interrupted, detail=detail)

    def outcome(self, programme, e, entry, final, after):
        p, index = self.p, civil.date_of(final)
        for letter, key in OUTCOMES:
            pair = self.pair(p.values.get(key, []), e.waits[-1].start, entry, final, after)
            if pair is None:
                self.unknown("I-21" + letter, index, programme)
            else:
                change = pair[1].value - pair[0].value
                thousandths = int(rounded(change * 1000, 0))
                self.share("I-21" + letter, index, programme, True, sum_thousandths=thousandths)
        if self.open_window(index, 60):
            self.unknown("I-22", index, programme)
        else:
            answers = [v.value for v in p.values.get("SATISFACTION", []) if -14 <= v.date - index <= 60]
            self.share("I-22", index, programme, answers, sum_thousandths=int(1000 * answers[-1]) if answers else 0)

    @staticmethod
    def pair(values, clock, entry, final, after):
        """(BASELINE, END) of a measure, or nothing."""
        entry_date, final_date = civil.date_of(entry), civil.date_of(final)
        first = [v for v in values if v.mark == "BASELINE" and clock <= v.time <= final]
        if not first:
            first = [v for v in values if v.mark != "END" and -30 <= v.date - entry_date <= 7 and v.time <= final]
        if not first:
            return None
        baseline = first[-1]
        last = [v for v in values if v.mark == "END" and v.time >= entry and (after is None or v.time < after)]
        if last:
            return baseline, last[-1]
        near = [v for v in values if v is not baseline and v.mark != "END" and abs(v.date - final_date) <= 30]
        if not near:
            return None
        return baseline, min(near, key=lambda v: (abs(v.date - final_date), v.time))

    # --- I-06, I-12 to I-14, I-18 to I-20: hospital stays

    def stay_indicators(self):
        p = self.p
        deaths = []
        for stay in p.stays:
            if stay.admission:
                self.preventable(stay)
            kol = self.is_kol(stay)
            adult = p.birth is None or civil.completed_years(p.birth, stay.first_date) >= 30
            if kol and adult and stay.admission and stay.acute is not False:
                deaths.append(stay)
            if stay.discharged_alive and stay.admission:
                self.readmission("I-12", stay, None)
                if kol:
                    self.early_start(stay)
                    if adult and stay.acute is not False:
                        self.kol_readmission(stay)
            if stay.discharged_alive:
                self.heart(stay)
        self.mortality(deaths)

    def is_kol(self, stay):
        ref = self.p.reference
        return any(
            ref.in_set("KOL_MAIN", r.get("main_diagnosis", ""))
            or (
                ref.in_set("KOL_WITH_DJ44_SECONDARY", r.get("main_diagnosis", ""))
                and any(s.upper().startswith("DJ44") for s in r.get("secondary_diagnoses", ()))
            )
            for r in stay.reports
        )

    def readmission(self, indicator, stay, programme):
        index = stay.last_date
        again = [
            s
            for s in self.p.stays
            if s.admission and s.start > stay.end and 0 <= s.first_date - index <= 30 and s.acute is not False
        ]
        if self.open_window(index, 30):
            self.unknown(indicator, index, programme)
        elif any(s.acute for s in again):
            self.share(indicator, index, programme, True)
        elif again:
            self.unknown(indicator, index, programme)
        else:
            self.share(indicator, index, programme, False)

    def kol_readmission(self, stay):
        p, index = self.p, stay.last_date
        if p.death_date is not None and 0 <= p.death_date - index <= 30:
            self.excluded("I-13", index, "KOL")
        elif stay.acute is None or p.birth is None:
            self.unknown("I-13", index, "KOL")
        else:
            self.readmission("I-13", stay, "KOL")

    def starts(self, programme, index, days):
        """Rehabilitation starts (date, kind) within so many days after a date."""
        pathway = self.p.pathways.get(programme)
        found = [(civil.date_of(when), kind) for when, kind in (pathway.rehab_starts if pathway else ())]
        return [(date, kind) for date, kind in found if 0 <= date - index <= days]

    def early_start(self, stay):
        p, index = self.p, stay.last_date
        pathway = p.pathways.get("KOL")
        started = self.starts("KOL", index, 28)
        running = pathway and any(e.at(stay.start)[0] == "REHAB_ACTIVE" for e in pathway.episodes)
        dead = p.death_date is not None and 0 <= p.death_date - index <= 28
        if running or (dead and not started):
            self.excluded("I-06", index, "KOL")
        elif self.open_window(index, 28):
            self.unknown("I-06", index, "KOL")
        else:
            self.share("I-06", index, "KOL", started)

    def mortality(self, stays):
        """The first of a quarter; and for rolling 12 months the first of four quarters, also of those still to end (16)."""
        for width, rolling in ((1, False), (4, True)):
            for quarter in sorted({civil.quarter_of(s.first_date) + n for s in stays for n in range(width)}):
                inside = [s for s in stays if quarter - width < civil.quarter_of(s.first_date) <= quarter]
                self.died_soon(inside[0], quarter, rolling)

    def died_soon(self, stay, quarter, rolling):
        p, index = self.p, stay.first_date
        where = {"period": quarter, "rolling": rolling}
        if self.open_window(index, 30) or stay.acute is None or p.birth is None:
            self.unknown("I-14", index, "KOL", **where)
        else:
            dead = p.death_date is not None and 0 <= p.death_date - index <= 30
            self.share("I-14", index, "KOL", dead, **where)

    def heart(self, stay):
        p, ref, index = self.p, self.p.reference, stay.last_date
        procedures = [code for r in stay.reports for code in r.get("procedures", ())]
        if not stay.any_main(lambda code: ref.in_set("AMI_MAIN", code)) and not any(
            ref.in_set("REVASC_PROCEDURE", code) for code in procedures
        ):
            return
        starts = self.starts("HEART_IHD", index, 90)
        if self.open_window(index, 90):
            self.unknown("I-18a", index, "HEART_IHD")
        else:
            self.share("I-18a", index, "HEART_IHD", starts)
        if not starts:
            return
        start = min(starts)[0]
        if self.open_window(start, 182):
            for letter in "bcdef":
                self.unknown("I-18" + letter, index, "HEART_IHD")
            return
        soon = {key: [v.value for v in p.values.get(key, []) if 0 <= v.date - start <= 182] for key in
                ("WORK_CAPACITY", "SMOKING", "LDL", "SBP")}  # fmt: skip
        diet = any(kind in ("DIET_ADVICE", "DIET_TREATMENT") for _, kind in self.starts("HEART_IHD", start, 182))
        self.share("I-18b", index, "HEART_IHD", soon["WORK_CAPACITY"])
        self.share("I-18c", index, "HEART_IHD", soon["SMOKING"])
        self.share("I-18d", index, "HEART_IHD", diet)
        for letter, key, limit in (("e", "LDL", 1.8), ("f", "SBP", 140)):
            if soon[key]:
                self.share("I-18" + letter, index, "HEART_IHD", float(soon[key][-1]) < limit)
            else:
                self.unknown("I-18" + letter, index, "HEART_IHD")

    def preventable(self, stay):
        p, index = self.p, stay.first_date
        if not p.resident(index):
            return
        first_of_period = civil.first_day(civil.quarter_of(index))
        child = stay.any_main(lambda c: c.upper().startswith("DO"))
        self.preventable_by("I-19", "ACSC_", stay, first_of_period, 15, stay.last_date == stay.first_date or child)
        self.preventable_by("I-20", "FOREBYG_", stay, index, 65, False)

    def preventable_by(self, indicator, sets, stay, on, least_age, left_out):
        p, ref, index = self.p, self.p.reference, stay.first_date
        if not stay.any_main(lambda c: ref.in_sets(sets, c)):
            return
        if p.birth is not None and civil.completed_years(p.birth, on) < least_age:
            return
        detail = ""
        if indicator == "I-19":  # of several sets the first
            named = ("ACSC_ASTHMA", "ACSC_KOL", "ACSC_HF", "ACSC_DIABETES")
            detail = next(name for name in named if stay.any_main(lambda c, name=name: ref.in_set(name, c)))
        if stay.died or left_out:
            self.excluded(indicator, index, detail=detail)
        elif p.birth is None:
            self.unknown(indicator, index, None, detail=detail)
        else:
            self.put(indicator, index, detail=detail, numerator=1)
