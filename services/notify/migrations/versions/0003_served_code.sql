-- The oldest newest-version of a code that may still run on this schema. A version that takes away what older code needs raises it in
-- its own SQL: `update served_code set oldest = '…'`. Read by /ready (shared/service/migrations.py).
create table served_code (
    oldest text not null,
    only_row boolean primary key default true check (only_row)
);
insert into served_code (oldest) values ('0003');
grant select on served_code to notify_app, notify_mechanism;
