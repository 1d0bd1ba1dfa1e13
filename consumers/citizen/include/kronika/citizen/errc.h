// What the citizen consumer can fail with. Refusals of single records carry the reason codes of
// domain/checks.h instead.
#pragma once

#include <cstdint>
#include <string_view>

#include <kronika/base/result.h>

namespace kronika::citizen {

enum class Errc : std::uint8_t {
  kJournalDamaged = 1,  ///< a journal record does not read back: the store is wiped and restored
  kStateDamaged,        ///< a citizen-state record does not read back
  kNewerGeneration,     ///< a state was folded with newer rules than these
  kGenerationClash,     ///< same rule ordinal, other rules
  kLast = kGenerationClash
};

constexpr std::string_view slug(Errc e) {
  switch (e) {
    case Errc::kJournalDamaged:
      return "citizen_journal_damaged";
    case Errc::kStateDamaged:
      return "citizen_state_damaged";
    case Errc::kNewerGeneration:
      return "citizen_newer_generation";
    case Errc::kGenerationClash:
      return "citizen_generation_clash";
  }
  return "";
}

constexpr Disposition disposition(Errc e) {
  switch (e) {
    case Errc::kJournalDamaged:
    case Errc::kStateDamaged:
      return Disposition::kTaskCorrupted;
    case Errc::kNewerGeneration:
    case Errc::kGenerationClash:
      return Disposition::kFatal;
  }
  return Disposition::kFatal;
}

template <Errc E>
inline constexpr ErrorRow kRow{slug(E), disposition(E)};

template <Errc E>
[[nodiscard]] constexpr ErrorCode code() {
  return ErrorCode{kRow<E>};
}

}  // namespace kronika::citizen
