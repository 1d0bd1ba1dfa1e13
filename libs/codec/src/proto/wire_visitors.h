// Protobuf's wire format, as visitors over a list of fields. fields(visitor, message) names each
// field once:
//
//   template <class V> void fields(V& v, V::template Of<LeaveStarted>& m) { v.text(1,
//   m.contact_id); }
//
// Writer writes in the order of the list; Reader goes through the list once for a message in that
// order (ours are), and again for what is left, so any order reads. A list therefore stands in
// ascending field numbers. Clearer resets without giving memory back. Presence follows proto3: a
// default is not written.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/base/ids.h>
#include <kronika/domain/citizen.h>
#include <kronika/domain/time.h>

namespace kronika::codec::wire {

inline constexpr std::uint32_t kVarint = 0;
inline constexpr std::uint32_t kFixed64 = 1;
inline constexpr std::uint32_t kBytes = 2;
inline constexpr std::uint32_t kFixed32 = 5;

constexpr std::uint32_t tag_of(std::uint32_t number, std::uint32_t type) {
  return number << 3 | type;
}
constexpr std::uint64_t zigzag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t v) {
  return static_cast<std::int64_t>((v >> 1) ^ (~(v & 1) + 1));
}
[[nodiscard]] bool valid_utf8(std::string_view text);

// ---- writing
// ---------------------------------------------------------------------------------------------------

class Writer {
 public:
  template <class M>
  using Of = const M;

  explicit Writer(std::string& out) : out_(out) {}

  void text(std::uint32_t n, const std::string& s) {
    if (!s.empty()) raw(n, s);
  }
  void bytes(std::uint32_t n, const std::string& s) { text(n, s); }
  template <class Tag>
  void id(std::uint32_t n, const Bytes16<Tag>& id) {
    if (!id.is_zero()) raw(n, id.view());
  }
  template <class Tag>
  void id(std::uint32_t n, const std::optional<Bytes16<Tag>>& id) {
    if (id) raw(n, id->view());
  }
  void texts(std::uint32_t n, const std::vector<std::string>& list) {
    for (const auto& s : list) raw(n, s);
  }
  void ids(std::uint32_t n, const std::vector<EventId>& list) {
    for (const auto& id : list) raw(n, id.view());
  }
  template <class T>
  void number(std::uint32_t n, T v) {  // uint32, uint64, int32, int64, bool, enum
    if (v != T{}) varint_field(n, widen(v));
  }
  void flag(std::uint32_t n, const std::optional<bool>& v) {
    if (v) varint_field(n, *v ? 1 : 0);
  }
  void signed_number(std::uint32_t n, std::int64_t v) {
    if (v != 0) varint_field(n, zigzag(v));
  }
  void instant(std::uint32_t n, Instant t) { signed_number(n, t.ms); }
  void plain_instant(std::uint32_t n, Instant t) { number(n, t.ms); }
  void date(std::uint32_t n, const std::optional<domain::CivilDate>& d) {
    if (d) varint_field(n, zigzag(d->days));
  }
  void real(std::uint32_t n, double v) {
    if (std::bit_cast<std::uint64_t>(v) != 0) fixed64_field(n, v);
  }
  void text(std::uint32_t n, std::string_view s) {
    if (!s.empty()) raw(n, s);
  }
  /// A time, date or index whose absence is its own value, so that 0 is written.
  void when(std::uint32_t n, Instant t) {
    if (t != domain::kNoInstant) varint_field(n, zigzag(t.ms));
  }
  void day(std::uint32_t n, domain::CivilDate d) {
    if (d != domain::kNoDate) varint_field(n, zigzag(d.days));
  }
  void index(std::uint32_t n, std::uint8_t v) {
    if (v != domain::kNoIndex) varint_field(n, v + 1U);
  }
  /// Written also when it is 0.
  void always(std::uint32_t n, std::uint64_t v) { varint_field(n, v); }
  void signed32(std::uint32_t n, std::int32_t v) { signed_number(n, v); }
  void fixed(std::uint32_t n, std::uint64_t v) {
    if (v != 0) fixed64_field(n, std::bit_cast<double>(v));
  }
  /// Two packed fields: values under n, counts under n + 1.
  void buckets(std::uint32_t n, const std::vector<std::pair<std::int32_t, std::int64_t>>& list) {
    if (list.empty()) return;
    packed(n, list, [](const auto& b) { return zigzag(b.first); });
    packed(n + 1, list, [](const auto& b) { return zigzag(b.second); });
  }
  template <class M>
  void message(std::uint32_t n, const M& m) {
    varint(tag_of(n, kBytes));
    const std::size_t at = out_.size();
    out_.push_back('\0');  // the length of a short message takes one byte; longer ones are moved
    fields(*this, m);
    const std::size_t size = out_.size() - at - 1;
    if (size < 0x80) {
      out_[at] = static_cast<char>(size);
      return;
    }
    char length[10];
    const std::size_t n_length = put_varint(length, size);
    out_.insert(at + 1, n_length - 1, '\0');
    std::memcpy(out_.data() + at, length, n_length);
  }
  template <class M>
  void messages(std::uint32_t n, const std::vector<M>& list) {
    for (const auto& m : list) message(n, m);
  }
  template <class M, class Variant>
  void one_of(std::uint32_t n, const Variant& v) {
    if (const auto* m = std::get_if<M>(&v)) message(n, *m);
  }
  template <class Variant>
  void one_of_real(std::uint32_t n, const Variant& v) {
    if (const auto* d = std::get_if<double>(&v)) fixed64_field(n, *d);
  }
  template <class Variant>
  void one_of_text(std::uint32_t n, const Variant& v) {
    if (const auto* s = std::get_if<std::string>(&v)) raw(n, *s);
  }

 private:
  template <class T>
  static std::uint64_t widen(T v) {
    if constexpr (std::is_enum_v<T>) {
      return static_cast<std::uint64_t>(static_cast<std::underlying_type_t<T>>(v));
    } else if constexpr (std::is_signed_v<T>) {
      return static_cast<std::uint64_t>(static_cast<std::int64_t>(v));
    } else {
      return static_cast<std::uint64_t>(v);
    }
  }
  static std::size_t put_varint(char* to, std::uint64_t v) {
    std::size_t n = 0;
    for (; v >= 0x80; v >>= 7) to[n++] = static_cast<char>(v | 0x80);
    to[n++] = static_cast<char>(v);
    return n;
  }
  void varint(std::uint64_t v) {
    char buffer[10];
    out_.append(buffer, put_varint(buffer, v));
  }
  void varint_field(std::uint32_t n, std::uint64_t v) {
    char buffer[20];
    std::size_t size = put_varint(buffer, tag_of(n, kVarint));
    size += put_varint(buffer + size, v);
    out_.append(buffer, size);
  }
  void fixed64_field(std::uint32_t n, double v) {
    char buffer[18];
    const std::size_t size = put_varint(buffer, tag_of(n, kFixed64));
    std::memcpy(buffer + size, &v, 8);  // little-endian, like every machine this is built for
    out_.append(buffer, size + 8);
  }
  template <class List, class Value>
  void packed(std::uint32_t n, const List& list, Value value) {
    char buffer[10];
    std::size_t size = 0;
    for (const auto& item : list) size += put_varint(buffer, value(item));
    varint(tag_of(n, kBytes));
    varint(size);
    for (const auto& item : list) varint(value(item));
  }
  void raw(std::uint32_t n, std::string_view s) {
    char buffer[20];
    std::size_t size = put_varint(buffer, tag_of(n, kBytes));
    size += put_varint(buffer + size, s.size());
    out_.append(buffer, size);
    out_.append(s);
  }

  std::string& out_;
};
static_assert(std::endian::native == std::endian::little);

// ---- clearing
// --------------------------------------------------------------------------------------------------

class Clearer {
 public:
  template <class M>
  using Of = M;

  template <class T>
  void text(std::uint32_t, T& s) {
    s.clear();
  }
  void bytes(std::uint32_t, std::string& s) { s.clear(); }
  template <class T>
  void id(std::uint32_t, T& id) {
    id = T{};
  }
  template <class T>
  void texts(std::uint32_t, T& list) {
    list.clear();
  }
  template <class T>
  void ids(std::uint32_t, T& list) {
    list.clear();
  }
  template <class T>
  void number(std::uint32_t, T& v) {
    v = T{};
  }
  template <class T>
  void flag(std::uint32_t, T& v) {
    v.reset();
  }
  template <class T>
  void signed_number(std::uint32_t, T& v) {
    v = T{};
  }
  void instant(std::uint32_t, Instant& t) { t = {}; }
  void plain_instant(std::uint32_t, Instant& t) { t = {}; }
  template <class T>
  void date(std::uint32_t, T& d) {
    d.reset();
  }
  void real(std::uint32_t, double& v) { v = 0; }
  template <class M>
  void message(std::uint32_t, M& m) {
    fields(*this, m);
  }
  template <class T>
  void messages(std::uint32_t, T& list) {
    list.clear();
  }
  // The reader itself replaces a oneof that the bytes do not mention.
  template <class M, class Variant>
  void one_of(std::uint32_t, Variant&) {}
  template <class Variant>
  void one_of_real(std::uint32_t, Variant& v) {
    v = std::monostate{};
  }
  template <class Variant>
  void one_of_text(std::uint32_t, Variant& v) {
    v = std::monostate{};
  }
};

// ---- reading
// ---------------------------------------------------------------------------------------------------

class Reader {
 public:
  template <class M>
  using Of = M;

  explicit Reader(std::string_view bytes)
      : at_(reinterpret_cast<const std::uint8_t*>(bytes.data())), end_(at_ + bytes.size()) {}

  /// Reads the rest of the bytes into a cleared message; false if they are malformed.
  template <class M>
  [[nodiscard]] bool read(M& m) {
    next();
    while (tag_ != 0) {
      const std::uint8_t* before = at_;
      fields(*this, m);
      if (!ok_) return false;
      if (at_ == before && tag_ != 0) skip();
      if (!ok_) return false;
    }
    return ok_;
  }
  /// Whether a oneof member was read; one that was not must be reset by the caller.
  [[nodiscard]] bool saw_one_of() const { return saw_one_of_; }

  void text(std::uint32_t n, std::string& s) {
    while (tag_ == tag_of(n, kBytes)) {
      const std::string_view v = chunk();
      if (!valid_utf8(v)) return bad();
      s.assign(v);
      next();
    }
  }
  void bytes(std::uint32_t n, std::string& s) {
    while (tag_ == tag_of(n, kBytes)) {
      s.assign(chunk());
      next();
    }
  }
  template <class Tag>
  void id(std::uint32_t n, Bytes16<Tag>& id) {
    while (tag_ == tag_of(n, kBytes)) {
      const std::string_view v = chunk();
      if (v.size() == 16) {
        std::memcpy(id.bytes.data(), v.data(), 16);
      } else if (v.empty()) {
        id = {};
      } else {
        return bad();
      }
      next();
    }
  }
  template <class Tag>
  void id(std::uint32_t n, std::optional<Bytes16<Tag>>& id) {
    while (tag_ == tag_of(n, kBytes)) {
      const std::string_view v = chunk();
      id = Bytes16<Tag>::from_bytes(v);
      if (!id && !v.empty()) return bad();
      next();
    }
  }
  void texts(std::uint32_t n, std::vector<std::string>& list) {
    while (tag_ == tag_of(n, kBytes)) {
      const std::string_view v = chunk();
      if (!valid_utf8(v)) return bad();
      list.emplace_back(v);
      next();
    }
  }
  void ids(std::uint32_t n, std::vector<EventId>& list) {
    while (tag_ == tag_of(n, kBytes)) {
      const auto id = EventId::from_bytes(chunk());
      if (!id) return bad();
      list.push_back(*id);
      next();
    }
  }
  template <class T>
  void number(std::uint32_t n, T& v) {
    while (tag_ == tag_of(n, kVarint)) {
      const std::uint64_t raw = varint();
      if constexpr (std::is_enum_v<T>) {
        v = static_cast<T>(raw > 0xff ? 0xff : raw);  // stays unknown, never wraps to a known one
      } else if constexpr (std::is_same_v<T, bool>) {
        v = raw != 0;
      } else {
        v = static_cast<T>(raw);
      }
      next();
    }
  }
  void flag(std::uint32_t n, std::optional<bool>& v) {
    while (tag_ == tag_of(n, kVarint)) {
      v = varint() != 0;
      next();
    }
  }
  void signed_number(std::uint32_t n, std::int64_t& v) {
    while (tag_ == tag_of(n, kVarint)) {
      v = unzigzag(varint());
      next();
    }
  }
  void instant(std::uint32_t n, Instant& t) { signed_number(n, t.ms); }
  void plain_instant(std::uint32_t n, Instant& t) { number(n, t.ms); }
  void date(std::uint32_t n, std::optional<domain::CivilDate>& d) {
    while (tag_ == tag_of(n, kVarint)) {
      d = domain::CivilDate{
          static_cast<std::int32_t>(unzigzag(static_cast<std::uint32_t>(varint())))};
      next();
    }
  }
  void real(std::uint32_t n, double& v) {
    while (tag_ == tag_of(n, kFixed64)) {
      v = fixed64();
      next();
    }
  }
  /// Passes over a field of any type.
  void pass(std::uint32_t n) {
    while (tag_ != 0 && tag_ >> 3 == n) skip();
  }
  void when(std::uint32_t n, Instant& t) {
    while (tag_ == tag_of(n, kVarint)) {
      t.ms = unzigzag(varint());
      next();
    }
  }
  void day(std::uint32_t n, domain::CivilDate& d) {
    while (tag_ == tag_of(n, kVarint)) {
      d.days = static_cast<std::int32_t>(unzigzag(static_cast<std::uint32_t>(varint())));
      next();
    }
  }
  void index(std::uint32_t n, std::uint8_t& v) {
    while (tag_ == tag_of(n, kVarint)) {
      const std::uint64_t raw = varint();
      v = raw > 0xff ? domain::kNoIndex : static_cast<std::uint8_t>(raw - 1);  // 0: none
      next();
    }
  }
  void signed32(std::uint32_t n, std::int32_t& v) {
    while (tag_ == tag_of(n, kVarint)) {
      v = static_cast<std::int32_t>(unzigzag(static_cast<std::uint32_t>(varint())));
      next();
    }
  }
  void fixed(std::uint32_t n, std::uint64_t& v) {
    while (tag_ == tag_of(n, kFixed64)) {
      v = std::bit_cast<std::uint64_t>(fixed64());
      next();
    }
  }
  void buckets(std::uint32_t n, std::vector<std::pair<std::int32_t, std::int64_t>>& list) {
    while (tag_ == tag_of(n, kBytes)) {
      Reader inner(chunk());
      while (inner.at_ != inner.end_) {
        list.emplace_back(static_cast<std::int32_t>(unzigzag(inner.varint())), 0);
      }
      if (!inner.ok_) return bad();
      next();
    }
    while (tag_ == tag_of(n + 1, kBytes)) {
      Reader inner(chunk());
      for (auto& bucket : list) {
        if (inner.at_ == inner.end_) return bad();
        bucket.second = unzigzag(inner.varint());
      }
      if (!inner.ok_ || inner.at_ != inner.end_) return bad();
      next();
    }
  }
  template <class M>
  void message(std::uint32_t n, M& m) {
    while (tag_ == tag_of(n, kBytes)) {
      if (!nested(m)) return bad();
      next();
    }
  }
  template <class M>
  void messages(std::uint32_t n, std::vector<M>& list) {
    while (tag_ == tag_of(n, kBytes)) {
      if (!nested(list.emplace_back())) return bad();
      next();
    }
  }
  /// The last member of a oneof wins; a repeated one is merged, as protobuf does.
  template <class M, class Variant>
  void one_of(std::uint32_t n, Variant& v) {
    while (tag_ == tag_of(n, kBytes)) {
      M* m = std::get_if<M>(&v);
      if (m == nullptr) {
        m = &v.template emplace<M>();
      } else if (!saw_one_of_) {  // left over from the event decoded before: keep its memory
        Clearer clearer;
        fields(clearer, *m);
      }
      saw_one_of_ = true;
      if (!nested(*m)) return bad();
      next();
    }
  }
  template <class Variant>
  void one_of_real(std::uint32_t n, Variant& v) {
    while (tag_ == tag_of(n, kFixed64)) {
      v = fixed64();
      next();
    }
  }
  template <class Variant>
  void one_of_text(std::uint32_t n, Variant& v) {
    while (tag_ == tag_of(n, kBytes)) {
      const std::string_view s = chunk();
      if (!valid_utf8(s)) return bad();
      v = std::string(s);
      next();
    }
  }

 private:
  void bad() {
    ok_ = false;
    tag_ = 0;
    at_ = end_;
  }
  template <class M>
  bool nested(M& m) {
    Reader inner(chunk());
    return ok_ && inner.read(m);
  }
  void next() {
    if (at_ == end_) {
      tag_ = 0;
      return;
    }
    const std::uint64_t tag = varint();
    if (!ok_) return;
    if (tag >> 3 == 0 || tag > 0xffffffffU) return bad();
    tag_ = static_cast<std::uint32_t>(tag);
  }
  std::uint64_t varint() {
    if (at_ != end_ && *at_ < 0x80) return *at_++;
    std::uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) break;
      const std::uint8_t byte = *at_++;
      v |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return v;
    }
    bad();
    return 0;
  }
  double fixed64() {
    if (end_ - at_ < 8) {
      bad();
      return 0;
    }
    double v;
    std::memcpy(&v, at_, 8);
    at_ += 8;
    return v;
  }
  std::string_view chunk() {
    const std::uint64_t size = varint();
    if (!ok_ || size > static_cast<std::uint64_t>(end_ - at_)) {
      bad();
      return {};
    }
    const std::string_view v(reinterpret_cast<const char*>(at_), size);
    at_ += size;
    return v;
  }
  void skip() {
    switch (tag_ & 7) {
      case kVarint:
        (void)varint();
        break;
      case kFixed64:
        (void)fixed64();
        break;
      case kBytes:
        (void)chunk();
        break;
      case kFixed32:
        if (end_ - at_ < 4) return bad();
        at_ += 4;
        break;
      default:  // groups: proto3 has none
        return bad();
    }
    if (ok_) next();
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::uint32_t tag_ = 0;
  bool ok_ = true;
  bool saw_one_of_ = false;
};

}  // namespace kronika::codec::wire
