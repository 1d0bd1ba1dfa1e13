#include <kronika/edge/text.h>

namespace kronika::edge {

std::string without_person_number(std::string_view text, std::string_view instead) {
  std::string out;
  std::size_t run = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const bool digit = i < text.size() && text[i] >= '0' && text[i] <= '9';
    const bool hyphen = i < text.size() && text[i] == '-' && run == 6;
    if (digit) {
      ++run;
    } else if (!hyphen) {
      if (run == 10) return std::string(instead);
      run = 0;
    }
    if (i == text.size()) break;
    const auto byte = static_cast<unsigned char>(text[i]);
    out += byte < 0x20 || byte == 0x7f ? '?' : text[i];
  }
  return out;
}

}  // namespace kronika::edge
