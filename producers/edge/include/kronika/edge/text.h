// Texts of senders on their way into headers, rows and the ledger.
#pragma once

#include <string>
#include <string_view>

namespace kronika::edge {

/// `text`, or `instead` where it holds ten digits in a row (a hyphen after six left out), as a CPR
/// number has. Control characters become "?".
[[nodiscard]] std::string without_person_number(std::string_view text, std::string_view instead);

/// `text` with "?" for every byte that is no part of valid UTF-8: answers in JSON and protobuf must
/// be valid, whatever a sender wrote, and wherever a text was cut.
[[nodiscard]] std::string valid_utf8(std::string_view text);

}  // namespace kronika::edge
