#include "documents/document.h"

#include <functional>

namespace kronika::cli::documents {
namespace {

template <class... F>
struct Cases : F... {
  using F::operator()...;
};
template <class... F>
Cases(F...) -> Cases<F...>;

bool is_link(std::string_view href) {
  const bool web = href.starts_with("https://") || href.starts_with("http://");
  return web && href.find_first_of(" \t\r\n\"<>()") == std::string_view::npos;
}

/// Calls `each` with the paragraphs of a text: what blank lines part.
void paragraphs(std::string_view text, const std::function<void(std::string_view)>& each) {
  std::string paragraph;
  const auto end_paragraph = [&] {
    if (!paragraph.empty()) each(paragraph);
    paragraph.clear();
  };
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) {
      end_paragraph();
    } else {
      if (!paragraph.empty()) paragraph += '\n';
      paragraph += line;
    }
  }
  end_paragraph();
}

// ---- Markdown ---------------------------------------------------------------------------------

/// Angle brackets would be HTML, a leading # a heading; a bar would end a table's cell.
std::string md(std::string_view text, bool cell = false) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (cell && c == '|') {
      out += "\\|";
    } else if (cell && (c == '\n' || c == '\r')) {
      out += ' ';
    } else if (line_start && (c == '#' || c == '>')) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
    if (c != ' ') line_start = c == '\n';
  }
  return out;
}

std::string md_heading(std::string_view title, std::string_view danish) {
  std::string out = md(title, true);
  if (!danish.empty()) out += " (*" + md(danish, true) + "*)";
  return out;
}

void md_table(const DataTable& table, std::string& out) {
  if (!table.caption.empty()) out += "**" + md(table.caption, true) + "**\n\n";
  out += '|';
  for (const Column& column : table.columns) out += ' ' + md(column.title, true) + " |";
  out += "\n|";
  for (const Column& column : table.columns) out += column.right ? " ---: |" : " --- |";
  out += '\n';
  for (const auto& row : table.rows) {
    out += '|';
    for (const Cell& cell : row) {
      const std::string text = md(cell.text, true);
      out += is_link(cell.href) ? " [" + text + "](" + cell.href + ") |" : ' ' + text + " |";
    }
    out += '\n';
  }
  out += '\n';
}

// ---- HTML -------------------------------------------------------------------------------------

constexpr std::string_view kStyle = R"(
  :root { --ink: #1d2733; --soft: #5a6776; --line: #d5dbe1; --head: #173f5f; --paper: #ffffff; }
  * { box-sizing: border-box; }
  body { margin: 0; background: #eef1f4; color: var(--ink);
         font: 16px/1.55 "Source Serif 4", Georgia, "Times New Roman", serif; }
  main { max-width: 80rem; margin: 2.5rem auto; padding: 3.5rem 4rem; background: var(--paper);
         border-top: 6px solid var(--head); box-shadow: 0 1px 3px rgba(0, 0, 0, .12); }
  h1, h2, h3, table, dl, nav { font-family: "Source Sans 3", "Segoe UI", Arial, sans-serif; }
  h1 { margin: 0; font-size: 2.1rem; line-height: 1.2; color: var(--head); }
  h2 { margin: 3rem 0 1rem; padding-top: .8rem; border-top: 1px solid var(--line);
       font-size: 1.45rem; line-height: 1.3; color: var(--head); }
  h3 { margin: 2rem 0 .6rem; font-size: 1.1rem; }
  .danish { font-weight: 400; font-style: italic; color: var(--soft); }
  h1 .danish, h2 .danish { display: block; font-size: 1rem; }
  .number { display: inline-block; min-width: 1.2rem; margin-right: .8rem; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; margin: 1.8rem 0;
       font-size: .95rem; }
  dt { color: var(--soft); } dd { margin: 0; }
  .notice { margin: .8rem 0; padding: .7rem 1rem; border-left: 4px solid #c98a1b; background: #fdf7ea; }
  .quiet { color: var(--soft); }
  .wide { overflow-x: auto; margin: 1.2rem 0 1.8rem; }
  table { width: 100%; border-collapse: collapse; font-size: .88rem; line-height: 1.4; }
  caption { padding-bottom: .5rem; text-align: left; font-weight: 600; }
  th, td { padding: .35rem .6rem; text-align: left; vertical-align: top; }
  th { border-bottom: 2px solid var(--head); font-weight: 600; vertical-align: bottom; }
  td { border-bottom: 1px solid var(--line); }
  .right { text-align: right; font-variant-numeric: tabular-nums; }
  td.right, .whole { white-space: nowrap; }
  .good { color: #1b6b3a; font-weight: 600; } .bad { color: #a3261c; font-weight: 600; }
  a { color: #1a5f96; }
  blockquote { margin: 1rem 0; padding: .1rem 0 .1rem 1.2rem; border-left: 3px solid var(--line); }
  blockquote p { margin: .2rem 0; }
  blockquote footer { margin: 0 0 .2rem; font-size: .9rem; color: var(--soft); }
  nav { margin: 1.8rem 0; font-size: .95rem; }
  nav ul { margin: 0; padding: 0; list-style: none; columns: 2; column-gap: 2.5rem; }
  nav a { text-decoration: none; }
  @media print { body { background: none; } main { margin: 0; padding: 0; border: 0; box-shadow: none; max-width: none; }
                 h2, h3 { break-after: avoid; } tr, blockquote { break-inside: avoid; } }
)";

std::string esc(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string html_heading(std::string_view title, std::string_view danish) {
  std::string out = esc(title);
  if (!danish.empty()) out += " <span class=\"danish\" lang=\"da\">" + esc(danish) + "</span>";
  return out;
}

std::string html_cell(const Cell& cell) {
  const std::string text = esc(cell.text);
  if (is_link(cell.href)) return "<a href=\"" + esc(cell.href) + "\">" + text + "</a>";
  switch (cell.tone) {
    case Tone::kGood:
      return "<span class=\"good\">" + text + "</span>";
    case Tone::kBad:
      return "<span class=\"bad\">" + text + "</span>";
    case Tone::kQuiet:
      return "<span class=\"quiet\">" + text + "</span>";
    case Tone::kPlain:
      break;
  }
  return text;
}

void html_table(const DataTable& table, std::string& out) {
  out += "<div class=\"wide\"><table>\n";
  if (!table.caption.empty()) out += "<caption>" + esc(table.caption) + "</caption>\n";
  const auto begin = [&](std::string_view tag, const Column& column) {
    out += "<" + std::string(tag) +
           (column.right   ? " class=\"right\">"
            : column.whole ? " class=\"whole\">"
                           : ">");
  };
  out += "<thead><tr>";
  for (const Column& column : table.columns) {
    begin("th", column);
    out += esc(column.title) + "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t c = 0; c < row.size() && c < table.columns.size(); ++c) {
      begin("td", table.columns[c]);
      out += html_cell(row[c]) + "</td>";
    }
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n";
}

void html_paragraphs(std::string_view text, std::string& out) {
  paragraphs(text, [&out](std::string_view p) { out += "<p>" + esc(p) + "</p>\n"; });
}

}  // namespace

Cell Cell::link(std::string text, std::string href) {
  Cell cell(std::move(text));
  cell.href = std::move(href);
  return cell;
}

std::string markdown(const Document& document) {
  std::string out = "# " + md_heading(document.title, document.danish) + "\n\n";
  for (const auto& [name, value] : document.facts) {
    out += "- " + md(name, true) + ": " + md(value, true) + "\n";
  }
  if (!document.facts.empty()) out += '\n';
  for (const std::string& notice : document.notices) out += "> " + md(notice, true) + "\n>\n";
  if (!document.notices.empty()) out.replace(out.size() - 2, 2, "\n");
  for (const Section& section : document.sections) {
    out += "## " + (section.number.empty() ? "" : section.number + ". ") +
           md_heading(section.title, section.danish) + "\n\n";
    for (const Block& block : section.blocks) {
      std::visit(
          Cases{
              [&](const Paragraph& p) {
                out += p.quiet ? "*" + md(p.text, true) + "*\n\n" : md(p.text) + "\n\n";
              },
              [&](const Quote& quote) {
                const std::string mark = quote.author.empty() ? "" : "> ";
                if (!quote.author.empty()) {
                  out += "> **" + md(quote.author, true) + "**\n>\n";
                }
                bool first = true;
                paragraphs(quote.text, [&](std::string_view p) {
                  if (!first) out += mark.empty() ? "\n" : ">\n";
                  first = false;
                  std::string_view rest = p;
                  while (!rest.empty()) {
                    const std::size_t end = rest.find('\n');
                    out += mark + md(rest.substr(0, end)) + "\n";
                    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
                  }
                });
                out += '\n';
              },
              [&](const DataTable& table) { md_table(table, out); },
              [&](const Subheading& h) { out += "### " + md_heading(h.title, h.danish) + "\n\n"; }},
          block);
    }
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

std::string html(const Document& document) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>" +
      esc(document.title) + "</title>\n<style>" + std::string(kStyle) +
      "</style>\n</head>\n<body>\n<main>\n<h1>" + html_heading(document.title, document.danish) +
      "</h1>\n";
  if (!document.facts.empty()) {
    out += "<dl>\n";
    for (const auto& [name, value] : document.facts) {
      out += "<dt>" + esc(name) + "</dt><dd>" + esc(value) + "</dd>\n";
    }
    out += "</dl>\n";
  }
  for (const std::string& notice : document.notices) {
    out += "<p class=\"notice\">" + esc(notice) + "</p>\n";
  }
  if (document.sections.size() > 2) {
    out += "<nav aria-label=\"Contents\"><ul>\n";
    for (std::size_t i = 0; i < document.sections.size(); ++i) {
      const Section& section = document.sections[i];
      out += "<li><a href=\"#s" + std::to_string(i + 1) + "\">" + esc(section.number) +
             (section.number.empty() ? "" : " ") + esc(section.title) + "</a></li>\n";
    }
    out += "</ul></nav>\n";
  }
  int place = 0;
  for (const Section& section : document.sections) {
    out += "<section id=\"s" + std::to_string(++place) + "\">\n<h2>";
    if (!section.number.empty()) {
      out += "<span class=\"number\">" + esc(section.number) + "</span>";
    }
    out += html_heading(section.title, section.danish) + "</h2>\n";
    for (const Block& block : section.blocks) {
      std::visit(Cases{[&](const Paragraph& p) {
                         out += (p.quiet ? "<p class=\"quiet\">" : "<p>") + esc(p.text) + "</p>\n";
                       },
                       [&](const Quote& quote) {
                         if (quote.author.empty()) return html_paragraphs(quote.text, out);
                         out += "<blockquote>\n";
                         html_paragraphs(quote.text, out);
                         out += "<footer>" + esc(quote.author) + "</footer>\n</blockquote>\n";
                       },
                       [&](const DataTable& table) { html_table(table, out); },
                       [&](const Subheading& h) {
                         out += "<h3>" + html_heading(h.title, h.danish) + "</h3>\n";
                       }},
                 block);
    }
    out += "</section>\n";
  }
  out += "</main>\n</body>\n</html>\n";
  return out;
}

}  // namespace kronika::cli::documents
