-- Every column of a record may change when its commands change it, and at no other time (decision 54).

-- 1. A column that no command changes is not granted.
revoke update on feed_numbers, exchange_numbers, exchange_taken, display_grants, endpoint_states, deliveries, delivery_attempts, pulses
    from reporting_app;
grant update (last_number) on feed_numbers to reporting_app;
grant update (epoch, last_number, whole) on exchange_numbers to reporting_app;
grant update (grants, first_number, last_number, events, answers, addresses) on exchange_taken to reporting_app;
grant update (tries, token_digest, since, last_seen_at, expires_at, revoked_by, revoked_at) on display_grants to reporting_app;
grant update (url, status, code, since, epoch, scanned, planned, failures, paused_until, succeeded_at, served_at, allowed_rate, tokens,
              refilled_at) on endpoint_states to reporting_app;
grant update (epoch, number, after, state, tries, failures, code, planned_at, first_failed_at, tried_at, next_try_at, claimed_until,
              settled_at) on deliveries to reporting_app;
grant update (began_at, milliseconds, status, code) on delivery_attempts to reporting_app;
grant update (caught_up_at) on pulses to reporting_app;

-- The conditions of the triggers are written column by column: PostgreSQL gives a comparison of rows another form after a dump was read.

-- 2. Numbers go forward, with their entries, and without a gap. Counter and entries are written by one statement, and judged when it ends.
create function numbers_go_on() returns trigger language plpgsql as $$
begin
    raise exception 'the numbers of % go back in %', old.district, tg_table_name using errcode = 'check_violation';
end $$;
create trigger numbers_go_on before update on feed_numbers for each row when (new.last_number < old.last_number)
    execute function numbers_go_on();
-- A log that lacks its beginning becomes whole under a new epoch only.
create trigger numbers_go_on before update on exchange_numbers for each row
    when (new.epoch < old.epoch
          or (new.epoch = old.epoch and (new.last_number < old.last_number or (new.whole and not old.whole))))
    execute function numbers_go_on();
create function feed_number_is_given() returns trigger language plpgsql as $$
begin
    if not exists (select from feed where district = new.district and number = new.last_number) then
        raise exception 'feed number % of % has no entry', new.last_number, new.district using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger feed_number_is_given after insert or update on feed_numbers for each row execute function feed_number_is_given();
create function feed_goes_on() returns trigger language plpgsql as $$
begin
    if exists (
        select from (select district, min(number) as least, max(number) as most, count(*) as many from added group by district) as grown
        left join feed_numbers using (district)
        where last_number is distinct from most or many <> most - least + 1
           or least > 1 and not exists (select from feed where feed.district = grown.district and number = least - 1)) then
        raise exception 'the feed has a gap, or an entry without a number' using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger feed_goes_on after insert on feed referencing new table as added for each statement execute function feed_goes_on();
create function log_number_is_given() returns trigger language plpgsql as $$
begin
    if new.last_number > 0
       and not exists (select from exchange_log where district = new.district and epoch = new.epoch and number = new.last_number) then
        raise exception 'log number % of % has no entry', new.last_number, new.district using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger log_number_is_given after insert or update on exchange_numbers for each row execute function log_number_is_given();
-- A later epoch is being filled: nobody reads it, and its numbers have no counter yet.
create function log_goes_on() returns trigger language plpgsql as $$
begin
    if exists (
        select from (
            select district, epoch, min(number) as least, max(number) as most, count(*) as many from added group by district, epoch) as grown
        left join exchange_numbers as standing using (district)
        where grown.epoch < standing.epoch or grown.epoch = standing.epoch and last_number <> most or many <> most - least + 1
           or least > 1 and not exists (
              select from exchange_log as log where log.district = grown.district and log.epoch = grown.epoch and number = least - 1)) then
        raise exception 'the exchange log has a gap, or an entry without a number' using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger log_goes_on after insert on exchange_log referencing new table as added for each statement execute function log_goes_on();

-- 3. What an endpoint was planned goes forward, and another address is greeted before anything is sent to it.
create function endpoint_goes_on() returns trigger language plpgsql as $$
begin
    raise exception 'endpoint % %', new.endpoint_id, tg_argv[0] using errcode = 'check_violation';
end $$;
create trigger planned_goes_on before update of epoch, scanned, planned on endpoint_states for each row
    when (new.epoch < old.epoch or (new.epoch = old.epoch and (new.scanned < old.scanned or new.planned < old.planned)))
    execute function endpoint_goes_on('is planned less than before');
create trigger address_is_greeted before update of url, status on endpoint_states for each row
    when ((old.url is distinct from new.url and new.status <> 'new') or (new.status = 'open' and old.status not in ('new', 'open')))
    execute function endpoint_goes_on('was not greeted');
create trigger begins_new before insert on endpoint_states for each row when (new.status <> 'new')
    execute function endpoint_goes_on('was not greeted');

-- 4. A delivery goes by the moves of domain/delivering.py. What is settled comes back when it is planned anew, and with nothing else.
create function delivery_moves() returns trigger language plpgsql as $$
begin
    raise exception 'event % for endpoint % %', new.event_id, new.endpoint_id, tg_argv[0] using errcode = 'check_violation';
end $$;
create trigger delivery_moves before update of state on deliveries for each row
    when (old.state is distinct from new.state and not (
          old.state = 'waiting' or (old.state = 'resting' and new.state in ('waiting', 'withheld'))
          or (new.state = 'waiting' and (new.epoch > old.epoch or old.planned_at is distinct from new.planned_at))))
    execute function delivery_moves('was settled');
create trigger settled_stands before update on deliveries for each row
    when (old.state = new.state and old.state in ('delivered', 'withheld') and (
          old.code is distinct from new.code or old.settled_at is distinct from new.settled_at
          or old.planned_at is distinct from new.planned_at or old.first_failed_at is distinct from new.first_failed_at
          or old.failures is distinct from new.failures or old.tried_at is distinct from new.tried_at
          or old.epoch is distinct from new.epoch or old.number is distinct from new.number or old.after is distinct from new.after))
    execute function delivery_moves('was settled');
create trigger planned_anew before update of epoch, number, after on deliveries for each row
    when (new.epoch < old.epoch
          or (new.epoch = old.epoch and old.planned_at is not distinct from new.planned_at
              and (old.number is distinct from new.number or old.after is distinct from new.after)))
    execute function delivery_moves('gets another number without being planned anew');
create trigger tries_by_one before update of tries on deliveries for each row
    when (old.tries is distinct from new.tries and not (new.tries = old.tries + 1 and old.state = 'waiting' and new.state = 'waiting'))
    execute function delivery_moves('is tried once at a time');
create trigger begins_waiting before insert on deliveries for each row when (new.state <> 'waiting' or new.tries <> 0)
    execute function delivery_moves('was never sent');
-- The try is written by the same statement.
create function delivered_was_tried() returns trigger language plpgsql as $$
begin
    if not exists (
        select from delivery_attempts
        where endpoint_id = new.endpoint_id and event_id = new.event_id and try = new.tries and code is null) then
        raise exception 'event % for endpoint % is delivered by no try', new.event_id, new.endpoint_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger delivered_was_tried after update of state on deliveries for each row
    when (new.state = 'delivered' and old.state is distinct from new.state) execute function delivered_was_tried();
-- A try is written once, as the last one of its delivery, and stands. A delivery that was trimmed and planned anew counts from the beginning:
-- it was claimed after the try that it finds.
create function attempt_is_under_way() returns trigger language plpgsql as $$
begin
    if not exists (
        select from deliveries
        where endpoint_id = new.endpoint_id and event_id = new.event_id and tries = new.try and state <> 'withheld'
          and (tg_op = 'INSERT' or tried_at > old.began_at)) then
        raise exception 'try % of event % is not under way', new.try, new.event_id using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger attempt_is_under_way before insert on delivery_attempts for each row execute function attempt_is_under_way();
create trigger attempt_stands before update on delivery_attempts for each row
    when (old.began_at is distinct from new.began_at or old.milliseconds is distinct from new.milliseconds
          or old.status is distinct from new.status or old.code is distinct from new.code)
    execute function attempt_is_under_way();

-- 5. A display's grant is taken up once, after a counted try, lasts no longer than it was given for, and ends for good.
create function grant_stands() returns trigger language plpgsql as $$
begin
    raise exception 'the grant of display % %', old.grant_id, tg_argv[0] using errcode = 'check_violation';
end $$;
create trigger revoked_stays_revoked before update on display_grants for each row
    when (old.revoked_at is not null and (
          old.revoked_at is distinct from new.revoked_at or old.revoked_by is distinct from new.revoked_by
          or old.token_digest is distinct from new.token_digest or old.since is distinct from new.since
          or old.expires_at is distinct from new.expires_at or old.tries is distinct from new.tries))
    execute function grant_stands('was revoked');
create trigger taken_up_once before update on display_grants for each row
    when ((old.token_digest is not null or old.tries = 0) and (
          old.token_digest is distinct from new.token_digest or old.since is distinct from new.since))
    execute function grant_stands('is taken up once, after a try');
create trigger lasts_no_longer before update of expires_at on display_grants for each row
    when (old.expires_at is not null and (new.expires_at is null or new.expires_at > old.expires_at))
    execute function grant_stands('lasts no longer');
create trigger tries_by_one before update of tries on display_grants for each row
    when (old.tries is distinct from new.tries and new.tries <> old.tries + 1) execute function grant_stands('is tried once at a time');

-- 6. A day has a report when signing has closed it: one that was there before would keep the right one away.
create function report_is_of_a_closed_day() returns trigger language plpgsql as $$
begin
    if not exists (
        select from model.closed_days as closed
        where closed.district = new.district and closed.project_id = new.project_id and closed.business_on = new.business_on
          and closed.restatement = new.restatement) then
        raise exception 'signing has not closed % of project %', new.business_on, new.project_id using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger report_is_of_a_closed_day before insert on daily_reports for each row execute function report_is_of_a_closed_day();

-- 7. The moment up to which everything was read goes forward.
create function pulse_goes_on() returns trigger language plpgsql as $$
begin
    raise exception 'the pulse of % goes back', old.consumer using errcode = 'check_violation';
end $$;
create trigger pulse_goes_on before update on pulses for each row when (new.caught_up_at < old.caught_up_at)
    execute function pulse_goes_on();
