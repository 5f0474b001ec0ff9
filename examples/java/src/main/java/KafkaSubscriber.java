import io.cloudevents.CloudEvent;
import io.cloudevents.kafka.CloudEventDeserializer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A subscriber of Clearwater's bus. It keeps its place with the broker, as the offsets of its group, and goes on from there.
 *
 * <pre>
 * export KAFKA_BOOTSTRAP=… KAFKA_SECURITY=SASL_SSL KAFKA_CA_FILE=… KAFKA_USER=… KAFKA_PASSWORD=… KAFKA_TOPICS=…
 * mvn -q compile dependency:copy-dependencies
 * java -cp "target/classes:target/dependency/*" KafkaSubscriber [--once]        --once: up to the last record, then end
 * </pre>
 */
public final class KafkaSubscriber {
  public static void main(String[] arguments) throws Exception {
    boolean once = List.of(arguments).contains("--once");
    Set<String> topics = new TreeSet<>(List.of(variable("KAFKA_TOPICS").split(",")));
    try (KafkaConsumer<String, CloudEvent> consumer =
        new KafkaConsumer<>(settings(), new StringDeserializer(), new CloudEventDeserializer())) {
      // A client that may not read a topic may wait for it in silence: so compare first.
      Set<String> missing = new TreeSet<>(topics);
      missing.removeAll(consumer.listTopics().keySet());
      if (!missing.isEmpty()) throw new IOException("not granted any more: " + missing);
      consumer.subscribe(topics);
      do {
        for (ConsumerRecord<String, CloudEvent> record : consumer.poll(Duration.ofSeconds(1))) apply(record.value());
        consumer.commitSync(); // after the effects: a crash repeats a part and leaves none out
      } while (!once || !atEnd(consumer));
    }
  }

  /** Once for each id: the same event may come twice. A tombstone has no data. */
  private static void apply(CloudEvent event) {
    String sequence = String.valueOf(event.getExtension("sequence"));
    int bytes = event.getData() == null ? 0 : event.getData().toBytes().length;
    System.out.printf("event %s %s %s %s %d%n", sequence, event.getType(), event.getSubject(), event.getId(), bytes);
  }

  private static Properties settings() {
    String user = variable("KAFKA_USER");
    Properties settings = new Properties();
    settings.put("bootstrap.servers", variable("KAFKA_BOOTSTRAP"));
    settings.put("security.protocol", System.getenv().getOrDefault("KAFKA_SECURITY", "SASL_PLAINTEXT"));
    settings.put("sasl.mechanism", "SCRAM-SHA-512");
    String login = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";";
    settings.put("sasl.jaas.config", String.format(login, user, variable("KAFKA_PASSWORD")));
    String authority = System.getenv().getOrDefault("KAFKA_CA_FILE", "");
    if (!authority.isEmpty()) {
      settings.put("ssl.truststore.type", "PEM");
      settings.put("ssl.truststore.location", authority);
    }
    settings.put("group.id", System.getenv().getOrDefault("KAFKA_GROUP", user + ".first"));
    settings.put("auto.offset.reset", "earliest");
    settings.put("enable.auto.commit", "false");
    return settings;
  }

  private static boolean atEnd(KafkaConsumer<String, CloudEvent> consumer) {
    Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
    return !ends.isEmpty() && ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
  }

  private static String variable(String name) {
    String value = System.getenv(name);
    if (value == null || value.isEmpty()) throw new IllegalStateException(name + " is not set");
    return value;
  }
}
