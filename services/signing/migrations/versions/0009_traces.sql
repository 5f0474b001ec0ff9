-- The trace of each act, by which logs and traces name its request. Null in acts of before.
alter table acts add column trace_id text;
alter table signatures add column trace_id text;
