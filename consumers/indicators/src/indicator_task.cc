#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>
#include <vector>

#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/domain/checks.h>
#include <kronika/domain/indicators.h>
#include <kronika/indicators/indicator_task.h>

namespace kronika::indicators {
namespace {

constexpr ErrorRow kUndecodableRow{"UNDECODABLE", Disposition::kRejectRecord};

class IndicatorTask final : public bus::Task {
 public:
  IndicatorTask(std::int32_t partition, const store::StateStore& store, const Options& options)
      : partition_(partition), store_(store), options_(options) {}

  Result<void> on_state_record(const bus::Record& record, bus::TaskContext& ctx) override {
    if (codec::is_progress_key(record.key)) return keep_progress(record);
    if (record.tombstone) {
      ctx.writes().erase(kCells, record.key);
    } else {
      ctx.writes().put(kCells, record.key, record.value);
    }
    return {};
  }

  Result<void> on_journal_record(const bus::Record&, bus::TaskContext&) override { return {}; }
  Result<void> on_restored(bus::TaskContext&) override { return {}; }

  Result<void> process(const bus::Record& record, bus::TaskContext&) override {
    const auto undecodable = [&](const char* what) {
      return fail(ErrorCode{kUndecodableRow}, what);
    };
    const auto wire = bus::read_wire(record.value);
    if (!wire) return undecodable("the value has no wire prefix");
    if (!codec::decode_delta(wire->message, delta_))
      return undecodable("the value is no IndicatorDelta");
    for (const auto& change : delta_.changes) pending_[change.cell] += change.value;
    generation_ = std::max(generation_, delta_.generation);
    if (record.key == codec::kCanaryDeltaKey) canaries_.push_back(record.timestamp);
    return {};
  }

  void on_rejected(const bus::Record& record, std::string_view reason, bus::TaskContext&) override {
    refused_.push_back(
        {std::string(record.topic), record.partition, record.offset, std::string(reason)});
  }

  Result<bool> punctuate(std::size_t, bus::TaskContext&) override { return false; }
  std::optional<Instant> next_deadline() const override { return std::nullopt; }

  Result<void> flush(bus::TaskContext& ctx) override {
    for (auto& [key, delta] : pending_) {
      if (auto done = add(key, delta, ctx); !done) return done;
    }
    pending_.clear();
    send_progress(ctx);
    return {};
  }

  void on_committed() override {
    committed_refused_ = refused_.size();
    touched_.clear();
    if (options_.on_canary) {
      for (const Instant published : canaries_) options_.on_canary(partition_, published);
    }
    canaries_.clear();
    if (cache_.size() > options_.cached_cells) cache_.clear();
  }

  void on_aborted() override {
    pending_.clear();
    canaries_.clear();
    refused_.resize(committed_refused_);
    for (const auto& key : touched_) cache_.erase(key);
    touched_.clear();
  }

  std::optional<Progress> read_progress(const bus::Record& record) const override {
    if (!codec::is_progress_key(record.key)) return std::nullopt;
    codec::ProgressRecord progress;
    const auto wire = bus::read_wire(record.value);
    if (!wire || !codec::decode_progress(wire->message, progress)) return std::nullopt;
    Progress read{{0}, progress.transaction_number, progress.as_of};
    for (const auto& position : progress.positions) read.next_offsets[0] = position.next_offset;
    return read;
  }

 private:
  using KeyBytes = std::array<char, 12>;
  struct Hash {
    std::size_t operator()(const KeyBytes& key) const noexcept {
      return std::hash<std::string_view>{}({key.data(), key.size()});
    }
  };

  Result<void> keep_progress(const bus::Record& record) {
    const auto wire = bus::read_wire(record.value);
    codec::ProgressRecord progress;
    if (wire && codec::decode_progress(wire->message, progress)) {
      refused_ = std::move(progress.refused);
      committed_refused_ = refused_.size();
    }
    return {};
  }

  Result<domain::CellValue*> cell(const KeyBytes& key) {
    const auto found = cache_.find(key);
    if (found != cache_.end()) return &found->second;
    auto stored = store_.get(kCells, {key.data(), key.size()});
    if (!stored) return tl::unexpected(stored.error());
    codec::IndicatorCell cell;
    if (*stored) {
      const auto wire = bus::read_wire(**stored);
      if (!wire) return tl::unexpected(wire.error());
      if (auto read = codec::decode_cell(wire->message, cell); !read)
        return tl::unexpected(read.error());
    }
    return &cache_.emplace(key, std::move(cell.value)).first->second;
  }

  Result<void> add(const domain::CellKey& key, const domain::CellValue& delta,
                   bus::TaskContext& ctx) {
    if (delta.is_zero()) return {};
    const KeyBytes bytes = key.bytes();
    const std::string_view key_view(bytes.data(), bytes.size());
    auto sum = cell(bytes);
    if (!sum) return tl::unexpected(sum.error());
    touched_.push_back(bytes);
    **sum += delta;
    bus::Outgoing out{.topic = bus::kIndicatorState,
                      .partition = partition_,
                      .key = key_view,
                      .value = {},
                      .headers = {}};
    if ((*sum)->is_zero()) {
      out.tombstone = true;
      ctx.writes().erase(kCells, key_view);
    } else {
      buffer_.clear();
      bus::append_wire_prefix(codec::kIndicatorCellSchemaId, buffer_);
      codec::encode_cell({**sum, generation_}, buffer_);
      out.value = buffer_;
      ctx.writes().put(kCells, key_view, buffer_);
    }
    ctx.send(out);
    return {};
  }

  void send_progress(bus::TaskContext& ctx) {
    codec::ProgressRecord progress;
    progress.as_of = ctx.task_clock();
    progress.transaction_number = ctx.transaction_number();
    progress.positions.push_back({std::string(bus::kIndicatorDelta), ctx.next_offsets()[0]});
    progress.refused = refused_;
    buffer_.clear();
    bus::append_wire_prefix(codec::kProgressSchemaId, buffer_);
    codec::encode_progress(progress, buffer_);
    const auto key = codec::progress_key(partition_);
    ctx.send({.topic = bus::kIndicatorState,
              .partition = partition_,
              .key = key,
              .value = buffer_,
              .headers = {}});
  }

  const std::int32_t partition_;
  const store::StateStore& store_;
  const Options options_;

  // The transaction being built.
  std::unordered_map<domain::CellKey, domain::CellValue, decltype([](const domain::CellKey& k) {
                       const auto b = k.bytes();
                       return std::hash<std::string_view>{}({b.data(), b.size()});
                     })>
      pending_;
  std::vector<KeyBytes> touched_;
  std::vector<Instant> canaries_;  ///< publication times of the canary's events

  std::unordered_map<KeyBytes, domain::CellValue, Hash> cache_;  ///< sums as of the last flush()
  std::vector<codec::RefusedRecord> refused_;
  std::size_t committed_refused_ = 0;
  std::uint32_t generation_ = 0;  ///< rule generation of the newest delta seen
  codec::IndicatorDelta delta_;
  std::string buffer_;
};

}  // namespace

bus::TaskSpec indicator_task_spec(const Options& options) {
  bus::TaskSpec spec;
  spec.name = "indicators";
  spec.input_topics = {std::string(bus::kIndicatorDelta)};
  spec.compacted_topic = std::string(bus::kIndicatorState);
  spec.rebuilds_journal = false;
  spec.gaps_are_errors = false;  // written by transactions: markers take offsets
  spec.column_families = {{.name = "cells", .access = store::Access::kPointLookup}};
  spec.make_task = [options](std::int32_t partition, const store::StateStore& store) {
    return std::make_unique<IndicatorTask>(partition, store, options);
  };
  return spec;
}

}  // namespace kronika::indicators
