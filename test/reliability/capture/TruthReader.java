import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * What Kafka's own consumer finds in topics, committed records only: a line `topic TAB partition TAB offset TAB key in hexadecimal TAB position
 * TAB value or tombstone` for each record up to the end as it is now. Arguments: brokers, then topics.
 */
public class TruthReader {
  public static void main(String[] args) {
    PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, StandardCharsets.UTF_8);
    Properties settings = new Properties();
    settings.setProperty("bootstrap.servers", args[0]);
    settings.setProperty("isolation.level", "read_committed");
    settings.setProperty("enable.auto.commit", "false");
    settings.setProperty("max.poll.records", "5000");
    settings.setProperty("key.deserializer", ByteArrayDeserializer.class.getName());
    settings.setProperty("value.deserializer", ByteArrayDeserializer.class.getName());
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings)) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int i = 1; i < args.length; i++) {
        String topic = args[i];
        consumer.partitionsFor(topic).forEach(p -> partitions.add(new TopicPartition(topic, p.partition())));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
          Header position = record.headers().lastHeader("sluice.position");
          out.print(record.topic() + "\t" + record.partition() + "\t" + record.offset() + "\t"
              + (record.key() == null ? "" : HexFormat.of().formatHex(record.key())) + "\t"
              + (position == null ? "" : new String(position.value(), StandardCharsets.UTF_8)) + "\t"
              + (record.value() == null ? "tombstone" : "value") + "\n");
        }
      }
    }
    out.flush();
  }
}
