#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "lib/storage/connection.h"
#include "lib/storage/record.h"
#include "lib/storage/sqlite_error.h"
#include "lib/storage/value_io.h"
#include "lib/text/sql_identifier.h"
#include "lib/text/utf8.h"
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

std::int64_t read_number(RowStatement& statement) {
  const StatementUse use(statement);
  return use->step() ? use->integer(0) : 0;
}

// Apparent damage in a file that is read without locks may come from a writer.
template <class Impl, class Read>
auto read_or_refuse(const Impl& impl, const Read& read) {
  try {
    return read();
  } catch (const CorruptStore&) {
    impl.refuse_outdated();
    throw;
  }
}

}  // namespace

StoreFile::StoreFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) { impl_->file = this; }

StoreFile::~StoreFile() {
  if (impl_->connection != nullptr) impl_->connection->forget(*this);
}

const std::string& StoreFile::path() const noexcept { return impl_->path; }

bool StoreFile::read_only() const noexcept { return impl_->read_only; }

std::string StoreFile::uri() const { return impl_->in_memory() ? std::string() : impl_->uri; }

std::string reading_uri(const StoreFile& file) {
  const auto& impl = Internals::impl(file);
  if (impl.in_memory() || impl.immutable) return impl.uri;
  if (impl.connection == nullptr) throw Error(impl.path + ": the store that this scope belongs to is closed");
  return file_uri(impl.resolved, OpenMode::read_only, impl.connection->options().vfs);
}

FileStatements& StoreFile::Impl::ready() {
  if (connection == nullptr) throw Error(path + ": the store that this scope belongs to is closed");
  connection->use(*file);
  return statements;
}

Revision StoreFile::revision() { return read_number(impl_->ready()[StatementId::revision]); }

std::vector<CommitRecord> StoreFile::commits(std::size_t most, std::optional<Revision> before) {
  impl_->ready();  // attaches the file
  constexpr auto greatest = std::numeric_limits<std::int64_t>::max();
  return in_our_words(impl_->connection->database(), impl_->path, "list the commits", [&] {
    SQLite::Statement row(impl_->connection->database(),
                          "SELECT revision, time, step, message FROM " + sql_identifier(impl_->alias) +
                              ".commits WHERE revision < ?1 ORDER BY revision DESC LIMIT ?2");
    row.bind(1, before.value_or(greatest));
    row.bind(2, static_cast<std::int64_t>(std::min<std::size_t>(most, greatest)));
    std::vector<CommitRecord> commits;
    while (row.executeStep()) {
      CommitRecord commit{row.getColumn(0).getInt64(), row.getColumn(1).getString(), std::nullopt, std::nullopt};
      if (!row.isColumnNull(2)) commit.step = row.getColumn(2).getInt64();
      if (!row.isColumnNull(3)) commit.message = row.getColumn(3).getString();
      if (!commits.empty() && commit.revision >= commits.back().revision) {
        throw CorruptStore(impl_->path + ": the commit " + std::to_string(commit.revision) +
                           " is out of order: the file is damaged");
      }
      commits.push_back(std::move(commit));
    }
    return commits;
  });
}

std::int64_t StoreFile::change_counter() {
  // SQLite's own counter restarts whenever the file is attached again, and misses the changes in between.
  const std::int64_t counter = read_number(impl_->ready()[StatementId::data_version]);
  return static_cast<std::int64_t>(impl_->generation) << 32 | (counter & 0xffffffff);
}

std::int64_t StoreFile::last_id() { return read_number(impl_->ready()[StatementId::last_id]); }

std::size_t StoreFile::count() {
  FileStatements& queries = impl_->ready();
  const std::uint64_t limit = file_size(queries) / least_row_size + 1;
  const StatementUse count(queries[StatementId::count]);
  count->bind(1, static_cast<std::int64_t>(limit));
  const auto result = count->step() ? static_cast<std::uint64_t>(count->integer(0)) : 0;
  if (result == limit) throw CorruptStore(impl_->path + ": has more rows than its size allows: the file is damaged");
  return result;
}

std::optional<ParamRecord> StoreFile::find(std::string_view name) {
  FileStatements& queries = impl_->ready();
  const StatementUse row(queries[StatementId::find_by_name]);
  row->bind(1, name);
  return read_or_refuse(*impl_, [&]() -> std::optional<ParamRecord> {
    if (!row->step()) return std::nullopt;
    RecordReader reader(queries, impl_->path);
    ParamRecord record = reader.read(*row);
    if (record.name != name)
      reader.fail(name, "the index leads to " + in_quotes(record.name) + ": the file is damaged");
    return record;
  });
}

std::optional<ParamRecord> StoreFile::find(std::int64_t id) {
  FileStatements& queries = impl_->ready();
  const StatementUse row(queries[StatementId::find_by_id]);
  row->bind(1, id);
  return read_or_refuse(*impl_, [&]() -> std::optional<ParamRecord> {
    if (!row->step()) return std::nullopt;
    return RecordReader(queries, impl_->path).read(*row);
  });
}

std::vector<ParamRecord> StoreFile::list() {
  FileStatements& queries = impl_->ready();
  const StatementUse row(queries[StatementId::list]);
  RecordReader reader(queries, impl_->path);
  std::vector<ParamRecord> records;
  return read_or_refuse(*impl_, [&] {
    while (row->step()) records.push_back(reader.read(*row));
    return std::move(records);
  });
}

std::vector<std::string> StoreFile::names(std::string_view from, std::size_t most) {
  FileStatements& queries = impl_->ready();
  const StatementUse row(queries[StatementId::names]);
  constexpr std::size_t limit = std::numeric_limits<std::int64_t>::max();
  row->bind(1, from).bind(2, static_cast<std::int64_t>(std::min(most, limit)));
  std::vector<std::string> names;
  return read_or_refuse(*impl_, [&] {
    while (row->step()) {
      const std::string_view name = row->text(0);
      // A damaged tree whose pages lead back to each other would have no end.
      if (name < (names.empty() ? from : std::string_view(names.back())))
        throw CorruptStore(impl_->path + ": the index of names is out of order: the file is damaged");
      names.emplace_back(name);
    }
    return std::move(names);
  });
}

FileFacts StoreFile::facts() {
  FileStatements& queries = impl_->ready();
  const auto meta = [&](std::string_view key) {
    const StatementUse row(queries[StatementId::meta]);
    row->bind(1, key);
    return row->step() ? std::string(row->text(0)) : std::string();
  };
  FileFacts facts;
  facts.store_id = meta("store_id");
  facts.created = meta("created");
  facts.library_version = meta("library_version");
  facts.schema_version = read_number(queries[StatementId::schema_version]);
  const auto page_size = static_cast<std::uint64_t>(read_number(queries[StatementId::page_size]));
  facts.bytes = static_cast<std::uint64_t>(read_number(queries[StatementId::page_count])) * page_size;
  facts.free_bytes = static_cast<std::uint64_t>(read_number(queries[StatementId::free_page_count])) * page_size;
  return facts;
}

std::vector<RowStamp> stamps(StoreFile& file) {
  auto& impl = Internals::impl(file);
  FileStatements& queries = impl.ready();
  const StatementUse row(queries[StatementId::stamps]);
  std::vector<RowStamp> stamps;
  while (row->step()) {
    const RowStamp stamp{row->integer(0), row->integer(1)};
    if (stamp.id <= (stamps.empty() ? 0 : stamps.back().id)) {
      throw CorruptStore(impl.path + ": the row " + std::to_string(stamp.id) + " is out of order: the file is damaged");
    }
    stamps.push_back(stamp);
  }
  return stamps;
}

std::uint64_t StoreFile::read_value(const ParamRecord& record, void* destination) {
  FileStatements& queries = impl_->ready();
  const ValuePlace place{impl_->connection->handle(), impl_->path, impl_->alias, queries};
  const RecordReader about(queries, impl_->path);
  const auto size = value_size(record.shape, record.dtype);
  if (!size)
    throw Error(impl_->path + ": the parameter " + in_quotes(record.name) + ": its shape is too large for any value");

  // While this row is open, so is its snapshot: later reads see the same commit.
  const StatementUse row(queries[StatementId::value]);
  row->bind(1, record.id);
  if (!row->step() || row->integer(0) != record.revision) {
    throw Error(impl_->path + ": the parameter " + in_quotes(record.name) +
                " was changed after its record was read; read both in one ReadTransaction");
  }
  return read_or_refuse(*impl_, [&] {
    const auto stored = static_cast<std::uint64_t>(row->integer(2));
    std::uint64_t checksum = 0;
    if (stored == 0 && *size > 0) {
      checksum = read_chunked(place, record.id, destination, *size);
    } else if (stored != *size) {
      about.fail(record.name, "its value has " + std::to_string(stored) + " bytes, not " + std::to_string(*size));
    } else if (stored > small_value) {
      checksum = read_whole(place, record.id, destination, *size);
    } else {
      const ValueBytes value = row->blob(3);
      if (value.size != *size) about.fail(record.name, "its value does not have the length that its row says");
      checksum = copy_value(value, destination);
    }
    if (!row->is_null(1) && static_cast<std::uint64_t>(row->integer(1)) != checksum) {
      about.fail(record.name, "its value does not have the checksum it was written with: the file is damaged");
    }
    return checksum;
  });
}

}  // namespace paramstore::storage
