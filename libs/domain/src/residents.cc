#include <array>

#include <kronika/domain/residents.h>

namespace kronika::domain {

std::optional<ResidentBand> resident_band_from(std::string_view text) {
  static constexpr std::array<std::string_view, 8> kBands{"0-14",  "15-17", "18-29", "30-44",
                                                          "45-64", "65-74", "75-84", "85+"};
  for (std::size_t i = 0; i < kBands.size(); ++i) {
    if (kBands[i] == text) return static_cast<ResidentBand>(i);
  }
  return std::nullopt;
}

AgeBand age_band(ResidentBand band) {
  switch (band) {
    case ResidentBand::k0To14:
    case ResidentBand::k15To17:
      return AgeBand::k0To17;
    case ResidentBand::k18To29:
      return AgeBand::k18To29;
    case ResidentBand::k30To44:
      return AgeBand::k30To44;
    case ResidentBand::k45To64:
      return AgeBand::k45To64;
    case ResidentBand::k65To74:
      return AgeBand::k65To74;
    case ResidentBand::k75To84:
      return AgeBand::k75To84;
    case ResidentBand::k85Plus:
      return AgeBand::k85Plus;
  }
  return AgeBand::kUnknown;
}

}  // namespace kronika::domain
