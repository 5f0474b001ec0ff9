-- squawk-ignore-file adding-field-with-default, require-concurrent-index-creation
-- The groups of one office are few: the table is locked once.

-- By staff number, the officer's id: the claim of a login names the number, an assignment names the id. Empty until the group's next event.
alter table groups add column staff jsonb not null default '{}';

-- The phone reads the units of one officer.
create index on assignments (staff_id);
