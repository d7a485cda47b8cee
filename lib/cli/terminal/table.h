// Rows of text in columns that line up.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace paramstore::cli {

enum class Align { left, right };

struct Column {
  std::string title;
  Align align = Align::left;
};

/// A table with a line of titles. Cells are shown unchanged: escape text from a file first.
class Table {
 public:
  explicit Table(std::vector<Column> columns);
  /// Needs one cell per column.
  void add(std::vector<std::string> cells);
  void print(std::ostream& out, bool with_titles = true) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace paramstore::cli
