import io.apicurio.registry.utils.converter.AvroConverter;
import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.SimpleHeaderConverter;

/**
 * Runs Debezium's SQL Server connector in this process and writes each record as Kafka Connect would with an Avro converter and its own
 * header converter: `topic TAB key TAB value TAB name=value,...`, all bytes in base64, an absent key or value as `-`. Ends when its
 * standard input does. Arguments: address of the registry, then the connector's settings as name=value. Password: CLIENT_PASSWORD.
 */
public class DebeziumAvro {
  private static final SimpleHeaderConverter HEADERS = new SimpleHeaderConverter();

  private static Converter converter(String registry, boolean isKey) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("apicurio.registry.url", registry);
    settings.put("apicurio.registry.auto-register", "true");
    settings.put("apicurio.registry.find-latest", "true");
    settings.put("apicurio.registry.as-confluent", "true");
    settings.put("apicurio.registry.use-id", "contentId");
    settings.put("apicurio.registry.headers.enabled", "false");
    Converter converter = new AvroConverter<>();
    converter.configure(settings, isKey);
    return converter;
  }

  private static String bytes(byte[] value) {
    return value == null ? "-" : Base64.getEncoder().encodeToString(value);
  }

  private static String converted(Converter converter, String topic, Schema schema, Object value) {
    return value == null ? "-" : bytes(converter.fromConnectData(topic, schema, value));
  }

  private static String headers(SourceRecord record) {
    StringBuilder text = new StringBuilder();
    for (Header header : record.headers()) {
      if (text.length() > 0) text.append(',');
      byte[] value = HEADERS.fromConnectHeader(record.topic(), header.key(), header.schema(), header.value());
      text.append(header.key()).append('=').append(bytes(value));
    }
    return text.toString();
  }

  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, StandardCharsets.UTF_8);
    Properties settings = new Properties();
    settings.setProperty("name", "comparison");
    settings.setProperty("connector.class", "io.debezium.connector.sqlserver.SqlServerConnector");
    settings.setProperty("offset.storage", "org.apache.kafka.connect.storage.MemoryOffsetBackingStore");
    settings.setProperty("offset.flush.interval.ms", "1000");
    settings.setProperty("schema.history.internal", "io.debezium.relational.history.MemorySchemaHistory");
    settings.setProperty("database.password", System.getenv("CLIENT_PASSWORD"));
    for (int i = 1; i < args.length; i++) {
      int equals = args[i].indexOf('=');
      settings.setProperty(args[i].substring(0, equals), args[i].substring(equals + 1));
    }
    Converter keys = converter(args[0], true);
    Converter values = converter(args[0], false);

    DebeziumEngine<RecordChangeEvent<SourceRecord>> engine =
        DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
            .using(settings)
            .notifying(
                (events, committer) -> {
                  for (RecordChangeEvent<SourceRecord> event : events) {
                    SourceRecord record = event.record();
                    String key = converted(keys, record.topic(), record.keySchema(), record.key());
                    String value = converted(values, record.topic(), record.valueSchema(), record.value());
                    out.print(record.topic() + "\t" + key + "\t" + value + "\t" + headers(record) + "\n");
                    committer.markProcessed(event);
                  }
                  out.flush();
                  committer.markBatchFinished();
                })
            .using(
                (ok, message, error) -> {
                  System.err.println("engine ended, ok=" + ok + ": " + message);
                  if (error != null) error.printStackTrace();
                  if (!ok) System.exit(1);
                })
            .build();
    ExecutorService executor = Executors.newSingleThreadExecutor();
    executor.execute(engine);
    while (System.in.read() >= 0) {}
    engine.close();
    executor.shutdownNow();
    System.exit(0);
  }
}
