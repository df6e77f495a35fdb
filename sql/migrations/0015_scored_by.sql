-- The weights that the scores of the inventory were given by: where a person has changed them, the next scan scores anew.

create table scored_by (
    only_row boolean primary key default true check (only_row),
    weights  text    not null
);
comment on table scored_by is 'one row; empty weights are the usual ones';
insert into scored_by (weights) values ('');
