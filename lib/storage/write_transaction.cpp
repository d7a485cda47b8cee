#include <sqlite3.h>

#include <algorithm>
#include <chrono>

#include "lib/storage/checksum.h"
#include "lib/storage/connection.h"
#include "lib/storage/record.h"
#include "lib/storage/value_io.h"
#include "lib/storage/value_run.h"
#include "lib/text/utf8.h"
#include "paramstore/error.h"
#include "paramstore/param_name.h"

namespace paramstore::storage {
namespace {

// A transaction that was open for longer, such as a batch, asks again whether its file has moved. To ask is a system call,
// which a transaction of one small value would feel.
constexpr std::chrono::milliseconds long_ago{20};

// Binds a statement's first two parameters; a missing one stays NULL.
void bind_info(const StatementUse& statement, const CommitInfo& info) {
  statement->bind(1, info.step);
  if (info.message) statement->bind(2, std::string_view(*info.message));
}

// How the value of a row is written.
struct ValueWay {
  ValueWay(ValueBytes value, std::size_t longest)
      : chunked(value.size > longest), with_row(chunked || value.size <= small_value) {}
  bool chunked;   // in rows of `chunks`, as it is longer than one value may be
  bool with_row;  // by the statement that writes the row; otherwise filled in place afterwards
};

// Binds ?1 to ?8 of the statements that write a whole row. `shape` is the record's, as text.
void bind_row(const StatementUse& statement, const ParamRecord& record, const std::string& shape, Revision revision,
              ValueBytes value, const ValueWay& way) {
  statement->bind(1, record.name).bind(2, record.constraint_tag).bind(3, dtype_name(record.dtype)).bind(4, shape);
  statement->bind(5, record.device).bind(6, revision).bind(7, row_checksums(record).value);
  if (way.with_row) {
    statement->bind_value(8, way.chunked ? ValueBytes{} : value);
  } else {
    statement->bind_zeros(8, value.size);
  }
}

[[noreturn]] void throw_name_taken(const std::string& path, std::string_view name) {
  throw StorageError(path + ": the parameter " + in_quotes(name) + " already exists", SQLITE_CONSTRAINT_UNIQUE);
}

// Runs a statement that sets a row's name.
void step_naming(const StatementUse& statement, const std::string& path, std::string_view name) {
  try {
    statement->step();
  } catch (const StorageError& error) {
    if (error.code() != SQLITE_CONSTRAINT_UNIQUE) throw;
    throw_name_taken(path, name);
  }
}

}  // namespace

WriteTransaction::WriteTransaction(StoreFile& file, const CommitInfo& info) : file_(file) {
  FileStatements& queries = file.impl_->ready();  // attaches the file, which is impossible later
  Connection& connection = *file.impl_->connection;
  if (file.read_only()) throw Error(file.path() + ": was opened read-only");
  if (connection.in_transaction()) {
    throw Error(file.path() + ": another transaction is open on this store; a Database has one at a time");
  }
  // SQLite would accept it, and readers in other languages would fail at the row.
  if (info.message) {
    if (const auto bad = first_invalid_utf8(*info.message)) {
      throw Error(file.path() + ": the commit's message " + in_quotes(*info.message, 60) +
                  " is not valid UTF-8 from byte " + std::to_string(*bad) + " on");
    }
  }
  file.impl_->refuse_moved();
  looked_ = std::chrono::steady_clock::now();
  // Not BEGIN IMMEDIATE, which would lock every attached file: the first INSERT locks this one.
  connection.begin();
  try {
    const StatementUse commit(queries[StatementId::new_commit]);
    bind_info(commit, info);
    commit->step();
    revision_ = sqlite3_last_insert_rowid(connection.handle());
    // Another process, with a newer library, may have migrated the file since it was opened.
    const StatementUse version(queries[StatementId::schema_version]);
    if (version->step()) Connection::check_version(static_cast<int>(version->integer(0)), file.path());
    // After the greatest number possible, SQLite takes any free one.
    const StatementUse newest(queries[StatementId::revision]);
    if (!newest->step() || newest->integer(0) != revision_)
      throw CorruptStore(file.path() + ": the newest commit has the greatest revision possible, " +
                         std::to_string(newest->integer(0)) + ", so no other can follow: the file is damaged");
  } catch (...) {
    connection.roll_back();
    throw;
  }
}

WriteTransaction::~WriteTransaction() {
  // The connection may be closed already, and the transaction with it, or be the parent's of this process.
  if (!finished_ && file_.impl_->opened_in.is_this() && file_.impl_->connection != nullptr)
    file_.impl_->connection->roll_back();
}

template <class Change>
auto WriteTransaction::change(Change&& change) {
  if (finished_)
    throw Error(file_.path() + ": this transaction is over: it was committed, or rolled back after an error");
  if (broken_) throw Error(file_.path() + ": a change of this transaction failed; it can only be rolled back");
  FileStatements& queries = file_.impl_->ready();
  try {
    return change(ValuePlace{file_.impl_->connection->handle(), file_.impl_->path, file_.impl_->alias, queries});
  } catch (...) {
    broken_ = true;
    finished_ = !file_.impl_->connection->in_transaction();
    throw;
  }
}

void WriteTransaction::annotate(const CommitInfo& info) {
  change([&](const ValuePlace& place) {
    const StatementUse annotate(place.statements[StatementId::annotate]);
    bind_info(annotate, info);
    annotate->bind(3, revision_).step();
  });
}

std::int64_t WriteTransaction::insert(const ParamRecord& record, ValueBytes value) {
  return change([&](const ValuePlace& place) {
    const auto id = insert_row(record, value);
    if (!id) throw_name_taken(place.path, record.name);
    return *id;
  });
}

std::optional<std::int64_t> WriteTransaction::try_insert(const ParamRecord& record, ValueBytes value) {
  try {
    return change([&](const ValuePlace&) { return insert_row(record, value); });
  } catch (const CorruptStore&) {
    throw;
  } catch (...) {
    // Inserting a small value is one statement. If it fails, SQLite undoes it, or the whole transaction, unless the file is
    // damaged.
    static_assert(small_insert <= small_value);
    if (value.size <= std::min(small_insert, file_.impl_->connection->options().max_value_length)) broken_ = false;
    throw;
  }
}

std::optional<std::int64_t> WriteTransaction::insert_row(const ParamRecord& record, ValueBytes value) {
  const ValuePlace place{file_.impl_->connection->handle(), file_.impl_->path, file_.impl_->alias,
                         file_.impl_->ready()};
  check_record(record, value, place.path);
  const std::size_t chunk_size = file_.impl_->connection->options().max_value_length;
  const ValueWay way(value, chunk_size);
  const std::string shape = shape_to_json(record.shape);
  {
    const StatementUse insert(place.statements[StatementId::insert]);
    bind_row(insert, record, shape, revision_, value, way);
    try {
      insert->step();
    } catch (const StorageError& error) {
      if (error.code() == SQLITE_CONSTRAINT_UNIQUE) return std::nullopt;
      throw;
    }
  }
  const std::int64_t id = sqlite3_last_insert_rowid(place.handle);
  if (id > max_id) {
    StatementUse(place.statements[StatementId::erase])->bind(1, id).bind(2, revision_).step();
    throw StorageError(place.path + ": the parameter " + in_quotes(record.name) +
                           " cannot be added: another has the largest possible id, 2^62; give that one a "
                           "smaller id, with SQL",
                       SQLITE_FULL);
  }
  if (way.chunked) {
    erase_chunks(id);  // another tool may have left some of an earlier row of this id
    insert_chunked(place, id, value, chunk_size);
  } else if (!way.with_row) {
    write_whole(place, id, value, Pages::stay_in_memory);
  }
  return id;
}

bool WriteTransaction::update_value(std::int64_t id, std::optional<Revision> expected, ValueBytes value,
                                    std::uint64_t checksum) {
  return Internals::overwrite(*this, {id, expected, value, checksum},
                              Pages::stay_in_memory);  // it may be written again soon
}

bool Internals::overwrite(WriteTransaction& transaction, const ValueUpdate& update, Pages pages) {
  return transaction.change([&](const ValuePlace& place) {
    const ValueBytes value = update.value;
    const RowChecksums checksums = row_checksums(update.checksum);
    const auto limit = static_cast<std::size_t>(sqlite3_limit(place.handle, SQLITE_LIMIT_LENGTH, -1));
    if (value.size > 0 && value.size < limit) {
      const bool small = value.size <= small_value;
      {
        const StatementUse write(place.statements[StatementId::update_value]);
        if (small) {
          write->bind_value(1, value);
        } else {
          write->bind_zeros(1, value.size);  // nearly free: the pages are filled in place below
        }
        write->bind(2, checksums.value).bind(3, transaction.revision_).bind(4, update.id).bind(5, update.expected);
        write->bind(6, static_cast<std::int64_t>(value.size)).step();
      }
      if (sqlite3_changes(place.handle) == 1) {
        if (!small) write_whole(place, update.id, value, pages);
        return true;
      }
    }
    // The row is gone or has moved on, or its value is in chunks, or empty, or not of this size.
    const StatementUse state(place.statements[StatementId::state]);
    state->bind(1, update.id);
    if (!state->step() || (update.expected && state->integer(0) != *update.expected)) return false;
    if (state->integer(1) != 0 || !overwrite_chunked(place, update.id, value, pages)) {
      throw Error(place.path + ": the value of row " + std::to_string(update.id) + " does not have the " +
                  std::to_string(value.size) + " bytes of its replacement");
    }
    const StatementUse stamp(place.statements[StatementId::update_stamp]);
    stamp->bind(1, checksums.value).bind(2, transaction.revision_).bind(3, update.id).bind(4, update.expected).step();
    return true;
  });
}

void update_values(WriteTransaction& transaction, std::vector<ValueUpdate>& updates) {
  Internals::update_values(transaction, updates);
}

void Internals::update_values(WriteTransaction& transaction, std::vector<ValueUpdate>& updates) {
  const auto goes_into_a_run = [](const ValueUpdate& update) {
    return update.value.size > 0 && update.value.size <= small_value;
  };
  // A later part of the transaction may write the same values again.
  const bool once = transaction.savepoints_ == 0 && !impl(transaction.file_).in_memory();
  const Pages pages = once ? Pages::go_to_log : Pages::stay_in_memory;
  for (ValueUpdate& update : updates) update.written = false;
  for (auto first = updates.begin(); first != updates.end();) {
    auto end = first + 1;
    if (goes_into_a_run(*first)) {
      while (end != updates.end() && goes_into_a_run(*end) && (end - 1)->id < max_id && end->id == (end - 1)->id + 1)
        ++end;
    }
    if (end - first > 1) write_run(transaction, &*first, static_cast<std::size_t>(end - first));
    for (; first != end; ++first) {
      first->written = first->written || overwrite(transaction, *first, pages);
    }
  }
}

void Internals::write_run(WriteTransaction& transaction, ValueUpdate* first, std::size_t count) {
  transaction.change([&](const ValuePlace& place) {
    ValueRun run{first, count};
    const StatementUse update(place.statements[StatementId::update_run]);
    update->bind_pointer(1, &run, value_run_type).bind(2, transaction.revision_);
    update->bind(3, first->id).bind(4, first[count - 1].id).step();
  });
}

bool WriteTransaction::replace(std::int64_t id, std::optional<Revision> expected, const ParamRecord& record,
                               ValueBytes value) {
  return change([&](const ValuePlace& place) {
    check_record(record, value, place.path);
    const std::size_t chunk_size = file_.impl_->connection->options().max_value_length;
    const ValueWay way(value, chunk_size);
    const std::string shape = shape_to_json(record.shape);
    {
      const StatementUse replace(place.statements[StatementId::replace]);
      bind_row(replace, record, shape, revision_, value, way);
      replace->bind(9, id).bind(10, expected);
      step_naming(replace, place.path, record.name);
    }
    if (sqlite3_changes(place.handle) != 1) return false;
    erase_chunks(id);
    if (way.chunked) {
      insert_chunked(place, id, value, chunk_size);
    } else if (!way.with_row) {
      write_whole(place, id, value, Pages::stay_in_memory);
    }
    return true;
  });
}

bool WriteTransaction::rename(std::int64_t id, std::optional<Revision> expected, std::string_view name) {
  return change([&](const ValuePlace& place) {
    validate_param_name(name);
    const StatementUse rename(place.statements[StatementId::rename]);
    rename->bind(1, name).bind(2, revision_).bind(3, id).bind(4, expected);
    step_naming(rename, place.path, name);
    return sqlite3_changes(place.handle) == 1;
  });
}

void WriteTransaction::erase_chunks(std::int64_t id) {
  const StatementUse erase(file_.impl_->ready()[StatementId::erase_chunks]);
  erase->bind(1, id).step();
}

bool WriteTransaction::erase(std::int64_t id, std::optional<Revision> expected) {
  return change([&](const ValuePlace& place) {
    {
      const StatementUse erase(place.statements[StatementId::erase]);
      erase->bind(1, id).bind(2, expected).step();
    }
    if (sqlite3_changes(place.handle) != 1) return false;
    erase_chunks(id);
    return true;
  });
}

void WriteTransaction::clear() {
  change([&](const ValuePlace& place) {
    for (const StatementId id : {StatementId::clear, StatementId::clear_chunks})
      StatementUse(place.statements[id])->step();
  });
}

Revision WriteTransaction::commit() {
  return change([&](const ValuePlace&) {
    Connection& connection = *file_.impl_->connection;
    if (std::chrono::steady_clock::now() - looked_ > long_ago) file_.impl_->refuse_moved();
    connection.commit();
    finished_ = true;
    connection.checkpoint(file_);
    return revision_;
  });
}

}  // namespace paramstore::storage
