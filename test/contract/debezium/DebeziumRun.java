import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.Json;
import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Runs Debezium's SQL Server connector in this process, from memory only, and prints every event as `topic TAB key TAB value` (an empty
 * value is a tombstone). Ends when its standard input does. Arguments: port, snapshot isolation mode, query mode, tables. Password:
 * CLIENT_PASSWORD.
 */
public class DebeziumRun {
  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, StandardCharsets.UTF_8);
    Properties settings = new Properties();
    settings.setProperty("name", "depot");
    settings.setProperty("connector.class", "io.debezium.connector.sqlserver.SqlServerConnector");
    settings.setProperty("offset.storage", "org.apache.kafka.connect.storage.MemoryOffsetBackingStore");
    settings.setProperty("offset.flush.interval.ms", "1000");
    settings.setProperty("schema.history.internal", "io.debezium.relational.history.MemorySchemaHistory");
    settings.setProperty("topic.prefix", "depot");
    settings.setProperty("database.hostname", "127.0.0.1");
    settings.setProperty("database.port", args[0]);
    settings.setProperty("database.user", "sa");
    settings.setProperty("database.password", System.getenv("CLIENT_PASSWORD"));
    settings.setProperty("database.names", "Depot");
    settings.setProperty("database.encrypt", "false");
    settings.setProperty("table.include.list", args[3]);
    settings.setProperty("snapshot.mode", "initial");
    settings.setProperty("snapshot.isolation.mode", args[1]);
    settings.setProperty("data.query.mode", args[2]);
    settings.setProperty("decimal.handling.mode", "string");
    settings.setProperty("poll.interval.ms", "100");
    for (String converter : new String[] {"converter", "key.converter", "value.converter"})
      settings.setProperty(converter + ".schemas.enable", "false");

    DebeziumEngine<ChangeEvent<String, String>> engine =
        DebeziumEngine.create(Json.class)
            .using(settings)
            .notifying(
                (events, committer) -> {
                  for (ChangeEvent<String, String> event : events) {
                    String value = event.value() == null ? "" : event.value();
                    out.print(event.destination() + "\t" + event.key() + "\t" + value + "\n");
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
