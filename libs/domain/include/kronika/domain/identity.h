// Danish person and organisation identifiers (domain.md 5). A CPR number lives only at the edge: it
// is checked, birth date and sex are derived, and the rest of the platform sees the keyed hash
// alone. HMAC itself is done by the codec library.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <kronika/domain/checks.h>
#include <kronika/domain/event.h>
#include <kronika/domain/time.h>

namespace kronika::domain {

struct Cpr {
  std::string digits;  ///< ten digits, or an eCPR as sent (upper case)
  std::optional<CivilDate> birth_date;
  Sex sex = Sex::kUnknown;
  bool ecpr = false;        ///< X-eCPR or D-eCPR: no birth date, no sex
  bool mod11_fail = false;  ///< soft flag only: numbers without modulus 11 are issued since 2007
};

/// Reads a CPR number or eCPR. `recorded` is the civil date of recorded_at, for CPR_FUTURE. On
/// failure `refusal` says CPR_FORMAT, CPR_DATE, CPR_FUTURE or ECPR_NOT_ALLOWED; the text never
/// repeats the number.
[[nodiscard]] std::optional<Cpr> read_cpr(std::string_view text, CivilDate recorded,
                                          bool ecpr_allowed, Refusal& refusal);

/// `^[0-9]{11,}$`
[[nodiscard]] bool is_sor_id(std::string_view text);
/// `^[0-9]{1,8}$`
[[nodiscard]] bool is_ydernummer(std::string_view text);

}  // namespace kronika::domain
