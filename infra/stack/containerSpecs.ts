import type { Part, StackAddresses } from './types.ts';

/** What is asked of a container engine for one server. */
export interface ContainerSpec {
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  /** The port inside the container that clients use. */
  readonly port: number;
  /** The same port on the host when clients are told of it by the server itself; else the engine chooses. */
  readonly hostPort?: number;
  /** How to tell that the server is ready: an HTTP path that answers 200, or a text in its log. */
  readonly ready: { readonly path: string } | { readonly logText: RegExp };
  readonly addresses: (host: string, port: number) => StackAddresses;
}

export interface ContainerFacts {
  /** The name under which clients reach the engine's machine. */
  readonly host: string;
  /** A free port there: Kafka tells its clients where to connect, so it has to know it before it starts. */
  readonly kafkaPort: number;
  /** Long and mixed enough for SQL Server's password policy. */
  readonly saPassword: string;
}

/** The official images, one server each; the same as in infra/compose.yaml. */
export function containerSpecs(facts: ContainerFacts): Record<Part, ContainerSpec> {
  return {
    kafka: kafka(facts),
    elasticsearch: {
      image: 'docker.elastic.co/elasticsearch/elasticsearch:9.5.3',
      environment: {
        'discovery.type': 'single-node',
        'xpack.security.enabled': 'false',
        'cluster.routing.allocation.disk.threshold_enabled': 'false',
        ES_JAVA_OPTS: '-Xms512m -Xmx512m',
      },
      port: 9200,
      ready: { path: '/_cluster/health?wait_for_status=yellow' },
      addresses: (host, port) => ({ elasticsearch: { url: `http://${host}:${port}` } }),
    },
    registry: {
      image: 'apicurio/apicurio-registry:3.3.3',
      environment: { QUARKUS_OTEL_SDK_DISABLED: 'true' },
      port: 8080,
      ready: { path: '/apis/ccompat/v7/subjects' },
      addresses: (host, port) => ({ registry: { url: `http://${host}:${port}/apis/ccompat/v7` } }),
    },
    redis: {
      image: 'redis:7',
      environment: {},
      command: ['redis-server', '--save', '', '--appendonly', 'yes'],
      port: 6379,
      ready: { logText: /Ready to accept connections/ },
      addresses: (host, port) => ({ redis: { url: `redis://${host}:${port}` } }),
    },
    sqlserver: sqlServer(facts),
  };
}

/** One process that is broker and controller, as the image's documentation shows it. */
function kafka({ host, kafkaPort }: ContainerFacts): ContainerSpec {
  return {
    image: 'apache/kafka:4.4.0',
    environment: {
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: `PLAINTEXT://0.0.0.0:${kafkaPort},CONTROLLER://localhost:29093`,
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${host}:${kafkaPort}`,
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:29093',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    },
    port: kafkaPort,
    hostPort: kafkaPort,
    ready: { logText: /Kafka Server started/ },
    addresses: (name, port) => ({ kafka: { brokers: [`${name}:${port}`] } }),
  };
}

/** The agent runs the capture job, without which change data capture does nothing. */
function sqlServer({ saPassword }: ContainerFacts): ContainerSpec {
  return {
    image: 'mcr.microsoft.com/mssql/server:2022-latest',
    environment: {
      ACCEPT_EULA: 'Y',
      MSSQL_PID: 'Developer',
      MSSQL_SA_PASSWORD: saPassword,
      MSSQL_AGENT_ENABLED: 'true',
    },
    port: 1433,
    ready: { logText: /Recovery is complete/ },
    addresses: (host, port) => ({
      sqlserver: { host, port, saPassword, encrypt: true, trustServerCertificate: true },
    }),
  };
}
