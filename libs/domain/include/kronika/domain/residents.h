// Inhabitants by municipality, sex, age and quarter, from a file of the site (libs/refdata reads
// it): the denominators of I-01, I-02, I-19 and I-20. Public figures, not ours to suppress as such.
//
//   residents.add({quarter, 751, Sex::kFemale, ResidentBand::k65To74}, {2310, 2305});
//   for (const auto& [key, count] : residents.of(quarter)) ...
//
// Thread: any, once filled.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include <kronika/domain/indicators.h>

namespace kronika::domain {

/// The age bands of domain.md 0.2, the first one split where I-19 begins to count.
enum class ResidentBand : std::uint8_t {
  k0To14,
  k15To17,
  k18To29,
  k30To44,
  k45To64,
  k65To74,
  k75To84,
  k85Plus
};
[[nodiscard]] std::optional<ResidentBand> resident_band_from(std::string_view text);  ///< "0-14"
[[nodiscard]] AgeBand age_band(ResidentBand band);

struct ResidentKey {
  Municipality municipality = 0;
  Sex sex = Sex::kUnknown;
  ResidentBand band = ResidentBand::k0To14;
  friend auto operator<=>(const ResidentKey&, const ResidentKey&) = default;
};
struct ResidentCount {
  std::int64_t first_day = 0;  ///< persons on the quarter's first day
  std::int64_t last_day = 0;
};

class Residents {
 public:
  using OfQuarter = std::map<ResidentKey, ResidentCount>;
  /// False: the key is there already.
  bool add(Quarter quarter, const ResidentKey& key, const ResidentCount& count) {
    return quarters_[quarter].emplace(key, count).second;
  }
  /// nullptr: nothing is known of the quarter.
  [[nodiscard]] const OfQuarter* of(Quarter quarter) const {
    const auto found = quarters_.find(quarter);
    return found == quarters_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] bool empty() const { return quarters_.empty(); }
  [[nodiscard]] Quarter first() const { return quarters_.begin()->first; }  ///< pre: not empty
  [[nodiscard]] Quarter last() const { return quarters_.rbegin()->first; }  ///< pre: not empty

 private:
  std::map<Quarter, OfQuarter> quarters_;
};

}  // namespace kronika::domain
