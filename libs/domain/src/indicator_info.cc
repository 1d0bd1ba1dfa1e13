#include <array>

#include <kronika/domain/indicator_info.h>

namespace kronika::domain {
namespace {

using enum Indicator;

// Titles, standards and bases: domain.md 10.3.
constexpr std::array kList = {
    IndicatorInfo{kI01Prevalence, "prevalence", "persons", "", "RUKS form", FigureKind::kCount,
                  Rolling::kNone},
    IndicatorInfo{kI02Incidence, "incidence", "persons", "", "own rule", FigureKind::kCount,
                  Rolling::kSum},
    IndicatorInfo{kI03StratifiedShare, "stratified share", "persons", "", "PERSP",
                  FigureKind::kShare, Rolling::kNone},
    IndicatorInfo{kI04RehabReferralKol, "rehab referral, KOL", "persons", ">= 90 %",
                  "DrKOL, NICE QS10", FigureKind::kShare, Rolling::kNone},
    IndicatorInfo{kI05Wait, "wait to rehab", "episodes", "", "SLUT", FigureKind::kValues,
                  Rolling::kSum},
    IndicatorInfo{kI06EarlyStart, "early start after KOL admission", "stays", "", "NICE QS10",
                  FigureKind::kShare, Rolling::kSum},
    IndicatorInfo{kI07RightOffer, "right offer", "referrals", "", "PERSP, own rule",
                  FigureKind::kShare, Rolling::kSum},
    IndicatorInfo{kI08Uptake, "uptake", "wait periods", "", "NICE QS10 form", FigureKind::kShare,
                  Rolling::kSum},
    IndicatorInfo{kI09Completion, "completion", "episodes", "", "NICE QS10", FigureKind::kShare,
                  Rolling::kSum},
    IndicatorInfo{kI10Dropout, "dropout", "episodes", "", "SLUT, KL §119", FigureKind::kShare,
                  Rolling::kSum},
    IndicatorInfo{kI11LostToFollowUp, "lost to follow-up", "instances", "", "own rule",
                  FigureKind::kShare, Rolling::kNone},
    IndicatorInfo{kI12Readmission, "30-day acute readmission", "stays", "", "eSundhed",
                  FigureKind::kShare, Rolling::kSum},
    IndicatorInfo{kI13KolReadmission, "KOL readmission", "stays", "<= 15 %", "DrKOL",
                  FigureKind::kShare, Rolling::kSum},
    IndicatorInfo{kI14KolMortality, "mortality after KOL admission", "persons", "<= 15 %", "DrKOL",
                  FigureKind::kShare, Rolling::kOwn},
    IndicatorInfo{kI15Hba1cOnTarget, "HbA1c on target", "persons", "> 40 %; >= 75 in < 20 %",
                  "DVDD", FigureKind::kShare, Rolling::kNone},
    IndicatorInfo{kI16aBloodPressure, "blood pressure taken", "persons", ">= 95 %", "DVDD",
                  FigureKind::kShare, Rolling::kNone},
    IndicatorInfo{kI16bUacr, "albuminuria tested", "persons", ">= 95 %", "DVDD", FigureKind::kShare,
                  Rolling::kNone},
    IndicatorInfo{kI16cEye, "eyes examined", "persons", ">= 90 %", "DVDD", FigureKind::kShare,
                  Rolling::kNone},
    IndicatorInfo{kI16dFoot, "feet examined", "persons", ">= 95 %", "DVDD, interval own rule",
                  FigureKind::kShare, Rolling::kNone},
    IndicatorInfo{kI17SmokingStatus, "smoking status known", "persons", ">= 90 %", "DrKOL",
                  FigureKind::kShare, Rolling::kNone},
    IndicatorInfo{kI18aHeartRehab, "heart rehab started", "stays", "", "form DHRD 2024",
                  FigureKind::kShare, Rolling::kSum},
    IndicatorInfo{kI18bWorkCapacity, "heart rehab: work capacity tested", "stays", "",
                  "form DHRD 2024", FigureKind::kShare, Rolling::kSum},
    IndicatorInfo{kI18cSmoking, "heart rehab: smoking status known", "stays", "", "form DHRD 2024",
                  FigureKind::kShare, Rolling::kSum},
    IndicatorInfo{kI18dDiet, "heart rehab: diet treatment started", "stays", "", "form DHRD 2024",
                  FigureKind::kShare, Rolling::kSum},
    IndicatorInfo{kI18eLdl, "heart rehab: LDL on target", "stays", "", "form DHRD 2024",
                  FigureKind::kShare, Rolling::kSum},
    IndicatorInfo{kI18fSbp, "heart rehab: blood pressure on target", "stays", "", "form DHRD 2024",
                  FigureKind::kShare, Rolling::kSum},
    IndicatorInfo{kI19Acsc, "ACSC admissions", "admissions", "", "OECD", FigureKind::kCount,
                  Rolling::kSum},
    IndicatorInfo{kI20Preventable65, "preventable admissions 65+", "admissions", "",
                  "ugeskriftet.dk, codes own rule", FigureKind::kCount, Rolling::kSum},
    IndicatorInfo{kI21aBmi, "outcome change: BMI, kg/m2", "episodes", "", "SLUT", FigureKind::kMean,
                  Rolling::kSum},
    IndicatorInfo{kI21bWeight, "outcome change: weight, kg", "episodes", "", "SLUT",
                  FigureKind::kMean, Rolling::kSum},
    IndicatorInfo{kI21cWaist, "outcome change: waist, cm", "episodes", "", "SLUT",
                  FigureKind::kMean, Rolling::kSum},
    IndicatorInfo{kI21dWalk, "outcome change: walk in 6 minutes, m", "episodes", "", "SLUT",
                  FigureKind::kMean, Rolling::kSum},
    IndicatorInfo{kI21eSitToStand, "outcome change: sit to stand in 30 s, times", "episodes", "",
                  "SLUT", FigureKind::kMean, Rolling::kSum},
    IndicatorInfo{kI21fWho5, "outcome change: WHO-5, points", "episodes", "", "SLUT",
                  FigureKind::kMean, Rolling::kSum},
    IndicatorInfo{kI22Satisfaction, "satisfaction, response rate", "episodes", "", "SLUT",
                  FigureKind::kShare, Rolling::kSum},
    IndicatorInfo{kI23EducationGap, "education gap", "percentage points", "", "VIDEN",
                  FigureKind::kShare, Rolling::kNone},
    IndicatorInfo{kI24ReportingCompleteness, "reporting completeness", "organisations", "",
                  "SLUT, VIDEN", FigureKind::kShare, Rolling::kSum},
};

}  // namespace

std::span<const IndicatorInfo> indicator_list() { return kList; }

const IndicatorInfo* indicator_info(Indicator indicator) {
  for (const IndicatorInfo& info : kList) {
    if (info.indicator == indicator) return &info;
  }
  return nullptr;
}

}  // namespace kronika::domain
