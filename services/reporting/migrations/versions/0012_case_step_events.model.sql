-- The event that each step is of. Steps of before have none until the model is rebuilt.

alter table case_steps add column event_id uuid;
