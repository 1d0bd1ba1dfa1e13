#include <array>

#include <kronika/domain/identity.h>

namespace kronika::domain {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) {
  for (const char c : text) {
    if (!is_digit(c)) return false;
  }
  return true;
}

std::optional<Cpr> refuse(Refusal& refusal, Reason reason, std::string sentence) {
  refusal = {reason, "patient.identifier", std::move(sentence)};
  return std::nullopt;
}

// The century is coded in digit 7 together with the year (cpr.dk).
int full_year(int yy, int digit7) {
  if (digit7 <= 3) return 1900 + yy;
  if (digit7 == 4 || digit7 == 9) return yy <= 36 ? 2000 + yy : 1900 + yy;
  return yy <= 57 ? 2000 + yy : 1800 + yy;
}

bool fails_modulus_11(std::string_view digits) {
  constexpr std::array<int, 10> kWeights{4, 3, 2, 7, 6, 5, 4, 3, 2, 1};
  int sum = 0;
  for (std::size_t i = 0; i < 10; ++i) sum += kWeights[i] * (digits[i] - '0');
  return sum % 11 != 0;
}

}  // namespace

std::optional<Cpr> read_cpr(std::string_view text, CivilDate recorded, bool ecpr_allowed,
                            Refusal& refusal) {
  std::string id(text);
  if (id.size() == 11 && id[6] == '-') id.erase(6, 1);
  if (id.size() != 10 || !all_digits(std::string_view(id).substr(0, 6))) {
    return refuse(refusal, Reason::kCprFormat,
                  "the person number is not ten digits DDMMYYSSSS; send the official number");
  }
  for (char& c : id) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  const auto is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (is_digit(id[6]) && is_letter(id[7]) && is_letter(id[8]) && is_digit(id[9])) {
    // [17] is the national X-eCPR, [056] a regional D-eCPR (dk-core).
    if (std::string_view("17056").find(id[6]) == std::string_view::npos) {
      return refuse(
          refusal, Reason::kCprFormat,
          "the replacement number has no known kind in position 7; send the official number");
    }
    if (!ecpr_allowed) {
      return refuse(
          refusal, Reason::kEcprNotAllowed,
          "this message standard takes no replacement number (eCPR); send the CPR number");
    }
    return Cpr{std::move(id), std::nullopt, Sex::kUnknown, true, false};
  }
  if (!all_digits(id)) {
    return refuse(refusal, Reason::kCprFormat,
                  "the person number is not ten digits DDMMYYSSSS; send the official number");
  }
  const auto two = [&id](std::size_t pos) { return (id[pos] - '0') * 10 + (id[pos + 1] - '0'); };
  const auto birth = civil_date(full_year(two(4), id[6] - '0'), two(2), two(0));
  if (!birth) {
    return refuse(
        refusal, Reason::kCprDate,
        "the first six digits of the person number are no date of its century; check the number");
  }
  if (*birth > recorded) {
    return refuse(
        refusal, Reason::kCprFuture,
        "the person number means a birth after the message was recorded; check the number");
  }
  const Sex sex = (id[9] - '0') % 2 == 1 ? Sex::kMale : Sex::kFemale;
  const bool mod11_fail = fails_modulus_11(id);
  return Cpr{std::move(id), birth, sex, false, mod11_fail};
}

bool is_sor_id(std::string_view text) { return text.size() >= 11 && all_digits(text); }

bool is_ydernummer(std::string_view text) {
  return !text.empty() && text.size() <= 8 && all_digits(text);
}

}  // namespace kronika::domain
