-- name: passages
-- $1 company_id text, $2 folded words of the question text, $3 most rows integer
-- BM25 over the company's own chunks, k1 = 0.9, b = 0.4, lengths in different words. `score` is
-- relative to what a chunk of average length scores that has each of the question's words once, those
-- that no chunk has among them: what is asked for may be what nobody wrote down.
WITH terms AS MATERIALIZED (
    SELECT lexeme FROM unnest(to_tsvector('portuguese', $2))
), any_of_them AS MATERIALIZED (
    SELECT string_agg(quote_literal(lexeme), ' | ')::tsquery AS query FROM terms
), documents AS MATERIALIZED (
    SELECT id, company_id, coalesce(version, 1) AS version, coalesce(title, '') AS title
      FROM core.knowledge_documents WHERE company_id::text = $1 AND status IS DISTINCT FROM 'removed'
), corpus AS MATERIALIZED (
    SELECT count(*)::float8 AS chunks, greatest(avg(length(c.search)), 1)::float8 AS mean_words
      FROM core.knowledge_chunks AS c
      JOIN documents AS d ON d.company_id = c.company_id AND d.id = c.document_id
), candidates AS MATERIALIZED (
    SELECT c.document_id, c.ordinal, c.search
      FROM core.knowledge_chunks AS c
      JOIN documents AS d ON d.company_id = c.company_id AND d.id = c.document_id
     WHERE c.search @@ (SELECT query FROM any_of_them)
), found AS MATERIALIZED (
    SELECT c.document_id, c.ordinal, length(c.search) AS words, t.lexeme,
           cardinality(t.positions)::float8 AS times
      FROM candidates AS c CROSS JOIN LATERAL unnest(c.search) AS t
     WHERE t.lexeme IN (SELECT lexeme FROM terms)
), weights AS MATERIALIZED (
    SELECT t.lexeme,
           ln(1 + (max(c.chunks) - count(f.lexeme) + 0.5) / (count(f.lexeme) + 0.5)) AS weight
      FROM terms AS t CROSS JOIN corpus AS c LEFT JOIN found AS f USING (lexeme)
     GROUP BY t.lexeme
), best AS (
    SELECT f.document_id, f.ordinal,
           sum(w.weight * f.times * 1.9
               / (f.times + 0.9 * (0.6 + 0.4 * f.words / c.mean_words))) AS score
      FROM found AS f JOIN weights AS w USING (lexeme) CROSS JOIN corpus AS c
     GROUP BY f.document_id, f.ordinal
     ORDER BY score DESC, f.document_id, f.ordinal
     LIMIT $3
)
SELECT b.document_id::text AS document_id, b.ordinal, d.version, d.title, c.body,
       b.score / (SELECT sum(weight) FROM weights) AS score
  FROM best AS b
  JOIN documents AS d ON d.id = b.document_id
  JOIN core.knowledge_chunks AS c
    ON c.company_id = d.company_id AND c.document_id = b.document_id AND c.ordinal = b.ordinal
 ORDER BY b.score DESC, b.document_id, b.ordinal
