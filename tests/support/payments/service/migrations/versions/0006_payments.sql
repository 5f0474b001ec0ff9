-- Payments that were asked for, and whether the bus has brought each of them back.

create table payments (
    district text not null,
    payment_id uuid primary key,
    amount_fen bigint not null check (amount_fen > 0),
    published boolean not null default false
);
alter table payments enable row level security;
alter table payments force row level security;
create policy granted_rows on payments for select to payments_app, payments_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on payments for insert to payments_app, payments_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on payments for update to payments_app, payments_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on payments for delete to payments_app, payments_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on payments for all to payments_mechanism
    using (true) with check (true);
grant select, insert, update, delete on payments to payments_app;
grant select on payments to payments_mechanism;
