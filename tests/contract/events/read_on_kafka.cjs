/* Reads records from standard input as a consumer of Kafka gets them, with the official CloudEvents SDK for JavaScript; prints the events. */
const { Kafka } = require("cloudevents");

let read = "";
process.stdin.on("data", (part) => { read += part; });
process.stdin.on("end", () => {
  const events = JSON.parse(read).map((record) => Kafka.toEvent(record));
  for (const event of events) event.validate();
  process.stdout.write(JSON.stringify(events));
});
