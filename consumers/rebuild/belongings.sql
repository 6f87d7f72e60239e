-- name: carry over
-- $1 the relation as it stands, $2 the one that gets the same: qualified names, text
-- Commands in order: owner, grants, comments, options, row security, indexes of others.
SELECT command FROM (
SELECT 1 AS step, format('ALTER TABLE %s OWNER TO %I', $2::text, pg_get_userbyid(c.relowner)) AS command
  FROM pg_class AS c WHERE c.oid = $1::regclass AND pg_get_userbyid(c.relowner) <> current_user
UNION ALL
SELECT 2, format('GRANT %s ON %s TO %s%s', a.privilege_type, $2::text,
                 CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                 CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM pg_class AS c, aclexplode(c.relacl) AS a
 WHERE c.oid = $1::regclass AND a.grantee <> c.relowner
UNION ALL
SELECT 3, format('GRANT %s (%I) ON %s TO %s%s', a.privilege_type, t.attname, $2::text,
                 CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                 CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM pg_attribute AS t, aclexplode(t.attacl) AS a
 WHERE t.attrelid = $1::regclass AND t.attnum > 0 AND NOT t.attisdropped
   AND t.attname IN (SELECT s.attname FROM pg_attribute AS s
                      WHERE s.attrelid = $2::regclass AND NOT s.attisdropped)
UNION ALL
SELECT 4, format('COMMENT ON %s %s IS %L', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
                 $2::text, obj_description(c.oid, 'pg_class'))
  FROM pg_class AS c
 WHERE c.oid = $1::regclass AND obj_description(c.oid, 'pg_class') IS NOT NULL
UNION ALL
SELECT 5, format('COMMENT ON COLUMN %s.%I IS %L', $2::text, t.attname,
                 col_description(t.attrelid, t.attnum))
  FROM pg_attribute AS t
 WHERE t.attrelid = $1::regclass AND t.attnum > 0 AND NOT t.attisdropped
   AND col_description(t.attrelid, t.attnum) IS NOT NULL
   AND t.attname IN (SELECT s.attname FROM pg_attribute AS s
                      WHERE s.attrelid = $2::regclass AND NOT s.attisdropped)
UNION ALL
SELECT 6, format('ALTER %s %s SET (%s)', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
                 $2::text, array_to_string(c.reloptions, ', '))
  FROM pg_class AS c WHERE c.oid = $1::regclass AND c.reloptions IS NOT NULL
UNION ALL
SELECT 7, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', $2::text)
  FROM pg_class AS c WHERE c.oid = $1::regclass AND c.relrowsecurity
UNION ALL
SELECT 7, format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', $2::text)
  FROM pg_class AS c WHERE c.oid = $1::regclass AND c.relforcerowsecurity
UNION ALL
SELECT 8, format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, $2::text,
                 CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                 CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                               WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                 (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC'
                                         ELSE quote_ident(pg_get_userbyid(r)) END, ', ')
                    FROM unnest(p.polroles) AS r),
                 coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ''),
                 coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''))
  FROM pg_policy AS p
 WHERE p.polrelid = $1::regclass
   AND NOT EXISTS (SELECT FROM pg_policy AS o
                    WHERE o.polrelid = $2::regclass AND o.polname = p.polname)
UNION ALL
SELECT 9, replace(pg_get_indexdef(i.indexrelid), format(' ON %s USING ', $1::text),
                  format(' ON %s USING ', $2::text))
  FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
 WHERE i.indrelid = $1::regclass AND $1::text <> $2::text
   AND NOT EXISTS (SELECT FROM pg_index AS o JOIN pg_class AS n ON n.oid = o.indexrelid
                    WHERE o.indrelid = $2::regclass AND n.relname = c.relname)
) AS commands ORDER BY step, command

-- name: in the way
-- $1 table: qualified name, text
-- What belongs to the table itself and would stay with the old one.
SELECT format('trigger %I', tgname) AS what FROM pg_trigger
 WHERE tgrelid = $1::regclass AND NOT tgisinternal
UNION ALL
SELECT format('foreign key %I of %s', conname, conrelid::regclass) FROM pg_constraint
 WHERE confrelid = $1::regclass AND contype = 'f'
UNION ALL
SELECT format('publication %I', p.pubname) FROM pg_publication_rel AS r
  JOIN pg_publication AS p ON p.oid = r.prpubid WHERE r.prrelid = $1::regclass
UNION ALL
SELECT format('table %s, which inherits', inhrelid::regclass) FROM pg_inherits
 WHERE inhparent = $1::regclass
UNION ALL
SELECT DISTINCT format('materialized view %s', c.oid::regclass)
  FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_class AS c ON c.oid = r.ev_class
 WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::regclass AND c.relkind = 'm'
UNION ALL
SELECT DISTINCT format('function %s', d.objid::regprocedure)
  FROM pg_depend AS d
 WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::regclass
   AND d.classid = 'pg_proc'::regclass

-- name: views of others
-- $1 table, $2 its public view: qualified names, $3 the rebuild's schema: text
-- Views that name the table itself; the ones over its public view need nothing.
SELECT DISTINCT format('CREATE OR REPLACE VIEW %s%s AS %s', c.oid::regclass,
              coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', ''),
              pg_get_viewdef(c.oid)) AS command
  FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_class AS c ON c.oid = r.ev_class
 WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::regclass AND c.relkind = 'v'
   AND c.oid <> $2::regclass AND c.relnamespace::regnamespace::text <> $3
   AND NOT starts_with(c.relnamespace::regnamespace::text, 'replay_')

-- name: views over
-- $1 view: qualified name, text
SELECT DISTINCT c.oid::regclass::text AS name
  FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_class AS c ON c.oid = r.ev_class
 WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::regclass
   AND c.oid <> $1::regclass
