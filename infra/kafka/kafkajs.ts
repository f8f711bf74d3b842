import { loadPatchedKafkajs } from './patch/apply.ts';

/** The library, loaded once with our replacements in place. Values of it come from here only; types may come from 'kafkajs'. */
export const { AssignerProtocol, Kafka, logLevel } = loadPatchedKafkajs();
