-- Members of staff as the identity provider named them last. An act keeps the login; its trace names the person by this.
create table staff (
    subject text, district text not null, name text not null, roles text[] not null, staff_number text not null,
    noted_at timestamptz not null default now(), primary key (subject, district));
alter table staff enable row level security;
alter table staff force row level security;
create policy granted_rows on staff for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on staff for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on staff for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on staff for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on staff for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update on staff to signing_app;
grant select on staff to signing_mechanism;
