// Schema ids of the Confluent wire prefix (architecture A13): proto/schema_ids.csv in C++; a test
// holds the two together. Every message is the first of its file, so the message index path is
// always the short 0.
#pragma once

#include <cstdint>

namespace kronika::codec {

inline constexpr std::int32_t kEventSchemaId = 1;
inline constexpr std::int32_t kFlytningSchemaId = 2;
inline constexpr std::int32_t kCitizenStateSchemaId = 3;
inline constexpr std::int32_t kProgressSchemaId = 4;
inline constexpr std::int32_t kIndicatorCellSchemaId = 5;
inline constexpr std::int32_t kLedgerEntrySchemaId = 6;
inline constexpr std::int32_t kStratificationSchemaId = 7;
inline constexpr std::int32_t kPublicationSchemaId = 8;
inline constexpr std::int32_t kIndicatorDeltaSchemaId = 9;
inline constexpr std::int32_t kMessageReceivedSchemaId = 10;
inline constexpr std::int32_t kAuditSchemaId = 11;
inline constexpr std::int32_t kLetterClosedSchemaId = 12;

}  // namespace kronika::codec
