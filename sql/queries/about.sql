-- name: database_about
-- Which server this is, which pgvector it offers if any, and how large the database is.
select split_part(current_setting('server_version'), ' ', 1) as server,
       (select default_version from pg_available_extensions where name = 'vector') as vector,
       pg_database_size(current_database()) as bytes
