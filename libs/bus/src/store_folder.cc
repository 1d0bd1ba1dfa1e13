#include "store_folder.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <kronika/bus/errc.h>
#include <kronika/store/errc.h>

namespace kronika::bus {
namespace {

namespace fs = std::filesystem;

/// The first line of an identity.
std::string_view layout_of(std::string_view identity) {
  return identity.substr(0, std::min(identity.find('\n'), std::size_t{40}));
}

Result<OpenedStore> try_open(const StoreFolder& folder, Instant now) {
  store::Options options;
  options.path = folder.path;
  options.column_families = folder.spec->column_families;
  options.memory = folder.memory;
  options.memtable_bytes = folder.memtable_bytes;
  auto opened = store::StateStore::open(options);
  if (!opened && opened.error().code == store::code(store::Errc::kOptions)) {
    return fail(code(Errc::kStoreForeign),
                folder.path + " has another layout than this build's: " + opened.error().context);
  }
  if (!opened) return tl::unexpected(opened.error());
  OpenedStore result;
  result.store = std::move(*opened);

  const std::string identity = encode_identity(*folder.spec, folder.partition, folder.cluster_id);
  auto found = result.store->get(store::kMeta, kIdentityKey);
  if (!found) return tl::unexpected(found.error());
  if (!*found) {
    store::WriteSet writes;
    writes.put(store::kMeta, kIdentityKey, identity);
    if (auto r = result.store->apply(writes); !r) return tl::unexpected(r.error());
  } else if (layout_of(**found) != layout_of(identity)) {
    return fail(code(Errc::kStoreForeign),
                folder.path + " is laid out as '" + std::string(layout_of(**found)) +
                    "', this build reads '" + std::string(layout_of(identity)) + "'");
  } else if (**found != identity) {
    return fail(code(Errc::kStoreForeign),
                folder.path + " belongs to another cluster, partition or set of topics");
  }
  auto position = result.store->get(store::kMeta, kPositionKey);
  if (!position) return tl::unexpected(position.error());
  if (*position) {
    auto decoded = decode_position(**position);
    if (!decoded || decoded->next_offsets.size() != folder.spec->input_topics.size()) {
      return fail(code(Errc::kStoreForeign), folder.path + ": the position record is not ours");
    }
    if (now - decoded->saved_at > folder.max_age) {
      return fail(code(Errc::kStoreForeign),
                  folder.path + " is older than tombstones are kept for");
    }
    result.position = std::move(*decoded);
  }
  return result;
}

}  // namespace

Result<void> move_aside(const std::string& path) {
  const std::string aside = path + ".aside";
  std::error_code ec;
  fs::remove_all(aside, ec);
  fs::rename(path, aside, ec);
  if (ec) return fail(store::code(store::Errc::kIo), "moving " + path + " aside: " + ec.message());
  return {};
}

Result<OpenedStore> open_store(const StoreFolder& folder, Instant now) {
  auto opened = try_open(folder, now);
  if (opened || opened.error().code.disposition() != Disposition::kTaskCorrupted) return opened;
  const std::string why = opened.error().context;
  if (auto r = move_aside(folder.path); !r) return tl::unexpected(r.error());
  opened = try_open(folder, now);
  if (opened) opened->moved_aside = why;
  return opened;
}

}  // namespace kronika::bus
