import io.apicurio.registry.serde.avro.AvroKafkaDeserializer;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/**
 * Kafka's own consumer with an Avro deserializer for Confluent's wire format: reads the committed records of topics from the beginning to
 * the end and prints `topic TAB partition TAB offset TAB key TAB value` in the form of canonical.ts. Arguments: brokers, address of the registry,
 * topics.
 */
public class ConsumerProgram {
  private static final HexFormat HEX = HexFormat.of();

  private static String text(Schema schema, Object value) {
    if (value == null) return "N";
    if (schema.getType() == Schema.Type.UNION) {
      for (Schema branch : schema.getTypes()) if (branch.getType() != Schema.Type.NULL) return text(branch, value);
    }
    switch (schema.getType()) {
      case BOOLEAN:
        return ((Boolean) value) ? "T" : "F";
      case INT:
      case LONG:
        return "i" + value;
      case FLOAT:
      case DOUBLE:
        return "f" + String.format("%016x", Double.doubleToRawLongBits(((Number) value).doubleValue()));
      case STRING:
        return "s" + HEX.formatHex(value.toString().getBytes(StandardCharsets.UTF_8));
      case BYTES:
        return bytes(schema, value);
      case ARRAY:
        List<String> items = new ArrayList<>();
        for (Object item : (List<?>) value) items.add(text(schema.getElementType(), item));
        return "[" + String.join(",", items) + "]";
      case RECORD:
        List<String> fields = new ArrayList<>();
        GenericRecord record = (GenericRecord) value;
        for (Schema.Field field : schema.getFields())
          fields.add(field.name() + "=" + text(field.schema(), record.get(field.pos())));
        return "{" + String.join(",", fields) + "}";
      default:
        throw new IllegalStateException(schema.toString());
    }
  }

  private static String bytes(Schema schema, Object value) {
    if (value instanceof BigDecimal) return "d" + ((BigDecimal) value).toPlainString();
    ByteBuffer buffer = ((ByteBuffer) value).duplicate();
    byte[] array = new byte[buffer.remaining()];
    buffer.get(array);
    LogicalType logical = schema.getLogicalType();
    if (logical instanceof LogicalTypes.Decimal)
      return "d" + new BigDecimal(new BigInteger(array), ((LogicalTypes.Decimal) logical).getScale()).toPlainString();
    return "b" + HEX.formatHex(array);
  }

  private static String text(Object value) {
    return value == null ? "-" : text(((GenericRecord) value).getSchema(), value);
  }

  public static void main(String[] args) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", args[0]);
    settings.put("isolation.level", "read_committed");
    settings.put("key.deserializer", AvroKafkaDeserializer.class.getName());
    settings.put("value.deserializer", AvroKafkaDeserializer.class.getName());
    settings.put("apicurio.registry.url", args[1]);
    settings.put("apicurio.registry.as-confluent", "true");
    settings.put("apicurio.registry.use-id", "contentId");
    settings.put("apicurio.registry.headers.enabled", "false");
    try (KafkaConsumer<Object, Object> consumer = new KafkaConsumer<>(settings)) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int i = 2; i < args.length; i++)
        for (PartitionInfo info : consumer.partitionsFor(args[i])) partitions.add(new TopicPartition(info.topic(), info.partition()));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        for (ConsumerRecord<Object, Object> record : consumer.poll(Duration.ofSeconds(1))) {
          String place = record.topic() + "\t" + record.partition() + "\t" + record.offset();
          System.out.println(place + "\t" + text(record.key()) + "\t" + text(record.value()));
        }
      }
    }
  }
}
