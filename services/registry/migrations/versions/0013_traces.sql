-- The trace of each act and correction: the events of the same transaction carry it in the journal. Null in those of before.
alter table acts add column trace_id text;
alter table corrections add column trace_id text;
