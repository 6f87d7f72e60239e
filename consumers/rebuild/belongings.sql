-- name: carry over
-- $1 the relation as it stands, $2 the one that gets the same: qualified names, text
-- Commands in order, which may be given again: owner, grants, comments, options, settings of columns,
-- constraints and indexes of others, row security.
WITH old AS (SELECT c.* FROM pg_class AS c WHERE c.oid = $1::text::regclass),
     new AS (SELECT c.* FROM pg_class AS c WHERE c.oid = $2::text::regclass),
     both_have AS (
SELECT t.attname, t.attacl, t.attrelid, t.attnum, t.attnotnull, t.attstattarget, t.attoptions,
       t.attstorage, t.attcompression, s.attnotnull AS is_not_null, s.attstorage AS has_storage,
       s.attcompression AS has_compression, s.attrelid AS new_relid, s.attnum AS new_attnum
  FROM pg_attribute AS t JOIN pg_attribute AS s USING (attname)
 WHERE t.attrelid = $1::text::regclass AND t.attnum > 0 AND NOT t.attisdropped
   AND s.attrelid = $2::text::regclass AND s.attnum > 0 AND NOT s.attisdropped)
SELECT command FROM (
SELECT 1 AS step, format('ALTER TABLE %s OWNER TO %I', $2::text, pg_get_userbyid(old.relowner)) AS command
  FROM old, new WHERE old.relowner <> new.relowner
UNION ALL
-- Privileges that a role's defaults gave, and that the old one has not.
SELECT 2, format('REVOKE %s ON %s FROM %s', a.privilege_type, $2::text,
                 CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
  FROM old, new, aclexplode(new.relacl) AS a
 WHERE a.grantee <> new.relowner AND a.grantee <> old.relowner
   AND NOT EXISTS (SELECT FROM aclexplode(old.relacl) AS o
                    WHERE o.grantee = a.grantee AND o.privilege_type = a.privilege_type)
UNION ALL
SELECT 3, format('GRANT %s ON %s TO %s%s', a.privilege_type, $2::text,
                 CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                 CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM old, aclexplode(old.relacl) AS a WHERE a.grantee <> old.relowner
UNION ALL
SELECT 4, format('GRANT %s (%I) ON %s TO %s%s', a.privilege_type, t.attname, $2::text,
                 CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                 CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM both_have AS t, aclexplode(t.attacl) AS a
UNION ALL
SELECT 5, format('COMMENT ON %s %s IS %L', CASE old.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
                 $2::text, obj_description(old.oid, 'pg_class'))
  FROM old WHERE obj_description(old.oid, 'pg_class') IS NOT NULL
UNION ALL
SELECT 6, format('COMMENT ON COLUMN %s.%I IS %L', $2::text, t.attname,
                 col_description(t.attrelid, t.attnum))
  FROM both_have AS t WHERE col_description(t.attrelid, t.attnum) IS NOT NULL
UNION ALL
SELECT 7, format('ALTER %s %s SET (%s)', CASE old.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
                 $2::text, array_to_string(old.reloptions, ', '))
  FROM old, new WHERE $1::text = $2::text AND old.reloptions IS NOT NULL
     OR NOT old.reloptions <@ coalesce(new.reloptions, '{}')
UNION ALL
SELECT 7, format('ALTER TABLE %s SET (toast.%s)', $2::text, option)
  FROM old JOIN pg_class AS toast ON toast.oid = old.reltoastrelid, unnest(toast.reloptions) AS option
UNION ALL
SELECT 8, format('ALTER TABLE %s ALTER COLUMN %I %s', $2::text, t.attname, s.setting)
  FROM old, both_have AS t, LATERAL (
       SELECT format('SET STATISTICS %s', t.attstattarget) WHERE t.attstattarget >= 0
       UNION ALL
       SELECT format('SET (%s)', array_to_string(t.attoptions, ', ')) WHERE t.attoptions IS NOT NULL
       UNION ALL
       SELECT 'SET STORAGE ' || CASE t.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                                                  WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
        WHERE t.attstorage <> t.has_storage
       UNION ALL
       SELECT 'SET COMPRESSION ' || CASE t.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END
        WHERE t.attcompression <> t.has_compression AND t.attcompression <> ''
       UNION ALL
       SELECT 'SET NOT NULL' WHERE t.attnotnull AND NOT t.is_not_null
       UNION ALL
       SELECT 'SET DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)
         FROM pg_attrdef AS d WHERE d.adrelid = t.attrelid AND d.adnum = t.attnum
          AND NOT EXISTS (SELECT FROM pg_attrdef AS n
                           WHERE n.adrelid = t.new_relid AND n.adnum = t.new_attnum)
       ) AS s (setting)
 WHERE old.relkind = 'r' AND $1::text <> $2::text
UNION ALL
SELECT 9, format('ALTER TABLE %s ADD CONSTRAINT %I %s', $2::text, k.conname,
                 pg_get_constraintdef(k.oid))
  FROM pg_constraint AS k
 WHERE k.conrelid = $1::text::regclass AND k.contype IN ('c', 'u', 'x', 'f') AND $1::text <> $2::text
   AND NOT EXISTS (SELECT FROM pg_constraint AS o
                    WHERE o.conrelid = $2::text::regclass AND o.conname = k.conname)
UNION ALL
SELECT 10, replace(pg_get_indexdef(i.indexrelid), format(' ON %s USING ', $1::text),
                   format(' ON %s USING ', $2::text))
  FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
 WHERE i.indrelid = $1::text::regclass AND $1::text <> $2::text
   AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid)
   AND NOT EXISTS (SELECT FROM pg_index AS o JOIN pg_class AS n ON n.oid = o.indexrelid
                    WHERE o.indrelid = $2::text::regclass AND n.relname = c.relname)
UNION ALL
SELECT 11, format('ALTER TABLE %s %s', $2::text, s.setting)
  FROM old, LATERAL (
       SELECT CASE old.relreplident WHEN 'f' THEN 'REPLICA IDENTITY FULL' ELSE 'REPLICA IDENTITY NOTHING' END
        WHERE old.relreplident IN ('f', 'n')
       UNION ALL
       SELECT format('REPLICA IDENTITY USING INDEX %I', c.relname)
         FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = old.oid AND i.indisreplident
       UNION ALL
       SELECT format('CLUSTER ON %I', c.relname)
         FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = old.oid AND i.indisclustered
       ) AS s (setting)
 WHERE old.relkind = 'r' AND $1::text <> $2::text
UNION ALL
SELECT 12, format('ALTER TABLE %s %s ROW LEVEL SECURITY', $2::text,
                  CASE WHEN old.relrowsecurity THEN 'ENABLE' ELSE 'DISABLE' END)
  FROM old, new WHERE old.relrowsecurity <> new.relrowsecurity
UNION ALL
SELECT 12, format('ALTER TABLE %s %s ROW LEVEL SECURITY', $2::text,
                  CASE WHEN old.relforcerowsecurity THEN 'FORCE' ELSE 'NO FORCE' END)
  FROM old, new WHERE old.relforcerowsecurity <> new.relforcerowsecurity
UNION ALL
SELECT 13, format('DROP POLICY %I ON %s', polname, $2::text) FROM pg_policy
 WHERE polrelid = $2::text::regclass AND $1::text <> $2::text
UNION ALL
SELECT 14, format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, $2::text,
                 CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                 CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                               WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                 (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC'
                                         ELSE quote_ident(pg_get_userbyid(r)) END, ', ')
                    FROM unnest(p.polroles) AS r),
                 coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ''),
                 coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''))
  FROM pg_policy AS p WHERE p.polrelid = $1::text::regclass AND $1::text <> $2::text
) AS commands ORDER BY step, command

-- name: stands
-- $1 relation: qualified name, text
SELECT to_regclass($1) IS NOT NULL

-- name: in the way
-- $1 table, $2 its public view: qualified names, text
-- What belongs to the table itself and would stay with the old one, and what only others may change.
SELECT format('trigger %I', tgname) AS what FROM pg_trigger
 WHERE tgrelid = $1::text::regclass AND NOT tgisinternal
UNION ALL
SELECT format('rule %I', rulename) FROM pg_rewrite WHERE ev_class = $1::text::regclass
UNION ALL
SELECT format('foreign key %I of %s', conname, conrelid::regclass) FROM pg_constraint
 WHERE confrelid = $1::text::regclass AND contype = 'f'
UNION ALL
SELECT format('publication %I', p.pubname) FROM pg_publication_rel AS r
  JOIN pg_publication AS p ON p.oid = r.prpubid WHERE r.prrelid = $1::text::regclass
UNION ALL
SELECT format('table %s, which inherits', inhrelid::regclass) FROM pg_inherits
 WHERE inhparent = $1::text::regclass
UNION ALL
SELECT format('table %s, from which it inherits', inhparent::regclass) FROM pg_inherits
 WHERE inhrelid = $1::text::regclass
UNION ALL
SELECT format('statistics %I', stxname) FROM pg_statistic_ext WHERE stxrelid = $1::text::regclass
UNION ALL
SELECT DISTINCT format('materialized view %s', c.oid::regclass)
  FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_class AS c ON c.oid = r.ev_class
 WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::text::regclass AND c.relkind = 'm'
UNION ALL
SELECT DISTINCT format('function %s', d.objid::regprocedure)
  FROM pg_depend AS d
 WHERE d.classid = 'pg_proc'::regclass
   AND (d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::text::regclass
     OR d.refclassid = 'pg_type'::regclass
        AND d.refobjid IN (SELECT t.oid FROM pg_type AS t JOIN pg_class AS c ON c.oid = $1::text::regclass
                            WHERE t.oid = c.reltype OR t.typelem = c.reltype))
UNION ALL
SELECT format('an owner that this role does not act for: %I', pg_get_userbyid(c.relowner))
  FROM pg_class AS c
 WHERE c.oid IN ($1::text::regclass, $2::text::regclass) AND NOT pg_has_role(c.relowner, 'USAGE')
UNION ALL
SELECT DISTINCT format('view %s of %I, for whom this role does not act', c.oid::regclass,
                       pg_get_userbyid(c.relowner))
  FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_class AS c ON c.oid = r.ev_class
 WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::text::regclass AND c.relkind = 'v'
   AND c.oid <> $2::text::regclass AND NOT pg_has_role(c.relowner, 'USAGE')

-- name: columns of others
-- $1 table, $2 the one that takes its place: qualified names, text
-- Columns that somebody added: no event gives their values.
SELECT t.attname AS name FROM pg_attribute AS t
 WHERE t.attrelid = $1::text::regclass AND t.attnum > 0 AND NOT t.attisdropped
   AND NOT EXISTS (SELECT FROM pg_attribute AS s
                    WHERE s.attrelid = $2::text::regclass AND s.attname = t.attname AND NOT s.attisdropped)
 ORDER BY t.attnum

-- name: views of others
-- $1 table, $2 its public view: qualified names, $3 the rebuild's schema: text
-- Views that name the table itself; the ones over its public view need nothing.
SELECT DISTINCT c.oid::regclass::text AS name,
              format('CREATE OR REPLACE VIEW %s%s AS %s', c.oid::regclass,
              coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', ''),
              pg_get_viewdef(c.oid)) AS command
  FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_class AS c ON c.oid = r.ev_class
 WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::text::regclass AND c.relkind = 'v'
   AND c.oid <> $2::text::regclass AND c.relnamespace::regnamespace::text <> $3
   AND NOT starts_with(c.relnamespace::regnamespace::text, 'replay_')
 ORDER BY name

-- name: stands on
-- $1 view: qualified name, text
-- What would go with it: views, functions, rules and triggers of others.
SELECT DISTINCT CASE WHEN r.ev_class IS NOT NULL AND r.ev_class <> $1::text::regclass
                     THEN r.ev_class::regclass::text
                     ELSE pg_describe_object(d.classid, d.objid, 0) END AS name
  FROM pg_depend AS d
  LEFT JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
 WHERE (d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::text::regclass
     OR d.refclassid = 'pg_type'::regclass
        AND d.refobjid IN (SELECT t.oid FROM pg_type AS t JOIN pg_class AS c ON c.oid = $1::text::regclass
                            WHERE t.oid = c.reltype OR t.typelem = c.reltype))
   AND d.classid <> 'pg_type'::regclass
   AND (r.rulename IS NULL OR r.rulename <> '_RETURN' OR r.ev_class <> $1::text::regclass)
 ORDER BY name
