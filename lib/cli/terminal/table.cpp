#include "lib/cli/terminal/table.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/terminal.h"

namespace paramstore::cli {

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

void Table::print(std::ostream& out, bool with_titles) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i]));
    widths.push_back(width);
  }
  const auto print_row = [&](const auto& cell_at) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_at(i);
      const std::string padding(widths[i] - display_width(cell), ' ');
      line += i > 0 ? "  " : "";
      line += columns_[i].align == Align::right ? padding + cell : cell + padding;
    }
    return line.erase(line.find_last_not_of(' ') + 1);
  };
  if (with_titles)
    out << coloured(Terminal::output(), Colour::dim,
                    print_row([&](std::size_t i) -> const std::string& { return columns_[i].title; }))
        << '\n';
  for (const auto& row : rows_) out << print_row([&](std::size_t i) -> const std::string& { return row[i]; }) << '\n';
}

}  // namespace paramstore::cli
