// ParamStore::query: which files it sees, and what its rows give.
#include "paramstore/query.h"

#include <sqlite3.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <utility>

#include "lib/storage/store_internals.h"
#include "lib/store/leaf.h"
#include "lib/store/query_state.h"
#include "lib/store/store_core.h"
#include "lib/text/utf8.h"
#include "paramstore/param_store.h"

namespace paramstore {
namespace {

bool part_of_identifier(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || (c & 0x80) != 0;
}

bool has_word(std::string_view sql, std::string_view word) {
  for (std::size_t at = sql.find(word); at != std::string_view::npos; at = sql.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !part_of_identifier(sql[at - 1]) || !part_of_identifier(word.front());
    const bool ends = end == sql.size() || !part_of_identifier(sql[end]) || !part_of_identifier(word.back());
    if (begins && ends) return true;
  }
  return false;
}

std::string doubled(std::string_view name, char quote) {
  std::string result;
  for (const char c : name) result.append(c == quote ? 2 : 1, c);
  return result;
}

// As SQLite does it: ASCII letters only.
std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// Which scopes a query may refer to.
class Mentioned {
 public:
  Mentioned(std::string_view sql, const std::vector<QueryArgument>& arguments)
      : sql_(sql), lower_sql_(lower_case(sql)), arguments_(arguments) {}

  /// Whether the query may refer to the scope: its name occurs in the SQL or is an argument, ignoring case as SQLite
  /// does. (SQLite attaches at most ten files, so a store with a hundred scopes needs this.)
  bool holds(const std::string& scope) const { return holds(lower_sql_, lower_case(scope), sqlite3_stricmp); }

  /// The same, case-sensitively.
  bool holds_exactly(const std::string& scope) const { return holds(sql_, scope, std::strcmp); }

 private:
  bool holds(std::string_view sql, const std::string& scope, int (*compare)(const char*, const char*)) const {
    const auto is_name = [&](const QueryArgument& argument) {
      const auto* text = std::get_if<std::string>(&argument.value());
      return text != nullptr && compare(text->c_str(), scope.c_str()) == 0;
    };
    return has_word(sql, scope) || has_word(sql, doubled(scope, '"')) || has_word(sql, doubled(scope, '\'')) ||
           std::any_of(arguments_.begin(), arguments_.end(), is_name);
  }

  std::string_view sql_;
  std::string lower_sql_;
  const std::vector<QueryArgument>& arguments_;
};

/// The files that a query sees, `main` first.
class VisibleFiles {
 public:
  explicit VisibleFiles(StoreCore& store) : store_(store) {}

  void add(const std::string& schema, storage::StoreFile& file) PARAMSTORE_REQUIRES(store_mutex) {
    const auto taken = [&](const VisibleFile& each) {
      return sqlite3_stricmp(each.schema.c_str(), schema.c_str()) == 0;
    };
    if (sqlite3_stricmp(schema.c_str(), "temp") == 0 || std::any_of(files_.begin(), files_.end(), taken)) return;
    if (file.uri().empty()) {
      in_memory_ = true;
      if (store_.open_batch() && &store_.open_batch()->rows.file() == &file) {
        throw Error(file.path() +
                    ": a store in memory cannot be queried while it has an open batch; commit the batch first");
      }
    }
    files_.push_back({schema, storage::reading_uri(file)});
  }

  const std::vector<VisibleFile>& files() const noexcept { return files_; }
  bool in_memory() const noexcept { return in_memory_; }

 private:
  StoreCore& store_;
  std::vector<VisibleFile> files_;
  bool in_memory_ = false;
};

const char* type_name(const QueryValue& value) {
  static constexpr const char* names[] = {"NULL", "an INTEGER", "a REAL", "a TEXT", "a BLOB"};
  static_assert(std::size(names) == std::variant_size_v<QueryValue>);
  return names[value.index()];
}

[[noreturn]] void wrong_type(const QueryRow& row, std::size_t column, const char* wanted) {
  const QueryValue& value = row[column];
  std::string message =
      "column " + std::to_string(column) + ", " + in_quotes(row.column_name(column)) + ", is " + type_name(value);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) message += " (" + std::to_string(*integer) + ")";
  if (const auto* text = std::get_if<std::string>(&value)) message += " (" + in_quotes(*text) + ")";
  message += std::string(", not ") + wanted;
  if (std::holds_alternative<std::monostate>(value)) message += "; ask for a std::optional if it may be NULL";
  throw Error(message);
}

template <class T>
const T& require(const QueryRow& row, std::size_t column, const char* wanted) {
  const T* const value = std::get_if<T>(&row[column]);
  if (value == nullptr) wrong_type(row, column, wanted);
  return *value;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + in_quotes(name);
  return list;
}

}  // namespace

QueryArgument::QueryArgument(const at::Tensor& tensor) {
  if (!tensor.defined() || tensor.layout() != at::kStrided || tensor.is_meta() || tensor.is_quantized()) {
    throw UnsupportedTensor(
        "a query argument is a tensor without plain elements in memory: an undefined, sparse, quantized "
        "or meta tensor; give a dense one");
  }
  const HostValue host(tensor);
  std::vector<std::byte> bytes(host.bytes().size);
  if (!bytes.empty()) std::memcpy(bytes.data(), host.bytes().data, bytes.size());
  value_ = std::move(bytes);
}

const std::string& QueryRow::column_name(std::size_t column) const {
  static_cast<void>((*this)[column]);
  return (*names_)[column];
}

const QueryValue& QueryRow::operator[](std::size_t column) const {
  if (column >= values_.size()) {
    throw Error("the row has no column " + std::to_string(column) + "; it has " + std::to_string(size()) +
                ", from 0: " + list_of(*names_));
  }
  return values_[column];
}

std::size_t QueryRow::index(std::string_view column) const {
  const auto found = std::find(names_->begin(), names_->end(), column);
  if (found == names_->end()) {
    throw Error("the row has no column " + in_quotes(column) + "; it has " + list_of(*names_));
  }
  if (std::find(found + 1, names_->end(), column) != names_->end()) {
    throw Error("the row has several columns " + in_quotes(column) +
                "; give them names with AS, or ask by number, from 0: " + list_of(*names_));
  }
  return static_cast<std::size_t>(found - names_->begin());
}

namespace detail {

void require_columns(const QueryRow& row, std::size_t wanted) {
  if (wanted == row.size()) return;
  std::vector<std::string> names;
  for (std::size_t column = 0; column < row.size(); ++column) names.push_back(row.column_name(column));
  throw Error("the row has " + std::to_string(row.size()) + " columns, not " + std::to_string(wanted) + ": " +
              list_of(names));
}

std::int64_t integer_column(const QueryRow& row, std::size_t column) {
  return require<std::int64_t>(row, column, "an INTEGER");
}

void refuse_integer(const QueryRow& row, std::size_t column, std::int64_t value) {
  throw Error("the column " + in_quotes(row.column_name(column)) + " is " + std::to_string(value) +
              ", which the integer type asked for cannot hold; ask for a std::int64_t");
}

double real_column(const QueryRow& row, std::size_t column) {
  if (const auto* integer = std::get_if<std::int64_t>(&row[column])) {
    constexpr std::int64_t largest_exact = std::int64_t{1} << 53;
    if (*integer >= -largest_exact && *integer <= largest_exact) return static_cast<double>(*integer);
  }
  return require<double>(row, column, "a REAL");
}

const std::string& text_column(const QueryRow& row, std::size_t column) {
  return require<std::string>(row, column, "a TEXT");
}

const std::vector<std::byte>& blob_column(const QueryRow& row, std::size_t column) {
  return require<std::vector<std::byte>>(row, column, "a BLOB");
}

}  // namespace detail

void QueryRows::iterator::step() { row_ = state_->next(); }

QueryRow QueryRows::one() const {
  const auto row = state_->next();
  if (!row) throw Error(state_->path() + ": the query gives no row, expected one: " + state_->shown_sql());
  if (state_->next()) {
    throw Error(state_->path() + ": the query gives several rows, expected one: " + state_->shown_sql());
  }
  return *row;
}

void QueryRows::interrupt() const noexcept { state_->interrupt(); }

QueryRows ParamStore::run_query(std::string_view sql, const std::vector<QueryArgument>& arguments) const {
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  const StoreLock locked(store, scope);

  VisibleFiles visible(store);
  std::vector<std::shared_ptr<storage::StoreFile>> held;  // until the query has opened them itself
  visible.add("main", *store.main().file);
  const bool anonymous = &scope != &store.main() && scope.name.empty();
  const Mentioned mentioned(sql, arguments);
  if (anonymous && mentioned.holds("scope")) visible.add("scope", *scope.file);
  std::vector<std::string> names;
  for (std::string& name : store.scope_names()) {
    if (mentioned.holds(name)) names.push_back(std::move(name));
  }
  // Of names that SQLite considers equal, only one is visible.
  std::stable_partition(names.begin(), names.end(),
                        [&](const std::string& name) { return mentioned.holds_exactly(name); });
  for (const std::string& name : names) {
    held.push_back(store.scope_file(name));
    visible.add(name, *held.back());
  }

  const auto forget = [core = store.weak_from_this()](QueryState* state) {
    if (!state->is_ours()) return state->leave();
    if (const auto alive = core.lock()) alive->forget_query(state);
    delete state;
  };
  const std::shared_ptr<QueryState> state(
      new QueryState(store.main().path, sql, visible.files(), store.options.busy_timeout(), arguments), forget);
  // A reader of a file in memory blocks its writers, and this thread may be the next writer.
  if (visible.in_memory()) state->collect();
  store.note_query(state.get(), [weak = std::weak_ptr<QueryState>(state)] {
    if (const auto running = weak.lock()) running->close();
  });
  return QueryRows(state);
}

}  // namespace paramstore
