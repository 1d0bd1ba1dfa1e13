#include "tls_page.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <stop_token>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <kronika/telemetry/errc.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::telemetry {
namespace {

prometheus::Labels to_labels(const Labels& labels) { return {labels.begin(), labels.end()}; }

// A clash of names is a bug that the first start shows: end with the name instead of an exception's
// text.
[[noreturn]] void abort_on_clash(std::string_view name, const std::exception& e) {
  std::fprintf(stderr, "metric %.*s is declared twice in different ways: %s\n",
               static_cast<int>(name.size()), name.data(), e.what());
  std::abort();
}

}  // namespace

void Counter::add(double n) const {
  if (impl_ != nullptr) impl_->Increment(n);
}
double Counter::value() const { return impl_ == nullptr ? 0 : impl_->Value(); }

void Gauge::set(double v) const {
  if (impl_ != nullptr) impl_->Set(v);
}
void Gauge::add(double n) const {
  if (impl_ != nullptr) impl_->Increment(n);
}
void Gauge::set_to_now() const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  set(std::chrono::duration<double>(now).count());
}
double Gauge::value() const { return impl_ == nullptr ? 0 : impl_->Value(); }

void Histogram::observe(double v) const {
  if (impl_ != nullptr) impl_->Observe(v);
}

void Histogram::observe_all(const std::vector<double>& values) const {
  if (impl_ == nullptr || values.empty()) return;
  std::vector<double> counts(edges_->size() + 1);
  double sum = 0;
  for (const double v : values) {
    const auto bucket = std::lower_bound(edges_->begin(), edges_->end(), v) - edges_->begin();
    ++counts[static_cast<std::size_t>(bucket)];
    sum += v;
  }
  impl_->ObserveMultiple(counts, sum);
}

const std::vector<double>& bucket_edges(Buckets buckets) {
  static const std::vector<double> fast{.0005, .001, .0025, .005, .01, .025,
                                        .05,   .1,   .25,   .5,   1,   2.5};
  static const std::vector<double> end_to_end{.05, .1, .25, .5, 1, 2, 5, 10, 30, 60, 300};
  static const std::vector<double> count{1, 10, 100, 1'000, 10'000};
  static const std::vector<double> size{256, 1'024, 4'096, 16'384, 65'536, 262'144, 1'048'576};
  switch (buckets) {
    case Buckets::kFast:
      return fast;
    case Buckets::kEndToEnd:
      return end_to_end;
    case Buckets::kCount:
      return count;
    case Buckets::kSize:
      return size;
  }
  return fast;
}

struct Registry::Impl final : prometheus::Collectable {
  struct Sampled {
    SampleKind kind;
    std::string name, help;
    std::function<std::vector<Sample>()> list;
  };

  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override {
    auto families = plain.Collect();
    const std::scoped_lock lock(mutex);
    for (const auto& [id, sampled] : sampled_families) {
      const bool is_counter = sampled.kind == SampleKind::kCounter;
      // Two owners may list the same family (two stream threads): their lines belong under one
      // heading.
      auto family = std::find_if(families.begin(), families.end(),
                                 [&](const auto& f) { return f.name == sampled.name; });
      if (family == families.end()) {
        const auto type =
            is_counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
        families.push_back({sampled.name, sampled.help, type, {}});
        family = std::prev(families.end());
      }
      for (const auto& sample : sampled.list()) {
        auto& line = family->metric.emplace_back();
        for (const auto& [key, value] : sample.labels) line.label.push_back({key, value});
        (is_counter ? line.counter.value : line.gauge.value) = sample.value;
      }
    }
    return families;
  }

  prometheus::Registry plain{prometheus::Registry::InsertBehavior::Merge};
  mutable std::mutex
      mutex;  // guards what follows; held while listing, so that removal waits for a running scrape
  std::map<std::uint64_t, Sampled> sampled_families;
  std::uint64_t next_id = 0;
};

Registry::Registry() : impl_(std::make_shared<Impl>()) {}
Registry::~Registry() = default;

Counter Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  try {
    return Counter{&prometheus::BuildCounter()
                        .Name(std::string(name))
                        .Help(std::string(help))
                        .Register(impl_->plain)
                        .Add(to_labels(labels))};
  } catch (const std::exception& e) {
    abort_on_clash(name, e);
  }
}

Gauge Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  try {
    return Gauge{&prometheus::BuildGauge()
                      .Name(std::string(name))
                      .Help(std::string(help))
                      .Register(impl_->plain)
                      .Add(to_labels(labels))};
  } catch (const std::exception& e) {
    abort_on_clash(name, e);
  }
}

Histogram Registry::histogram(std::string_view name, std::string_view help, Buckets buckets,
                              const Labels& labels) {
  try {
    return Histogram{&prometheus::BuildHistogram()
                          .Name(std::string(name))
                          .Help(std::string(help))
                          .Register(impl_->plain)
                          .Add(to_labels(labels), bucket_edges(buckets)),
                     bucket_edges(buckets)};
  } catch (const std::exception& e) {
    abort_on_clash(name, e);
  }
}

Registration Registry::sampled(SampleKind kind, std::string_view name, std::string_view help,
                               std::function<std::vector<Sample>()> list) {
  const std::scoped_lock lock(impl_->mutex);
  const auto id = impl_->next_id++;
  impl_->sampled_families[id] = {kind, std::string(name), std::string(help), std::move(list)};
  return Registration{[weak = std::weak_ptr<Impl>(impl_), id] {
    if (const auto impl = weak.lock()) {
      const std::scoped_lock remove_lock(impl->mutex);
      impl->sampled_families.erase(id);
    }
  }};
}

std::string Registry::text() const {
  return prometheus::TextSerializer().Serialize(impl_->Collect());
}

struct Exposer::Impl {
  std::shared_ptr<prometheus::Collectable> source;  // outlives the server, which holds it weakly
  std::unique_ptr<prometheus::Exposer> server;      ///< plaintext
  std::unique_ptr<TlsPage> tls;
  std::string address;
  std::uint16_t port = 0;
};

Exposer::Exposer() : impl_(std::make_unique<Impl>()) {}

// The HTTP server looks at its stop flag when a connection comes, else every two seconds. Knock, so
// that every program's stop is not two seconds longer.
Exposer::~Exposer() {
  if (!impl_->server) return;
  const std::jthread knocking([this](const std::stop_token& stopped) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(impl_->port);
    if (inet_pton(AF_INET, impl_->address.c_str(), &to.sin_addr) != 1) return;  // IPv6: it waits
    while (!stopped.stop_requested()) {
      const int knock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      if (knock < 0) return;
      [[maybe_unused]] const int under_way =
          connect(knock, reinterpret_cast<const sockaddr*>(&to), sizeof to);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      close(knock);
    }
  });
  impl_->server.reset();
}

std::uint16_t Exposer::port() const { return impl_->port; }

Result<std::unique_ptr<Exposer>> Exposer::open(const Registry& registry, const std::string& address,
                                               std::uint16_t port, const PageSecurity& security) {
  const std::string where = address + ":" + std::to_string(port);
  if (!security.cert_file.empty()) {
    auto exposer = std::unique_ptr<Exposer>(new Exposer());
    auto page = TlsPage::open(address, port, security, [source = registry.impl_] {
      return prometheus::TextSerializer().Serialize(source->Collect());
    });
    if (!page) return tl::unexpected(page.error());
    exposer->impl_->tls = std::move(*page);
    exposer->impl_->port = exposer->impl_->tls->port();
    return exposer;
  }
  const bool loopback = address == "localhost" || address == "::1" || address == "[::1]" ||
                        address.starts_with("127.");
  if (!loopback && security.plaintext_guarded_by.empty()) {
    return fail(code<Errc::kMetricsAddress>(),
                "metrics.address " + address +
                    " is not a loopback address, and without metrics.cert_file the page would "
                    "cross the network in plaintext. Give a certificate, or say in "
                    "metrics.plaintext_guarded_by what guards the port");
  }
  try {
    auto exposer = std::unique_ptr<Exposer>(new Exposer());
    exposer->impl_->source = registry.impl_;
    exposer->impl_->server = std::make_unique<prometheus::Exposer>(where, 1);
    exposer->impl_->server->RegisterCollectable(exposer->impl_->source);
    const auto ports = exposer->impl_->server->GetListeningPorts();
    exposer->impl_->address = address;
    exposer->impl_->port = ports.empty() ? port : static_cast<std::uint16_t>(ports.front());
    return exposer;
  } catch (const std::exception&) {
    return fail(code<Errc::kMetricsPort>(),
                "cannot serve metrics on " + where +
                    ": the port is in use or not permitted; choose another with the program's "
                    "metrics_port setting");
  }
}

}  // namespace kronika::telemetry
