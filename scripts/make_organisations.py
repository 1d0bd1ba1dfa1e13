#!/usr/bin/env python3
"""Writes data/reference/organisations.csv: a synthetic organisation register for demonstration and tests.

All SOR ids begin with 9900 and belong to nobody. The organisations of the golden scenarios come first; then one
municipal health centre for each of the 98 municipalities, general practices (two in each municipality), and
hospitals by region. Names of places are real, the organisations are not. Run from the root of the project:

    scripts/make_organisations.py > data/reference/organisations.csv
"""
import csv
import sys

MUNICIPALITIES = "data/reference/municipalities.csv"
# Sector REGION begins with the reform for patients: regional health services outside hospitals. The regions' own
# administrations, which report on their work, are of that sector from the start.
REFORM = "2027-01-01"
ADMINISTRATIONS = [
    ("1081", "0851", "Region Nordjylland", "2007-01-01", ""),
    ("1082", "0791", "Region Midtjylland", "2007-01-01", ""),
    ("1083", "0630", "Region Syddanmark", "2007-01-01", ""),
    ("1084", "0219", "Region Hovedstaden", "2007-01-01", "2026-12-31"),
    ("1085", "0340", "Region Sjælland", "2007-01-01", "2026-12-31"),
    ("OEST", "0265", "Region Østdanmark", REFORM, ""),
]

SCENARIO = [
    ("990000000000101", "Testpraksis G1", "GP", "0751", "PRAKSIS"),
    ("990000000000201", "Testhospital H1", "HOSPITAL", "0751", "SYGEHUS"),
    ("990000000000202", "Testhospital H2", "HOSPITAL", "0791", "SYGEHUS"),
    ("990000000000203", "Testhospital H3", "HOSPITAL", "0265", "SYGEHUS"),
    ("990000000000204", "Testhospital H4", "HOSPITAL", "0101", "SYGEHUS"),
    ("990000000000301", "Testkommune M0751", "MUNICIPALITY", "0751", "KOMMUNE_ENHED"),
    ("990000000000302", "Testkommune M0740", "MUNICIPALITY", "0740", "KOMMUNE_ENHED"),
    ("990000000000303", "Testkommune M0265", "MUNICIPALITY", "0265", "KOMMUNE_ENHED"),
    ("990000000000304", "Testkommune M0101", "MUNICIPALITY", "0101", "KOMMUNE_ENHED"),
    ("990000000000901", "Personregister (test)", "PRIVATE", "0101", ""),
]

HOSPITALS = ["0101", "0147", "0159", "0219", "0265", "0259", "0330", "0370", "0376", "0400", "0461", "0479", "0540",
             "0561", "0607", "0621", "0630", "0615", "0657", "0661", "0740", "0746", "0751", "0779", "0791", "0787",
             "0813", "0851", "0860"]


def main():
    with open(MUNICIPALITIES, encoding="utf-8") as f:
        names = {}
        for row in csv.DictReader(f):
            names.setdefault(row["code"], row["name"])
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["sor_id", "name", "sector", "municipality", "region_code", "unit_type", "valid_from", "valid_to"])
    for sor, name, sector, code, unit in SCENARIO:
        out.writerow([sor, name, sector, code, "", unit, "2007-01-01", ""])
    for code, name in sorted(names.items()):
        out.writerow([f"99000001{code}001", f"Sundhedscenter {name} (syntetisk)", "MUNICIPALITY", code, "",
                      "KOMMUNE_ENHED", "2007-01-01", ""])
        for n in (1, 2):
            out.writerow([f"99000002{code}{n:03d}", f"Lægepraksis {name} {n} (syntetisk)", "GP", code, "", "PRAKSIS",
                          "2007-01-01", ""])
    for code in HOSPITALS:
        out.writerow([f"99000003{code}001", f"Hospitalet i {names[code]} (syntetisk)", "HOSPITAL", code, "", "SYGEHUS",
                      "2007-01-01", ""])
    for region, code in (("1081", "0851"), ("1082", "0751"), ("1083", "0461"), ("OEST", "0265")):
        out.writerow([f"99000004{code}001", f"Regionalt sundhedstilbud {names[code]} (syntetisk)", "REGION", code,
                      region, "NAERHOSPITAL", REFORM, ""])
    for region, code, name, begin, end in ADMINISTRATIONS:
        out.writerow([f"99000005{code}001", f"{name}, forvaltningen (syntetisk)", "REGION", code, region, "", begin, end])


if __name__ == "__main__":
    main()
