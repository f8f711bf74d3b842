/** A configuration with faults of several kinds, as a user might write it: not typed, so that it compiles. */
export default {
  source: {
    server: 'db.example',
    port: 99_999,
    database: 'EPOS',
    user: 'reader',
    password: 'hunter2',
    tables: ['PRODUCT'],
  },
  kafka: { brokers: [], topicPrefix: 'epos' },
  registry: { url: 'http://127.0.0.1:8081' },
  elasticsearch: { url: 'http://127.0.0.1:9200' },
  redis: { url: 'redis://127.0.0.1:6379' },
  catalog: { documents: [] },
  capture: { polIntervalMs: 100 },
};
