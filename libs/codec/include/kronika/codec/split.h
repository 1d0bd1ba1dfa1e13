// One file or stream may hold one JSON document, or many, one a line (NDJSON of native events or
// FHIR resources).
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace kronika::codec {

/// Calls f with each document of `bytes`. NDJSON is recognised by its first line being an object of
/// its own with more behind it; blank lines are passed over. Anything else, garbage included, is
/// one document. Returns how many.
std::size_t split_documents(std::string_view bytes, const std::function<void(std::string_view)>& f);

/// Whether the text is one whole JSON object.
[[nodiscard]] bool is_json_object(std::string_view text);

}  // namespace kronika::codec
