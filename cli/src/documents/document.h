// A readable document, before anybody decided how it looks: facts, sections, texts and tables.
// markdown() and html() set it; both escape what others wrote, so that a text never becomes
// structure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace kronika::cli::documents {

/// How a cell is meant. It always says so in words, too.
enum class Tone : std::uint8_t { kPlain, kGood, kBad, kQuiet };

struct Cell {
  std::string text;
  std::string href;  ///< a link, where it begins with http:// or https://
  Tone tone = Tone::kPlain;
  Cell(std::string t) : text(std::move(t)) {}
  Cell(const char* t) : text(t) {}
  Cell(std::string t, Tone how) : text(std::move(t)), tone(how) {}
  [[nodiscard]] static Cell link(std::string text, std::string href);
};

struct Column {
  std::string title;
  bool right = false;  ///< numbers
  bool whole = false;  ///< dates and periods: never broken over lines
};

struct DataTable {
  std::string caption;  ///< names period, as-of and rule version where figures are computed
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  ///< as many cells as columns
};

struct Paragraph {
  std::string text;
  bool quiet = false;  ///< a remark of the program, not content
};

/// Free text, as its author wrote it; blank lines part paragraphs.
struct Quote {
  std::string author;  ///< empty: the document's own text
  std::string text;
};

struct Subheading {
  std::string title;
  std::string danish;
};

using Block = std::variant<Paragraph, Quote, DataTable, Subheading>;

struct Section {
  std::string number;  ///< empty: none
  std::string title;
  std::string danish;
  std::vector<Block> blocks;
};

struct Document {
  std::string title;
  std::string danish;
  std::vector<std::pair<std::string, std::string>> facts;  ///< name, value
  std::vector<std::string> notices;                        ///< what the reader must know first
  std::vector<Section> sections;
};

[[nodiscard]] std::string markdown(const Document& document);
/// One page without anything from outside it.
[[nodiscard]] std::string html(const Document& document);

}  // namespace kronika::cli::documents
