-- The first schema. FORMAT.md explains it. A file that exists must match this text to the letter, so this
-- script never changes: what comes later is a script of its own.

-- Facts about the file: store_id, created, library_version.
CREATE TABLE meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The scopes that were made for this store, for people and tools that look; the library goes by the files.
CREATE TABLE scopes (
  name TEXT NOT NULL PRIMARY KEY,
  file TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for every transaction that changed the file. Its newest row is the store's revision.
CREATE TABLE commits (
  revision INTEGER PRIMARY KEY CHECK (revision > 0),
  time     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  step     INTEGER,
  message  TEXT
) STRICT;

CREATE TABLE params (
  id             INTEGER PRIMARY KEY,      -- insertion order, which is iteration order
  name           TEXT    NOT NULL UNIQUE,
  constraint_tag TEXT    NOT NULL DEFAULT 'real',
  dtype          TEXT    NOT NULL,
  shape          TEXT    NOT NULL,         -- JSON: '[2,3]', '[]' for a scalar
  device         TEXT    NOT NULL DEFAULT 'cpu',
  revision       INTEGER NOT NULL DEFAULT 0,
  checksum       INTEGER,                  -- XXH3-64 of value; NULL: written by another tool, not verified
  value          BLOB    NOT NULL,         -- unconstrained, contiguous, row-major, little-endian
  CONSTRAINT "an id is between 1 and 2^62"
    CHECK (id BETWEEN 1 AND 4611686018427387904),
  CONSTRAINT "a name has 1 to 1024 bytes and no NUL"
    CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 1024 AND instr(name, char(0)) = 0),
  CONSTRAINT "a constraint_tag has 1 to 1048576 bytes and no NUL"
    CHECK (length(CAST(constraint_tag AS BLOB)) BETWEEN 1 AND 1048576 AND instr(constraint_tag, char(0)) = 0),
  CONSTRAINT "dtype is one of float16, bfloat16, float32, float64, complex64, complex128"
    CHECK (dtype IN ('float16', 'bfloat16', 'float32', 'float64', 'complex64', 'complex128')),
  CONSTRAINT "shape is a JSON array of at most 64 sizes, such as [2,3] or [2, 3], or [] for a scalar"
    CHECK (shape = '[]' OR (
      shape GLOB '[[][0-9]*]' AND shape GLOB '*[0-9]]' AND shape NOT GLOB '*[^][0-9, ]*'
      AND length(replace(replace(shape, '[', ''), ']', '')) = length(shape) - 2
      AND shape NOT GLOB '*[^,] *' AND shape NOT GLOB '*,[^0-9 ]*' AND shape NOT GLOB '*, [^0-9]*'
      AND shape NOT GLOB '*[[, ]0[0-9]*'
      AND length(replace(shape, ',', '')) > length(shape) - 64
      AND length(CAST(shape AS BLOB)) = length(shape) AND length(shape) <= 2048)),
  CONSTRAINT "a device has 1 to 64 printable ASCII characters, such as cpu or cuda:0"
    CHECK (length(device) BETWEEN 1 AND 64 AND device NOT GLOB '*[^ -~]*'
           AND length(CAST(device AS BLOB)) = length(device))
) STRICT;

-- A value too long for one row: params.value is empty, its pieces are here, sequence 0, 1, 2, ...
CREATE TABLE chunks (
  id       INTEGER PRIMARY KEY,
  param    INTEGER NOT NULL,
  sequence INTEGER NOT NULL CHECK (sequence >= 0),
  value    BLOB    NOT NULL,
  UNIQUE (param, sequence)
) STRICT;

-- Everything but the values. nbytes, and numel with it, is a REAL where it does not fit 64 bits. No JSON functions: SQLite
-- before 3.41 refuses them in a schema to connections that do not trust it.
CREATE VIEW param_list AS
SELECT id, name, constraint_tag, dtype, shape, nbytes / itemsize AS numel, nbytes, device, revision, checksum
FROM (
  SELECT id, name, constraint_tag, dtype, shape, device, revision, checksum,
         CASE WHEN length(value) > 0 THEN length(value)
              ELSE (SELECT nbytes FROM param_extents WHERE param_extents.id = params.id) END AS nbytes,
         CASE dtype WHEN 'float16' THEN 2 WHEN 'bfloat16' THEN 2 WHEN 'float32' THEN 4
                    WHEN 'float64' THEN 8 WHEN 'complex64' THEN 8 WHEN 'complex128' THEN 16 END AS itemsize
  FROM params);

-- The bytes of a value by its shape and dtype: NULL or a REAL where that is none that can be. Sizes of 0 count as 1 until
-- the product is known to be an integer.
CREATE VIEW param_extents AS
SELECT id, CASE WHEN typeof(extent) = 'integer' AND instr(',' || sizes, ',0,') > 0 THEN 0 ELSE extent END AS nbytes
FROM (
  SELECT id, sizes, (WITH RECURSIVE product(rest, n) AS (
                       SELECT sizes, itemsize
                       UNION ALL
                       SELECT substr(rest, instr(rest, ',') + 1), n * max(1, CAST(rest AS INTEGER))
                       FROM product WHERE length(rest) > 1)
                     SELECT n FROM product ORDER BY length(rest) LIMIT 1) AS extent
  FROM (
    SELECT id, replace(substr(shape, 2, length(shape) - 2), ' ', '') || ',' AS sizes,
           CASE dtype WHEN 'float16' THEN 2 WHEN 'bfloat16' THEN 2 WHEN 'float32' THEN 4
                      WHEN 'float64' THEN 8 WHEN 'complex64' THEN 8 WHEN 'complex128' THEN 16 END AS itemsize
    FROM params));

-- From here on: what keeps the books, and the rows whole, when a tool changes them that knows only SQL. The
-- library's own connections run with triggers off and do all of this themselves.
--
-- They work with recursive_triggers off and on: the UPDATEs inside set only revision and checksum, to which no
-- trigger listens but the guard of revision.

CREATE TRIGGER params_inserted AFTER INSERT ON params
BEGIN
  SELECT RAISE(ABORT, 'name and constraint_tag must be valid UTF-8')
    FROM (SELECT new.name AS text UNION ALL SELECT new.constraint_tag)
    WHERE text GLOB '*[^' || char(1) || '-' || char(127) || ']*'
      AND CAST(text AS BLOB) IS NOT CAST((
        WITH RECURSIVE again(i, t) AS (
          SELECT 1, ''
          UNION ALL
          SELECT i + 1, t || char(unicode(substr(text, i, 1))) FROM again WHERE i <= length(text))
        SELECT t FROM again ORDER BY i DESC LIMIT 1) AS BLOB);
  SELECT RAISE(ABORT, 'shape is too large: a value has fewer than 2^63 bytes')
    FROM param_extents WHERE id = new.id AND typeof(nbytes) <> 'integer';
  SELECT RAISE(ABORT, 'the length of value is not what shape and dtype say: see numel and nbytes in param_list')
    FROM param_extents WHERE id = new.id AND nbytes <> length(new.value)
     AND NOT (length(new.value) = 0 AND nbytes > 999000000);
  DELETE FROM chunks WHERE param = new.id OR param NOT IN (SELECT id FROM params);
  INSERT INTO commits (message) VALUES (NULL);
  UPDATE params SET revision = (SELECT max(revision) FROM commits) WHERE id = new.id;
END;

CREATE TRIGGER params_text_updated AFTER UPDATE OF name, constraint_tag ON params
BEGIN
  SELECT RAISE(ABORT, 'name and constraint_tag must be valid UTF-8')
    FROM (SELECT new.name AS text UNION ALL SELECT new.constraint_tag)
    WHERE text GLOB '*[^' || char(1) || '-' || char(127) || ']*'
      AND CAST(text AS BLOB) IS NOT CAST((
        WITH RECURSIVE again(i, t) AS (
          SELECT 1, ''
          UNION ALL
          SELECT i + 1, t || char(unicode(substr(text, i, 1))) FROM again WHERE i <= length(text))
        SELECT t FROM again ORDER BY i DESC LIMIT 1) AS BLOB);
END;

CREATE TRIGGER params_size_updated AFTER UPDATE OF dtype, shape, value ON params
BEGIN
  SELECT RAISE(ABORT, 'shape is too large: a value has fewer than 2^63 bytes')
    FROM param_extents WHERE id = new.id AND typeof(nbytes) <> 'integer';
  SELECT RAISE(ABORT, 'the length of value is not what shape and dtype say: see numel and nbytes in param_list')
    FROM param_extents WHERE id = new.id AND nbytes <> length(new.value)
     AND NOT (length(new.value) = 0 AND (
       nbytes > 999000000 OR nbytes IS (SELECT sum(length(value)) FROM chunks WHERE param IN (old.id, new.id))));
END;

CREATE TRIGGER params_value_updated AFTER UPDATE OF value ON params
BEGIN
  DELETE FROM chunks WHERE param = new.id AND length(new.value) > 0;
  INSERT INTO commits (message) VALUES (NULL);
  UPDATE params SET revision = (SELECT max(revision) FROM commits),
                    checksum = CASE WHEN new.checksum IS NOT old.checksum THEN new.checksum END
    WHERE id = new.id;
END;

CREATE TRIGGER params_updated AFTER UPDATE OF id, name, constraint_tag, dtype, shape, device ON params
BEGIN
  UPDATE chunks SET param = new.id WHERE param = old.id AND new.id <> old.id;
  DELETE FROM chunks WHERE param NOT IN (SELECT id FROM params);
  INSERT INTO commits (message) VALUES (NULL);
  UPDATE params SET revision = (SELECT max(revision) FROM commits) WHERE id = new.id;
END;

CREATE TRIGGER params_revision_guard BEFORE UPDATE OF revision ON params
WHEN new.revision IS NOT old.revision AND new.revision IS NOT (SELECT max(revision) FROM commits)
BEGIN
  SELECT RAISE(ABORT, 'params.revision keeps itself: leave it out of the statement');
END;

CREATE TRIGGER params_deleted AFTER DELETE ON params
BEGIN
  DELETE FROM chunks WHERE param = old.id;
  INSERT INTO commits (message) VALUES (NULL);
END;

CREATE TRIGGER chunks_guard BEFORE INSERT ON chunks
WHEN NOT EXISTS (SELECT 1 FROM params WHERE id = new.param AND length(value) = 0)
BEGIN
  SELECT RAISE(ABORT, 'chunks.param must be the id of a parameter whose own value is empty');
END;

CREATE TRIGGER chunks_inserted AFTER INSERT ON chunks
BEGIN
  INSERT INTO commits (message) VALUES (NULL);
  UPDATE params SET revision = (SELECT max(revision) FROM commits), checksum = NULL WHERE id = new.param;
END;

CREATE TRIGGER chunks_updated AFTER UPDATE ON chunks
BEGIN
  INSERT INTO commits (message) VALUES (NULL);
  UPDATE params SET revision = (SELECT max(revision) FROM commits), checksum = NULL
    WHERE id IN (old.param, new.param);
END;

CREATE TRIGGER chunks_deleted AFTER DELETE ON chunks
WHEN EXISTS (SELECT 1 FROM params WHERE id = old.param)
BEGIN
  INSERT INTO commits (message) VALUES (NULL);
  UPDATE params SET revision = (SELECT max(revision) FROM commits), checksum = NULL WHERE id = old.param;
END;

CREATE TRIGGER commits_numbered AFTER INSERT ON commits
WHEN new.revision <> 1 + coalesce((SELECT max(revision) FROM commits WHERE revision <> new.revision), 0)
BEGIN
  SELECT RAISE(ABORT, 'commits.revision numbers itself: leave it out of the statement');
END;

CREATE TRIGGER commits_renumbered BEFORE UPDATE OF revision ON commits
WHEN new.revision <> old.revision
BEGIN
  SELECT RAISE(ABORT, 'commits.revision numbers itself: leave it out of the statement');
END;

CREATE TRIGGER commits_newest BEFORE DELETE ON commits
WHEN old.revision = (SELECT max(revision) FROM commits)
BEGIN
  SELECT RAISE(ABORT, 'the newest row of commits must stay: it is the store''s revision');
END;
