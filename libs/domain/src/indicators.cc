#include <algorithm>

#include <kronika/base/bytes.h>
#include <kronika/domain/indicators.h>

namespace kronika::domain {

namespace {

struct Name {
  Indicator indicator;
  std::string_view id;
};
constexpr std::array kNames = std::to_array<Name>({
    {Indicator::kI01Prevalence, "I-01"},
    {Indicator::kI02Incidence, "I-02"},
    {Indicator::kI03StratifiedShare, "I-03"},
    {Indicator::kI04RehabReferralKol, "I-04"},
    {Indicator::kI05Wait, "I-05"},
    {Indicator::kI06EarlyStart, "I-06"},
    {Indicator::kI07RightOffer, "I-07"},
    {Indicator::kI08Uptake, "I-08"},
    {Indicator::kI09Completion, "I-09"},
    {Indicator::kI10Dropout, "I-10"},
    {Indicator::kI11LostToFollowUp, "I-11"},
    {Indicator::kI12Readmission, "I-12"},
    {Indicator::kI13KolReadmission, "I-13"},
    {Indicator::kI14KolMortality, "I-14"},
    {Indicator::kI15Hba1cOnTarget, "I-15"},
    {Indicator::kI16aBloodPressure, "I-16a"},
    {Indicator::kI16bUacr, "I-16b"},
    {Indicator::kI16cEye, "I-16c"},
    {Indicator::kI16dFoot, "I-16d"},
    {Indicator::kI17SmokingStatus, "I-17"},
    {Indicator::kI18aHeartRehab, "I-18a"},
    {Indicator::kI18bWorkCapacity, "I-18b"},
    {Indicator::kI18cSmoking, "I-18c"},
    {Indicator::kI18dDiet, "I-18d"},
    {Indicator::kI18eLdl, "I-18e"},
    {Indicator::kI18fSbp, "I-18f"},
    {Indicator::kI19Acsc, "I-19"},
    {Indicator::kI20Preventable65, "I-20"},
    {Indicator::kI21aBmi, "I-21a"},
    {Indicator::kI21bWeight, "I-21b"},
    {Indicator::kI21cWaist, "I-21c"},
    {Indicator::kI21dWalk, "I-21d"},
    {Indicator::kI21eSitToStand, "I-21e"},
    {Indicator::kI21fWho5, "I-21f"},
    {Indicator::kI22Satisfaction, "I-22"},
    {Indicator::kI23EducationGap, "I-23"},
    {Indicator::kI24ReportingCompleteness, "I-24"},
});

constexpr std::uint8_t kRollingFlag = 1;
constexpr std::uint8_t kCanaryFlag = 2;

char byte(unsigned v) { return static_cast<char>(static_cast<unsigned char>(v)); }

}  // namespace

std::string_view id_of(Indicator indicator) {
  for (const Name& n : kNames) {
    if (n.indicator == indicator) return n.id;
  }
  return "";
}

std::optional<Indicator> indicator_from_id(std::string_view id) {
  for (const Name& n : kNames) {
    if (n.id == id) return n.indicator;
  }
  return std::nullopt;
}

const std::vector<Indicator>& computed_indicators() {
  using enum Indicator;
  static const std::vector<Indicator> computed{kI01Prevalence,
                                               kI02Incidence,
                                               kI03StratifiedShare,
                                               kI04RehabReferralKol,
                                               kI05Wait,
                                               kI06EarlyStart,
                                               kI07RightOffer,
                                               kI08Uptake,
                                               kI09Completion,
                                               kI10Dropout,
                                               kI11LostToFollowUp,
                                               kI12Readmission,
                                               kI13KolReadmission,
                                               kI14KolMortality,
                                               kI15Hba1cOnTarget,
                                               kI16aBloodPressure,
                                               kI16bUacr,
                                               kI16cEye,
                                               kI16dFoot,
                                               kI17SmokingStatus,
                                               kI18aHeartRehab,
                                               kI18bWorkCapacity,
                                               kI18cSmoking,
                                               kI18dDiet,
                                               kI18eLdl,
                                               kI18fSbp,
                                               kI19Acsc,
                                               kI20Preventable65,
                                               kI21aBmi,
                                               kI21bWeight,
                                               kI21cWaist,
                                               kI21dWalk,
                                               kI21eSitToStand,
                                               kI21fWho5,
                                               kI22Satisfaction,
                                               kI23EducationGap,
                                               kI24ReportingCompleteness};
  return computed;
}

AgeBand age_band(std::optional<int> age) {
  if (!age) return AgeBand::kUnknown;
  if (*age < 18) return AgeBand::k0To17;
  if (*age < 30) return AgeBand::k18To29;
  if (*age < 45) return AgeBand::k30To44;
  if (*age < 65) return AgeBand::k45To64;
  if (*age < 75) return AgeBand::k65To74;
  if (*age < 85) return AgeBand::k75To84;
  return AgeBand::k85Plus;
}

std::array<char, 12> CellKey::bytes() const {
  const auto period_bits = static_cast<unsigned>(static_cast<std::uint16_t>(period.value));
  const unsigned m = at.municipality;
  return {byte(static_cast<unsigned>(indicator)),
          byte((rolling ? kRollingFlag : 0U) | (canary ? kCanaryFlag : 0U)),
          byte(period_bits >> 8),
          byte(period_bits),
          byte(m >> 8),
          byte(m),
          byte(at.programme),
          byte(at.level),
          byte(static_cast<unsigned>(at.education)),
          byte(static_cast<unsigned>(at.sex)),
          byte(static_cast<unsigned>(at.age)),
          byte(at.detail)};
}

std::optional<CellKey> CellKey::from_bytes(std::string_view raw) {
  if (raw.size() != 12) return std::nullopt;
  const auto u = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(raw[i]));
  };
  CellKey key;
  key.indicator = static_cast<Indicator>(u(0));
  if (id_of(key.indicator).empty() || (u(1) & ~3U) != 0) return std::nullopt;
  if (u(8) > 2 || u(9) > 2 || u(10) > static_cast<unsigned>(AgeBand::k85Plus)) return std::nullopt;
  key.rolling = (u(1) & kRollingFlag) != 0;
  key.canary = (u(1) & kCanaryFlag) != 0;
  key.period.value = static_cast<std::int16_t>(u(2) << 8 | u(3));
  key.at.municipality = static_cast<Municipality>(u(4) << 8 | u(5));
  key.at.programme = static_cast<ProgrammeIndex>(u(6));
  key.at.level = static_cast<std::uint8_t>(u(7));
  key.at.education = static_cast<EducationGroup>(u(8));
  key.at.sex = static_cast<Sex>(u(9));
  key.at.age = static_cast<AgeBand>(u(10));
  key.at.detail = static_cast<std::uint8_t>(u(11));
  return key;
}

namespace {

void add_buckets(CellValue& to, const CellValue& from, std::int64_t sign) {
  for (const auto& [days, count] : from.buckets) {
    auto it = std::lower_bound(to.buckets.begin(), to.buckets.end(), days,
                               [](const auto& bucket, std::int32_t d) { return bucket.first < d; });
    if (it == to.buckets.end() || it->first != days) it = to.buckets.insert(it, {days, 0});
    it->second += sign * count;
    if (it->second == 0) to.buckets.erase(it);
  }
}

}  // namespace

CellValue& CellValue::operator+=(const CellValue& other) {
  numerator += other.numerator;
  numerator2 += other.numerator2;
  denominator += other.denominator;
  unknown += other.unknown;
  excluded += other.excluded;
  sum_thousandths += other.sum_thousandths;
  add_buckets(*this, other, 1);
  return *this;
}

CellValue& CellValue::operator-=(const CellValue& other) {
  numerator -= other.numerator;
  numerator2 -= other.numerator2;
  denominator -= other.denominator;
  unknown -= other.unknown;
  excluded -= other.excluded;
  sum_thousandths -= other.sum_thousandths;
  add_buckets(*this, other, -1);
  return *this;
}

bool CellValue::is_zero() const { return *this == CellValue{}; }

}  // namespace kronika::domain
