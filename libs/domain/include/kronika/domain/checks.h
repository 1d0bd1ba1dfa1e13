// The checks every event must pass, at the edge and again in the citizen task (domain.md 4.3). The
// first failure in the listed order gives the reason; a refused event has no effect and does not
// occupy its version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <kronika/domain/event.h>
#include <kronika/domain/rules.h>

namespace kronika::domain {

/// In the order in which checks are made. slug() gives the published spelling, e.g. "TIME_FUTURE".
enum class Reason : std::uint8_t {
  kTypeUnknown,
  kFieldMissing,
  kEnumUnknown,
  kTimeNoZone,
  kTimeFuture,
  kCprFormat,
  kCprDate,
  kCprFuture,
  kEcprNotAllowed,
  kCprCycle,
  kBeforeBirth,
  kSorFormat,
  kMunicipalityUnknown,
  kEventIdReused,
  kVersionConflict,
  kProgrammeUnresolved,
  kReasonRequired,
  kReasonNotAllowed,
  kCodeUnknown,
  kValueMissing,
  kUnitMissing,
  kUnitUnknown,
  kNotInteger,
  kRangeHard,
  kSubscore,
  kBpOrder,
  kFevOrder,
  // Faults of the transport, before an event exists.
  kUndecodable,
  kSchemaUnknown,
  kKeyMismatch,
  kBundleUnknown,
  kJsonMalformed,
  kInternalInvariant,
};
[[nodiscard]] std::string_view slug(Reason reason);
[[nodiscard]] std::optional<Reason> reason_from_slug(std::string_view slug);
/// One English sentence: what is wrong in general, and the remedy.
[[nodiscard]] std::string_view explain(Reason reason);

struct Refusal {
  Reason reason = Reason::kTypeUnknown;
  std::string field;     ///< the place, e.g. "measurement_recorded.unit"
  std::string sentence;  ///< names the place and the remedy; never patient data
};

/// `receive_time` is the edge's clock, or the record timestamp in the citizen task. Checks of
/// identity that need the CPR number itself are made by identity.h before an Event exists. A CANCEL
/// skips the content checks.
[[nodiscard]] std::optional<Refusal> check(const Rules& rules, const Event& event,
                                           Instant receive_time);

/// A measurement in its measure's canonical unit; coded values as index into
/// Measure::allowed_values.
struct CanonicalValue {
  MeasureIndex measure = kNoMeasure;
  double value = 0;
  bool soft_range = false;
};
/// Resolves code, unit and range (domain.md 6 points 1-3). `age` in years skips the soft bounds of
/// WEIGHT below 18.
[[nodiscard]] std::optional<CanonicalValue> canonical(const Rules& rules,
                                                      const MeasurementRecorded& measurement,
                                                      std::optional<int> age,
                                                      Refusal* refusal = nullptr);

}  // namespace kronika::domain
