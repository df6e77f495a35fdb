-- name: chat_start
-- Begin a session. $1 who, $2 its title.
insert into chat_sessions (who, title)
values ($1, $2)
returning id;

-- name: chat_retitle
-- Give a session another title. $1 the session, $2 the title, $3 who.
update chat_sessions
set title = $2
where id = $1 and who = $3;

-- name: chat_delete
-- Forget a session with all of its messages; what it spent stays counted. $1 the session, $2 who.
delete from chat_sessions
where id = $1 and who = $2;

-- name: chat_keep
-- Keep one message and touch its session. $1 the session, $2 role, $3 content, $4 tool calls, $5 the call that
-- it answers, $6 sql, $7 digest of the rows, $8 how many rows, $9 model, $10 tokens in, $11 tokens out,
-- $12 cost in dollars, $13 finish reason.
-- What it used is counted even if the session was deleted meanwhile: it was spent.
with touched as (
    update chat_sessions set updated_at = now() where id = $1 returning id
), counted as (
    insert into chat_spending as s (day, model, tokens_in, tokens_out, cost_usd)
    select (now() at time zone 'UTC')::date, $9::text, $10::integer, $11::integer, $12::numeric
    where $9::text <> '' and $10::integer + $11::integer > 0
    on conflict (day, model) do update
        set tokens_in  = s.tokens_in + excluded.tokens_in,
            tokens_out = s.tokens_out + excluded.tokens_out,
            cost_usd   = s.cost_usd + excluded.cost_usd
)
insert into chat_messages (session_id, role, content, tool_calls, tool_call_id, sql, rows_digest, rows_count, model,
                           tokens_in, tokens_out, cost_usd, finish_reason)
select t.id, $2, $3, $4::jsonb, $5, $6, $7, $8, $9::text, $10::integer, $11::integer, $12::numeric, $13
from touched t
returning id;

-- name: chat_messages_of
-- A session's messages in order. $1 the session, $2 who.
select m.id,
       m.role,
       m.content,
       m.tool_calls,
       m.tool_call_id,
       m.sql,
       m.rows_digest,
       m.rows_count,
       m.model,
       m.tokens_in,
       m.tokens_out,
       m.cost_usd,
       m.finish_reason,
       m.created_at
from chat_messages m
join chat_sessions s on s.id = m.session_id
where m.session_id = $1 and s.who = $2
order by m.id;

-- name: chat_sessions_of
-- Sessions of one person, last used first, that hold the words in a title, in what was said or in what was asked.
-- $1 who, $2 words (empty: all), $3 how many.
select s.id,
       s.title,
       s.created_at,
       s.updated_at,
       (select count(*) from chat_messages m
        where m.session_id = s.id and m.role in ('user', 'command'))::integer                         as questions,
       (select coalesce(sum(m.tokens_in + m.tokens_out), 0) from chat_messages m where m.session_id = s.id)::bigint
           as tokens,
       (select coalesce(sum(m.cost_usd), 0) from chat_messages m where m.session_id = s.id)          as cost_usd
from chat_sessions s
where s.who = $1
  and exists (select from chat_messages m where m.session_id = s.id and m.role in ('user', 'command'))
  and ($2 = ''
       or position(lower($2) in lower(s.title)) > 0
       or exists (select from chat_messages m
                  where m.session_id = s.id and m.role <> 'system'
                    and (position(lower($2) in lower(coalesce(m.sql, ''))) > 0
                         or m.role <> 'tool' and position(lower($2) in lower(m.content)) > 0)))
order by s.updated_at desc, s.id desc
limit $3;

-- name: chat_spent
-- What was spent since a day (UTC), by model. $1 the day.
select s.model,
       sum(s.tokens_in)::bigint  as tokens_in,
       sum(s.tokens_out)::bigint as tokens_out,
       sum(s.cost_usd)           as cost_usd
from chat_spending s
where s.day >= $1
group by s.model
order by s.model;

-- name: chat_agree
-- Remember that somebody has read what leaves the machine. $1 who, $2 to whom it goes.
insert into chat_consents (who, recipient)
values ($1, $2)
on conflict do nothing;

-- name: chat_agreed
-- Whether somebody has read what leaves the machine. $1 who, $2 to whom it goes.
select exists (select from chat_consents c where c.who = $1 and c.recipient = $2) as agreed;
