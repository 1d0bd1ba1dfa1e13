#include "status_service.h"

#include "citizen_answer.h"
#include "figures.h"
#include "text.h"

#include <algorithm>

#include <kronika/domain/suppression.h>

namespace kronika::gateway {

StatusService::StatusService(const ServerOptions& options, const Services& services)
    : options_(options),
      services_(services),
      get_(services.registry, "kronika.query.v1.StatusService", "GetStatus") {}

grpc::ServerUnaryReactor* StatusService::GetStatus(grpc::CallbackServerContext* context,
                                                   const query::v1::GetStatusRequest*,
                                                   query::v1::Status* response) {
  return serve(context, get_, options_, [&](const Budget&) -> Result<void> {
    fill(*response);
    return {};
  });
}

void StatusService::fill(query::v1::Status& response) const {
  const ViewCounts counts = services_.view.counts();
  response.set_citizens(counts.citizens);
  response.set_simulated_citizens(counts.simulated);
  response.set_refused(services_.view.refused());
  // The programmes' totals are not given, so there is no line that a neighbour could complete.
  for (const auto& [key, count] : counts.pathways) {
    query::v1::Status::Count& out = *response.add_pathways();
    out.set_programme(key.first);
    out.set_state(key.second);
    fill_figure(domain::is_small(count) ? domain::Figure{domain::FigureStatus::kSuppressed, 0}
                                        : domain::Figure{domain::FigureStatus::kShown, count},
                *out.mutable_citizens());
  }
  const auto ends = services_.log_ends();
  const auto handled = services_.view.handled();
  std::int64_t events = 0, pending = 0, reports = 0;
  for (const auto& [at, position] : services_.view.positions()) {
    if (at.topic >= std::size(kViewTopics)) continue;
    query::v1::TopicPosition& out = *response.add_positions();
    out.set_topic(std::string(kViewTopics[at.topic]));
    out.set_partition(at.partition);
    out.set_next_offset(position.next_offset);
    const auto end = ends.find(at);
    out.set_end_offset(end == ends.end() ? -1 : end->second);
    if (position.last_record_time.ms != 0)
      set_time(position.last_record_time, out.mutable_last_record_time());
    // Event topics have no gaps, so positions count events; flytning is written by transactions.
    if (at.topic < kInputTopics && kViewTopics[at.topic] != bus::kFlytning) {
      events += position.next_offset;
      const auto next = handled.find(at);
      const std::int64_t done = next == handled.end() ? 0 : next->second;
      pending += std::max<std::int64_t>(0, std::max(out.end_offset(), position.next_offset) - done);
    }
    if (kViewTopics[at.topic] == bus::kRapport) reports += position.next_offset;
  }
  response.set_events(events);
  response.set_reports(reports);
  response.set_pending_events(pending);
  response.set_awaiting_refold(services_.view.awaiting_refold());
  fill_generation(services_.rules, *response.mutable_rules());
  response.set_version(options_.version);
}

}  // namespace kronika::gateway
