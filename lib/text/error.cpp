// The destructors are here, out of line, so that each type has one home and can be caught across
// shared libraries.
#include "paramstore/error.h"

#include <utility>

namespace paramstore {

Error::~Error() = default;

ParamNotFound::ParamNotFound(const std::string& message, std::string name) : Error(message), name_(std::move(name)) {}
ParamNotFound::~ParamNotFound() = default;

InvalidName::~InvalidName() = default;

ConstraintViolation::ConstraintViolation(const std::string& message, std::string name, std::string constraint_tag,
                                         std::vector<std::int64_t> index)
    : Error(message), name_(std::move(name)), constraint_tag_(std::move(constraint_tag)), index_(std::move(index)) {}
ConstraintViolation::~ConstraintViolation() = default;

UnknownConstraint::UnknownConstraint(const std::string& message, std::string tag)
    : Error(message), tag_(std::move(tag)) {}
UnknownConstraint::~UnknownConstraint() = default;

UnsupportedTensor::~UnsupportedTensor() = default;

StaleParam::StaleParam(const std::string& message, std::vector<std::string> names)
    : Error(message), names_(std::move(names)) {}
StaleParam::~StaleParam() = default;

StorageError::StorageError(const std::string& message, int code) : Error(message), code_(code) {}
StorageError::~StorageError() = default;

StoreBusy::~StoreBusy() = default;

NotAStore::~NotAStore() = default;

SchemaTooNew::SchemaTooNew(const std::string& message, int found, int supported)
    : Error(message), found_(found), supported_(supported) {}
SchemaTooNew::~SchemaTooNew() = default;

CorruptStore::~CorruptStore() = default;

}  // namespace paramstore
