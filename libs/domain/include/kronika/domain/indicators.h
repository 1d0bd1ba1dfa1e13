// Indicators as sums of additive cells (architecture A10, domain.md 10). A citizen contributes to
// cells at the finest grain; region, nation and rolling figures are sums at query time. What a
// citizen contributed last is stored with its state, so a change is emitted as an exact difference:
// old out, new in.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/domain/rules.h>
#include <kronika/domain/time.h>

namespace kronika::domain {

/// Numbered as published; sub-indicators (I-16a) have their own number. Stored on disk and on
/// Kafka: never renumber.
enum class Indicator : std::uint8_t {
  kNone = 0,
  kI01Prevalence = 1,
  kI02Incidence = 2,
  kI03StratifiedShare = 3,
  kI04RehabReferralKol = 4,
  kI05Wait = 5,
  kI06EarlyStart = 6,
  kI07RightOffer = 7,
  kI08Uptake = 8,
  kI09Completion = 9,
  kI10Dropout = 10,
  kI11LostToFollowUp = 11,
  kI12Readmission = 12,
  kI13KolReadmission = 13,
  kI14KolMortality = 14,
  kI15Hba1cOnTarget = 15,
  kI17SmokingStatus = 17,
  kI19Acsc = 19,
  kI20Preventable65 = 20,
  kI22Satisfaction = 22,
  kI23EducationGap = 23,
  kI24ReportingCompleteness = 24,
  kI16aBloodPressure = 40,
  kI16bUacr = 41,
  kI16cEye = 42,
  kI16dFoot = 43,
  kI18aHeartRehab = 50,
  kI18bWorkCapacity = 51,
  kI18cSmoking = 52,
  kI18dDiet = 53,
  kI18eLdl = 54,
  kI18fSbp = 55,
  kI21aBmi = 60,
  kI21bWeight = 61,
  kI21cWaist = 62,
  kI21dWalk = 63,
  kI21eSitToStand = 64,
  kI21fWho5 = 65,
};
/// "I-01", "I-16a".
[[nodiscard]] std::string_view id_of(Indicator indicator);
[[nodiscard]] std::optional<Indicator> indicator_from_id(std::string_view id);
/// Indicators that this build computes; the others answer UNIMPLEMENTED by name.
[[nodiscard]] const std::vector<Indicator>& computed_indicators();

enum class AgeBand : std::uint8_t {
  kUnknown,
  k0To17,
  k18To29,
  k30To44,
  k45To64,
  k65To74,
  k75To84,
  k85Plus
};
[[nodiscard]] AgeBand age_band(std::optional<int> age);

/// Detail of I-19. A stay with diagnoses of several sets counts for the first of them.
enum class AcscSet : std::uint8_t { kNone = 0, kAsthma = 1, kKol = 2, kHf = 3, kDiabetes = 4 };
/// Detail of I-24: what the sender's organisation reports for.
enum class ReportingSector : std::uint8_t { kNone = 0, kMunicipality = 1, kRegion = 2 };

/// The finest grain. Municipality 0 and the 0 of every enum mean UNKNOWN, which is a value, not a
/// gap.
struct Dimensions {
  Municipality municipality = 0;
  ProgrammeIndex programme = kNoProgramme;  ///< kNoProgramme where the indicator has no programme
  std::uint8_t level = 0;                   ///< 1-3
  EducationGroup education = EducationGroup::kUnknown;
  Sex sex = Sex::kUnknown;
  AgeBand age = AgeBand::kUnknown;
  /// What an indicator tells apart besides: I-10 the reason (StopReason index + 1; 0: went on or
  /// completed), I-19 an AcscSet, I-24 a ReportingSector; 0 in all others.
  std::uint8_t detail = 0;
  friend auto operator<=>(const Dimensions&, const Dimensions&) = default;
};

struct CellKey {
  Indicator indicator = Indicator::kNone;
  Quarter period;
  bool rolling = false;  ///< only where the rolling figure is no sum of quarters (I-14)
  bool canary = false;
  Dimensions at;
  friend auto operator<=>(const CellKey&, const CellKey&) = default;
  /// 12 bytes: indicator, flags, period (int16 BE), municipality (BE), programme, level, education,
  /// sex, age, detail. Bytewise order groups an indicator's period together.
  [[nodiscard]] std::array<char, 12> bytes() const;
  [[nodiscard]] static std::optional<CellKey> from_bytes(std::string_view raw);
};

/// Additive; negative in differences.
struct CellValue {
  std::int64_t numerator = 0;
  std::int64_t numerator2 = 0;  ///< second figure (I-15 >= 75, I-05 paused days)
  std::int64_t denominator = 0;
  std::int64_t unknown = 0;
  std::int64_t excluded = 0;
  std::int64_t sum_thousandths = 0;
  /// Value in days -> count, for medians and percentiles (one-day buckets). Small: a contribution
  /// has at most one.
  std::vector<std::pair<std::int32_t, std::int64_t>> buckets;  ///< ascending, no zero counts

  CellValue& operator+=(const CellValue& other);
  CellValue& operator-=(const CellValue& other);
  [[nodiscard]] bool is_zero() const;
  friend bool operator==(const CellValue&, const CellValue&) = default;
};

/// The same value in every quarter of a run, both ends included.
struct Contribution {
  Indicator indicator = Indicator::kNone;
  bool rolling = false;
  Dimensions at;
  Quarter from, to;
  CellValue value;
  friend bool operator==(const Contribution&, const Contribution&) = default;
};

/// Sums by cell, zero ones left out.
using CellDeltas = std::map<CellKey, CellValue>;

}  // namespace kronika::domain
