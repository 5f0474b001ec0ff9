"""Pipeline and Messages: the way of an event from its journal to a page, and to an owner."""

from typing import Final

from deploy.grafana.panels import Board, Panel, Query
from deploy.grafana.queries import MESSAGES_ONCE, OF, quantile

PIPELINE: Final = Board(
    "pipeline",
    "Pipeline",
    "Journal, bus, consumer: each hop, with the age of what has waited longest. Read it from left to right.",
    (
        Panel(
            title="1. Journal: oldest unsent event", unit="s", wide=8, red_from=30,
            queries=(Query(f"max by (service, district) (clearwater_unsent_age_seconds{{{OF}}})", "{{service}} {{district}}"),),
            says="OutboxStuck pages from 30 s on: relay or broker.",
        ),
        Panel(
            title="2. Bus: unread events", wide=8, red_from=500,
            queries=(Query(f"max by (consumer, district) (clearwater_consumer_unread_events{{{OF}}})", "{{consumer}} {{district}}"),),
            says="What each consumer had not read when it last looked. It stands still when the consumer is dead: look at the next panel.",
        ),
        Panel(
            title="3. Consumer: since it had read everything", unit="s", wide=8, red_from=60,
            queries=(Query(f"max by (consumer, district) (clearwater_consumer_age_seconds{{{OF}}})", "{{consumer}} {{district}}"),),
            says="Read from the database: it grows while the consumer is dead or paused. ConsumerLate.",
        ),
        Panel(
            title="Sent a second", unit="cps",
            queries=(
                Query(
                    f"sum by (service, district) (rate(clearwater_relay_sent_total{{{OF}}}[$__rate_interval]))",
                    "{{service}} {{district}}",
                ),
            ),
            says="Events that the broker has acknowledged.",
        ),
        Panel(
            title="Applied a second", unit="cps",
            queries=(
                Query(
                    f"sum by (consumer, district) (rate(clearwater_consumer_applied_total{{{OF}}}[$__rate_interval]))",
                    "{{consumer}} {{district}}",
                ),
            ),
            says="Events whose effect is committed.",
        ),
        Panel(
            title="Journal to effect, 99 of 100 events", unit="s", red_from=2,
            queries=(Query(quantile(0.99, "clearwater_journal_to_projection_seconds", "consumer", where=OF), "{{consumer}}"),),
            says="The objective of the wall is 2 s.",
        ),
        Panel(
            title="Oldest parked event", unit="s", red_from=3600,
            queries=(Query(f"max by (consumer, district) (clearwater_parked_age_seconds{{{OF}}})", "{{consumer}} {{district}}"),),
            says="EventParkedForAnHour pages at an hour.",
        ),
        Panel(
            title="What a person decides about", kind="table", red_from=1,
            queries=(
                Query(f"max by (consumer, district) (clearwater_parked_keys{{{OF}}})", "parked keys"),
                Query(f"max by (consumer, district) (clearwater_diverged_events{{{OF}}})", "diverged events"),
                Query("sum by (consumer) (clearwater_quarantined_total)", "quarantined"),
            ),
            says="Parked keys and diverged events of a district; quarantined records of the consumer, in all districts.",
        ),
        Panel(
            title="Missing events, by equation", red_from=1,
            queries=(
                Query(
                    f"max by (service, equation, district) (clearwater_unreconciled_events{{{OF}}})",
                    "{{service}} {{equation}} {{district}}",
                ),
            ),
            says="0 everywhere: what one end has written, the next has.",
        ),
        Panel(
            title="Keys and items that are tried again", red_from=1,
            queries=(
                Query(f"sum by (service, district) (clearwater_relay_held_keys{{{OF}}})", "{{service}} {{district}} held by the relay"),
                Query("sum by (service, loop) (clearwater_failing_items)", "{{service}} {{loop}}"),
            ),
            says="KeyHeldByRelay and ItemFailing.",
        ),
        Panel(
            title="Since the last count of the reconciler", unit="s", red_from=600,
            queries=(Query('time() - max by (service) (clearwater_round_timestamp_seconds{loop="reconciler"})', "{{service}}"),),
            says="While it stands still, a missing event would not be noticed.",
        ),
    ),
)  # fmt: skip

MESSAGES: Final = Board(
    "messages",
    "Messages",
    "From the decision to tell an owner to the gateway's acceptance.",
    (
        Panel(
            title="Channels held", kind="stat", wide=8, red_from=1,
            queries=(Query(f"max by (channel, district) (clearwater_channel_held{{{OF}}})", "{{channel}} {{district}}"),),
            says="1: nothing leaves. ChannelHeld says what to renew.",
        ),
        Panel(
            title="Failed for good", kind="stat", wide=8, red_from=1,
            queries=(Query(f'sum(max by (channel, district) (clearwater_messages_by_channel{{state="failed",{OF}}}))'),),
            says="Addresses that a gateway has refused.",
        ),
        Panel(
            title="Perhaps arrived", kind="stat", wide=8, red_from=1,
            queries=(Query(f'sum(max by (channel, district) (clearwater_messages_by_channel{{state="unknown",{OF}}}))'),),
            says="A person decides whether to send again.",
        ),
        Panel(
            title="By state and channel",
            queries=(Query(f"sum by (state, channel) ({MESSAGES_ONCE})", "{{channel}} {{state}}"),),
            says="Every message once. `waiting` that grows by day is a slow gateway; by night it is the owners' rest.",
        ),
        Panel(
            title="Handed over a minute",
            queries=(
                Query(
                    f"60 * sum by (channel) (rate(clearwater_message_handed_over_seconds_count{{{OF}}}[$__rate_interval]))",
                    "{{channel}}",
                ),
            ),
            says="Messages that a gateway has accepted.",
        ),
        Panel(
            title="Planned to handed over, 95 of 100", unit="s",
            queries=(Query(quantile(0.95, "clearwater_message_handed_over_seconds", "channel", where=OF), "{{channel}}"),),
            says="By the business clock; who is planned at night waits for the morning.",
        ),
        Panel(
            title="Answer of the gateway, 95 of 100", unit="s",
            queries=(Query(quantile(0.95, "clearwater_gateway_seconds", "channel", "outcome"), "{{channel}} {{outcome}}"),),
            says="A gateway that slows down is seen here before messages wait.",
        ),
        Panel(
            title="Waiting for a contact or a key",
            queries=(Query(f'max by (district) (clearwater_messages{{state="incomplete",{OF}}})', "{{district}}"),),
            says="Owners whom no message can reach yet: the register has no contact of theirs.",
        ),
    ),
)  # fmt: skip
