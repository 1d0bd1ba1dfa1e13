#include <algorithm>
#include <arpa/inet.h>

#include <kronika/edge/account.h>
#include <kronika/edge/errc.h>
#include <kronika/edge/peers.h>

namespace kronika::edge {
namespace {

std::size_t counted(std::size_t bytes) {
  return bytes > Peers::kFreeBytes ? bytes - Peers::kFreeBytes : 0;
}

bool within(std::size_t wanted, std::size_t bound) { return bound == 0 || wanted <= bound; }

/// Waking up costs as well; what a fast peer misses meanwhile it may catch up with.
constexpr std::chrono::nanoseconds kLeastPause = std::chrono::milliseconds(20);
constexpr std::chrono::nanoseconds kRefusalPause = std::chrono::milliseconds(100);

double weight(std::size_t bytes) { return 1 + static_cast<double>(bytes / Peers::kWeightBytes); }

}  // namespace

double Peers::Bucket::tokens(Time now) const {
  const double come = std::chrono::duration<double>(now - at_).count() * rate_;
  return std::min(tokens_ + come, most());
}

void Peers::Bucket::spend(double spent, Time now) {
  tokens_ =
      std::max(tokens(now) - spent, -rate_ * std::chrono::duration<double>(kRetryAfter).count());
  at_ = now;
}

std::chrono::nanoseconds Peers::Bucket::until_even(Time now) const {
  const double debt = -tokens(now);
  if (debt <= 0) return {};
  return std::max(kLeastPause, std::chrono::ceil<std::chrono::nanoseconds>(
                                   std::chrono::duration<double>(debt / rate_)));
}

std::shared_ptr<Peers> Peers::make(const Options& options, telemetry::Registry* registry, Now now) {
  return std::shared_ptr<Peers>(new Peers(options, registry, std::move(now)));
}

Peers::Peers(const Options& options, telemetry::Registry* registry, Now now)
    : options_(options),
      now_(std::move(now)),
      others_{.messages_rate = {options.each.messages_per_second, now_()},
              .faults_rate = {options.each.faults_per_second, now_()}} {
  if (registry == nullptr) return;
  constexpr std::array<std::string_view, kReasons> kNames{"connections", "unfinished", "messages",
                                                          "bytes",       "rate",       "faults"};
  for (std::size_t i = 0; i < kReasons; ++i) {
    throttled_[i] = registry->counter(
        "kronika_ingest_throttled_total",
        "Connections and messages of a peer over its bounds: sent away, or made to wait",
        {{"reason", std::string(kNames[i])}});
  }
}

std::size_t Peers::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

std::size_t Peers::known() const {
  const std::lock_guard lock(mutex_);
  return accounts_.size();
}

Peers::Account* Peers::account_of(std::string_view peer) {
  const std::string name(peer);
  if (const auto found = accounts_.find(name); found != accounts_.end()) return &found->second;
  if (accounts_.size() >= std::min(look_at_, options_.max_peers)) forget_the_idle();
  if (accounts_.size() >= options_.max_peers) return &others_;
  const Time now = now_();
  return &accounts_
              .emplace(name, Account{.messages_rate = {options_.each.messages_per_second, now},
                                     .faults_rate = {options_.each.faults_per_second, now}})
              .first->second;
}

void Peers::forget_the_idle() {
  const Time now = now_();
  std::erase_if(accounts_, [now](const auto& each) {
    const Account& a = each.second;
    return a.connections == 0 && a.messages == 0 && a.messages_rate.full(now) &&
           a.faults_rate.full(now);
  });
  look_at_ = std::max<std::size_t>(64, 2 * accounts_.size());
}

std::optional<Place> Peers::enter(std::string_view peer) {
  const std::lock_guard lock(mutex_);
  Account* account = connections_ < options_.max_connections ? account_of(peer) : nullptr;
  if (account == nullptr || !within(account->connections + 1, options_.each.connections)) {
    throttled(Reason::kConnections);
    return std::nullopt;
  }
  ++account->connections;
  ++connections_;
  return Place(shared_from_this(), account);
}

Place::~Place() {
  if (peers_ == nullptr) return;  // moved from
  const std::lock_guard lock(peers_->mutex_);
  take(0);
  --account_->connections;
  --peers_->connections_;
}

bool Place::move_to(std::string_view peer) {
  const std::lock_guard lock(peers_->mutex_);
  Peers::Account* to = peers_->account_of(peer);
  if (to == account_) return true;
  if (!within(to->connections + 1, peers_->options_.each.connections)) {
    peers_->throttled(Peers::Reason::kConnections);
    return false;
  }
  --account_->connections;
  account_->unfinished -= counted(held_);
  ++to->connections;
  to->unfinished += counted(held_);
  account_ = to;
  return true;
}

bool Place::hold(std::size_t bytes) {
  const std::lock_guard lock(peers_->mutex_);
  if (const std::size_t now = counted(held_), wanted = counted(bytes); wanted > now) {
    const std::size_t more = wanted - now;
    const auto& options = peers_->options_;
    if (peers_->unfinished_ + more > options.max_unfinished_bytes ||
        !within(account_->unfinished + more, options.each.unfinished_bytes)) {
      peers_->throttled(Peers::Reason::kUnfinished);
      account_->refused_until = peers_->now_() + kRefusalPause;
      return false;
    }
  }
  take(bytes);
  return true;
}

void Place::hold_anyway(std::size_t bytes) {
  const std::lock_guard lock(peers_->mutex_);
  take(bytes);
}

void Place::take(std::size_t bytes) {
  for (std::size_t* sum : {&account_->unfinished, &peers_->unfinished_}) {
    *sum = *sum - counted(held_) + counted(bytes);
  }
  held_ = bytes;
}

std::chrono::nanoseconds Place::pause() const {
  const std::lock_guard lock(peers_->mutex_);
  const Peers::Time now = peers_->now_();
  const auto faults = account_->faults_rate.until_even(now);
  const auto messages = account_->messages_rate.until_even(now);
  if (faults.count() > 0) {
    peers_->throttled(Peers::Reason::kFaults);
  } else if (messages.count() > 0) {
    peers_->throttled(Peers::Reason::kRate);
  }
  const std::chrono::nanoseconds refused = account_->refused_until - now;
  return std::max({faults, messages, refused, std::chrono::nanoseconds(0)});
}

void Place::fault(std::size_t bytes) const {
  const std::lock_guard lock(peers_->mutex_);
  account_->faults_rate.spend(weight(bytes), peers_->now_());
}

Result<UnderWay> Place::begin(std::size_t bytes) const {
  const std::lock_guard lock(peers_->mutex_);
  const PeerLimits& each = peers_->options_.each;
  Peers::Account& a = *account_;
  const Peers::Time now = peers_->now_();
  const auto refused = [&](Peers::Reason reason, std::string_view why) {
    peers_->throttled(reason);
    a.refused_until = now + kRefusalPause;
    return fail(kThrottled, std::string(why));
  };
  if (a.faults_rate.deep_in_debt(now)) {
    return refused(Peers::Reason::kFaults,
                   "too many of your messages were refused in a short time; send it again later");
  }
  if (a.messages_rate.deep_in_debt(now)) {
    return refused(Peers::Reason::kRate,
                   "you send more messages a second than are taken; send it again later");
  }
  if (!within(a.messages + 1, each.messages)) {
    return refused(Peers::Reason::kMessages,
                   "too many of your messages are under way; send it again in a moment");
  }
  if (a.messages > 0 && !within(a.bytes + bytes, each.bytes)) {
    return refused(Peers::Reason::kBytes,
                   "too much of yours is under way; send it again in a moment");
  }
  a.messages_rate.spend(weight(bytes), now);
  ++a.messages;
  a.bytes += bytes;
  return UnderWay(peers_, account_, bytes);
}

UnderWay& UnderWay::operator=(UnderWay&& other) noexcept {
  if (this == &other) return *this;
  end();
  peers_ = std::move(other.peers_);
  account_ = other.account_;
  bytes_ = other.bytes_;
  return *this;
}

void UnderWay::fault() const {
  if (peers_ == nullptr) return;
  const std::lock_guard lock(peers_->mutex_);
  account_->faults_rate.spend(weight(bytes_), peers_->now_());
}

void UnderWay::end() {
  if (peers_ == nullptr) return;
  {
    const std::lock_guard lock(peers_->mutex_);
    --account_->messages;
    account_->bytes -= bytes_;
  }
  peers_.reset();
}

Peers::Options peers_of(const config::Ingest& settings, std::size_t max_connections,
                        std::size_t max_unfinished_bytes) {
  const auto share = [&](std::size_t of) {
    return settings.peer_share_percent == 100
               ? 0
               : std::max<std::size_t>(1, of * settings.peer_share_percent / 100);
  };
  return {.max_connections = max_connections,
          .max_unfinished_bytes = max_unfinished_bytes,
          .each = {.connections = settings.peer_max_connections,
                   .unfinished_bytes = share(max_unfinished_bytes),
                   .messages = share(settings.max_inflight_messages),
                   .bytes = share(settings.max_inflight_bytes),
                   .messages_per_second = settings.peer_messages_per_second,
                   .faults_per_second = settings.peer_faults_per_second}};
}

std::string peer_of_address(std::string_view address) {
  const std::string text(address);
  in6_addr six{};
  if (inet_pton(AF_INET6, text.c_str(), &six) != 1) return text;
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (IN6_IS_ADDR_V4MAPPED(&six)) {
    inet_ntop(AF_INET, &six.s6_addr[12], out.data(), out.size());
    return out.data();
  }
  std::fill(std::begin(six.s6_addr) + 8, std::end(six.s6_addr), std::uint8_t{0});
  inet_ntop(AF_INET6, &six, out.data(), out.size());
  return std::string(out.data()) + "/64";
}

std::string peer_of_certificate(std::string_view name) {
  return "certificate " + std::string(name);
}

}  // namespace kronika::edge
