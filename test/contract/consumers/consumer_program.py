"""Confluent's Python consumer with its Avro deserializer: reads the committed records of topics from the beginning to the end and prints
`topic TAB partition TAB offset TAB key TAB value` in the form of canonical.ts. Arguments: brokers, address of the registry, topics."""

import decimal
import struct
import sys
import warnings

warnings.simplefilter("ignore")

from confluent_kafka import Consumer, TopicPartition  # noqa: E402
from confluent_kafka.schema_registry import SchemaRegistryClient  # noqa: E402
from confluent_kafka.schema_registry.avro import AvroDeserializer  # noqa: E402
from confluent_kafka.serialization import MessageField, SerializationContext  # noqa: E402


def text(value):
    if value is None:
        return "N"
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, int):
        return f"i{value}"
    if isinstance(value, float):
        return "f" + struct.pack(">d", value).hex()
    if isinstance(value, str):
        return "s" + value.encode("utf-8").hex()
    if isinstance(value, bytes):
        return "b" + value.hex()
    if isinstance(value, decimal.Decimal):
        return "d" + format(value, "f")
    if isinstance(value, list):
        return "[" + ",".join(text(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}={text(part)}" for name, part in value.items()) + "}"
    raise TypeError(type(value))


def main(brokers, registry, topics):
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "unused",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "enable.partition.eof": False,
        }
    )
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": registry}))
    partitions = []
    ends = {}
    for topic in topics:
        for partition in consumer.list_topics(topic, timeout=20).topics[topic].partitions:
            place = TopicPartition(topic, partition)
            low, high = consumer.get_watermark_offsets(place, timeout=20)
            if high > low:
                partitions.append(TopicPartition(topic, partition, low))
                ends[(topic, partition)] = high
    consumer.assign(partitions)
    while any(p.offset < ends[(p.topic, p.partition)] for p in consumer.position(partitions)):
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error():
            raise SystemExit(str(message.error()))
        topic = message.topic()
        key, value = message.key(), message.value()
        parts = [
            "-" if key is None else text(deserialize(key, SerializationContext(topic, MessageField.KEY))),
            "-" if value is None else text(deserialize(value, SerializationContext(topic, MessageField.VALUE))),
        ]
        print(topic, message.partition(), message.offset(), *parts, sep="\t")
    consumer.close()


main(sys.argv[1], sys.argv[2], sys.argv[3:])
