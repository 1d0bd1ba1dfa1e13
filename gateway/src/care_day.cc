#include "care_day.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

namespace kronika::gateway {
namespace {

constexpr std::string_view kHead = "kronika-care-figures 1";

}  // namespace

CareDay day_after(const std::optional<CareDay>& before, domain::CivilDate day, Instant computed,
                  const std::vector<domain::CareCell>& cells) {
  CareDay out{day, computed, {}};
  for (const domain::CareCell& cell : cells) {
    const domain::StandingFigure* standing = nullptr;
    if (before) {
      const auto found = before->figures.find(cell.key);
      if (found != before->figures.end()) standing = &found->second;
    }
    out.figures[cell.key] = domain::moved(standing, cell);
  }
  return out;
}

// The head, "day computed number-of-figures", then a figure a line: no name holds a space.
std::string encode_care_day(const CareDay& care) {
  std::ostringstream out;
  out << kHead << '\n'
      << care.day.days << ' ' << care.computed.ms << ' ' << care.figures.size() << '\n';
  for (const auto& [key, figure] : care.figures) {
    out << key.timer << ' ' << key.days << ' ' << key.region << ' ' << key.programme << ' '
        << figure.basis << ' ' << (figure.hidden ? 1 : 0) << '\n';
  }
  return out.str();
}

std::optional<CareDay> decode_care_day(std::string_view bytes) {
  std::istringstream in{std::string(bytes)};
  std::string head;
  if (!std::getline(in, head) || head != kHead) return std::nullopt;
  CareDay care;
  std::size_t count = 0;
  if (!(in >> care.day.days >> care.computed.ms >> count)) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    domain::CareKey key;
    domain::StandingFigure figure;
    if (!(in >> key.timer >> key.days >> key.region >> key.programme >> figure.basis >>
          figure.hidden)) {
      return std::nullopt;
    }
    care.figures[std::move(key)] = figure;
  }
  return care;
}

std::optional<CareDay> read_care_day(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  return decode_care_day(std::string(std::istreambuf_iterator<char>(in), {}));
}

bool write_care_day(const std::filesystem::path& file, const CareDay& care) {
  std::filesystem::path beside = file;
  beside += ".new";
  {
    std::ofstream out(beside, std::ios::binary | std::ios::trunc);
    out << encode_care_day(care);
    if (!out.flush()) return false;
  }
  std::error_code failed;
  std::filesystem::permissions(
      beside, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, failed);
  if (!failed) std::filesystem::rename(beside, file, failed);
  return !failed;
}

}  // namespace kronika::gateway
