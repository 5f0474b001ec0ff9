-- Where a webhook was sent when it was taken: the endpoint may have another address by now, or be removed. A row grows by an address, too.
alter table exchange_taken add column addresses text[] not null default '{}';

create or replace function refuse_less() returns trigger language plpgsql as $$
    begin
        if (new.district, new.agency, new.taker, new.channel, new.epoch, new.hour)
             is distinct from (old.district, old.agency, old.taker, old.channel, old.epoch, old.hour)
           or new.events < old.events or new.answers < old.answers or not new.grants @> old.grants
           or not new.addresses @> old.addresses
           or new.first_number > old.first_number or new.last_number < old.last_number then
            raise exception '% only grows', tg_table_name using errcode = '42501';
        end if;
        return new;
    end $$;
