// The headers of a message (architecture A13): CloudEvents ce_* and W3C traceparent, exactly one
// each.
//
//   const MessageHeaders h({.id = id, .source = "kronika/citizen", .type = type, .time = now},
//   traceparent); ctx.send({.topic = kLedger, .key = key, .value = value, .headers = h.view()});
//
// Thread: plain data.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <kronika/base/clock.h>
#include <kronika/bus/task.h>

namespace kronika::bus {

inline constexpr std::string_view kTraceparent = "traceparent";

/// The first header of that name; nothing when there is none.
[[nodiscard]] std::optional<std::string_view> find_header(std::span<const Header> headers,
                                                          std::string_view name);

/// Whether `text` is a traceparent of version 00 with a trace id and a parent id that are not zero.
[[nodiscard]] bool is_traceparent(std::string_view text);
/// The 32 hex digits in the middle; nothing when `text` is no traceparent.
[[nodiscard]] std::optional<std::string_view> trace_id_of(std::string_view traceparent);

/// RFC 3339 in UTC with milliseconds, as ce_time wants it.
[[nodiscard]] std::string rfc3339(Instant t);

struct CloudEvent {
  std::string_view id{};
  std::string_view source{};
  std::string_view type{};
  Instant time{};
};

/// Owns the bytes that its view() shows. Neither copied nor moved: the views point into it.
class MessageHeaders {
 public:
  /// `traceparent` is left out when it is none, so that a bad one is not passed on.
  explicit MessageHeaders(const CloudEvent& event, std::string_view traceparent = {});
  MessageHeaders(const MessageHeaders&) = delete;
  MessageHeaders& operator=(const MessageHeaders&) = delete;
  [[nodiscard]] std::span<const Header> view() const { return {headers_.data(), count_}; }

 private:
  std::string id_, source_, type_, time_, traceparent_;
  std::array<Header, 7> headers_;
  std::size_t count_ = 0;
};

}  // namespace kronika::bus
