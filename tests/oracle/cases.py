"""When a person became a case of a programme (docs/domain.md 10.2)."""

import civil
from reference import normalised

TYPED = {("SKS", "DE10"): "T1D", ("ICPC-2", "T89"): "T1D", ("SKS", "DE11"): "T2D", ("ICPC-2", "T90"): "T2D"}


def opens(person, system, code, programme):
    return any(r["programme"] == programme for r in person.reference.diagnosis_rows(system, code))


def is_diabetes(person, system, code):
    return any(r["group"] == "DIABETES" for r in person.reference.diagnosis_rows(system, code))


def diabetes(person):
    """The second of the distinct dates with an HbA1c of 48 or a diabetes code."""
    dates = {v.date for v in person.values.get("HBA1C", []) if v.value >= 48}
    dates |= {d for d, _, system, code, _ in person.diagnoses if is_diabetes(person, system, code)}
    return sorted(dates)[1] if len(dates) > 1 else None


def diabetes_type(person, date):
    found = "T2D"
    for _, time, system, code, _ in person.diagnoses:
        if time <= person.cut(date):
            if opens(person, system, code, "T1D"):
                found = "T1D"
            elif opens(person, system, code, "T2D"):
                found = "T2D"
    return found


def kol(person):
    """The first DJ44 or R95 at 30 years or more; DJ43 opens a pathway and is no case."""
    for date, _, system, code, _ in person.diagnoses:
        if not opens(person, system, code, "KOL") or normalised(system, code)[1].startswith("DJ43"):
            continue
        if person.birth is not None and civil.completed_years(person.birth, date) >= 30:
            return date
    return None


def other(person, programme):
    """One record of a hospital, or the second of two at least 30 days apart."""
    first = None
    for date, _, system, code, hospital in person.diagnoses:
        if not opens(person, system, code, programme):
            continue
        first = date if first is None else first
        if hospital or date - first >= 30:
            return date
    return None


def all_of(person):
    """(case date, programme or None for diabetes, whose type depends on the date)."""
    found = [(diabetes(person), None), (kol(person), "KOL")]
    found += [(other(person, p), p) for p in person.reference.programmes if p not in ("KOL", "T1D", "T2D")]
    return [(date, programme) for date, programme in found if date is not None]
