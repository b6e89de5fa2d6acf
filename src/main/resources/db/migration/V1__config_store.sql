-- The config store. A later version only adds: nodes of this one run beside nodes of the next.

-- One row: moves with every change, in its transaction, so that whoever sees a number sees all that it stands for.
CREATE TABLE config_change (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  sequence bigint NOT NULL
);
INSERT INTO config_change (sequence) VALUES (0);

CREATE TABLE namespace_revision (
  namespace text NOT NULL,
  revision bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  author text NOT NULL,
  comment text NOT NULL,
  action text NOT NULL,
  document text NOT NULL,
  PRIMARY KEY (namespace, revision)
);

-- A target's number in its namespace, the same on every node, for ever.
CREATE TABLE route_number (
  namespace text NOT NULL,
  target text NOT NULL,
  id integer NOT NULL,
  PRIMARY KEY (namespace, target),
  UNIQUE (namespace, id)
);

-- Who is there: a row a node, kept fresh by it, by the database's clock.
CREATE TABLE node (
  name text PRIMARY KEY,
  incarnation uuid NOT NULL,
  host text NOT NULL,
  ports jsonb NOT NULL,
  roles jsonb NOT NULL,
  shard text NOT NULL,
  stack text NOT NULL,
  region text NOT NULL,
  version text NOT NULL,
  state text NOT NULL,
  draining boolean NOT NULL DEFAULT false,
  -- The revision of each namespace that it takes writes for, as it has applied it.
  applied jsonb NOT NULL DEFAULT '{}',
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What must have one owner. The epoch rises with every change of hands.
CREATE TABLE lease (
  name text PRIMARY KEY,
  holder text NOT NULL,
  epoch bigint NOT NULL,
  until timestamptz NOT NULL
);

-- Which nodes' disks an embedded namespace lies on: one that takes its writes, a shard, and those that give away what they have.
CREATE TABLE database_owner (
  namespace text NOT NULL,
  shard text NOT NULL,
  database_id uuid NOT NULL,
  node text NOT NULL,
  epoch bigint NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  leaving boolean NOT NULL DEFAULT false,
  PRIMARY KEY (namespace, shard, node)
);
CREATE UNIQUE INDEX database_owner_one ON database_owner (namespace, shard) WHERE NOT leaving;
