import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.cloudevents.CloudEvent;
import io.cloudevents.jackson.JsonFormat;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Base64;
import java.util.List;
import java.util.Set;

/**
 * A subscriber of Clearwater's feed: snapshot, then delta. It keeps its place in a file and goes on from there.
 *
 * <pre>
 * export CLEARWATER_URL=… CLEARWATER_TOKEN_URL=… CLEARWATER_CLIENT=… CLEARWATER_SECRET=… CLEARWATER_DISTRICT=440303
 * mvn -q compile dependency:copy-dependencies
 * java -cp "target/classes:target/dependency/*" Subscriber [--once]        --once: up to the last event, then end
 * </pre>
 */
public final class Subscriber {
  record Place(String cursor, String filter) {}

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final String BASE =
      System.getenv("CLEARWATER_URL") + "/api/reporting/v1/districts/" + System.getenv("CLEARWATER_DISTRICT");
  private static final Path FILE = Path.of(System.getenv().getOrDefault("CLEARWATER_STATE", "subscriber.json"));
  private static String token = "";

  public static void main(String[] arguments) throws Exception {
    boolean once = List.of(arguments).contains("--once");
    Place place = Files.exists(FILE) ? JSON.readValue(FILE.toFile(), Place.class) : begin();
    while ((place = step(place, once)) != null) keep(place);
  }

  /** One part of the feed. What it returns is where to go on; null: the end. */
  private static Place step(Place place, boolean once) throws Exception {
    String after = place.cursor().isEmpty() ? "" : "&after=" + URLEncoder.encode(place.cursor(), StandardCharsets.UTF_8);
    HttpResponse<String> answer = get("feed?limit=500&wait=" + (once ? 0 : 25) + after);
    if (answer.statusCode() == 410) return begin(); // the log has begun a new epoch
    if (answer.statusCode() != 200) throw new IOException(answer.statusCode() + " " + answer.body());
    Place next = new Place(header(answer, "Clearwater-Cursor"), header(answer, "Clearwater-Filter"));
    if (!place.filter().isEmpty() && !next.filter().equals(place.filter())) return begin(); // our grants have changed
    for (JsonNode document : JSON.readTree(answer.body())) {
      CloudEvent event = new JsonFormat().deserialize(JSON.writeValueAsBytes(document));
      Object number = event.getExtension("lognumber");
      System.out.println(
          "event " + number + " " + event.getType() + " " + event.getSubject() + " " + event.getId());
    }
    return once && next.cursor().equals(place.cursor()) ? null : next;
  }

  /** The state of all units now. Without a whole fact in our grants there is none: then from the first event. */
  private static Place begin() throws Exception {
    HttpResponse<String> answer = get("snapshot");
    if (answer.statusCode() == 403 && answer.body().contains("\"snapshot-empty\"")) return new Place("", "");
    if (answer.statusCode() != 200) throw new IOException(answer.statusCode() + " " + answer.body());
    List<String> lines = answer.body().lines().toList();
    JsonNode head = JSON.readTree(lines.get(0));
    if (JSON.readTree(lines.get(lines.size() - 1)).path("count").asInt(-1) != lines.size() - 2)
      throw new IOException("the snapshot was cut off");
    for (String line : lines.subList(1, lines.size() - 1))
      System.out.println("unit " + JSON.readTree(line).get("unit_id").asText());
    Place place = new Place(head.get("cursor").asText(), head.get("filter").asText());
    keep(place);
    return place;
  }

  /** After the effects of a part, so that a crash repeats a part and never leaves one out: apply events by their id. */
  private static void keep(Place place) throws IOException {
    Path unfinished = FILE.resolveSibling(FILE.getFileName() + ".new");
    JSON.writeValue(unfinished.toFile(), place);
    Files.move(unfinished, FILE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** With a new token after 401; patient while the service is busy or away. */
  private static HttpResponse<String> get(String path) throws Exception {
    while (true) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(BASE + "/" + path)).header("Authorization", "Bearer " + token).build();
      HttpResponse<String> answer;
      try {
        answer = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
      } catch (IOException away) {
        Thread.sleep(5000);
        continue;
      }
      if (answer.statusCode() == 401) token = newToken();
      else if (Set.of(429, 502, 503, 504).contains(answer.statusCode()))
        Thread.sleep(1000 * answer.headers().firstValueAsLong("Retry-After").orElse(5));
      else return answer;
    }
  }

  private static String newToken() throws Exception {
    String secret = System.getenv("CLEARWATER_CLIENT") + ":" + System.getenv("CLEARWATER_SECRET");
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(System.getenv("CLEARWATER_TOKEN_URL")))
            .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(secret.getBytes(StandardCharsets.UTF_8)))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString("grant_type=client_credentials"))
            .build();
    HttpResponse<String> answer = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) throw new IOException("no token: " + answer.statusCode());
    return JSON.readTree(answer.body()).get("access_token").asText();
  }

  private static String header(HttpResponse<String> answer, String name) {
    return answer.headers().firstValue(name).orElse("");
  }
}
