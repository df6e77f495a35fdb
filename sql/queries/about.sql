-- name: database_about
-- Which server this is, which pgvector it has if any, and how large the database is.
select split_part(current_setting('server_version'), ' ', 1) as server,
       (select extversion from pg_extension where extname = 'vector') as vector,
       pg_database_size(current_database()) as bytes
