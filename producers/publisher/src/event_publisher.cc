#include <kronika/publisher/event_publisher.h>

namespace kronika::publisher {

Result<void> EventPublisher::publish(const domain::Event& event) {
  const bus::Outgoing record = record_.make(event, trace_.header());
  return bus_->publish(record, [tally = tally_](const Result<bus::Published>& result) {
    if (result) {
      tally->acknowledged.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    tally->failed.fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard lock(tally->mutex);
    if (!tally->first_failure) tally->first_failure = result.error();
  });
}

Result<EventPublisher::Totals> EventPublisher::finish(std::chrono::milliseconds timeout) {
  if (auto done = bus_->flush(timeout); !done) return tl::unexpected(done.error());
  const std::lock_guard lock(tally_->mutex);
  return Totals{tally_->acknowledged.load(), tally_->failed.load(), tally_->first_failure};
}

}  // namespace kronika::publisher
