// Each code system of the tables, as native JSON and as FHIR: a known code leads to its measure,
// programme or intervention, in the canonical unit; an unknown one is kept or refused by name,
// never mapped.
#include "adapter_fixture.h"

#include <cmath>
#include <map>
#include <set>

#include <kronika/domain/checks.h>
#include <kronika/domain/fold.h>
#include <kronika/domain/unknown_codes.h>

namespace kronika::codec {
namespace {

using domain::DiagnosisRecorded;
using domain::MeasurementRecorded;
using domain::ValueKind;

/// How senders name the systems (dk-core, MedCom, HL7).
const std::map<std::string, std::vector<std::string>>& uris() {
  static const std::map<std::string, std::vector<std::string>> all{
      {"LOINC", {"http://loinc.org"}},
      {"SNOMED", {"http://snomed.info/sct"}},
      {"NPU", {"urn:oid:1.2.208.176.2.1"}},
      {"MCS",
       {"urn:oid:1.2.208.184.100.8",
        "http://medcomfhir.dk/ig/terminology/CodeSystem/medcom-observation-codes"}},
      {"DIB", {"urn:kronika:dib"}},
      {"KRONIKA", {"urn:kronika:measurement"}},
      {"SKS", {"urn:oid:1.2.208.176.2.4"}},
      {"ICD-10", {"http://hl7.org/fhir/sid/icd-10", "urn:oid:2.16.840.1.113883.6.3"}},
      {"ICPC-2", {"http://hl7.org/fhir/sid/icpc-2", "urn:oid:2.16.840.1.113883.6.139"}},
  };
  return all;
}

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

std::string native(const std::string& payload) {
  return R"({"cpr":"2509479989","source_system":"T","source_message_id":"1","op":"OP_CREATE",)"
         R"("occurred_at":"2025-02-01T09:00:00+01:00","recorded_at":"2025-02-01T09:00:00+01:00",)"
         R"("sender_org":"990000000000201",)" +
         payload + "}";
}
std::string native_measurement(const std::string& system, const std::string& code,
                               const std::string& value) {
  return native(R"("measurement_recorded":{"code_system":")" + system + R"(","code":")" + code +
                "\"," + value + "}");
}
std::string native_diagnosis(const std::string& system, const std::string& code) {
  return native(R"("diagnosis_recorded":{"code_system":")" + system + R"(","code":")" + code +
                R"(","setting":"DIAGNOSIS_SETTING_GP"})");
}
std::string coding(const std::string& uri, const std::string& code) {
  return R"("code":{"coding":[{"system":")" + uri + R"(","code":")" + code + R"("}]})";
}
std::string fhir_observation(const std::string& uri, const std::string& code,
                             const std::string& value) {
  return R"({"resourceType":"Observation","id":"o1","status":"final",)" + coding(uri, code) +
         R"(,"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2025-02-01T09:00:00+01:00",)" +
         value + "}";
}
std::string fhir_condition(const std::string& uri, const std::string& code) {
  return R"({"resourceType":"Condition","id":"c1","verificationStatus":{"coding":[{"code":"confirmed"}]},)" +
         coding(uri, code) +
         R"(,"subject":{"reference":"Patient/p1"},"recordedDate":"2025-02-01"})";
}

class Codes : public AdapterTest {
 protected:
  const domain::Rules& rules() const { return *settings.rules; }

  /// The canonical value of the one measurement in `bytes`; NaN and a failure if there is none.
  double value_of(const std::string& bytes, const domain::Measure& measure) const {
    const domain::Event e = event(bytes);
    const auto* m = std::get_if<MeasurementRecorded>(&e.payload);
    const auto value = m == nullptr ? std::nullopt : domain::canonical(rules(), *m, std::nullopt);
    EXPECT_TRUE(value) << bytes;
    if (!value) return std::nan("");
    EXPECT_EQ(rules().measures[value->measure].key, measure.key) << bytes;
    return value->value;
  }

  std::set<std::string> programmes(const domain::Event& e) const {
    const auto* d = std::get_if<DiagnosisRecorded>(&e.payload);
    std::set<std::string> found;
    if (d == nullptr) return found;
    std::vector<const domain::DiagnosisRow*> rows;
    rules().find_diagnosis(d->code_system, d->code, rows);
    for (const auto* row : rows) {
      found.insert(row->programme == domain::kNoProgramme ? rules().groups[row->group]
                                                          : rules().programmes[row->programme].id);
    }
    return found;
  }
};

/// What a sender would write in `unit` for the canonical value: the conversion's inverse.
double sent_as(const domain::UnitConversion& unit, double canonical) {
  return (canonical - unit.offset) / unit.factor;
}

TEST_F(Codes, EveryMeasurementCodeAndUnitLeadsToItsMeasure) {
  std::map<std::string, int> codes;
  int conversions = 0;
  for (const auto& [key, row] : rules().measure_codes) {
    const std::string system = key.substr(0, key.find('|'));
    const std::string code = key.substr(key.find('|') + 1);
    const domain::Measure& measure = rules().measures[row.measure];
    ASSERT_TRUE(uris().contains(system)) << "the adapters know no URI of " << system;
    ++codes[system];
    if (measure.kind == ValueKind::kCode) {
      for (std::size_t i = 0; i < measure.allowed_values.size(); ++i) {
        const std::string& text = measure.allowed_values[i];
        EXPECT_EQ(value_of(native_measurement(system, code, R"("coded":")" + text + '"'), measure),
                  static_cast<double>(i));
        for (const auto& uri : uris().at(system)) {
          EXPECT_EQ(
              value_of(with_patient(fhir_observation(uri, code, R"("valueString":")" + text + '"')),
                       measure),
              static_cast<double>(i));
        }
      }
      continue;
    }
    // A value that every unit can express: the middle of the range, whole.
    const double low = measure.soft_min.value_or(*measure.hard_min);
    const double high = measure.soft_max.value_or(*measure.hard_max);
    const double middle = high - low < 2 ? (low + high) / 2 : std::floor((low + high) / 2);
    std::vector<domain::UnitConversion> units = row.accepted_units;
    units.push_back({measure.ucum_unit, 1, 0, std::nullopt});
    for (const auto& unit : units) {
      ++conversions;
      SCOPED_TRACE(key + " in " + unit.unit);
      const std::string sent = number(sent_as(unit, middle));
      // Rounding belongs to the conversion: the canonical value may differ by half a last digit.
      const double near =
          unit.round ? 0.5000001 * std::pow(10, -*unit.round) : 1e-6 * std::abs(middle) + 1e-9;
      EXPECT_NEAR(
          value_of(native_measurement(system, code,
                                      R"("numeric":)" + sent + R"(,"unit":")" + unit.unit + '"'),
                   measure),
          middle, near);
      for (const auto& uri : uris().at(system)) {
        for (const char* member : {"code", "unit"}) {
          EXPECT_NEAR(
              value_of(with_patient(fhir_observation(uri, code,
                                                     R"("valueQuantity":{"value":)" + sent + ",\"" +
                                                         member + "\":\"" + unit.unit + "\"}")),
                       measure),
              middle, near);
        }
      }
    }
    if (measure.kind == ValueKind::kNumeric) {
      EXPECT_EQ(refusals(native_measurement(system, code, R"("numeric":1,"unit":"furlong")")),
                std::vector<std::string>{"UNIT_UNKNOWN @ event 1 measurement_recorded.unit"})
          << "a unit is not guessed either";
    }
  }
  for (const char* system : {"NPU", "MCS", "LOINC", "SNOMED", "DIB", "KRONIKA"}) {
    EXPECT_GT(codes[system], 0) << system;
  }
  EXPECT_GT(conversions, 150);
  EXPECT_TRUE(rules().measure_code("NPU", "DNK05472") != nullptr) << "DNK stands in NPU's system";
}

TEST_F(Codes, KnownConversionsGiveTheFiguresOfTheirSources) {
  const auto converted = [&](const char* system, const char* code, double value, const char* unit) {
    MeasurementRecorded m;
    m.code_system = system;
    m.code = code;
    m.value = value;
    m.unit = unit;
    const auto found = domain::canonical(rules(), m, std::nullopt);
    return found ? found->value : std::nan("");
  };
  // HbA1c: IFCC-NGSP master equation, the pairs that Danish laboratories print.
  EXPECT_EQ(converted("NPU", "NPU03835", 6.5, "%"), 48);
  EXPECT_EQ(converted("LOINC", "4548-4", 7.0, "%"), 53);
  EXPECT_EQ(converted("NPU", "NPU27300", 53, "mmol/mol"), 53);
  EXPECT_DOUBLE_EQ(converted("LOINC", "2339-0", 100, "mg/dL"), 5.6);
  EXPECT_DOUBLE_EQ(converted("LOINC", "18262-6", 100, "mg/dL"), 2.6);
  EXPECT_EQ(converted("NPU", "NPU19661", 3.0, "mg/mmol"), 27);
  EXPECT_DOUBLE_EQ(converted("LOINC", "29463-7", 80'000, "g"), 80);
  EXPECT_NEAR(converted("LOINC", "29463-7", 200, "[lb_av]"), 90.718474, 1e-9);
  EXPECT_DOUBLE_EQ(converted("LOINC", "8302-2", 175, "cm"), 1.75);
  EXPECT_DOUBLE_EQ(converted("MCS", "MCS88015", 1500, "mL"), 1.5);
  EXPECT_DOUBLE_EQ(converted("MCS", "MCS88017", 65, "%"), 0.65);
  EXPECT_DOUBLE_EQ(converted("NPU", "NPU10197", 0.97, "1"), 97);
  EXPECT_EQ(converted("NPU", "NPU26811", 100, "pmol/L"), 846);
}

TEST_F(Codes, EveryDiagnosisCodeLeadsToItsProgramme) {
  std::map<std::string, int> codes;
  for (const domain::DiagnosisRow& row : rules().diagnoses) {
    SCOPED_TRACE(row.system + " " + row.code);
    ++codes[row.system];
    const std::string& meant = row.programme == domain::kNoProgramme
                                   ? rules().groups[row.group]
                                   : rules().programmes[row.programme].id;
    EXPECT_TRUE(programmes(event(native_diagnosis(row.system, row.code))).contains(meant));
    for (const auto& uri : uris().at(row.system)) {
      EXPECT_TRUE(programmes(event(with_patient(fhir_condition(uri, row.code)))).contains(meant));
    }
    if (row.system != "SKS" || row.code.size() < 4) continue;
    // The same code as ICD-10 writes it: J44.9 for DJ449.
    const std::string icd =
        row.code.substr(1, 3) + (row.code.size() > 4 ? "." + row.code.substr(4) : std::string{});
    ++codes["ICD-10"];
    EXPECT_TRUE(programmes(event(native_diagnosis("ICD-10", icd))).contains(meant));
    for (const auto& uri : uris().at("ICD-10")) {
      EXPECT_TRUE(programmes(event(with_patient(fhir_condition(uri, icd)))).contains(meant));
    }
  }
  for (const char* system : {"SKS", "ICD-10", "ICPC-2", "SNOMED"}) {
    EXPECT_GT(codes[system], 0) << system;
  }
}

TEST_F(Codes, AnUnknownDiagnosisIsKeptAsSentAndOpensNothing) {
  const domain::Fold fold(rules());
  domain::UnknownCodeFinder finder(rules());
  for (const auto& [system, code] : std::vector<std::pair<std::string, std::string>>{
           {"SKS", "DS525"}, {"ICD-10", "S52.5"}, {"ICPC-2", "L72"}, {"SNOMED", "263102004"}}) {
    std::vector<domain::Event> events{event(native_diagnosis(system, code))};
    for (const auto& uri : uris().at(system)) {
      events.push_back(event(with_patient(fhir_condition(uri, code))));
    }
    for (const domain::Event& e : events) {
      const auto& d = std::get<DiagnosisRecorded>(e.payload);
      EXPECT_EQ(d.code_system, system);
      EXPECT_EQ(d.code, code) << "as sent";
      const auto& unknown = finder.find(e);
      ASSERT_EQ(unknown.size(), 1U);
      EXPECT_EQ(unknown[0].system, system);
      EXPECT_EQ(unknown[0].code, code);
      domain::Trace trace;
      const domain::JournalEntry entry{e, {}, {}};
      const domain::JournalEntry* const effective[] = {&entry};
      const auto state = fold.refold(e.person_key, effective, &trace);
      EXPECT_TRUE(state.episodes.empty()) << system;
      EXPECT_TRUE(state.groups.empty()) << system;
      ASSERT_FALSE(trace.empty());
      EXPECT_EQ(trace.back().row, "unknown_code") << "the timeline shows it";
    }
  }
  // A system that is none of ours: a native sender's is kept, a FHIR resource of its own refused.
  EXPECT_EQ(std::get<DiagnosisRecorded>(event(native_diagnosis("READ", "H3")).payload).code, "H3");
  EXPECT_EQ(refusals(fhir_condition("http://example.org/read", "H3")),
            std::vector<std::string>{"CODE_UNKNOWN @ Condition/c1 .code"});
}

TEST_F(Codes, AnUnknownMeasurementIsRefusedByNameAndNeverMapped) {
  for (const auto& [system, code] : std::vector<std::pair<std::string, std::string>>{
           {"NPU", "NPU99999"},
           {"NPU", "DNK99999"},
           {"MCS", "MCS99999"},
           {"LOINC", "99999-9"},
           {"SNOMED", "1"},
           {"DIB", "DIB9999"},
           {"KRONIKA", "NEW"},
           {"LOINC", "NPU27300"},  // a code of another system is unknown in this one
           {"VANS", "HBA1C"}}) {
    EXPECT_EQ(refusals(native_measurement(system, code, R"("numeric":50,"unit":"mmol/mol")")),
              std::vector<std::string>{"CODE_UNKNOWN @ event 1 measurement_recorded.code"})
        << system << ' ' << code;
    const std::string uri = uris().contains(system) ? uris().at(system).front() : "urn:vans";
    const std::string observation =
        fhir_observation(uri, code, R"("valueQuantity":{"value":50,"unit":"mmol/mol"})");
    EXPECT_EQ(refusals(observation),
              std::vector<std::string>{"CODE_UNKNOWN @ Observation/o1 .code"});
    // A mixed bundle counts it by name (domain.md 6.1).
    const auto counted = ignored(with_patient(observation));
    ASSERT_FALSE(counted.empty());
    EXPECT_EQ(counted.back(),
              "Observation code " + (uris().contains(system) ? system : uri) + " " + code);
  }
}

TEST_F(Codes, EveryInterventionOfFsiiiIsReadAndAnUnknownOneRefused) {
  const auto started = [](const std::string& uuid) {
    return native(
        R"("intervention_started":{"intervention_id":"I1","programmes":["KOL"],"type":")" + uuid +
        "\"}");
  };
  const auto procedure = [](const std::string& uuid) {
    return with_patient(
        R"({"resourceType":"Procedure","id":"p","status":"in-progress",)" +
        coding("urn:oid:1.2.208.176.2.21", uuid) +
        R"(,"subject":{"reference":"Patient/p1"},"performedDateTime":"2025-02-01T09:00:00+01:00",)"
        R"("reasonCode":[{"coding":[{"system":"urn:oid:1.2.208.176.2.4","code":"DJ449"}]}]})");
  };
  ASSERT_EQ(rules().interventions.size(), 11U);
  for (const auto& type : rules().interventions) {
    for (const std::string& bytes : {started(type.uuid), procedure(type.uuid)}) {
      EXPECT_EQ(std::get<domain::InterventionStarted>(event(bytes).payload).type, type.uuid);
    }
  }
  const std::string unknown = "e78c43e3-c512-44b4-ad30-2de43481d9b3";
  EXPECT_EQ(refusals(started(unknown)),
            std::vector<std::string>{"ENUM_UNKNOWN @ event 1 intervention_started.type"});
  EXPECT_EQ(ignored(procedure(unknown)).back(), "Procedure of no §119 intervention");
}

}  // namespace
}  // namespace kronika::codec
