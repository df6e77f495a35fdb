-- The chat remembers what was asked without a language model too, and what was spent outlives what was said.

-- `command`: a line that a person asked without the model; `found`: what the library said to it. Neither is ever sent.
alter table chat_messages
    drop constraint chat_messages_role_check,
    add constraint chat_messages_role_check
        check (role in ('system', 'user', 'assistant', 'tool', 'command', 'found'));

-- What each model has used on each day (UTC): the budget. Forgetting a session takes nothing out of it.
create table chat_spending (
    day        date           not null,
    model      text           not null check (model <> ''),
    tokens_in  bigint         not null check (tokens_in >= 0),
    tokens_out bigint         not null check (tokens_out >= 0),
    cost_usd   numeric(14, 6) not null check (cost_usd >= 0),
    primary key (day, model)
);
insert into chat_spending (day, model, tokens_in, tokens_out, cost_usd)
select (m.created_at at time zone 'UTC')::date, m.model, sum(m.tokens_in), sum(m.tokens_out), sum(m.cost_usd)
from chat_messages m
where m.model <> '' and m.tokens_in + m.tokens_out > 0
group by 1, 2;
-- The messages were summed for it until now.
drop index chat_messages_day;
