-- squawk-ignore-file adding-field-with-default
-- Points {at, units} of a rising curve; a project opened before has none.
alter table projects add column signing_plan jsonb not null default '[]';
