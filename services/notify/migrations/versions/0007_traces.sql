-- The trace of each fact: its messages are planned and handed over later, by others. Null in facts of before.
alter table facts add column headers jsonb;
