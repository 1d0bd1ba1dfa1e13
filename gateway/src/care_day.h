// The figures of care of one day as they are served, and the file that keeps them from one day, and
// one start, to the next.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/domain/care_figures.h>
#include <kronika/domain/time.h>

namespace kronika::gateway {

struct CareDay {
  domain::CivilDate day;
  Instant computed;
  std::map<domain::CareKey, domain::StandingFigure> figures;
  friend bool operator==(const CareDay&, const CareDay&) = default;
};

/// The day after `before`; a cell that there is no more (a region that ended) is forgotten.
[[nodiscard]] CareDay day_after(const std::optional<CareDay>& before, domain::CivilDate day,
                                Instant computed, const std::vector<domain::CareCell>& cells);

[[nodiscard]] std::string encode_care_day(const CareDay& care);
/// Nothing where the bytes are not what encode_care_day() wrote.
[[nodiscard]] std::optional<CareDay> decode_care_day(std::string_view bytes);

/// Nothing where there is no file, or none that can be read.
[[nodiscard]] std::optional<CareDay> read_care_day(const std::filesystem::path& file);
/// Whole or not at all; false: it could not be written.
[[nodiscard]] bool write_care_day(const std::filesystem::path& file, const CareDay& care);

}  // namespace kronika::gateway
