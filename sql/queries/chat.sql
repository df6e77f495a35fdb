-- name: chat_start
-- Begin a session. $1 who, $2 its title.
insert into chat_sessions (who, title)
values ($1, $2)
returning id;

-- name: chat_retitle
-- Give a session another title. $1 the session, $2 the title.
update chat_sessions
set title = $2
where id = $1;

-- name: chat_delete
-- Forget a session with all of its messages. $1 the session, $2 who.
delete from chat_sessions
where id = $1 and who = $2;

-- name: chat_keep
-- Keep one message and touch its session. $1 the session, $2 role, $3 content, $4 tool calls, $5 the call that
-- it answers, $6 sql, $7 digest of the rows, $8 how many rows, $9 model, $10 tokens in, $11 tokens out,
-- $12 cost in dollars, $13 finish reason.
with touched as (
    update chat_sessions set updated_at = now() where id = $1 returning id
)
insert into chat_messages (session_id, role, content, tool_calls, tool_call_id, sql, rows_digest, rows_count, model,
                           tokens_in, tokens_out, cost_usd, finish_reason)
select t.id, $2, $3, $4::jsonb, $5, $6, $7, $8, $9, $10, $11, $12, $13
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
-- Sessions of one person, last used first, that hold the words in a title or in what was said.
-- $1 who, $2 words (empty: all), $3 how many.
select s.id,
       s.title,
       s.created_at,
       s.updated_at,
       (select count(*) from chat_messages m where m.session_id = s.id and m.role = 'user')::integer as questions,
       (select coalesce(sum(m.tokens_in + m.tokens_out), 0) from chat_messages m where m.session_id = s.id)::bigint
           as tokens,
       (select coalesce(sum(m.cost_usd), 0) from chat_messages m where m.session_id = s.id)          as cost_usd
from chat_sessions s
where s.who = $1
  and exists (select from chat_messages m where m.session_id = s.id and m.role = 'user')
  and ($2 = ''
       or position(lower($2) in lower(s.title)) > 0
       or exists (select from chat_messages m
                  where m.session_id = s.id and m.role in ('user', 'assistant')
                    and position(lower($2) in lower(m.content)) > 0))
order by s.updated_at desc, s.id desc
limit $3;

-- name: chat_spent
-- What was spent since a moment, by model. $1 the moment.
select m.model,
       sum(m.tokens_in)::bigint  as tokens_in,
       sum(m.tokens_out)::bigint as tokens_out,
       sum(m.cost_usd)           as cost_usd
from chat_messages m
where m.created_at >= $1 and m.tokens_in > 0 and m.model is not null
group by m.model
order by m.model;

-- name: chat_agree
-- Remember that somebody has read what leaves the machine. $1 who, $2 to whom it goes.
insert into chat_consents (who, recipient)
values ($1, $2)
on conflict do nothing;

-- name: chat_agreed
-- Whether somebody has read what leaves the machine. $1 who, $2 to whom it goes.
select exists (select from chat_consents c where c.who = $1 and c.recipient = $2) as agreed;
