// The keys that seal raw messages, one a calendar month (UTC), so that destroying a month's key
// makes that month's originals unreadable and no others. Plain data; any thread.
//
//   # comment                                     a file of keys (seal.key_file), in any order
//   2026-11 <64 hex digits>                       seals what is received in that month, and opens
//   it 2026-08 destroyed 1a2b3c4d 2026-11-22         its id and the day: what it sealed is erased
//   <64 hex digits>                               of no month: opens, and seals where no key has
//   one
//
// Of several keys for one month, or of none, the last seals and the others open. The whole file may
// also be one key of 32 raw bytes.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>

namespace kronika::codec {

/// A calendar month of UTC: year * 12 + month - 1.
struct SealMonth {
  std::int32_t value = 0;
  friend auto operator<=>(const SealMonth&, const SealMonth&) = default;
  friend constexpr SealMonth operator+(SealMonth m, int n) { return {m.value + n}; }
};
[[nodiscard]] SealMonth seal_month_of(Instant t);
/// Its first instant.
[[nodiscard]] Instant begin_of(SealMonth month);
[[nodiscard]] std::string to_text(SealMonth month);  ///< "2026-11"
[[nodiscard]] std::optional<SealMonth> parse_seal_month(std::string_view text);

class SealKeys {
 public:
  static constexpr std::size_t kKeyBytes = 32;
  static constexpr std::size_t kIdBytes = 4;
  using Bytes = std::array<std::uint8_t, kKeyBytes>;

  struct Key {
    std::optional<SealMonth> month;
    Bytes bytes{};
    std::string id;  ///< the first bytes of SHA-256 of the key
  };
  struct Destroyed {
    SealMonth month;
    std::string id;
    std::string day;  ///< "2026-11-22"
  };

  SealKeys() = default;
  explicit SealKeys(const Bytes& key) { add(std::nullopt, key); }
  /// Errors: kKeyFile, with the file and the line: absent, readable by everyone, malformed, without
  /// any key, one key twice.
  [[nodiscard]] static Result<SealKeys> from_file(const std::filesystem::path& file);
  /// `name` stands in errors.
  [[nodiscard]] static Result<SealKeys> from_text(std::string_view text, const std::string& name);
  /// A file of keys as above.
  [[nodiscard]] std::string text() const;
  /// Writes it readable by its owner only, all of it or nothing. Error: kKeyFile.
  [[nodiscard]] Result<void> write(const std::filesystem::path& file) const;

  /// The key that seals at `now`: that of the month, else the last one before, else that of no
  /// month, else the first one. Pre: there is a key.
  [[nodiscard]] const Key& sealing(Instant now) const;
  /// Whether sealing() gives the key that is meant for `now`: its month's, or one of no month where
  /// no key has one.
  [[nodiscard]] bool covers(Instant now) const;
  /// The first instant, from `now` on, that is not covered; nothing where keys have no month. Where
  /// `now` itself is not: since when.
  [[nodiscard]] std::optional<Instant> end(Instant now) const;

  /// Null where there is none.
  [[nodiscard]] const Key* find(std::string_view id) const;
  [[nodiscard]] const Destroyed* find_destroyed(std::string_view id) const;
  /// Whether a key has a month.
  [[nodiscard]] bool by_month() const;
  [[nodiscard]] const std::vector<Key>& keys() const { return keys_; }
  [[nodiscard]] const std::vector<Destroyed>& destroyed() const { return destroyed_; }

  void add(std::optional<SealMonth> month, const Bytes& key);
  /// A new random key for each of `count` months from `first` on that has neither a key nor a
  /// destroyed one; returns those months.
  std::vector<SealMonth> make(SealMonth first, int count);
  /// Forgets every key of the month and keeps that it did; returns how many.
  std::size_t destroy(SealMonth month, Instant now);

 private:
  std::vector<Key> keys_;
  std::vector<Destroyed> destroyed_;
};

}  // namespace kronika::codec
