// A view of one JSON value that may be absent: reading a path never fails, it gives an absent Node.
// JSON null counts as absent (null elements occur in the wild). Points into the parser's document
// and lives no longer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace kronika::codec {

class Node {
 public:
  Node() = default;
  explicit Node(simdjson::dom::element element) : element_(element), present_(!element.is_null()) {}

  explicit operator bool() const { return present_; }
  [[nodiscard]] bool is_object() const { return present_ && element_.is_object(); }
  [[nodiscard]] bool is_array() const { return present_ && element_.is_array(); }

  [[nodiscard]] Node operator[](std::string_view key) const {
    simdjson::dom::element found;
    if (!is_object() || element_.at_key(key).get(found) != simdjson::SUCCESS) return {};
    return Node(found);
  }
  /// The first element of an array that is not null, or the value itself where a sender left the
  /// array out.
  [[nodiscard]] Node first() const {
    Node found = is_array() ? Node{} : *this;
    each([&](const Node& n, std::size_t) {
      if (!found) found = n;
    });
    return found;
  }
  /// Text; empty where absent or no string.
  [[nodiscard]] std::string_view text() const {
    std::string_view s;
    if (!present_ || element_.get_string().get(s) != simdjson::SUCCESS) return {};
    return s;
  }
  [[nodiscard]] std::string_view text(std::string_view key) const { return (*this)[key].text(); }
  [[nodiscard]] std::optional<bool> boolean() const {
    bool b = false;
    if (!present_ || element_.get_bool().get(b) != simdjson::SUCCESS) return std::nullopt;
    return b;
  }
  [[nodiscard]] bool is_text() const { return present_ && element_.is_string(); }
  /// A whole number, or a text that is one (64-bit numbers are texts in protobuf's JSON).
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  [[nodiscard]] std::optional<std::uint64_t> unsigned_integer() const;
  /// A number, or a text that is one, with a leading "+" or not.
  [[nodiscard]] std::optional<double> number() const;
  /// The value as JSON text.
  [[nodiscard]] std::string json() const {
    return present_ ? std::string(simdjson::minify(element_)) : std::string("null");
  }

  /// f(Node, index) for each element of an array that is not null; the index counts null ones.
  template <class F>
  void each(F f) const {
    if (!is_array()) return;
    std::size_t index = 0;
    for (const simdjson::dom::element e : simdjson::dom::array(element_)) {
      if (!e.is_null()) f(Node(e), index);
      ++index;
    }
  }
  /// f(key, Node) for each member of an object.
  template <class F>
  void members(F f) const {
    if (!is_object()) return;
    for (const auto& [key, value] : simdjson::dom::object(element_)) f(key, Node(value));
  }

 private:
  simdjson::dom::element element_;
  bool present_ = false;
};

}  // namespace kronika::codec
