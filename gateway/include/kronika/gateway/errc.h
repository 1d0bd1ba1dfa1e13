// What a query can fail with. The gRPC status of each stands in src/status.cc, the list for callers
// in docs/api.md.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <kronika/base/result.h>

namespace kronika::gateway {

enum class Errc : std::uint8_t {
  kCitizenNotNamed = 1,     ///< the request names no citizen
  kCprInvalid,              ///< the CPR number is none
  kPersonKeyMalformed,      ///< not 32 hex digits
  kIdentifierNotAccepted,   ///< the settings do not list the identifier's system
  kCitizenUnknown,          ///< no event of the citizen is known
  kTimeInvalid,             ///< a timestamp outside the years 1900 to 2200
  kMeasureUnknown,          ///< no measure has this key
  kProgrammeUnknown,        ///< no programme has this id
  kPathwayNone,             ///< the citizen has no pathway of the programme
  kRulesetNone,             ///< the programme has no rule set: its level is set by clinicians
  kRulesetVersionUnknown,   ///< the rule set has no such version
  kIndicatorUnknown,        ///< no indicator has this id
  kIndicatorUnimplemented,  ///< known, but not computed by this build
  kPeriodMalformed,         ///< neither "2025Q1" nor "2025Q1-R"
  kPeriodNotRolling,        ///< the indicator has no rolling figure
  kTableUnknown,            ///< not on the closed list of tables
  kOrganisationMalformed,   ///< neither a SOR id nor a four-digit code
  kGoalAreaUnknown,         ///< not 1 to 9
  kReportNone,              ///< the organisation has documented nothing
  kPublicationUnknown,      ///< nothing of that indicator, period or revision is published
  kMessageNotNamed,         ///< the request names no message, sender, citizen or reason
  kLedgerOff,               ///< this gateway keeps no ledger
  kPageSizeNegative,        ///< page_size < 0
  kPageTokenInvalid,        ///< not a token of this request
  kDeadlinePassed,          ///< the call's time is up
  kViewCatchingUp,          ///< the view has not yet read the log once
  kViewRecordUnreadable,    ///< a record in the view cannot be decoded
  kViewForeign,  ///< the view on disk belongs to another cluster or layout: move it aside and
                 ///< rebuild
  kAddressNotLoopback,     ///< plaintext is refused on this address
  kPortTaken,              ///< the port cannot be listened on
  kCertificateUnreadable,  ///< a file of the TLS settings cannot be read
  kLast = kCertificateUnreadable
};

constexpr std::string_view slug(Errc e) {
  switch (e) {
    case Errc::kCitizenNotNamed:
      return "citizen_not_named";
    case Errc::kCprInvalid:
      return "cpr_invalid";
    case Errc::kPersonKeyMalformed:
      return "person_key_malformed";
    case Errc::kIdentifierNotAccepted:
      return "identifier_not_accepted";
    case Errc::kCitizenUnknown:
      return "citizen_unknown";
    case Errc::kTimeInvalid:
      return "time_invalid";
    case Errc::kMeasureUnknown:
      return "measure_unknown";
    case Errc::kProgrammeUnknown:
      return "programme_unknown";
    case Errc::kPathwayNone:
      return "pathway_none";
    case Errc::kRulesetNone:
      return "ruleset_none";
    case Errc::kRulesetVersionUnknown:
      return "ruleset_version_unknown";
    case Errc::kIndicatorUnknown:
      return "indicator_unknown";
    case Errc::kIndicatorUnimplemented:
      return "indicator_unimplemented";
    case Errc::kPeriodMalformed:
      return "period_malformed";
    case Errc::kPeriodNotRolling:
      return "period_not_rolling";
    case Errc::kTableUnknown:
      return "table_unknown";
    case Errc::kOrganisationMalformed:
      return "organisation_malformed";
    case Errc::kGoalAreaUnknown:
      return "goal_area_unknown";
    case Errc::kReportNone:
      return "report_none";
    case Errc::kPublicationUnknown:
      return "publication_unknown";
    case Errc::kMessageNotNamed:
      return "message_not_named";
    case Errc::kLedgerOff:
      return "ledger_off";
    case Errc::kPageSizeNegative:
      return "page_size_negative";
    case Errc::kPageTokenInvalid:
      return "page_token_invalid";
    case Errc::kDeadlinePassed:
      return "deadline_passed";
    case Errc::kViewCatchingUp:
      return "view_catching_up";
    case Errc::kViewRecordUnreadable:
      return "view_record_unreadable";
    case Errc::kViewForeign:
      return "view_foreign";
    case Errc::kAddressNotLoopback:
      return "address_not_loopback";
    case Errc::kPortTaken:
      return "gateway_port_taken";
    case Errc::kCertificateUnreadable:
      return "certificate_unreadable";
  }
  return {};
}

constexpr Disposition disposition(Errc e) {
  switch (e) {
    case Errc::kCitizenNotNamed:
    case Errc::kCprInvalid:
    case Errc::kPersonKeyMalformed:
    case Errc::kIdentifierNotAccepted:
    case Errc::kCitizenUnknown:
    case Errc::kTimeInvalid:
    case Errc::kMeasureUnknown:
    case Errc::kProgrammeUnknown:
    case Errc::kPathwayNone:
    case Errc::kRulesetNone:
    case Errc::kRulesetVersionUnknown:
    case Errc::kIndicatorUnknown:
    case Errc::kIndicatorUnimplemented:
    case Errc::kPeriodMalformed:
    case Errc::kPeriodNotRolling:
    case Errc::kTableUnknown:
    case Errc::kOrganisationMalformed:
    case Errc::kGoalAreaUnknown:
    case Errc::kReportNone:
    case Errc::kPublicationUnknown:
    case Errc::kMessageNotNamed:
    case Errc::kLedgerOff:
    case Errc::kPageSizeNegative:
    case Errc::kPageTokenInvalid:
      return Disposition::kRejectRecord;
    case Errc::kDeadlinePassed:
    case Errc::kViewCatchingUp:
      return Disposition::kRetryCall;
    case Errc::kViewRecordUnreadable:
    case Errc::kViewForeign:
      return Disposition::kTaskCorrupted;
    case Errc::kAddressNotLoopback:
    case Errc::kPortTaken:
    case Errc::kCertificateUnreadable:
      return Disposition::kFatal;
  }
  return Disposition::kFatal;
}

namespace detail {
inline constexpr auto kRows = [] {
  std::array<ErrorRow, static_cast<std::size_t>(Errc::kLast)> rows{};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto e = static_cast<Errc>(i + 1);
    rows[i] = {slug(e), disposition(e)};
  }
  return rows;
}();
}  // namespace detail

/// The row of `e`; equal codes point to the same row.
constexpr ErrorCode code(Errc e) {
  return ErrorCode{detail::kRows[static_cast<std::size_t>(e) - 1]};
}

}  // namespace kronika::gateway
