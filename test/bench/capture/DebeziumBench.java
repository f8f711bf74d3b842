import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.Avro;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Debezium's SQL Server connector in the embedded engine, with Avro through Apicurio's converter, into Kafka. Commands on standard input:
 * `start PREFIX TABLES` (comma-separated, with snapshot) and `stop`. Prints `acked N` (changes stored in Kafka since the start) when N has grown.
 * Environment: BENCH_SQL_PORT, BENCH_SQL_PASSWORD, BENCH_SQL_DATABASE, BENCH_BROKERS, BENCH_REGISTRY (its root), BENCH_QUERY_MODE.
 */
public class DebeziumBench {
  static final AtomicLong acked = new AtomicLong();
  static KafkaProducer<byte[], byte[]> producer;
  static DebeziumEngine<ChangeEvent<byte[], byte[]>> engine;
  static ExecutorService executor;

  static String env(String name) {
    return System.getenv("BENCH_" + name);
  }

  public static void main(String[] args) throws Exception {
    Properties kafka = new Properties();
    kafka.setProperty("bootstrap.servers", env("BROKERS"));
    kafka.setProperty("acks", "all");
    kafka.setProperty("batch.size", "131072");
    kafka.setProperty("linger.ms", "5");
    kafka.setProperty("key.serializer", ByteArraySerializer.class.getName());
    kafka.setProperty("value.serializer", ByteArraySerializer.class.getName());
    producer = new KafkaProducer<>(kafka);
    Thread reporter = new Thread(DebeziumBench::report);
    reporter.setDaemon(true);
    reporter.start();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = in.readLine()) != null; ) {
      String[] words = line.split(" ");
      if (words[0].equals("start")) start(words[1], words[2]);
      else stop();
    }
    stop();
    System.exit(0);
  }

  static void report() {
    long said = 0;
    while (true) {
      long now = acked.get();
      if (now != said) {
        System.out.println("acked " + now);
        said = now;
      }
      try {
        Thread.sleep(2);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  /** Topics like ours: one partition each. */
  static void createTopics(String prefix, String tables) throws Exception {
    Properties kafka = new Properties();
    kafka.setProperty("bootstrap.servers", env("BROKERS"));
    try (Admin admin = Admin.create(kafka)) {
      List<NewTopic> topics = new ArrayList<>();
      for (String table : tables.split(","))
        topics.add(new NewTopic(prefix + "." + env("SQL_DATABASE") + "." + table, 1, (short) 1));
      admin.createTopics(topics).all().get();
    }
  }

  static void start(String prefix, String tables) throws Exception {
    acked.set(0);
    createTopics(prefix, tables);
    Properties settings = new Properties();
    settings.setProperty("name", prefix);
    settings.setProperty("connector.class", "io.debezium.connector.sqlserver.SqlServerConnector");
    settings.setProperty("offset.storage", "org.apache.kafka.connect.storage.MemoryOffsetBackingStore");
    settings.setProperty("offset.flush.interval.ms", "10000");
    settings.setProperty("schema.history.internal", "io.debezium.relational.history.MemorySchemaHistory");
    settings.setProperty("topic.prefix", prefix);
    settings.setProperty("database.hostname", "127.0.0.1");
    settings.setProperty("database.port", env("SQL_PORT"));
    settings.setProperty("database.user", "sa");
    settings.setProperty("database.password", env("SQL_PASSWORD"));
    settings.setProperty("database.names", env("SQL_DATABASE"));
    settings.setProperty("database.encrypt", "false");
    settings.setProperty("table.include.list", tables);
    settings.setProperty("snapshot.mode", "initial");
    settings.setProperty("snapshot.isolation.mode", "snapshot");
    settings.setProperty("data.query.mode", env("QUERY_MODE"));
    settings.setProperty("include.schema.changes", "false");
    settings.setProperty("poll.interval.ms", "20");
    settings.setProperty("max.batch.size", "4096");
    settings.setProperty("max.queue.size", "16384");
    for (String side : new String[] {"key.converter", "value.converter"}) {
      settings.setProperty(side, "io.apicurio.registry.utils.converter.AvroConverter");
      settings.setProperty(side + ".apicurio.registry.url", env("REGISTRY") + "/apis/registry/v2");
      settings.setProperty(side + ".apicurio.registry.auto-register", "true");
      settings.setProperty(side + ".apicurio.registry.find-latest", "true");
      settings.setProperty(side + ".apicurio.registry.as-confluent", "true");
      settings.setProperty(side + ".apicurio.registry.use-id", "contentId");
    }
    engine =
        DebeziumEngine.create(Avro.class)
            .using(settings)
            .notifying(DebeziumBench::publish)
            .using(
                (ok, message, error) -> {
                  if (error != null) error.printStackTrace();
                  if (!ok) System.exit(1);
                })
            .build();
    executor = Executors.newSingleThreadExecutor();
    executor.execute(engine);
    System.out.println("started");
  }

  static void publish(
      List<ChangeEvent<byte[], byte[]>> events,
      DebeziumEngine.RecordCommitter<ChangeEvent<byte[], byte[]>> committer)
      throws InterruptedException {
    List<Future<RecordMetadata>> sent = new ArrayList<>(events.size());
    long changes = 0;
    for (ChangeEvent<byte[], byte[]> event : events) {
      sent.add(producer.send(new ProducerRecord<>(event.destination(), event.key(), event.value())));
      if (event.value() != null) changes++;
    }
    producer.flush();
    try {
      for (Future<RecordMetadata> one : sent) one.get();
    } catch (java.util.concurrent.ExecutionException e) {
      throw new RuntimeException(e);
    }
    for (ChangeEvent<byte[], byte[]> event : events) committer.markProcessed(event);
    committer.markBatchFinished();
    acked.addAndGet(changes);
  }

  static void stop() throws Exception {
    if (engine != null) {
      engine.close();
      executor.shutdownNow();
      engine = null;
    }
    System.out.println("stopped");
  }
}
