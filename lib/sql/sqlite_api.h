// SQLite's functions. With SQLITE_CORE defined they are libsqlite3's own. Without it, in the loadable extension, each
// is a macro that calls the SQLite of the program that loaded us, which need not be the one we would link.
#pragma once

#include <sqlite3ext.h>

SQLITE_EXTENSION_INIT3
