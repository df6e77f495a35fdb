-- The rules ask a person about more pairs than they did (two episodes or parts under one number, a keeper of unknown
-- length …). What earlier ones called clear must not enter a batch before the next scan has judged it anew: also
-- where a restore opens a group again, and where one member was sure in a group that was not.

update duplicate_members m
set verdict = 'recommended', reasons = m.reasons || '{judged by earlier rules: scan again}'::text[]
from duplicate_groups g
where g.id = m.group_id and g.state in ('open', 'resolved') and g.proof <> 'exact' and m.verdict = 'clear';

update duplicate_groups
set verdict = 'recommended', sentence = sentence || '. Judged by earlier rules: scan again'
where state in ('open', 'resolved') and proof <> 'exact' and verdict = 'clear';
