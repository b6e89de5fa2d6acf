// Every method of Forelog's write API from Node. FORELOG_ADDRESS: host:port; FORELOG_PROTOS: the directory of the .proto files.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const protos = process.env.FORELOG_PROTOS;
const address = process.env.FORELOG_ADDRESS;
const options = { keepCase: true, longs: String, enums: String, defaults: true, includeDirs: [protos] };
const wal = grpc.loadPackageDefinition(loader.loadSync(path.join(protos, 'forelog/v1/wal.proto'), options));
const client = new wal.forelog.v1.WriteAheadLog(address, grpc.credentials.createInsecure());

function call(method, request) {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + 10000;
    client[method](request, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

function entry(text, more = {}) {
  return { namespace: 'orders', payload: Buffer.from(text), ...more };
}

async function refused(method, request, code) {
  try {
    await call(method, request);
  } catch (error) {
    assert.equal(error.code, code, `${error.code}: ${error.details}`);
    return error;
  }
  throw new assert.AssertionError({ message: `${method} was not refused` });
}

// The client hands out the trailer as bytes; the type's name is text in it.
function statusDetails(error) {
  const [details] = error.metadata.get('grpc-status-details-bin');
  return details ? details.toString('latin1') : '';
}

const tests = {
  async 'WriteToLog answers TRUE with an id and a receipt'() {
    const answer = await call('WriteToLog', entry('one', { target: { key: Buffer.from('k1') } }));
    assert.equal(answer.durable, 'TRILEAN_TRUE');
    assert.match(answer.entry_id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.notEqual(answer.receipt, '');
  },

  async 'WriteBatch answers each entry in order, good and bad'() {
    const answer = await call('WriteBatch', { entries: [entry('b1'), entry('b2', { namespace: 'nobody' }), entry('b3'), entry('b4')] });
    const durables = answer.outcomes.map(outcome => outcome.durable);
    assert.deepEqual(durables, ['TRILEAN_TRUE', 'TRILEAN_FALSE', 'TRILEAN_TRUE', 'TRILEAN_TRUE']);
    assert.match(answer.outcomes[1].message, /^UNKNOWN_NAMESPACE: .*nobody/);
  },

  async 'WriteStream answers every message by its correlation'() {
    const stream = client.WriteStream();
    const answers = new Map();
    const ended = new Promise((resolve, reject) => {
      stream.on('data', answer => answers.set(answer.correlation_id, answer.outcomes));
      stream.on('end', resolve);
      stream.on('error', reject);
    });
    for (let i = 1; i <= 5; i++) {
      stream.write({ correlation_id: i, entries: [entry(`s${i}a`), entry(`s${i}b`)] });
    }
    stream.end();
    await ended;
    assert.deepEqual([...answers.keys()].sort(), ['1', '2', '3', '4', '5']);
    for (const outcomes of answers.values()) {
      assert.deepEqual(outcomes.map(outcome => outcome.durable), ['TRILEAN_TRUE', 'TRILEAN_TRUE']);
    }
  },

  async 'an unknown namespace is NOT_FOUND'() {
    const error = await refused('WriteToLog', entry('x', { namespace: 'nobody' }), grpc.status.NOT_FOUND);
    assert.match(error.details, /nobody/);
  },

  async 'a negative delay is INVALID_ARGUMENT with a BadRequest'() {
    const bad = entry('x', { lifecycle: { delay: { seconds: -3, nanos: 0 } } });
    const error = await refused('WriteToLog', bad, grpc.status.INVALID_ARGUMENT);
    assert.match(error.details, /delay/);
    assert.match(statusDetails(error), /google\.rpc\.BadRequest/);
  },

  async 'health says SERVING'() {
    const definition = loader.fromJSON(
      {
        nested: {
          grpc: { nested: { health: { nested: { v1: { nested: {
            HealthCheckRequest: { fields: { service: { type: 'string', id: 1 } } },
            HealthCheckResponse: {
              fields: { status: { type: 'ServingStatus', id: 1 } },
              nested: { ServingStatus: { values: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } } },
            },
            Health: { methods: { Check: { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse' } } },
          } } } } } },
        },
      },
      options,
    );
    const Health = grpc.loadPackageDefinition(definition).grpc.health.v1.Health;
    const health = new Health(address, grpc.credentials.createInsecure());
    for (const service of ['', 'forelog.v1.WriteAheadLog']) {
      const answer = await new Promise((resolve, reject) =>
        health.Check({ service }, (error, ok) => (error ? reject(error) : resolve(ok))));
      assert.equal(answer.status, 'SERVING');
    }
    health.close();
  },
};

(async () => {
  let failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`passed: ${name}`);
    } catch (error) {
      failed++;
      console.log(`FAILED: ${name}\n${error.stack}`);
    }
  }
  client.close();
  console.log(failed === 0 ? 'all passed' : `${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
})();
