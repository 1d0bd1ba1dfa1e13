// What one peer may take of a door and its edge, so that it cannot take what the others need:
// connections, bytes of unfinished messages and untaken answers, messages under way, and rates. A
// peer is whoever a client's certificate names, else the address that the connection comes from.
//
//   auto peers = Peers::make(options, &registry);
//   auto place = peers->enter(peer_of_address(address));   // a connection's; nothing: no room
//   if (!place->hold(bytes)) ...                           // unfinished bytes; false: "try again"
//   wait(place->pause());                                  // before the next message is read
//   edge.submit({.bytes = ..., .place = &*place}, ...);    // the edge books what is under way
//
// A peer over its rates is slowed down first: its connections read nothing for the time of pause().
// What comes all the same is refused as edge_throttled, and nothing is read for a moment then. Its
// debt is bounded, so that it is served again soon after it mends its ways. Memory is bounded: a
// peer is forgotten when it has nothing open and no debt, and beyond Options::max_peers all further
// ones share one account.
//
// Thread: any. Places and what they began may outlive the Peers that the door holds.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <kronika/base/result.h>
#include <kronika/config/settings.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::edge {

/// Of one peer; 0: no bound but the door's own.
struct PeerLimits {
  std::size_t connections = 0;  ///< of gRPC: calls and streams
  std::size_t unfinished_bytes = 0;
  std::size_t messages = 0;  ///< at the edge, without an answer
  std::size_t bytes = 0;     ///< of these; one message is taken whatever its size
  double messages_per_second = 0;
  double faults_per_second = 0;  ///< messages of which nothing could be used, and what is none
};

class Place;
class UnderWay;

class Peers : public std::enable_shared_from_this<Peers> {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Now = std::function<Time()>;
  struct Options {
    std::size_t max_connections = 500;             ///< of all peers
    std::size_t max_unfinished_bytes = 32U << 20;  ///< of all, beyond kFreeBytes of each connection
    PeerLimits each{};
    std::size_t max_peers = 10'000;  ///< with an account of their own
  };
  /// Not counted as unfinished: who fills the room with large messages keeps no small one out.
  static constexpr std::size_t kFreeBytes = 64U << 10;
  /// Large messages weigh more in the rates: one more for each of these bytes.
  static constexpr std::size_t kWeightBytes = 16U << 10;

  [[nodiscard]] static std::shared_ptr<Peers> make(const Options& options,
                                                   telemetry::Registry* registry,
                                                   Now now = std::chrono::steady_clock::now);

  /// Nothing: there are as many connections as may be, in all or of this peer.
  [[nodiscard]] std::optional<Place> enter(std::string_view peer);

  [[nodiscard]] std::size_t connections() const;
  /// With an account of their own.
  [[nodiscard]] std::size_t known() const;

 private:
  friend class Place;
  friend class UnderWay;

  /// Tokens of a rate: two seconds' worth at most, and no more debt than kRetryAfter pays off.
  class Bucket {
   public:
    Bucket(double rate, Time now) : rate_(rate), tokens_(most()), at_(now) {}
    void spend(double tokens, Time now);
    [[nodiscard]] std::chrono::nanoseconds until_even(Time now) const;
    /// By more than a second's worth.
    [[nodiscard]] bool deep_in_debt(Time now) const { return tokens(now) < -rate_; }
    [[nodiscard]] bool full(Time now) const { return tokens(now) >= most(); }

   private:
    [[nodiscard]] double most() const { return 2 * rate_; }
    [[nodiscard]] double tokens(Time now) const;
    double rate_, tokens_;
    Time at_;
  };
  struct Account {
    std::size_t connections = 0, unfinished = 0, messages = 0, bytes = 0;
    Bucket messages_rate, faults_rate;
    Time refused_until{};  ///< a refusal is followed by a pause, lest it be followed by the next
  };
  enum class Reason : std::uint8_t { kConnections, kUnfinished, kMessages, kBytes, kRate, kFaults };
  static constexpr std::size_t kReasons = 6;

  Peers(const Options& options, telemetry::Registry* registry, Now now);

  Account* account_of(std::string_view peer);
  void forget_the_idle();
  void throttled(Reason reason) const { throttled_[static_cast<std::size_t>(reason)].add(); }

  const Options options_;
  const Now now_;
  std::array<telemetry::Counter, kReasons> throttled_;
  mutable std::mutex mutex_;
  // Guarded by mutex_. An account with a connection or a message under way keeps its place.
  std::unordered_map<std::string, Account> accounts_;
  Account others_;  ///< of peers beyond max_peers
  std::size_t connections_ = 0, unfinished_ = 0;
  std::size_t look_at_ = 64;  ///< accounts, when the idle ones are looked for
};

/// A message under way; gives its share back when it goes.
class UnderWay {
 public:
  UnderWay() = default;
  UnderWay(UnderWay&&) noexcept = default;
  UnderWay& operator=(UnderWay&& other) noexcept;
  ~UnderWay() { end(); }
  /// Nothing of it could be used.
  void fault() const;

 private:
  friend class Place;
  UnderWay(std::shared_ptr<Peers> peers, Peers::Account* account, std::size_t bytes)
      : peers_(std::move(peers)), account_(account), bytes_(bytes) {}
  void end();
  std::shared_ptr<Peers> peers_;
  Peers::Account* account_ = nullptr;
  std::size_t bytes_ = 0;
};

/// One connection's place, of gRPC one call's; given back when it goes. Its own calls from one
/// thread at a time.
class Place {
 public:
  Place(Place&&) noexcept = default;
  Place& operator=(Place&&) = delete;
  ~Place();

  /// The connection turns out to be of another peer: its certificate is known now. False: that one
  /// has no room; nothing changed.
  [[nodiscard]] bool move_to(std::string_view peer);

  /// So many bytes of an unfinished message are held now, in all. False: there is no room, and what
  /// was held is held.
  [[nodiscard]] bool hold(std::size_t bytes);
  /// Of an answer, which must be given; what follows feels it.
  void hold_anyway(std::size_t bytes);

  /// For so long nothing should be read: the peer is over its rates. Zero: read on.
  [[nodiscard]] std::chrono::nanoseconds pause() const;
  /// So many bytes were no message.
  void fault(std::size_t bytes) const;
  /// A message goes to the edge. Error: edge_throttled.
  [[nodiscard]] Result<UnderWay> begin(std::size_t bytes) const;

 private:
  friend class Peers;
  Place(std::shared_ptr<Peers> peers, Peers::Account* account)
      : peers_(std::move(peers)), account_(account) {}
  /// The mutex is held.
  void take(std::size_t bytes);
  std::shared_ptr<Peers> peers_;
  Peers::Account* account_;
  std::size_t held_ = 0;
};

/// What the settings say, for a door with so many connections and so much room.
[[nodiscard]] Peers::Options peers_of(const config::Ingest& settings, std::size_t max_connections,
                                      std::size_t max_unfinished_bytes);

/// The peer behind an IP address as text; of IPv6 the /64, which is one customer's.
[[nodiscard]] std::string peer_of_address(std::string_view address);
/// The peer that a certificate names.
[[nodiscard]] std::string peer_of_certificate(std::string_view name);

}  // namespace kronika::edge
