-- What the first schema let pass: statements on chunks and on checksum that broke a row without a word. Only triggers:
-- tables and rows stay as they are.

-- U+FFFE and U+FFFF are valid, though SQLite's unicode() takes them for something that is not.
DROP TRIGGER params_inserted;
CREATE TRIGGER params_inserted AFTER INSERT ON params
BEGIN
  SELECT RAISE(ABORT, 'name and constraint_tag must be valid UTF-8')
    FROM (SELECT new.name AS text UNION ALL SELECT new.constraint_tag)
    WHERE text GLOB '*[^' || char(1) || '-' || char(127) || ']*'
      AND CAST(text AS BLOB) IS NOT CAST((
        WITH RECURSIVE again(i, t) AS (
          SELECT 1, ''
          UNION ALL
          SELECT i + 1, t || CASE WHEN CAST(substr(text, i, 1) AS BLOB) IN (x'efbfbe', x'efbfbf')
                                  THEN substr(text, i, 1) ELSE char(unicode(substr(text, i, 1))) END
            FROM again WHERE i <= length(text))
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

DROP TRIGGER params_text_updated;
CREATE TRIGGER params_text_updated AFTER UPDATE OF name, constraint_tag ON params
BEGIN
  SELECT RAISE(ABORT, 'name and constraint_tag must be valid UTF-8')
    FROM (SELECT new.name AS text UNION ALL SELECT new.constraint_tag)
    WHERE text GLOB '*[^' || char(1) || '-' || char(127) || ']*'
      AND CAST(text AS BLOB) IS NOT CAST((
        WITH RECURSIVE again(i, t) AS (
          SELECT 1, ''
          UNION ALL
          SELECT i + 1, t || CASE WHEN CAST(substr(text, i, 1) AS BLOB) IN (x'efbfbe', x'efbfbf')
                                  THEN substr(text, i, 1) ELSE char(unicode(substr(text, i, 1))) END
            FROM again WHERE i <= length(text))
        SELECT t FROM again ORDER BY i DESC LIMIT 1) AS BLOB);
END;

-- A row that takes another's id by REPLACE takes its place in chunks too: what was there goes first. And chunks follow
-- only a value that still is in them.
DROP TRIGGER params_updated;
CREATE TRIGGER params_updated AFTER UPDATE OF id, name, constraint_tag, dtype, shape, device ON params
BEGIN
  DELETE FROM chunks WHERE param = new.id AND new.id <> old.id;
  UPDATE chunks SET param = new.id WHERE param = old.id AND new.id <> old.id AND length(new.value) = 0;
  DELETE FROM chunks WHERE param NOT IN (SELECT id FROM params);
  INSERT INTO commits (message) VALUES (NULL);
  UPDATE params SET revision = (SELECT max(revision) FROM commits) WHERE id = new.id;
END;

-- A checksum that is set alone is a change too. Where value is set in the same statement, or a trigger sets both, the
-- revision has moved already.
CREATE TRIGGER params_checksum_updated AFTER UPDATE OF checksum ON params
WHEN new.checksum IS NOT old.checksum AND new.revision = old.revision
 AND old.revision = (SELECT revision FROM params WHERE id = new.id)
BEGIN
  INSERT INTO commits (message) VALUES (NULL);
  UPDATE params SET revision = (SELECT max(revision) FROM commits) WHERE id = new.id;
END;

CREATE TRIGGER chunks_moved BEFORE UPDATE OF param ON chunks
WHEN new.param <> old.param AND NOT EXISTS (SELECT 1 FROM params WHERE id = new.param AND length(value) = 0)
BEGIN
  SELECT RAISE(ABORT, 'chunks.param must be the id of a parameter whose own value is empty');
END;

CREATE TRIGGER chunks_resized BEFORE UPDATE OF value ON chunks
WHEN length(new.value) <> length(old.value)
BEGIN
  SELECT RAISE(ABORT, 'a chunk keeps its length: to divide a value anew, delete its chunks and insert others');
END;
