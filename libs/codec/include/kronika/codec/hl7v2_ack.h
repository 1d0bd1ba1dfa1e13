// Answers to HL7 v2 messages: ACK with MSA and one ERR a fault, in the sender's separators and
// character set. Like everything at the edge a function of the bytes (architecture A17): MSH-7
// repeats the message's own, MSH-10 is made of its hash, so a resend gets the same answer.
//
//   for (const std::string& ack : hl7v2_answers(bytes, verdict_of(translation))) send(ack);
//
// Thread-safe; nothing throws, whatever the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/codec/adapter.h>

namespace kronika::codec {

enum class Settled : std::uint8_t {
  kStored,    ///< events and refusals are kept: the faults decide between AA, AE and AR
  kTryAgain,  ///< they could not be kept now: AE, code 207
  kTooLong    ///< not read at all: AR, code 104; the bytes are the beginning of the message
};

/// What became of a message, as far as the answer needs it.
struct Hl7Verdict {
  Settled settled = Settled::kStored;
  bool any_accepted = false;     ///< some fact became an event
  std::vector<Fault> faults;     ///< of all refusals, in order
  std::vector<Ignored> ignored;  ///< told where nothing was refused
};
[[nodiscard]] Hl7Verdict verdict_of(const Translation& translation);

/// One answer as a rule. Enhanced mode (MSH-15 or MSH-16 filled): a commit and an application
/// acknowledgement as the sender wants them, so none, one or two. Without MSH: one AR with the
/// usual separators.
[[nodiscard]] std::vector<std::string> hl7v2_answers(std::string_view message,
                                                     const Hl7Verdict& verdict);

}  // namespace kronika::codec
