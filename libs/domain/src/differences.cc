#include <absl/container/flat_hash_map.h>
#include <algorithm>
#include <utility>

#include <kronika/base/bytes.h>
#include <kronika/domain/differences.h>

namespace kronika::domain {
namespace {

/// The bytes of a cell's key, as numbers that sort as they do.
struct Place {
  std::uint64_t head = 0;
  std::uint32_t tail = 0;

  explicit Place(const CellKey& cell) {
    const auto bytes = cell.bytes();
    const std::string_view raw(bytes.data(), bytes.size());
    head = read_be<std::uint64_t>(raw, 0);
    tail = read_be<std::uint32_t>(raw, 8);
  }
  friend auto operator<=>(const Place&, const Place&) = default;
  template <class H>
  friend H AbslHashValue(H h, const Place& p) {
    return H::combine(std::move(h), p.head, p.tail);
  }
};

/// Calls take(key, value, plus) for each cell that one list has and the other has not.
template <class Take>
void each_difference(const std::vector<Contribution>& before,
                     const std::vector<Contribution>& after, bool canary, const Take& take) {
  const auto each_period = [&](const Contribution& c, bool plus) {
    CellKey key{c.indicator, c.from, c.rolling, canary, c.at};
    for (; key.period <= c.to; key.period = key.period + 1) take(key, c.value, plus);
  };
  // Both lists are in the same order, and most of it is equal at both ends: only what lies between
  // is compared each with each.
  std::size_t head = 0;
  while (head < before.size() && head < after.size() && before[head] == after[head]) ++head;
  std::size_t old_end = before.size();
  std::size_t new_end = after.size();
  while (old_end > head && new_end > head && before[old_end - 1] == after[new_end - 1]) {
    --old_end;
    --new_end;
  }
  std::vector<bool> kept(new_end - head, false);
  for (std::size_t b = head; b < old_end; ++b) {
    bool same = false;
    for (std::size_t a = head; a < new_end && !same; ++a) {
      if (!kept[a - head] && after[a] == before[b]) same = kept[a - head] = true;
    }
    if (!same) each_period(before[b], false);
  }
  for (std::size_t a = head; a < new_end; ++a) {
    if (!kept[a - head]) each_period(after[a], true);
  }
}

}  // namespace

struct DifferenceSum::Index {
  absl::flat_hash_map<Place, std::uint32_t> at;  ///< into cells_
};

DifferenceSum::DifferenceSum() : index_(std::make_unique<Index>()) {}
DifferenceSum::~DifferenceSum() = default;
DifferenceSum::DifferenceSum(DifferenceSum&&) noexcept = default;
DifferenceSum& DifferenceSum::operator=(DifferenceSum&&) noexcept = default;

void DifferenceSum::add(const std::vector<Contribution>& before,
                        const std::vector<Contribution>& after, bool canary) {
  each_difference(
      before, after, canary, [&](const CellKey& key, const CellValue& value, bool plus) {
        const auto [entry, fresh] =
            index_->at.try_emplace(Place(key), static_cast<std::uint32_t>(cells_.size()));
        if (fresh) cells_.push_back({key, {}});
        CellValue& sum = cells_[entry->second].value;
        if (plus) {
          sum += value;
        } else {
          sum -= value;
        }
      });
}

CellDifferences DifferenceSum::take() {
  CellDifferences cells = std::exchange(cells_, {});
  index_->at.clear();
  std::erase_if(cells, [](const CellDifference& d) { return d.value.is_zero(); });
  std::sort(cells.begin(), cells.end(), [](const CellDifference& a, const CellDifference& b) {
    return Place(a.cell) < Place(b.cell);
  });
  return cells;
}

void DifferenceSum::clear() {
  cells_.clear();
  index_->at.clear();
}

void add_difference(const std::vector<Contribution>& before, const std::vector<Contribution>& after,
                    bool canary, CellDeltas& into) {
  each_difference(before, after, canary,
                  [&](const CellKey& key, const CellValue& value, bool plus) {
                    CellValue& cell = into[key];
                    if (plus) {
                      cell += value;
                    } else {
                      cell -= value;
                    }
                    if (cell.is_zero()) into.erase(key);
                  });
}

}  // namespace kronika::domain
