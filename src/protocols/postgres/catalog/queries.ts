/*
 * What is asked of the target's own catalog (PostgreSQL 15 to 18, chapter 53 "System Catalogs"). Nothing here is closed to ordinary roles, and
 * nothing takes a lock on a relation of a user: view definitions are read as stored rule trees, which pg_get_viewdef would lock for.
 * Temporary relations are left out: they are another session's, or this one's own business. All run with search_path = ''.
 */

/** Ends with the transaction; the names of the target are read as UTF-8 whatever its own encoding. */
export const BEGIN = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = ''; SET LOCAL client_encoding = 'UTF8';
SET LOCAL lock_timeout = '1s'; SET LOCAL jit = off`

const LASTING = `n.nspname !~ '^pg_(toast_)?temp_'`

/** Names in a JSON array, in the order of the given column numbers. */
const namesOf = (relation: string, numbers: string) =>
  `(SELECT pg_catalog.json_agg(a.attname ORDER BY k.at) FROM pg_catalog.unnest(${numbers}) WITH ORDINALITY k(number, at)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = ${relation} AND a.attnum = k.number)`

/** serverVersion, eventTriggers */
export const SERVER = `SELECT pg_catalog.current_setting('server_version_num'),
  EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D')`

/** name */
export const SCHEMAS = `SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE ${LASTING} ORDER BY n.nspname`

/**
 * oid, schema, name, kind, row security, columns (JSON), the table of an index or of a TOAST table, columns of a partition key (JSON), whether
 * it has expressions too, whether an exclusion constraint is on it, attnum and atttypid of the columns (JSON)
 */
export const RELATIONS = `SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, a.names, COALESCE(i.indrelid, t.oid),
  ${namesOf('c.oid', 'p.partattrs::pg_catalog.int2[]')}, p.partexprs IS NOT NULL,
  EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid AND x.indisexclusion), a.numbers, a.types
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN (SELECT attrelid, pg_catalog.json_agg(attname ORDER BY attnum) AS names, pg_catalog.json_agg(attnum ORDER BY attnum) AS numbers,
    pg_catalog.json_agg(atttypid ORDER BY attnum) AS types FROM pg_catalog.pg_attribute
    WHERE attnum > 0 AND NOT attisdropped GROUP BY attrelid) a ON a.attrelid = c.oid AND c.relkind NOT IN ('i', 'I')
  LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
  LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid
  LEFT JOIN pg_catalog.pg_class t ON t.reltoastrelid = c.oid AND c.relkind = 't'
  WHERE c.relpersistence <> 't' AND ${LASTING} ORDER BY c.oid`

/** child, parent: tables only; partitioned indexes inherit too */
export const INHERITANCE = `SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE c.relpersistence <> 't' AND c.relkind NOT IN ('i', 'I')
  ORDER BY i.inhrelid, i.inhseqno`

/**
 * referenced relation, its columns, referencing relation, its columns, those that ON DELETE sets (where it names some), on delete, on update,
 * whether a referenced column is generated
 */
export const FOREIGN_KEYS = `SELECT f.confrelid, ${namesOf('f.confrelid', 'f.confkey')}, f.conrelid, ${namesOf('f.conrelid', 'f.conkey')},
  ${namesOf('f.conrelid', 'f.confdelsetcols')}, f.confdeltype, f.confupdtype,
  EXISTS (SELECT FROM pg_catalog.pg_attribute g WHERE g.attrelid = f.confrelid AND g.attnum = ANY (f.confkey) AND g.attgenerated <> '')
  FROM pg_catalog.pg_constraint f JOIN pg_catalog.pg_class c ON c.oid = f.conrelid
  WHERE f.contype = 'f' AND c.relpersistence <> 't'
  ORDER BY f.confrelid, f.conrelid, f.oid`

/** relation, tgtype, function, has a condition */
export const TRIGGERS = `SELECT t.tgrelid, t.tgtype, t.tgfoid::oid, t.tgqual IS NOT NULL FROM pg_catalog.pg_trigger t
  JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND c.relpersistence <> 't'
  ORDER BY t.tgrelid, t.oid`

/** relation */
export const RULES = `SELECT DISTINCT r.ev_class FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
  WHERE r.rulename <> '_RETURN' AND r.ev_enabled <> 'D' AND c.relpersistence <> 't' AND c.oid >= 16384 ORDER BY r.ev_class`

/** view, relation, columns (JSON, null: none) */
export const VIEW_USES = `SELECT r.ev_class, d.refobjid, pg_catalog.json_agg(DISTINCT a.attname) FILTER (WHERE a.attname IS NOT NULL)
  FROM pg_catalog.pg_rewrite r
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> r.ev_class
  LEFT JOIN pg_catalog.pg_attribute a ON d.refobjsubid > 0 AND a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE r.rulename = '_RETURN' AND r.ev_class >= 16384 GROUP BY 1, 2 ORDER BY 1, 2`

/**
 * Functions that a stored expression calls, by oid: calls, operators, aggregates, window functions and frame ranges, sampling methods. Constants
 * and names in such a tree have their spaces escaped, so none of them can look like a field.
 */
const functionsIn = (tree: string) =>
  `(SELECT pg_catalog.json_agg(DISTINCT m[1]::oid) FROM pg_catalog.regexp_matches(${tree}::text,
    ':(?:funcid|opfuncid|aggfnoid|winfnoid|tsmhandler|startInRangeFunc|endInRangeFunc) ([1-9][0-9]*)', 'g') m)`

/**
 * view, functions (JSON), whether it may use whole rows, types it depends on (JSON), relations (JSON): pg_depend says nothing of the system
 * catalogs themselves (IsPinnedObject), such as pg_authid
 */
export const VIEW_CODE = `SELECT r.ev_class, ${functionsIn('r.ev_action')}, r.ev_action::text ~ ':varattno 0 ',
  (SELECT pg_catalog.json_agg(DISTINCT d.refobjid) FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
    AND d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass),
  (SELECT pg_catalog.json_agg(DISTINCT m[1]::oid) FROM pg_catalog.regexp_matches(r.ev_action::text, ':relid ([1-9][0-9]*)', 'g') m)
  FROM pg_catalog.pg_rewrite r WHERE r.rulename = '_RETURN' AND r.ev_class >= 16384 ORDER BY r.ev_class`

/** Characters of a rule tree up to which it is read: some 20 KB for a view of a few tables. */
const LONGEST_TREE = 262_144

/** view, its rule tree */
export const VIEW_TREES = `SELECT r.ev_class, r.ev_action::text FROM pg_catalog.pg_rewrite r
  WHERE r.rulename = '_RETURN' AND r.ev_class >= 16384 AND pg_catalog.length(r.ev_action::text) <= ${LONGEST_TREE} ORDER BY r.ev_class`

/** relation, column, the expression that it is computed by */
export const GENERATED = `SELECT d.adrelid, a.attname, d.adbin::text FROM pg_catalog.pg_attrdef d
  JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum JOIN pg_catalog.pg_class c ON c.oid = d.adrelid
  WHERE a.attgenerated <> '' AND c.relpersistence <> 't' AND d.adrelid >= 16384 ORDER BY d.adrelid, a.attnum`

const POLICY_TREES = `pg_catalog.concat(p.polqual::pg_catalog.text, ' ', p.polwithcheck::pg_catalog.text)`

/** table, relation that a policy of it names, columns (JSON, null: none) */
export const POLICY_USES = `SELECT p.polrelid, d.refobjid, pg_catalog.json_agg(DISTINCT a.attname) FILTER (WHERE a.attname IS NOT NULL)
  FROM pg_catalog.pg_policy p
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = p.oid
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> p.polrelid
  LEFT JOIN pg_catalog.pg_attribute a ON d.refobjsubid > 0 AND a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  GROUP BY 1, 2 ORDER BY 1, 2`

/** table, and of all its policies together: functions (JSON), whether they may use whole rows, types (JSON), relations (JSON) */
export const POLICY_CODE = `SELECT q.polrelid, ${functionsIn('q.tree')}, q.tree ~ ':varattno 0 ',
  (SELECT pg_catalog.json_agg(DISTINCT d.refobjid) FROM pg_catalog.pg_policy p
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = p.oid
    AND d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass WHERE p.polrelid = q.polrelid),
  (SELECT pg_catalog.json_agg(DISTINCT m[1]::oid) FROM pg_catalog.regexp_matches(q.tree, ':relid ([1-9][0-9]*)', 'g') m)
  FROM (SELECT p.polrelid, pg_catalog.string_agg(${POLICY_TREES}, ' ' ORDER BY p.oid) AS tree FROM pg_catalog.pg_policy p GROUP BY 1) q
  ORDER BY q.polrelid`

/** what it is for, relation or domain, functions (JSON) */
export const EXPRESSION_CODE = `SELECT * FROM (SELECT e.part, e.owner, ${functionsIn('e.tree')} AS functions FROM (
  SELECT CASE WHEN a.attgenerated = 'v' THEN 'both' ELSE 'write' END AS part, d.adrelid AS owner, d.adbin AS tree
    FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  UNION ALL SELECT 'write', conrelid, conbin FROM pg_catalog.pg_constraint WHERE contype = 'c' AND conrelid <> 0
  UNION ALL SELECT 'domain', contypid, conbin FROM pg_catalog.pg_constraint WHERE contype = 'c' AND contypid <> 0
  UNION ALL SELECT 'domain', oid, typdefaultbin FROM pg_catalog.pg_type WHERE typtype = 'd'
  UNION ALL SELECT 'write', indrelid, indexprs FROM pg_catalog.pg_index
  UNION ALL SELECT 'write', indrelid, indpred FROM pg_catalog.pg_index
  UNION ALL SELECT 'both', partrelid, partexprs FROM pg_catalog.pg_partitioned_table
  UNION ALL SELECT 'policy', polrelid, polqual FROM pg_catalog.pg_policy
  UNION ALL SELECT 'policy', polrelid, polwithcheck FROM pg_catalog.pg_policy) e
  WHERE e.tree IS NOT NULL AND e.owner >= 16384) called WHERE functions IS NOT NULL ORDER BY owner, part`

/** Arguments through which SQL or the name of something can come in. */
const TALKATIVE = `p.proargtypes::oid[] && ARRAY['text', 'varchar', 'bpchar', 'name', 'cstring', 'regclass', 'oid', 'refcursor', 'json', 'jsonb',
  '"any"', 'text[]', 'anyelement', 'record']::pg_catalog.regtype[]::oid[]`

/** oid, schema, name, kind, language, volatility, extension, talkative, functions of an aggregate, symbol of an internal function */
export const FUNCTIONS = `SELECT p.oid, n.nspname, p.proname, p.prokind, l.lanname, p.provolatile, x.extname, ${TALKATIVE},
  CASE WHEN g.aggfnoid IS NOT NULL THEN pg_catalog.json_build_array(g.aggtransfn::oid, g.aggfinalfn::oid, g.aggcombinefn::oid,
    g.aggserialfn::oid, g.aggdeserialfn::oid, g.aggmtransfn::oid, g.aggminvtransfn::oid, g.aggmfinalfn::oid) END,
  CASE WHEN l.lanname = 'internal' AND p.oid >= 16384 THEN p.prosrc END
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  LEFT JOIN pg_catalog.pg_aggregate g ON g.aggfnoid = p.oid
  LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e'
    AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
  LEFT JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid
  WHERE ${LASTING} ORDER BY p.oid`

/** schema, name, function (0: a shell) */
export const OPERATORS = `SELECT n.nspname, o.oprname, o.oprcode::oid FROM pg_catalog.pg_operator o
  JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid >= 16384 AND ${LASTING} ORDER BY o.oid`

/**
 * oid, schema, name, kind, relation of a composite, its base, element or subtype, input and output functions (JSON), range functions (JSON),
 * labels of an enum (JSON).
 * Types of the rows of tables are left out: what they are follows from the table.
 */
export const TYPES = `SELECT t.oid, n.nspname, t.typname, t.typtype, t.typrelid, COALESCE(NULLIF(t.typbasetype, 0), g.rngsubtype, t.typelem),
  pg_catalog.json_build_array(t.typinput::oid, t.typoutput::oid, t.typreceive::oid, t.typsend::oid, t.typmodin::oid, t.typmodout::oid),
  CASE WHEN g.rngtypid IS NOT NULL THEN pg_catalog.json_build_array(g.rngcanonical::oid, g.rngsubdiff::oid) END,
  (SELECT pg_catalog.json_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid)
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_range g ON t.oid IN (g.rngtypid, g.rngmultitypid)
  LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
  LEFT JOIN pg_catalog.pg_class ec ON ec.oid = e.typrelid
  WHERE t.oid >= 16384 AND ${LASTING} AND (c.oid IS NULL OR c.relkind = 'c') AND (ec.oid IS NULL OR ec.relkind = 'c') ORDER BY t.oid`

/** relation, type of a column that is not built in, relation of that type (or of its elements) where it is one of rows */
export const COLUMN_TYPES = `SELECT DISTINCT a.attrelid, COALESCE(e.oid, t.oid), COALESCE(e.typrelid, t.typrelid)
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_type e ON t.typcategory = 'A' AND e.oid = t.typelem
  WHERE a.atttypid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind NOT IN ('i', 'I') AND c.relpersistence <> 't' ORDER BY 1, 2`

/** source type, target type, function (0: none), relations of both where they are types of rows */
export const CASTS = `SELECT c.castsource, c.casttarget, c.castfunc::oid, s.typrelid, t.typrelid FROM pg_catalog.pg_cast c
  JOIN pg_catalog.pg_type s ON s.oid = c.castsource JOIN pg_catalog.pg_type t ON t.oid = c.casttarget WHERE c.oid >= 16384 ORDER BY c.oid`

/** type, functions (JSON) of its operator classes: sorting, grouping and comparing rows call them */
export const OPERATOR_CLASSES = `SELECT k.opcintype, pg_catalog.json_agg(DISTINCT f.oid) FROM pg_catalog.pg_opclass k
  JOIN (SELECT amprocfamily AS family, amproc::oid AS oid FROM pg_catalog.pg_amproc
    UNION ALL SELECT s.amopfamily, o.oprcode::oid FROM pg_catalog.pg_amop s JOIN pg_catalog.pg_operator o ON o.oid = s.amopopr) f
    ON f.family = k.opcfamily
  WHERE k.oid >= 16384 AND f.oid >= 16384 GROUP BY k.opcintype ORDER BY k.opcintype`

/** Rows of a catalog as one number: a row that is changed has another xmin, one that is gone or new another sum. */
const sum = (catalog: string, key: string, where = '') =>
  `(SELECT pg_catalog.concat(pg_catalog.count(*), ' ', pg_catalog.sum(pg_catalog.hashint8extended(
    ((${key})::pg_catalog.int8 << 32) | x.xmin::pg_catalog.text::pg_catalog.int8, 0))) FROM pg_catalog.${catalog} x ${where})`

const OF_LASTING = (relation: string) =>
  `WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = x.${relation} AND c.relpersistence = 't')`

/** One line that changes with anything that the other queries would tell, and costs a fraction of them. */
export const FINGERPRINT = `SELECT pg_catalog.concat_ws(',', pg_catalog.current_setting('server_version_num'),
  ${sum('pg_namespace', 'x.oid', "WHERE x.nspname !~ '^pg_(toast_)?temp_'")}, ${sum('pg_class', 'x.oid', "WHERE x.relpersistence <> 't'")},
  ${sum('pg_attribute', 'x.attrelid', OF_LASTING('attrelid'))}, ${sum('pg_inherits', 'x.inhrelid', OF_LASTING('inhrelid'))},
  ${sum('pg_constraint', 'x.oid', OF_LASTING('conrelid'))}, ${sum('pg_trigger', 'x.oid', OF_LASTING('tgrelid'))},
  ${sum('pg_rewrite', 'x.oid', OF_LASTING('ev_class'))}, ${sum('pg_attrdef', 'x.oid', OF_LASTING('adrelid'))},
  ${sum('pg_policy', 'x.oid')}, ${sum('pg_index', 'x.indexrelid', OF_LASTING('indrelid'))}, ${sum('pg_partitioned_table', 'x.partrelid')},
  ${sum('pg_proc', 'x.oid')}, ${sum('pg_aggregate', 'x.aggfnoid')}, ${sum('pg_operator', 'x.oid')}, ${sum('pg_cast', 'x.oid')},
  ${sum('pg_type', 'x.oid', OF_LASTING('typrelid'))}, ${sum('pg_enum', 'x.oid')}, ${sum('pg_range', 'x.rngtypid')}, ${sum('pg_opclass', 'x.oid')},
  ${sum('pg_amproc', 'x.oid')}, ${sum('pg_amop', 'x.oid')}, ${sum('pg_extension', 'x.oid')}, ${sum('pg_event_trigger', 'x.oid')})`
