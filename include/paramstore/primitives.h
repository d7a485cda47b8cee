// Pyro's primitives: the process's own store, and parameters in it.
//
//   paramstore::use_param_store("model.params.db");  // or set PARAMSTORE_PATH; without: in memory
//   auto loc = paramstore::param("loc", torch::zeros({8}));
//   paramstore::module("encoder", encoder);
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "paramstore/export.h"
#include "paramstore/param_store.h"

namespace paramstore {

/// The process's store: at the path in the environment variable PARAMSTORE_PATH, or in memory if that is unset, empty
/// or ":memory:". Opened by the first call that needs it, closed at the end of the process. Always the same object. What
/// opening throws names the variable.
PARAMSTORE_EXPORT ParamStore& get_param_store();

/// Makes the store at `path` the process's store; ":memory:" is a new one in memory. The previous store is closed, which
/// commits what is pending in it; a reference that get_param_store() gave speaks of the new store from then on. No other
/// thread may use the process's store meanwhile, and no batch of it may be open. Throws what ParamStore's constructor and the previous store's `close` throw; the
/// previous store then stays in place.
PARAMSTORE_EXPORT void use_param_store(const std::filesystem::path& path, const StoreOptions& options = {});

/// Removes every parameter of the process's store (active scope only), also from its file.
PARAMSTORE_EXPORT void clear_param_store();

/// As `get_param_store().get_param(...)`.
PARAMSTORE_EXPORT Param param(std::string_view name);
PARAMSTORE_EXPORT Param param(std::string_view name, const InitialValue& init,
                              const std::optional<Constraint>& constraint = std::nullopt,
                              std::optional<std::int64_t> event_dim = std::nullopt);

/// As `get_param_store().module(...)`. `nn_module` is a torch::nn::Module, a holder such as torch::nn::Linear, or a
/// shared_ptr to a module.
template <class M>
void module(std::string_view name, M&& nn_module, bool update_module_params = false) {
  get_param_store().module(name, std::forward<M>(nn_module), update_module_params);
}

}  // namespace paramstore
