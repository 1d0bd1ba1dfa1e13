// Everything that is data: code tables, programmes, measures, rule sets, municipalities,
// organisations. Loaded and checked by libs/refdata, immutable afterwards, shared by all threads.
// Meaning and sources: docs/domain.md and the heads of the files in data/reference. Lookups by code
// cost a hash or a binary search; the fold works with the small indexes they return.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <kronika/domain/event.h>
#include <kronika/domain/time.h>

namespace kronika::domain {

/// Index into Rules::programmes, in file order. The order is part of the rule generation.
using ProgrammeIndex = std::uint8_t;
inline constexpr ProgrammeIndex kNoProgramme = 0xff;
inline constexpr int kMaxProgrammes = 32;
/// Index into Rules::groups (chronic groups: KOL, DIABETES, HEART, ...).
using GroupIndex = std::uint8_t;
/// Index into Rules::measures.
using MeasureIndex = std::uint8_t;
inline constexpr MeasureIndex kNoMeasure = 0xff;

struct Validity {
  CivilDate from{-1000000};
  CivilDate to{1000000};  ///< both ends included
  [[nodiscard]] bool contains(CivilDate d) const { return from <= d && d <= to; }
};

enum class Sector : std::uint8_t {
  kUnknown,
  kHospital,
  kGp,
  kMunicipality,
  kRegion,
  kTelemedicine,
  kPatient,
  kPatientOrg,
  kPrivate,
  kJobCentre,
  kSocial
};

struct Programme {
  std::string id;  ///< KOL, T2D, ...
  std::string name_da;
  std::string group;
  bool core_five = false;
  bool municipal_receiver = false;
  std::vector<Sector> allowed_receiver_sectors;
  std::string level_ruleset;  ///< id of a RuleSet, or CLINICIAN_SET
  bool lasting_follow_up = false;
  Validity validity;
};

/// Upper case and no dot; an ICD-10 code gets the leading D of SKS ("J44.9" -> "DJ449").
[[nodiscard]] std::string normalised_diagnosis(std::string_view system, std::string_view code);

/// What a diagnosis code means. A code may have several rows (cancer opens two programmes).
struct DiagnosisRow {
  ProgrammeIndex programme =
      kNoProgramme;  ///< kNoProgramme: counts for the group only, opens no pathway
  GroupIndex group = 0;
  std::string system;
  std::string code;
  bool prefix = false;
};

enum class ValueKind : std::uint8_t { kNumeric, kOrdinal, kCode };

struct UnitConversion {
  std::string unit;  ///< as sent
  double factor = 1;
  double offset = 0;
  std::optional<int> round;  ///< decimals, half away from zero
};

struct Measure {
  std::string key;    ///< HBA1C, MRC, ...
  Coding first_code;  ///< of the file: what our own writers send
  ValueKind kind = ValueKind::kNumeric;
  std::string ucum_unit;  ///< canonical
  std::optional<double> hard_min, hard_max, soft_min, soft_max;
  std::vector<std::string>
      allowed_values;  ///< for kCode, in file order; a coded value is stored as its index
};

struct MeasureCode {
  MeasureIndex measure = kNoMeasure;
  std::string display;
  std::vector<UnitConversion> accepted_units;
};

/// One branch of an ordered list: the first branch whose conjunction is true gives the value
/// (domain.md 9.1).
struct Comparison {
  enum class Op : std::uint8_t {
    kLess,
    kLessEqual,
    kEqual,
    kNotEqual,
    kGreaterEqual,
    kGreater,
    kMissing,
    kPresent
  };
  std::string input;  ///< a measure key, a derived input (severe_admissions), or an earlier output
                      ///< of the same rule set
  Op op = Op::kEqual;
  double number = 0;
  std::string text;  ///< for coded inputs and outputs; empty: compare `number`
};
struct Branch {
  std::string output;
  std::vector<Comparison> when;  ///< conjunction; empty: always
  std::string value;             ///< "1", "E", "UNKNOWN", ...
  int line = 0;                  ///< of the file, for messages and explanations
};
struct RuleInput {
  MeasureIndex measure = kNoMeasure;
  std::optional<int> max_age_days;  ///< nothing: any age
  bool optional = false;
};
struct RuleSet {
  std::string id;       ///< KOL
  std::string version;  ///< 2026
  ProgrammeIndex programme = kNoProgramme;
  Validity validity;
  std::vector<RuleInput> inputs;
  std::vector<std::string> outputs;
  std::vector<Branch> branches;  ///< in order, grouped by output
  std::string source;
};

struct InterventionType {
  std::string uuid;
  std::string name;
  std::string kind;  ///< TRAINING, EDUCATION, ...
  bool counts_as_rehab = false;
};

enum class ReasonClass : std::uint8_t { kDropout, kEarly, kEvent };
struct StopReason {
  std::string uuid;
  std::string name;
  ReasonClass reason_class = ReasonClass::kDropout;
};

/// Municipality codes as numbers: 751 for "0751". 0: unknown, or outside the 98.
using Municipality = std::uint16_t;
struct MunicipalityRow {
  Municipality code = 0;
  std::string name;
  std::string region;
  Validity validity;
};
struct Region {
  std::string code;
  std::string name;
  Validity validity;
};

struct Organisation {
  std::string sor_id;
  std::string name;
  Sector sector = Sector::kUnknown;
  Municipality municipality = 0;
  std::string region_code;
  std::string unit_type;
  Validity validity;
};

enum class EducationGroup : std::uint8_t { kUnknown, kLow, kHigh };

struct AdmissionSetRow {
  std::string set;  ///< KOL_MAIN, ...
  std::string code;
  bool prefix = false;
};

/// A standard that figures are compared with (standards.h).
/// Which figure of a row a standard is about.
enum class StandardFigure : std::uint8_t { kRate, kSecondRate, kMedian, kP90, kMean };
enum class StandardDirection : std::uint8_t { kAtLeast, kMoreThan, kAtMost, kLessThan };

struct Standard {
  std::string indicator;  ///< "I-15"
  StandardFigure figure = StandardFigure::kRate;
  StandardDirection direction = StandardDirection::kAtLeast;
  double value = 0;
  std::string unit;  ///< "%": value is 100 x the rate; "days"; "per 1000"; "per 100000"
  std::string source;
  Validity validity;
};

/// Lets a string-keyed table be searched with a string_view, without building a string.
struct TextHash {
  using is_transparent = void;
  [[nodiscard]] std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};
template <class T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

/// Raised with every change of the fold's meaning; part of the rule generation.
inline constexpr std::uint32_t kFoldRevision = 6;

/// Identifies the rules a state was folded with (architecture A8).
struct Generation {
  std::uint32_t ordinal = 1;
  std::uint64_t hash = 0;  ///< over every file and the fold's revision number
  friend bool operator==(const Generation&, const Generation&) = default;
};

class Rules {
 public:
  std::vector<Programme> programmes;
  std::vector<std::string> groups;
  std::vector<DiagnosisRow> diagnoses;
  std::vector<Measure> measures;
  std::vector<RuleSet> rule_sets;
  std::vector<InterventionType> interventions;
  std::vector<StopReason> stop_reasons;
  std::vector<MunicipalityRow> municipalities;
  std::vector<Region> regions;
  std::vector<Organisation> organisations;
  std::vector<AdmissionSetRow> admission_sets;
  std::vector<Standard> standards;  ///< not read by the fold, so no part of the generation
  Generation generation;

  /// Builds the lookup tables below; called once, by the loader, when the vectors are complete.
  void index();

  [[nodiscard]] ProgrammeIndex programme(std::string_view id) const;  ///< kNoProgramme if unknown
  /// Appends the rows of the best match: the exact code, or else its longest prefix; several rows
  /// of the same code all apply (cancer). Normalises ICD-10 to SKS (domain.md 3). Nothing: unknown
  /// code.
  void find_diagnosis(std::string_view system, std::string_view code,
                      std::vector<const DiagnosisRow*>& out) const;
  [[nodiscard]] const MeasureCode* measure_code(std::string_view system,
                                                std::string_view code) const;
  [[nodiscard]] MeasureIndex measure(std::string_view key) const;  ///< kNoMeasure if unknown
  [[nodiscard]] const InterventionType* intervention(std::string_view uuid) const;
  [[nodiscard]] const StopReason* stop_reason(std::string_view uuid) const;
  /// The organisation valid on `date`; nullptr if none.
  [[nodiscard]] const Organisation* organisation(std::string_view sor_id, CivilDate date) const;
  /// One of the 98, or 0411 and 0955-0960 (accepted, no Danish municipality): `known`; code 0 for
  /// the latter.
  struct MunicipalityLookup {
    bool known = false;
    Municipality code = 0;
  };
  [[nodiscard]] MunicipalityLookup municipality(std::string_view code) const;
  [[nodiscard]] std::string_view region_of(Municipality code,
                                           CivilDate date) const;  ///< empty if none
  [[nodiscard]] EducationGroup education_group(std::string_view dst_code) const;
  [[nodiscard]] bool in_admission_set(std::string_view set, std::string_view sks_code) const;
  /// The version of a rule set valid on `date`; nullptr before the first and after the last.
  [[nodiscard]] const RuleSet* rule_set(std::string_view id, CivilDate date) const;

  TextMap<EducationGroup> education;
  /// Key: system + '|' + code.
  TextMap<MeasureCode> measure_codes;

 private:
  TextMap<std::vector<std::uint32_t>> exact_diagnosis_, prefix_diagnosis_, organisations_by_id_,
      admission_set_rows_, rule_set_rows_;
  TextMap<std::uint32_t> intervention_by_id_, reason_by_id_, programme_by_id_, measure_by_key_;
  std::array<std::vector<std::uint32_t>, 1000> municipality_rows_;
};

}  // namespace kronika::domain
