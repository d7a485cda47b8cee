// Every exception that paramstore itself throws.
//
// All derive from paramstore::Error. Each message names the file and the parameter it is about,
// what was expected, what was found, and what to do. After any of them nothing is lost: neither the file nor the store
// in memory has changed, and the store stays usable.
//
// This header needs no LibTorch.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "paramstore/storage/export.h"

namespace paramstore {

/// The base of all of them. Thrown directly for misuse without a class of its own: a closed store, a change to a store
/// opened read-only, a pattern that does not compile.
class PARAMSTORE_STORAGE_EXPORT Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~Error() override;
};

/// A name that the active scope does not have.
class PARAMSTORE_STORAGE_EXPORT ParamNotFound : public Error {
 public:
  ParamNotFound(const std::string& message, std::string name);
  ~ParamNotFound() override;
  /// The name that was asked for.
  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
};

/// A name that is empty, longer than 1024 bytes, not UTF-8, or holds a NUL.
class PARAMSTORE_STORAGE_EXPORT InvalidName : public Error {
 public:
  using Error::Error;
  ~InvalidName() override;
};

/// A value outside its parameter's constraint.
class PARAMSTORE_STORAGE_EXPORT ConstraintViolation : public Error {
 public:
  ConstraintViolation(const std::string& message, std::string name, std::string constraint_tag,
                      std::vector<std::int64_t> index);
  ~ConstraintViolation() override;
  const std::string& name() const noexcept { return name_; }
  const std::string& constraint_tag() const noexcept { return constraint_tag_; }
  /// The first offending value's index in the tensor, or the index of its event if the constraint is on whole events (a
  /// simplex, a matrix).
  const std::vector<std::int64_t>& index() const noexcept { return index_; }

 private:
  std::string name_;
  std::string constraint_tag_;
  std::vector<std::int64_t> index_;
};

/// A constraint tag that cannot be read, that this process does not know, or that has no transform.
class PARAMSTORE_STORAGE_EXPORT UnknownConstraint : public Error {
 public:
  UnknownConstraint(const std::string& message, std::string tag);
  ~UnknownConstraint() override;
  const std::string& tag() const noexcept { return tag_; }

 private:
  std::string tag_;
};

/// A tensor that cannot be a parameter: an undefined one, a dtype that cannot require gradients, a
/// sparse, quantized or meta tensor. A module's own tensor, which is not copied, must also not be made under inference
/// mode, nor have elements that share memory.
class PARAMSTORE_STORAGE_EXPORT UnsupportedTensor : public Error {
 public:
  using Error::Error;
  ~UnsupportedTensor() override;
};

/// Parameters that another connection changed or removed since this store read them. Nothing was
/// written. `refresh()` picks up their values. To put this store's in their place: after
/// `refresh()` repeat a `set`, `erase`, `module`, `set_state` or `load`; of a `commit`, make it
/// `commit(Conflict::overwrite)` instead.
class PARAMSTORE_STORAGE_EXPORT StaleParam : public Error {
 public:
  StaleParam(const std::string& message, std::vector<std::string> names);
  ~StaleParam() override;
  const std::vector<std::string>& names() const noexcept { return names_; }

 private:
  std::vector<std::string> names_;
};

/// An error that SQLite reports about a file or a statement, with its extended result code.
class PARAMSTORE_STORAGE_EXPORT StorageError : public Error {
 public:
  StorageError(const std::string& message, int code);
  ~StorageError() override;
  /// SQLite's extended result code (https://www.sqlite.org/rescode.html), 0 if the error is not SQLite's.
  int code() const noexcept { return code_; }

 private:
  int code_;
};

/// Another process held the file's write lock for longer than the busy timeout.
class PARAMSTORE_STORAGE_EXPORT StoreBusy : public StorageError {
 public:
  using StorageError::StorageError;
  ~StoreBusy() override;
};

/// A file that is not a paramstore file at all.
class PARAMSTORE_STORAGE_EXPORT NotAStore : public Error {
 public:
  using Error::Error;
  ~NotAStore() override;
};

/// A file written by a newer paramstore, whose schema this one does not know.
class PARAMSTORE_STORAGE_EXPORT SchemaTooNew : public Error {
 public:
  SchemaTooNew(const std::string& message, int found, int supported);
  ~SchemaTooNew() override;
  int found() const noexcept { return found_; }
  int supported() const noexcept { return supported_; }

 private:
  int found_;
  int supported_;
};

/// A damaged paramstore file: a wrong checksum, a value whose length does not fit its shape and dtype, a damaged page,
/// unexpected tables.
class PARAMSTORE_STORAGE_EXPORT CorruptStore : public Error {
 public:
  using Error::Error;
  ~CorruptStore() override;
};

}  // namespace paramstore
