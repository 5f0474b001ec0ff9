// A subscriber of Clearwater's bus. It keeps its place with the broker, as the offsets of its group, and goes on from there.
//
//   npm install                                                                    (Node.js 22.22 or newer)
//   npx tsc                                                                        writes kafka-subscriber.mjs
//   export KAFKA_BOOTSTRAP=… KAFKA_SECURITY=SASL_SSL KAFKA_CA_FILE=… KAFKA_USER=… KAFKA_PASSWORD=… KAFKA_TOPICS=…
//   node kafka-subscriber.mjs [--once]            --once: up to the last record, then end
import { readFileSync } from "node:fs";
import { Admin, Consumer, type Message, stringDeserializers } from "@platformatic/kafka";
import { type CloudEventV1, Kafka, type KafkaMessage } from "cloudevents";

type Event = CloudEventV1<unknown> & { readonly sequence?: string };

const once = process.argv.includes("--once");
const user = variable("KAFKA_USER");
const topics = variable("KAFKA_TOPICS").split(",");
const authority = process.env["KAFKA_CA_FILE"]; // where it is empty, those that the machine knows
const connection = {
  clientId: "subscriber",
  bootstrapBrokers: variable("KAFKA_BOOTSTRAP").split(","),
  sasl: { mechanism: "SCRAM-SHA-512", username: user, password: variable("KAFKA_PASSWORD") },
  ...(process.env["KAFKA_SECURITY"] === "SASL_SSL" && { tls: authority ? { ca: readFileSync(authority) } : {} }),
} as const;
const consumer = new Consumer({
  ...connection,
  groupId: process.env["KAFKA_GROUP"] ?? `${user}.first`,
  deserializers: stringDeserializers,
  autocommit: false,
});

/** Once for each id: the same event may come twice. */
function apply({ key, value, headers }: Message<string, string, string, string>): void {
  const message: KafkaMessage<string> = { key, value, headers: Object.fromEntries(headers), body: value };
  const event = Kafka.toEvent(message) as Event;
  console.log("event", event.sequence, event.type, event.subject, event.id, Buffer.byteLength(value));
}

/** A client that may not read a topic may wait for it in silence: so compare first. */
async function missing(): Promise<string[]> {
  const admin = new Admin(connection);
  const seen = new Set(await admin.listTopics());
  await admin.close();
  return topics.filter((topic) => !seen.has(topic));
}

/** The partitions with records that our group has not read, and the offset at which each of them ends now. */
async function unread(): Promise<Map<string, bigint>> {
  const ends = await consumer.listOffsets({ topics });
  const partitions = [...ends].map(([topic, offsets]) => ({ topic, partitions: [...offsets.keys()] }));
  const read = await consumer.listCommittedOffsets({ topics: partitions });
  const left = new Map<string, bigint>();
  for (const [topic, offsets] of ends)
    for (const [partition, end] of offsets.entries())
      if (end > 0n && end > (read.get(topic)?.[partition] ?? 0n)) left.set(`${topic}/${partition}`, end);
  return left;
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const refused = await missing();
if (refused.length) throw new Error(`not granted any more: [${refused}]`);
const left = await unread();
if (!once || left.size) {
  for await (const record of await consumer.consume({ topics, mode: "committed", fallbackMode: "earliest" })) {
    apply(record);
    await record.commit(); // after the effects: a crash repeats a part and leaves none out
    const place = `${record.topic}/${record.partition}`;
    if (record.offset + 1n >= (left.get(place) ?? 0n)) left.delete(place);
    if (once && !left.size) break;
  }
}
await consumer.close();
