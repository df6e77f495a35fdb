--- none may run longer than the time-out, nor fill the server
select count(*) from generate_series(1, 1e12)

select count(*) from generate_series(1, 1000000000000::bigint) g

select sum(g) from generate_series(1, 100000) g, generate_series(1, 100000) h

select g, h from generate_series(1, 100000) g, generate_series(1, 100000) h order by g * h desc

select count(*) from v_files a, v_files b, v_files c, v_files d

select count(*) from v_files a cross join v_files b cross join v_files c cross join v_files d

select count(*) from v_files a join v_files b on true join v_files c on true join v_files d on true

select a.title from v_files a, v_files b, v_files c, v_files d where a.file_id <> b.file_id order by random()

with recursive r (n) as (select 1 union all select n + 1 from r) select count(*) from r

with recursive r (n) as (select 1 union all select n + 1 from r) select max(n) from r

with recursive r (t) as (select 'x' union all select t || t from r) select length(t) from r

with recursive r (n) as (select 1 union all select n from r) select * from r where n > 1

select string_agg(g::text, '') from generate_series(1, 1000000000) g

select array_agg(g) from generate_series(1, 1000000000) g

select json_agg(a) from v_files a, v_files b, v_files c

select g from generate_series(1, 1000000000) g order by random()

select distinct g from generate_series(1, 1000000000) g

select count(*) from generate_series(now(), now() + interval '1000000 years', interval '1 second')

select regexp_replace(string_agg(title, ''), '(a*)*(b*)*(c*)*(.*)*$', 'x') from v_files a, generate_series(1, 100000)

select (select count(*) from v_files x, v_files y, v_files z where x.size_bytes > y.size_bytes and a.file_id > 0) from v_files a
