import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROLE_NAMES } from '#infra/cli/roles/role.ts';
import { loadConfig } from '#infra/runtime/config/load.ts';
import { KUBERNETES, kustomizationOf, type Manifest, manifestsOf } from '#test/support/manifests.ts';

type Labels = Readonly<Record<string, string>>;
interface Selector {
  readonly matchLabels?: Labels;
}
interface Peer {
  readonly ipBlock?: { readonly cidr: string };
  readonly namespaceSelector?: Selector;
  readonly podSelector?: Selector;
}
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly port: number | string }[];
}
interface Policy {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}
interface Container {
  readonly args: readonly string[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly resources: { readonly requests: Labels; readonly limits: Labels };
  readonly securityContext: Readonly<Record<string, unknown>>;
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface PodSpec {
  readonly serviceAccountName: string;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
}
interface DeploymentSpec {
  readonly replicas?: number;
  readonly selector: Selector;
  readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
}

const base = manifestsOf('base');
const ofKind = <S>(kind: string): readonly { readonly name: string; readonly spec: S; readonly manifest: Manifest }[] =>
  base
    .filter((manifest) => manifest.kind === kind)
    .map((manifest) => ({ name: manifest.metadata.name, spec: manifest['spec'] as S, manifest }));
const workload = (name: string, spec: DeploymentSpec) => ({
  role: name.replace('sluice-', ''),
  labels: spec.template.metadata.labels,
  pod: spec.template.spec,
  container: spec.template.spec.containers[0],
  spec,
});
const deployments = ofKind<DeploymentSpec>('Deployment').map(({ name, spec }) => workload(name, spec));
const jobs = ofKind<{ readonly jobTemplate: { readonly spec: DeploymentSpec } }>('CronJob').map(({ name, spec }) =>
  workload(name, spec.jobTemplate.spec),
);
/** Everything that runs as a pod. */
const workloads = [...deployments, ...jobs];
const policies = ofKind<Policy>('NetworkPolicy');
const configMaps = new Map(
  base.filter(({ kind }) => kind === 'ConfigMap').map((m) => [m.metadata.name, m['data'] as Labels]),
);
const matches = ({ matchLabels = {} }: Selector, labels: Labels): boolean =>
  Object.entries(matchLabels).every(([name, value]) => labels[name] === value);
const deployed = (role: string) => workloads.find((w) => w.role === role)!;

/** What a role's process has in its environment, secrets left out. */
function environmentOf({ container }: (typeof deployments)[number]): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {};
  for (const { configMapRef } of container.envFrom) Object.assign(environment, configMaps.get(configMapRef.name));
  for (const { name, value } of container.env) if (value !== undefined) environment[name] = value;
  return environment;
}

/** Everywhere a role's pods may go to. Policies that select a pod add up. */
function egressOf(role: string): readonly Rule[] {
  const { labels } = deployed(role);
  return policies.filter(({ spec }) => matches(spec.podSelector, labels)).flatMap(({ spec }) => spec.egress ?? []);
}

describe('the Kubernetes manifests', () => {
  test('each role of the command has a deployment that runs it, and nothing else is deployed', () => {
    expect(deployments.map(({ role }) => role).sort()).toEqual([...ROLE_NAMES].sort());
    for (const { role, container } of deployments) {
      expect(container.args).toEqual(['up', '--role', role, '--config', 'infra/kubernetes/sluice.config.ts']);
      expect(existsSync(join(KUBERNETES, '../..', container.args[4]!))).toBe(true);
    }
  });

  test.each(deployments)(
    'the environment of $role is all the configuration asks for, and its ports are the ones named',
    async (deployment) => {
      const config = await loadConfig(join(KUBERNETES, 'sluice.config.ts'), environmentOf(deployment));
      const port = (name: string): number | undefined =>
        deployment.container.ports.find((p) => p.name === name)?.containerPort;
      expect(port('ops')).toBe(config.ops.http.port);
      expect(config.ops.http.host).toBe('0.0.0.0');
      const http = { storefront: config.storefront.http, commands: config.commands!.http }[deployment.role];
      expect(port('http')).toBe(http?.port);
      if (http) expect(http.host).toBe('0.0.0.0');
    },
  );

  test('the comparison runs by itself every hour, never twice at once, and finds in its environment what it needs', async () => {
    const [job] = jobs;
    expect(job!.container.args).toEqual(['verify', '--json', '--config', 'infra/kubernetes/sluice.config.ts']);
    await loadConfig(join(KUBERNETES, 'sluice.config.ts'), environmentOf(job!));
    const [cron] = ofKind<{ concurrencyPolicy: string; jobTemplate: { spec: { backoffLimit: number } } }>('CronJob');
    const { spec } = cron!;
    expect([spec.concurrencyPolicy, spec.jobTemplate.spec.backoffLimit]).toEqual(['Forbid', 0]);
  });

  test('every name of the environment is one the configuration reads', () => {
    const source = readFileSync(join(KUBERNETES, 'sluice.config.ts'), 'utf8');
    const names = [...configMaps.values()].flatMap((data) => Object.keys(data));
    const secrets = workloads.flatMap(({ container }) =>
      container.env.filter(({ valueFrom }) => valueFrom).map(({ name }) => name),
    );
    for (const name of [...names, ...secrets]) expect(source).toContain(`'${name}'`);
    for (const { name } of workloads.flatMap(({ container }) => container.env.filter((e) => e.value !== undefined)))
      expect(name).toBe('NODE_OPTIONS');
  });

  test('probes ask for paths and ports that there are, and a pod has the time its processes take to end', () => {
    const endpoint = readFileSync(join(KUBERNETES, '../ops/endpoint.ts'), 'utf8');
    const lifecycle = readFileSync(join(KUBERNETES, '../runtime/lifecycle.ts'), 'utf8');
    const stopSeconds = Number(/stopTimeoutMs \?\? ([\d_]+)/.exec(lifecycle)![1]!.replaceAll('_', '')) / 1000;
    for (const { pod, container } of deployments) {
      for (const { httpGet } of [container.livenessProbe, container.readinessProbe]) {
        expect(endpoint).toContain(`'${httpGet.path}'`);
        expect(container.ports.map(({ name }) => name)).toContain(httpGet.port);
      }
      const before = container.lifecycle?.preStop.sleep.seconds ?? 0;
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(stopSeconds + before);
    }
  });

  test('selectors of deployments, services, budgets and policies match the pods they mean', () => {
    for (const { spec, labels } of deployments) expect(matches(spec.selector, labels)).toBe(true);
    const single = [
      ...ofKind<{ selector: Labels }>('Service').map(({ name, spec }) => ({
        name,
        selector: { matchLabels: spec.selector },
      })),
      ...ofKind<{ selector: Selector }>('PodDisruptionBudget').map(({ name, spec }) => ({
        name,
        selector: spec.selector,
      })),
      ...policies
        .filter(({ spec }) => spec.podSelector.matchLabels?.['app.kubernetes.io/component'])
        .map(({ name, spec }) => ({ name, selector: spec.podSelector })),
    ];
    for (const { name, selector } of single)
      expect(workloads.filter(({ labels }) => matches(selector, labels)).map(({ role }) => `sluice-${role}`)).toEqual([
        name,
      ]);
    for (const { name, spec } of ofKind<{ ports: { targetPort: string }[] }>('Service'))
      for (const { targetPort } of spec.ports)
        expect(deployed(name.replace('sluice-', '')).container.ports.map((p) => p.name)).toContain(targetPort);
  });

  test('capture, commands and the comparison alone may go to the database, know its address and hold its secrets', () => {
    const mayReach = workloads.filter(({ role }) =>
      egressOf(role).some(
        ({ to, ports }) =>
          !to || !ports || to.some(({ ipBlock }) => ipBlock) || ports.some(({ port }) => port === 1433),
      ),
    );
    expect(mayReach.map(({ role }) => role).sort()).toEqual(['capture', 'commands', 'verify']);
    const knows = workloads.filter(({ container }) =>
      container.envFrom.some(({ configMapRef }) => configMapRef.name === 'sluice-database'),
    );
    expect(knows.map(({ role }) => role).sort()).toEqual(['capture', 'commands', 'verify']);
    const holds = workloads.filter(
      ({ container, pod }) =>
        container.env.some(({ valueFrom }) => valueFrom) || pod.volumes.some(({ secret }) => secret),
    );
    expect(holds.map(({ role }) => role).sort()).toEqual(['capture', 'commands', 'verify']);
  });

  test('the storefront may go to Redis, Elasticsearch and the name service, and nowhere else', () => {
    const places = egressOf('storefront').map(({ to, ports }) => [
      to?.map((peer) => Object.values(peer.podSelector?.matchLabels ?? {})[0]),
      ports?.map(({ port }) => port),
    ]);
    expect(places).toEqual([
      [['kube-dns'], [53, 53]],
      [['redis'], [6379]],
      [['elasticsearch'], [9200]],
    ]);
  });

  test('each role may go where the configuration sends it: no port of the environment is left out of its policy', () => {
    const needs: Readonly<Record<string, readonly number[]>> = {
      capture: [1433, 9092, 8080],
      consumers: [9092, 8080, 6379, 9200],
      storefront: [6379, 9200],
      commands: [1433, 9092],
      verify: [1433, 9092, 6379, 9200],
    };
    for (const { role } of workloads) {
      const ports = egressOf(role).flatMap((rule) => rule.ports?.map(({ port }) => port) ?? []);
      expect(ports.filter((port) => port !== 53).sort()).toEqual([...needs[role]!].sort());
    }
    const addresses = Object.values(configMaps.get('sluice-environment')!).join(' ');
    for (const port of [9092, 8080, 6379, 9200]) expect(addresses).toContain(`:${port}`);
  });

  test('every pod is closed to begin with: one policy selects all and allows nothing', () => {
    const closed = policies.filter(({ spec }) => !spec.ingress && !spec.egress);
    for (const { labels } of workloads)
      expect(closed.some(({ spec }) => matches(spec.podSelector, labels) && spec.policyTypes.length === 2)).toBe(true);
  });

  test.each(workloads)(
    '$role runs without rights, with bounded memory and nothing to write but /tmp',
    ({ pod, container, labels }) => {
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        privileged: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(labels['app.kubernetes.io/name']).toBe('sluice');
      const heap = Number(container.env.find(({ name }) => name === 'NODE_OPTIONS')!.value!.split('=')[1]);
      const unit = { Mi: 1, Gi: 1024 };
      const mebibytes = (text: string): number => Number.parseInt(text, 10) * unit[text.slice(-2) as keyof typeof unit];
      // Outside of the heap Node keeps buffers, code and stacks.
      expect(heap).toBeLessThanOrEqual(mebibytes(container.resources.limits['memory']!) * 0.8);
      expect(mebibytes(container.resources.requests['memory']!)).toBeLessThanOrEqual(heap);
    },
  );

  test('secrets are only ever referred to', () => {
    for (const folder of ['base', 'keda', 'example'])
      for (const { kind } of manifestsOf(folder)) expect(kind).not.toBe('Secret');
  });

  test('no more consumers are started than there are partitions, and both autoscalers agree', () => {
    const [hpa] = ofKind<{
      minReplicas: number;
      maxReplicas: number;
      metrics: { external: { metric: { name: string } } }[];
    }>('HorizontalPodAutoscaler').filter(({ name }) => name === 'sluice-consumers');
    const [keda] = manifestsOf('keda');
    const scaled = keda!['spec'] as {
      minReplicaCount: number;
      maxReplicaCount: number;
      triggers: { metadata: { query: string } }[];
    };
    const partitions = Number(configMaps.get('sluice-environment')!['SLUICE_KAFKA_PARTITIONS']);
    expect(hpa!.spec.maxReplicas).toBe(partitions);
    expect([scaled.minReplicaCount, scaled.maxReplicaCount]).toEqual([hpa!.spec.minReplicas, hpa!.spec.maxReplicas]);
    const metrics = readFileSync(join(KUBERNETES, '../../consumers/runner/runnerMetrics.ts'), 'utf8');
    const { name } = hpa!.spec.metrics[0]!.external.metric;
    expect(metrics).toContain(`'${name}'`);
    expect(scaled.triggers[0]!.metadata.query).toContain(name);
    // Where an autoscaler decides, the deployment must not.
    for (const { scaleTargetRef } of ofKind<{ scaleTargetRef: { name: string } }>('HorizontalPodAutoscaler').map(
      (h) => h.spec,
    ))
      expect(deployments.find(({ role }) => `sluice-${role}` === scaleTargetRef.name)!.spec.replicas).toBeUndefined();
  });

  test('kustomizations name files that there are, and every file', () => {
    for (const folder of ['base', 'keda', 'example']) {
      const { resources } = kustomizationOf(folder) as { resources: readonly string[] };
      for (const resource of resources) expect(existsSync(join(KUBERNETES, folder, resource))).toBe(true);
    }
    const { resources } = kustomizationOf('base') as { resources: readonly string[] };
    expect([...new Set(base.map(({ file }) => file.replace('base/', '')))].sort()).toEqual([...resources].sort());
  });
});
