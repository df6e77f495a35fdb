-- name: migrations_lock
-- One program at a time migrates this database. $1 Lock.MIGRATIONS.
select pg_advisory_lock($1);
