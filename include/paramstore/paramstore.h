// All of paramstore.
#pragma once

#include "paramstore/constraint.h"
#include "paramstore/error.h"
#include "paramstore/param.h"
#include "paramstore/param_name.h"
#include "paramstore/param_store.h"
#include "paramstore/primitives.h"
#include "paramstore/query.h"
#include "paramstore/scope.h"
#include "paramstore/state_dict.h"
#include "paramstore/transform.h"
